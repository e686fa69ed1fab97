package index

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAnElementIsFoundWhereItWasPutLast(t *testing.T) {
	t.Parallel()
	if p := (Places{}); p.Find(1, nil) != -1 {
		t.Error("an empty list has an element")
	}
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.StringOfN(rapid.RuneFrom([]rune("ab")), 0, 4, -1)).Draw(t, "keys")
		hash := func(k string) uint64 { return uint64(len(k)) } // many collide
		p, want := NewPlaces(len(keys)), map[string]int32{}
		has := func(k string) func(int32) bool { return func(at int32) bool { return keys[at] == k } }
		for i, k := range keys {
			was, ok := want[k]
			if !ok {
				was = -1
			}
			if got := p.Put(hash(k), int32(i), has(k)); got != was {
				t.Fatalf("%q was at %d, want %d", k, got, was)
			}
			want[k] = int32(i)
		}
		for _, k := range append(keys, "c", "", "ab") {
			at, ok := want[k]
			if !ok {
				at = -1
			}
			if got := p.Find(hash(k), has(k)); got != at {
				t.Fatalf("%q is at %d, want %d", k, got, at)
			}
		}
	})
}
