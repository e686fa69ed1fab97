package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim/world"
)

// journalPath is where the journal of the world lies.
func journalPath(t *testing.T) string {
	t.Helper()
	return journalIn(t, config.StateDir(environment(t)))
}

// journalIn returns the path of the only journal below a folder of states.
func journalIn(t *testing.T, states string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(states, "*", app.JournalName))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	return found[0]
}

// leave begins a change again that the journal has, like a rollcall that is stopped before it knows the outcome.
func leave(t *testing.T, e journal.Entry) {
	t.Helper()
	j, err := journal.Open(journalPath(t), providers.Clock{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = j.Begin(journal.Entry{Run: "stopped", Verb: e.Verb, Kind: e.Kind, Sentence: e.Sentence, Zone: e.Zone, Change: e.Change, Time: time.Now().Add(-time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

func journalOf(t *testing.T, args ...string) []journal.Entry {
	t.Helper()
	return decode[[]journal.Entry](t, must(t, append([]string{"journal", "-o", "json"}, args...)...))
}

func TestWhatAStoppedRollcallLeftOpenIsLookedUpByTheNext(t *testing.T) {
	s := newWorld(t)
	dead := slices.DeleteFunc(recordsOf(t, "dead"), func(r string) bool { return !strings.HasPrefix(r, world.Route53Zone) || !strings.Contains(r, "/SRV/") })
	must(t, "deregister", dead[0])
	leave(t, journalOf(t)[0])
	// The provider does not answer at first, and what is not known is not made up.
	if err := s.World().SetFault(world.Route53Zone, world.ServerError); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "journal", "-o", "json")
	if es := decode[[]journal.Entry](t, r.out); es[0].State != journal.Begun || !strings.Contains(r.err, "was left open, and what became of it cannot be asked") {
		t.Fatalf("%+v\n%s", es[0], r.err)
	}
	if err := s.World().SetFault(world.Route53Zone, world.NoFault); err != nil {
		t.Fatal(err)
	}
	r = rollcall(t, "journal", "-o", "json")
	if es := decode[[]journal.Entry](t, r.out); es[0].State != journal.Done || !es[0].LookedUp || es[0].Note == "" || !strings.Contains(r.err, "was left open by a rollcall that was stopped, and is done now") {
		t.Fatalf("%+v\n%s", es[0], r.err)
	}
	must(t, "undo", "stopped")
	if !slices.Contains(recordsOf(t, "dead"), dead[0]) {
		t.Fatal("the undo of what was looked up brings nothing back")
	}
	// Now it is there again, and a change that opens the journal finds that it was not made.
	leave(t, journalOf(t, "2")[0])
	must(t, "quiesce", "www-01")
	for _, e := range journalOf(t, "stopped") {
		if want := map[string]journal.State{"2": journal.Done, "4": journal.Failed}[e.ID]; e.State != want {
			t.Errorf("entry %s is %s, and not %s", e.ID, e.State, want)
		}
	}
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Done || strings.Contains(r.err, "left open") {
		t.Errorf("exit code %d\n%s", r.code, r.err)
	}
}

func TestTheJournalTellsAllOfAnEntry(t *testing.T) {
	newWorld(t)
	must(t, "quiesce", "www-01")
	es := journalOf(t)
	text := must(t, "journal", es[0].Run)
	for _, want := range []string{
		"entry 1 of run " + es[0].Run + ": done", "plan    quiesce " + es[0].Checksum, "- www.scalability.expert 60 A 34.200.16.1 ; owner ", ", quiesced\n",
		"guard minimum passes: www.scalability.expert keeps", "who     " + es[0].Who,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if one := must(t, "journal", "2"); strings.Count(one, "entry ") != 1 || !strings.Contains(one, "entry 2 of") {
		t.Errorf("%s", one)
	}
	if got := journalOf(t, "--filter", "verb:quiesce type:TXT"); len(got) != 1 || got[0].ID != "2" {
		t.Errorf("filtered: %+v", got)
	}
	if r := rollcall(t, "journal", "--filter", "nope:x"); r.code != exit.Usage || !strings.Contains(r.err, "--filter") {
		t.Errorf("a filter that cannot be read: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "undo", "99"); r.code != exit.Usage || !strings.Contains(r.err, `no entry or run "99"`) {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "journal", "99"); r.code != exit.Usage || !strings.Contains(r.err, `no entry or run "99"`) {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	for _, e := range es {
		if c := e.Change; e.Who == "" || e.Checksum == "" || c == nil || c.Record().Name == "" || len(e.Guards) == 0 || e.Time.IsZero() || e.Ended.IsZero() {
			t.Errorf("%+v", e)
		}
	}
}

func TestDamageOfTheJournalIsToldAndSetAside(t *testing.T) {
	newWorld(t)
	must(t, "quiesce", "www-01")
	path := journalPath(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(append(bytes.Clone(data), `{"seq":99,"prev":"`...))
	for range 2 {
		if r := rollcall(t, "journal", "--verify"); r.code != exit.Failed || !strings.Contains(r.err, "were set aside at ") || !strings.Contains(r.err, path+".damaged-") || strings.Count(r.out, "\n") != 4 {
			t.Errorf("a damaged tail: exit code %d\n%s%s", r.code, r.err, r.out)
		}
	}
	sides, err := filepath.Glob(path + ".damaged-*")
	if err != nil || len(sides) != 1 {
		t.Fatalf("%v, %v", sides, err)
	}
	if side, err := os.ReadFile(sides[0]); err != nil || string(side) != `{"seq":99,"prev":"` {
		t.Errorf("%q, %v", side, err)
	}
	if err := os.Remove(sides[0]); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Done {
		t.Errorf("once it was looked at: exit code %d\n%s", r.code, r.err)
	}
	write(bytes.Replace(data, []byte("34.200.16.1"), []byte("34.200.16.2"), 1))
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Failed || !strings.Contains(r.err, "line 1: this line is not what was written") {
		t.Errorf("a line that was changed: exit code %d\n%s", r.code, r.err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	write(bytes.Join(lines[:len(lines)-2], nil))
	// What ended the last entry is gone, so that it is looked up; the gap stays visible.
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Failed || !strings.Contains(r.err, "lines were changed, left out or moved") || !strings.Contains(r.err, "journal entry 3 was left open") {
		t.Errorf("a line less: exit code %d\n%s", r.code, r.err)
	}
	if r := rollcall(t, "journal"); r.code != exit.Done {
		t.Errorf("without --verify: exit code %d", r.code)
	}
}
