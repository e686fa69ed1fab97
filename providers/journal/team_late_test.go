package journal

import (
	"strings"
	"testing"
	"time"

	"rollcall/providers/providertest"
)

// The write of a batch is given up without an answer, and reaches the store right before that of the next batch.
func TestABatchThatWasGivenUpAndArrivesLateEndsNoEntryOfTheNext(t *testing.T) {
	t.Parallel()
	s := teamStore()
	m := newMember(t, s)
	begin(t, m.Journal, 1)
	var late []byte
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op != "create" || !strings.HasPrefix(c.Key, objects) {
			return providertest.StoreFault{}
		}
		b := m.numbered(m.team.pending[0])
		var err error
		if late, err = m.encode(&b); err != nil {
			t.Error(err)
		}
		return providertest.StoreFault{Before: providertest.Lost()}
	})
	if _, err := m.Begin(entry(2), entry(3)); err == nil {
		t.Fatal("a batch without an answer was begun")
	}
	s.Fail(nil)
	m.clock.Advance(awayPause + time.Second)
	all(t, m.Journal)
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op == "create" && strings.HasPrefix(c.Key, objects) {
			s.Fail(nil)
			s.Replace(c.Key, late)
		}
		return providertest.StoreFault{}
	})
	if _, err := m.Begin(entry(4)); err != nil {
		t.Fatal(err)
	}
	all(t, m.Journal)
	all(t, m.Journal)
	for i, want := range []State{Begun, Failed, Failed, Begun} {
		if es := verified(t, s); len(es) != 4 || es[i].State != want {
			t.Errorf("entry %d of %d is %s, not %s: %+v", i+1, len(es), es[i].State, want, es[i])
		}
	}
}

// Two consoles that start after a kill look up the same entry.
func TestOfTwoMembersThatLookUpAnEntryTheFirstRecordsItsOutcome(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	begin(t, newMember(t, s).Journal, 1, 2)
	all(t, a.Journal)
	all(t, b.Journal)
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op == "create" && strings.HasPrefix(c.Key, objects) {
			s.Fail(nil)
			if w, err := b.RecordOutcomes(Outcome{ID: "1", State: Done, LookedUp: true}); err != nil || len(w) != 1 {
				t.Errorf("%+v, %v", w, err)
			}
		}
		return providertest.StoreFault{}
	})
	w, err := a.RecordOutcomes(Outcome{ID: "1", State: Failed, LookedUp: true}, Outcome{ID: "2", State: Failed, LookedUp: true})
	if err != nil || len(w) != 1 || w[0].ID != "2" || w[0].State != Failed {
		t.Errorf("recorded: %+v, %v", w, err)
	}
	if es := verified(t, s); es[0].State != Done || es[1].State != Failed || len(s.Keys()) == 0 {
		t.Errorf("%s and %s", es[0].State, es[1].State)
	}
	if o, err := s.Get(t.Context(), objectKey(3)); err != nil || strings.Count(string(o.Data), `"failed"`) != 1 {
		t.Errorf("the last object: %s, %v", o.Data, err)
	}
}

func TestAnOutcomeThatWaitsForTheStoreIsInTheEntriesThatAreReturnedAndIsNoSecondOne(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	begin(t, newMember(t, s).Journal, 1)
	all(t, a.Journal)
	s.Fail(func(c providertest.StoreCall) providertest.StoreFault {
		if c.Op == "create" && strings.HasPrefix(c.Key, objects) {
			return providertest.StoreFault{Before: providertest.Away()}
		}
		return providertest.StoreFault{}
	})
	w, err := a.RecordOutcomes(Outcome{ID: "1", State: Failed, LookedUp: true})
	if err != nil || len(w) != 1 || w[0].State != Failed {
		t.Errorf("recorded: %+v, %v", w, err)
	}
	s.Fail(nil)
	if w, err := b.RecordOutcomes(Outcome{ID: "1", State: Done, LookedUp: true}); err != nil || len(w) != 1 {
		t.Errorf("recorded by the other: %+v, %v", w, err)
	}
	a.clock.Advance(awayPause + time.Second)
	all(t, a.Journal)
	all(t, a.Journal)
	if len(a.team.pending) > 0 {
		t.Errorf("it still waits: %+v", a.team.pending)
	}
	if es := verified(t, s); es[0].State != Done {
		t.Errorf("the outcome that was recorded first is replaced: %+v", es[0])
	}
}
