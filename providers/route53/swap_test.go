package route53_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/providers"
)

// emptied returns the record sets that one batch deleted, without a CREATE beside it, and a later one made again: their names
// had no value in between.
func emptied(batches []changeBatch) []string {
	gone, out := map[string]bool{}, []string(nil)
	for _, b := range batches {
		made := map[string]bool{}
		for _, c := range b.Changes {
			if c.Action == "CREATE" {
				made[c.Set.order()] = true
			}
		}
		for k := range made {
			if gone[k] {
				out = append(out, k)
			}
		}
		for _, c := range b.Changes {
			if k := c.Set.order(); c.Action == "DELETE" && !made[k] {
				gone[k] = true
			}
		}
	}
	return out
}

// srvOf is an SRV record whose value has about size characters.
func srvOf(name string, n, size int) providers.Record {
	r := rec("SRV", fmt.Sprintf("0 10 4218 n%04d%s.unilans.net", n, strings.Repeat("x", max(1, min(58, size-27)))))
	r.Name = name + ".unilans.net"
	return r
}

func TestDeleteAndCreateOfOneSetNeverStandInTwoBatches(t *testing.T) {
	tried := 0
	rapid.Check(t, func(rt *rapid.T) {
		if tried++; tried > 30 { // each has hundreds of values
			return
		}
		f := newFake(t)
		var changes []providers.Change
		names := rapid.IntRange(1, 2).Draw(rt, "names")
		var values []string
		for n := range names {
			name := fmt.Sprintf("_s%d._tcp", n)
			size := rapid.IntRange(30, 80).Draw(rt, "size")
			had := rapid.IntRange(0, 220).Draw(rt, "had")
			set := rrset{Name: name + ".unilans.net.", Type: "SRV", TTL: 60}
			for i := range had {
				r := srvOf(name, i, size)
				set.Values = append(set.Values, r.Value+".")
			}
			if had > 0 {
				f.put(set)
			}
			less := had
			if rapid.Bool().Draw(rt, "some stay") {
				less = rapid.IntRange(0, had).Draw(rt, "less")
			}
			for i := range less {
				changes = append(changes, remove(srvOf(name, i, size)))
			}
			for i := range rapid.IntRange(0, 150).Draw(rt, "more") {
				r := srvOf(name, 1000+i, size)
				values = append(values, r.Value+".")
				changes = append(changes, create(r))
			}
		}
		switch rapid.IntRange(0, 2).Draw(rt, "order") {
		case 0:
		case 1:
			changes = rapid.Permutation(changes).Draw(rt, "changes")
		case 2: // all deletes come first
			slices.SortStableFunc(changes, func(a, b providers.Change) int { return strings.Compare(string(b.Op), string(a.Op)) })
		}
		if len(values) > 0 && rapid.Bool().Draw(rt, "one is bad") {
			f.bad = rapid.SampledFrom(values).Draw(rt, "bad")
		}
		results := apply(f.account(), changes...)
		if k := emptied(f.batches); len(k) > 0 {
			rt.Fatalf("empty between two batches: %q", k)
		}
		// What the results say is what there is.
		for i := range changes {
			r := changes[i].Record()
			set := f.get(r.Name+".", r.Type)
			there := set != nil && slices.Contains(set.Values, r.Value+".")
			if results[i].Err == nil && there != (changes[i].Op == providers.OpCreate) {
				rt.Fatalf("%s of %s is done, and it is there: %v", changes[i].Op, r.Value, there)
			}
			if results[i].Err != nil && there == (changes[i].Op == providers.OpCreate) {
				rt.Fatalf("%s of %s: %v, and it is there: %v", changes[i].Op, r.Value, results[i].Err, there)
			}
		}
	})
}

func TestASetThatCannotBeSwappedInOneBatchStaysAsItIs(t *testing.T) {
	f := newFake(t)
	set := rrset{Name: "_s._tcp.unilans.net.", Type: "SRV", TTL: 60}
	var changes []providers.Change
	for i := range 399 {
		r := srvOf("_s._tcp", i, 85)
		set.Values = append(set.Values, r.Value+".")
		changes = append(changes, remove(r))
	}
	f.put(set)
	changes = append(changes, create(srvOf("_s._tcp", 1000, 85)), create(rec("A", "54.1.2.3")))
	results := apply(f.account(), changes...)
	wantDone(t, results[400:])
	for _, r := range results[:400] {
		wantKind(t, r.Err, providers.KindLimit)
	}
	if got := f.get("_s._tcp.unilans.net.", "SRV"); got == nil || len(got.Values) != 399 {
		t.Errorf("set %+v", got)
	}
}

func TestABadReplacementLeavesTheNameItsOldValue(t *testing.T) {
	f := newFake(t)
	f.put(rrset{Name: "www.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.1.1.1"}})
	f.bad = "54.1.1.2"
	other := rec("A", "54.1.1.3")
	other.Name = "api.unilans.net"
	results := apply(f.account(), remove(rec("A", "54.1.1.1")), create(rec("A", "54.1.1.2")), create(other))
	if results[0].Err == nil || results[1].Err == nil || results[2].Err != nil {
		t.Errorf("%+v", results)
	}
	if got := f.values(); !slices.Equal(got, []string{"54.1.1.1"}) {
		t.Errorf("the name has %q", got)
	}
}
