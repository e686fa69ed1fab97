package cli

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func TestTwoUndosTakeTwoChangesBackAndTwoRedosMakeThemAgain(t *testing.T) {
	s := newWorld(t)
	states := [][]string{allRecords(s)}
	for _, node := range []string{"www-01", "svc-v1-01"} {
		must(t, "quiesce", node)
		states = append(states, allRecords(s))
	}
	check := func(what string, want []string) {
		t.Helper()
		if got := allRecords(s); !slices.Equal(got, want) {
			t.Errorf("%s: the zones are not what they were then:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	must(t, "undo")
	check("one undo", states[1])
	must(t, "undo")
	check("two undos", states[0])
	if r := rollcall(t, "undo"); r.code != exit.Failed || !strings.Contains(r.err, "nothing that could be undone") {
		t.Errorf("a third undo: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "redo", "--dry-run"); r.code != exit.Done || !strings.Contains(r.out, "www-01") && !strings.Contains(r.out, "www.scalability.expert") {
		t.Errorf("a dry run: exit code %d, %s%s", r.code, r.out, r.err)
	}
	check("a dry run", states[0])
	if r := rollcall(t, "redo"); r.code != exit.Done || !strings.Contains(r.err, "checksum") {
		t.Errorf("a redo that does not show its plan: exit code %d, %s", r.code, r.err)
	}
	check("one redo", states[1])
	must(t, "redo")
	check("two redos", states[2])
	if r := rollcall(t, "redo"); r.code != exit.Failed || !strings.Contains(r.err, "nothing to redo") {
		t.Errorf("a third redo: exit code %d, %s", r.code, r.err)
	}
	must(t, "undo")
	must(t, "quiesce", "www-02")
	if r := rollcall(t, "redo"); r.code != exit.Failed || !strings.Contains(r.err, "nothing to redo") {
		t.Errorf("a redo after a new change: exit code %d, %s", r.code, r.err)
	}
	must(t, "undo")
	check("an undo of the new change", states[1])
	must(t, "undo")
	check("and of the one before", states[0])
}

// leaveOne leaves the newest entry of the journal open, as a rollcall that was killed before it had made it.
func leaveOne(t *testing.T, who string) {
	t.Helper()
	j, err := journal.Open(journalPath(t), providers.Clock{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := providers.Record{Zone: "scalability.expert", Name: "left-open.scalability.expert", Type: "A", TTL: 60, Value: "192.0.2.99"}
	_, err = j.Begin(journal.Entry{Run: "killed", Who: who, Verb: "register", Zone: rec.Zone, Sentence: "Create left-open", Kind: "change", Change: &providers.Change{Op: providers.OpCreate, After: rec}, Time: time.Now().Add(-time.Minute)})
	if err == nil {
		err = j.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnUndoTakesNothingUnaskedThatOnlyItsOwnLookupMadeTheLastChange(t *testing.T) {
	s := newWorld(t)
	must(t, "quiesce", "www-01")
	run := journalOf(t)[0].Run
	leaveOne(t, "me@here")
	before := allRecords(s)
	if r := rollcall(t, "undo", "--dry-run"); r.code != exit.Unknown || !strings.Contains(r.err, "what undo takes depends on entry 4") || !strings.Contains(r.err, "rollcall journal") {
		t.Errorf("a dry run: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if r := rollcall(t, "undo"); r.code != exit.Failed || !strings.Contains(r.err, "entry 4 was left open by a rollcall that was stopped, and is failed now") || !strings.Contains(r.err, "rollcall undo "+run) {
		t.Errorf("an undo: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if got := allRecords(s); !slices.Equal(got, before) {
		t.Error("records have changed")
	}
	if r := rollcall(t, "undo", "--dry-run"); r.code != exit.Done || !strings.Contains(r.out, "34.200.16.1") {
		t.Errorf("a dry run once it is looked up: exit code %d, %s%s", r.code, r.out, r.err)
	}
	must(t, "undo")
	if slices.Equal(allRecords(s), before) {
		t.Error("nothing was undone")
	}
}

func TestADryUndoIsAsTheRealOneIfWhatIsOpenDoesNotMatter(t *testing.T) {
	newWorld(t)
	must(t, "quiesce", "www-01")
	last := journalOf(t)[0]
	leaveOne(t, "me@here")
	j, err := journal.Open(journalPath(t), providers.Clock{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	last.Run = "later"
	begun, err := j.Begin(last)
	if err == nil {
		err = j.End(journal.Outcome{ID: begun[0].ID, State: journal.Done, Result: last.Result})
	}
	if err == nil {
		err = j.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "undo", "--dry-run"); strings.Contains(r.err, "depends on") || !strings.Contains(r.out, "34.200.16.1") {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
}

func TestAnUndoOrRedoThatStopsANodeNeedsYesAndAStartOfARunningOneLeavesNothingToUndo(t *testing.T) {
	newWorld(t)
	all := objects(t, "ls", "instances", "--filter", "state:running", "-o", "json")
	at := slices.IndexFunc(all, func(o object) bool {
		return strings.HasPrefix(o["id"].(string), "i-") && len(o["records"].([]any)) == 0
	})
	if at < 0 {
		t.Fatal("no instance of EC2 runs without a record")
	}
	id := all[at]["id"].(string)
	is := func(want string) func() bool {
		return func() bool {
			found := objects(t, "ls", "instances", "--filter", "id="+id, "-o", "json")
			return len(found) == 1 && found[0]["state"] == want
		}
	}
	if out := must(t, "start", id); !strings.Contains(out, "nothing to do: it is running already") {
		t.Errorf("a start of what runs: %s", out)
	}
	if r := rollcall(t, "undo", "--yes"); r.code != exit.Failed || !strings.Contains(r.err, "nothing that could be undone") {
		t.Errorf("its undo: exit code %d, %s", r.code, r.err)
	}
	must(t, "stop", id, "--yes")
	eventually(t, "stopped", is("stopped"))
	must(t, "start", id)
	eventually(t, "running", is("running"))
	for _, verb := range []string{"undo", "redo"} {
		r := rollcall(t, verb)
		if r.code != exit.Failed || !strings.Contains(r.err, "--yes") || !strings.Contains(r.err, "loses its public address") || !is("running")() {
			t.Fatalf("%s: exit code %d, %s", verb, r.code, r.err)
		}
		must(t, verb, "--yes")
		eventually(t, "stopped again", is("stopped"))
		if verb == "undo" {
			must(t, "undo") // of the stop
			eventually(t, "running again", is("running"))
		}
	}
}
