package s3

import (
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
	"rollcall/providers/store"
)

func TestMembersThatWriteToOneBucketAtOnceGetEachNumberOnceAndLoseNothing(t *testing.T) {
	t.Parallel()
	url := startVersity(t)
	members := providertest.Amount(40, 20, 10)
	if providertest.Soak {
		members = 200 // which takes minutes
	}
	open := func() *journal.Journal {
		j, err := journal.OpenTeam(journal.TeamOptions{Path: filepath.Join(t.TempDir(), "journal"), Store: newStore(t, url, "ops"), Who: "me@here"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		return j
	}
	if _, err := store.Checked(newStore(t, url, "ops")).PutIfAbsent(t.Context(), "tried", nil); err != nil {
		t.Fatal(err)
	}
	r := providers.Record{Zone: "example.com", Name: "www.example.com", Type: "A", TTL: 60, Value: "192.0.2.1"}
	var all sync.WaitGroup
	for m := range members {
		j := open()
		all.Go(func() {
			es, err := j.Begin(journal.Entry{Run: fmt.Sprintf("r%d", m), Kind: journal.KindChange, Zone: r.Zone, Change: &providers.Change{Op: providers.OpDelete, Before: r}})
			if err == nil {
				err = j.End(journal.Outcome{ID: es[0].ID, State: journal.Done, Ticket: es[0].Run})
			}
			if err != nil {
				t.Errorf("member %d: %v", m, err)
			}
		})
	}
	all.Wait()
	es, problems, _, err := open().Verify(nil)
	if err != nil || len(problems) > 0 || len(es) != members {
		t.Fatalf("%d entries of %d members, problems %+v, %v", len(es), members, problems, err)
	}
	seen := map[string]bool{}
	for i, e := range es {
		if e.ID != strconv.Itoa(i+1) || seen[e.Run] || e.State != journal.Done || e.Ticket != e.Run {
			t.Errorf("entry %d: %s of %s is %s, %s", i+1, e.ID, e.Run, e.State, e.Ticket)
		}
		seen[e.Run] = true
	}
}
