package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/providertest"
)

// leaveOutcome ends a member that has begun an entry and whose outcome has not reached the store.
func leaveOutcome(t *testing.T, m *member, s *providertest.Store) {
	t.Helper()
	es := begin(t, m.Journal, 1)
	s.Fail(func(providertest.StoreCall) providertest.StoreFault {
		return providertest.StoreFault{Before: providertest.Away()}
	})
	if err := m.End(Outcome{ID: es[0].ID, State: Failed}); err != nil {
		t.Fatal(err)
	}
	m.crash()
	s.Fail(nil)
}

func TestAnOutcomeThatWaitsForOneStoreEndsNoEntryOfAnother(t *testing.T) {
	t.Parallel()
	old := teamStore()
	m := newMember(t, old)
	leaveOutcome(t, m, old)
	for _, p := range []string{m.path, storeFilePath(m.path)} { // as an operator who moves the copy away by hand
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
	other, _ := written(t, 5)
	m.open(t, other)
	m.clock.Advance(compareEvery)
	if es := all(t, m.Journal); len(es) != 1 || es[0].State != Begun {
		t.Errorf("the entry of the other store: %+v", es)
	}
	begin(t, m.Journal, 6)
	if es := verified(t, other); len(es) != 2 || es[0].State != Begun || es[1].Change.Before.Value != "192.0.2.6" {
		t.Errorf("the journal of the other store: %+v", es)
	}
	if n := m.Notices(); len(n) != 1 || !strings.Contains(n[0], "waits for another store than s3://team/ops, and is never sent to this one") {
		t.Errorf("notices: %q", n)
	}
	if n := m.Notices(); len(n) > 0 {
		t.Errorf("said twice: %q", n)
	}
}

func TestAnotherStoreWithoutAJournalIsRefusedByItsID(t *testing.T) {
	t.Parallel()
	s := teamStore()
	m := newMember(t, s)
	if _, err := m.Begin(); err != nil { // the first write names the store
		t.Fatal(err)
	}
	m.crash()
	_ = s.Delete(t.Context(), objectKey(1))
	if err := os.Remove(m.path); err != nil {
		t.Fatal(err)
	}
	s.Replace(storeKey, []byte(`{"format":1,"id":"ANOTHER"}`))
	m.open(t, s)
	if _, err := m.Begin(entry(2)); providers.KindOf(err) != providers.KindInvalid || !strings.Contains(err.Error(), "another store") || !strings.Contains(err.Error(), "rollcall team set-aside") {
		t.Errorf("%v", err)
	}
	if got := strings.Join(s.Keys(), " "); strings.Contains(got, objects) {
		t.Errorf("something was written: %s", got)
	}
}

func TestAStoreWithoutAnIDGetsTheOneThatAMemberKnows(t *testing.T) {
	t.Parallel()
	s := teamStore()
	a, b := newMember(t, s), newMember(t, s)
	begin(t, a.Journal, 1)
	first, err := s.Get(t.Context(), storeKey)
	if err != nil {
		t.Fatal(err)
	}
	_ = all(t, b.Journal)
	a.crash()
	_ = s.Delete(t.Context(), storeKey)
	a.open(t, s)
	begin(t, a.Journal, 2)
	if o, err := s.Get(t.Context(), storeKey); err != nil || string(o.Data) != string(first.Data) {
		t.Errorf("%s, %v; want %s", o.Data, err, first.Data)
	}
	begin(t, b.Journal, 3)
	verified(t, s)
}

func TestWhatWaitsForAStoreIsCounted(t *testing.T) {
	t.Parallel()
	s := teamStore()
	m := newMember(t, s)
	leaveOutcome(t, m, s)
	if w, err := WaitingAt(m.path, nil); err != nil || w != (Waiting{Store: "s3://team/ops", ID: m.team.id, Outcomes: 1}) {
		t.Errorf("%+v, %v", w, err)
	}
	if w, err := WaitingAt(filepath.Join(t.TempDir(), "none"), nil); err != nil || w != (Waiting{}) {
		t.Errorf("of nothing: %+v, %v", w, err)
	}
	m.open(t, s)
	begin(t, m.Journal, 2)
	_ = all(t, m.Journal)
	if w, err := WaitingAt(m.path, nil); err != nil || w != (Waiting{Store: "s3://team/ops", ID: m.team.id, Alive: 1}) {
		t.Errorf("while a writer lives: %+v, %v", w, err)
	}
}
