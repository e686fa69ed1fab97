package cloudflare

import (
	"fmt"
	"slices"
	"testing"

	"rollcall/providers"
)

// swaps returns changes of n names, of which each takes the value out and puts another in: deletes first, then creates.
// The create of the name bad is refused.
func swaps(t *testing.T, f *fake, n, bad int) (a *Account, changes []providers.Change) {
	t.Helper()
	for i := range n {
		f.a(fmt.Sprint("n", i), "54.1.2.3")
	}
	a = f.account()
	rows, _ := all(t, a)
	for i := range rows {
		changes = append(changes, deletion(rows[i]))
	}
	for i := range n {
		r := record(fmt.Sprint("n", i), "A", "54.1.2.4")
		if i == bad {
			r.Value = "203.0.113.66"
		}
		changes = append(changes, create(r))
	}
	return a, changes
}

func TestADeleteAndACreateOfOneNameAreNeverCutApart(t *testing.T) {
	for _, bad := range []int{-1, 0, 7, 149} {
		f := newFake(t)
		a, changes := swaps(t, f, 150, bad)
		names := map[string]any{}
		for _, o := range f.records {
			names[o["id"].(string)] = o["name"]
		}
		results := a.Apply(t.Context(), zone(), changes)
		for n, b := range f.batches {
			if size := len(b["deletes"]) + len(b["posts"]); size > batchLimit {
				t.Errorf("bad %d, batch %d: %d changes", bad, n+1, size)
			}
			for _, d := range b["deletes"] {
				name := names[d["id"].(string)]
				if !slices.ContainsFunc(b["posts"], func(p object) bool { return p["name"] == name }) {
					t.Errorf("bad %d, batch %d of %d deletes the value of %s and creates none", bad, n+1, len(f.batches), name)
				}
			}
		}
		for i, r := range results {
			if name := i % 150; (r.Err != nil) != (name == bad) {
				t.Errorf("bad %d, change %d: %v", bad, i, r.Err)
			}
		}
		for i := range 150 {
			want := map[bool]string{true: "54.1.2.3", false: "54.1.2.4"}[i == bad]
			if have := f.values(fmt.Sprint("n", i)); !slices.Equal(have, []string{want}) {
				t.Errorf("bad %d: n%d has %v, want %s", bad, i, have, want)
			}
		}
	}
}

func TestAnAliasStaysIfTheAddressInItsPlaceIsRefused(t *testing.T) {
	f := newFake(t)
	f.add(object{"name": "www", "type": "CNAME", "content": "old." + zoneName})
	a := f.account()
	alias := lookup(t, a, "www")[0]
	results := a.Apply(t.Context(), zone(), []providers.Change{deletion(alias), create(record("www", "A", "203.0.113.66")), create(record("www", "A", "54.1.2.4"))})
	for i, r := range results {
		if r.Err == nil {
			t.Errorf("change %d: %+v", i, r)
		}
	}
	if len(f.records) != 1 {
		t.Errorf("%v", f.records)
	}
}

func TestMoreChangesOfOneNameThanABatchHoldsCreateBeforeTheyDelete(t *testing.T) {
	for _, bad := range []bool{false, true} {
		f := newFake(t)
		var changes []providers.Change
		for i := range 150 {
			f.a("www", fmt.Sprint("54.1.2.", i))
		}
		a := f.account()
		for _, r := range lookup(t, a, "www") {
			changes = append(changes, deletion(r))
		}
		for i := range 150 {
			r := record("www", "A", fmt.Sprint("54.1.3.", i))
			if bad {
				r.Value = "203.0.113.66"
			}
			changes = append(changes, create(r))
		}
		results := a.Apply(t.Context(), zone(), changes)
		for i, r := range results {
			if (r.Err != nil) != bad {
				t.Fatalf("bad %v, change %d: %v", bad, i, r.Err)
			}
		}
		if len(f.records) != 150 {
			t.Errorf("bad %v: %d records", bad, len(f.records))
		}
	}
}

func TestACreateGoesOnBesideADeleteOfWhatAnotherWriterDeleted(t *testing.T) {
	f := newFake(t)
	f.a("www", "54.1.2.3")
	a := f.account()
	before := lookup(t, a, "www")[0]
	meanwhile(f, func() { f.records = nil })
	results := mustApply(t, a, deletion(before), create(record("www", "A", "54.1.2.4")))
	if !results[0].Already || results[1].Already || !slices.Equal(f.values("www"), []string{"54.1.2.4"}) {
		t.Errorf("%+v, %v", results, f.values("www"))
	}
}
