package triton

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"rollcall/providers"
)

// Rows of an earlier read stand in snapshots, and the next reads share them.
func TestReadsShareTheirRowsAndNeverChangeThem(t *testing.T) {
	f := newFake(t, 30)
	c := f.cloud()
	random := rand.New(rand.NewPCG(1, 2))
	read := func(c *Cloud) (rows []providers.Instance) {
		t.Helper()
		if cov := c.Instances(t.Context(), func(p []providers.Instance) {
			if len(p) > 0 {
				rows = p
			}
		}); !cov.Complete() {
			t.Fatal(cov.Err)
		}
		return rows
	}
	same := func(a, b providers.Instance) bool { return a.Equal(&b) }
	var seen, copies [][]providers.Instance
	for step := range 40 {
		f.mu.Lock()
		switch at := random.IntN(len(f.machines)); random.IntN(4) {
		case 0:
			f.machines[at] = maps.Clone(f.machines[at])
			f.machines[at]["name"] = fmt.Sprint("changed-", step)
		case 1:
			m := maps.Clone(f.machines[at])
			m["id"] = uuid(1000 + step)
			f.machines = slices.Insert(f.machines, at, m)
		case 2:
			f.machines = slices.Delete(slices.Clone(f.machines), at, at+1)
		}
		f.mu.Unlock()
		got, want := read(c), read(f.cloud())
		if !slices.EqualFunc(got, want, same) {
			t.Fatalf("step %d: read\n%v\nwithout earlier reads\n%v", step, got, want)
		}
		if again := read(c); !providers.ShareRows(got, again) {
			t.Fatalf("step %d: a read in which nothing has changed has rows of its own", step)
		}
		for n := range seen {
			if !slices.EqualFunc(seen[n], copies[n], same) {
				t.Fatalf("step %d has changed the rows of read %d", step, n)
			}
		}
		seen, copies = append(seen, got), append(copies, slices.Clone(got))
	}
}
