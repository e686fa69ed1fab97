package index

import (
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

func TestATableNumbersItsKeysInTheOrderInWhichTheyWereAdded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hash := HashInstance
		if rapid.Bool().Draw(t, "collide") {
			hash = func(k InstanceKey) uint64 { return HashInstance(k) & 3 }
		}
		table, numbers := NewTable(rapid.IntRange(0, 20).Draw(t, "room"), hash), map[InstanceKey]int32{}
		for range rapid.IntRange(0, 100).Draw(t, "keys") {
			k := InstanceKey{ID: fmt.Sprint("i-", rapid.IntRange(0, 60).Draw(t, "id"))}
			want, known := numbers[k]
			if got := table.Find(k); known && got != want || !known && got != -1 {
				t.Fatalf("%v is found as %d, want %d, %v", k, got, want, known)
			}
			if !known {
				want = int32(len(numbers))
				numbers[k] = want
			}
			if got, added := table.Add(k); got != want || added == known {
				t.Fatalf("%v is added as %d, %v; want %d, %v", k, got, added, want, !known)
			}
		}
	})
}

func TestAnAddressIsFoundByItsFamilyToo(t *testing.T) {
	table := NewTable(2, HashAddr)
	four := netip.MustParseAddr("192.0.2.1")
	table.Add(four)
	if n := table.Find(netip.AddrFrom16(four.As16())); n != -1 {
		t.Errorf("the IPv6 form of an IPv4 address is number %d", n)
	}
}
