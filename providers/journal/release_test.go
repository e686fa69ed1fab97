package journal_test

import (
	"path/filepath"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/journal"
)

// An earlier release looks an open change up like any other, and ends its entry as done.
func TestAnEntryWithSomethingToPutBackStaysOpenWhateverAnEarlierReleaseSaysOfIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	open := func() *journal.Journal {
		j, err := journal.Open(path, providers.Clock{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	j := open()
	c := providers.Change{Op: providers.OpDelete, Before: providers.Record{Zone: "x.example", Name: "www.x.example", Type: "A", Value: "54.1.2.3", ID: "1"}}
	es, err := j.Begin(journal.Entry{Verb: "deregister", Kind: journal.KindChange, Zone: "x.example", Change: &c, MayPutBack: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.NotePutBack(es[0].ID, c.Before); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open()
	if _, err := j.RecordOutcomes(journal.Outcome{ID: es[0].ID, State: journal.Done, LookedUp: true, Note: "is not there any more"}); err != nil {
		t.Fatal(err)
	}
	due := func() []journal.Entry {
		all, err := j.Abandoned(time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := due(); len(got) != 1 || got[0].PutBack == nil || got[0].PutBack.Value != "54.1.2.3" {
		t.Fatalf("open are %+v", got)
	}
	if _, err := j.RecordOutcomes(journal.Outcome{ID: es[0].ID, State: journal.Failed, LookedUp: true, Note: "it was put back"}); err != nil {
		t.Fatal(err)
	}
	if got := due(); len(got) != 0 {
		t.Errorf("open are %+v", got)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}
