package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers/providertest"
)

func TestAnOpenJournalGoesOnWithTheNewCopyWhenItsOwnWasSetAside(t *testing.T) {
	t.Parallel()
	old, _ := written(t, 1, 2, 3)
	m := newMember(t, old)
	_ = all(t, m.Journal)
	anew, _ := written(t, 4)
	m.team.store = anew // its objects were removed, and others have begun a journal
	m.clock.Advance(compareEvery)
	_ = all(t, m.Journal)
	if m.Lost() == nil {
		t.Fatal("another journal is not refused")
	}
	folder := filepath.Dir(m.path)
	if err := os.Rename(folder, folder+".aside"); err != nil {
		t.Fatal(err)
	}
	if got := all(t, m.Journal); len(got) != 1 || got[0].Sentence != entry(4).Sentence || m.Lost() != nil || len(m.Problems()) > 0 {
		t.Errorf("%+v, %v, %+v", got, m.Lost(), m.Problems())
	}
	mustBegin(t, m, entry(5))
	if data, err := os.ReadFile(m.path); err != nil || strings.Count(string(data), "\n") != 2 {
		t.Errorf("the new copy: %q, %v", data, err)
	}
	if err := os.Rename(folder, folder+".moved"); err != nil { // set-aside refuses while there is a writer
		t.Fatal(err)
	}
	if _, err := m.Begin(entry(6)); err == nil || !strings.Contains(err.Error(), "restart this rollcall: its copy of the team's journal was set aside") {
		t.Errorf("a writer whose outbox was moved: %v", err)
	}
}

func TestAnOpenJournalDoesNotWriteToADamagedCopyThatAnotherProcessHasSetAside(t *testing.T) {
	t.Parallel()
	s, _ := written(t, 1, 2, 3)
	m := newMember(t, s)
	_ = all(t, m.Journal)
	was, err := os.ReadFile(m.path)
	if err == nil {
		err = os.WriteFile(m.path, []byte(strings.Replace(string(was), "192.0.2.2", "192.0.2.9", 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	other := &member{clock: providertest.NewClock(at), path: m.path}
	other.open(t, s)
	_ = all(t, other.Journal)
	aside, _ := filepath.Glob(m.path + ".damaged-*")
	if len(aside) != 1 {
		t.Fatalf("set aside: %v", aside)
	}
	before, err := os.Stat(aside[0])
	if err != nil {
		t.Fatal(err)
	}
	mustBegin(t, m, entry(4))
	if after, err := os.Stat(aside[0]); err != nil || after.Size() != before.Size() {
		t.Errorf("the damaged copy went from %d to %d bytes, %v", before.Size(), after.Size(), err)
	}
	if data, err := os.ReadFile(m.path); err != nil || strings.Count(string(data), "\n") != 4 {
		t.Errorf("the copy: %q, %v", data, err)
	}
}
