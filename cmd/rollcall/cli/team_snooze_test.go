package cli

import (
	"os"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/watcher"
	"rollcall/dnsview/rows"
)

// isSnoozed reports whether ls findings leaves the dead record out.
func isSnoozed(t *testing.T, record string) bool {
	t.Helper()
	return !strings.Contains(must(t, "ls", "findings", "--filter", "finding:dead", "-o", "name"), record+"\n")
}

func TestSnoozesAndNotesAreTheTeamsAndThoseFromBeforeAreCarriedIn(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	i := decode[[]rows.InstanceObject](t, must(t, "ls", "instances", "-o", "json"))[0]
	own := getenv(t, "XDG_STATE_HOME")
	must(t, "snooze", record, "--for", "2h", "--reason", "before there was a team")
	_, machine := newTeam(t)
	if !isSnoozed(t, record) {
		t.Error("before the join it is not snoozed here any more")
	}
	machine("b")
	if isSnoozed(t, record) {
		t.Error("it is snoozed elsewhere before the join")
	}
	must(t, "note", i.ID, "kept for the vendor")
	setenv(t, "XDG_STATE_HOME", own)
	if r := rollcall(t, "team", "join"); r.code != exit.Done || !strings.Contains(r.err, "1 snooze or note of this machine") {
		t.Fatalf("exit code %d, %s", r.code, r.err)
	}
	if out := must(t, "note", i.ID); !isSnoozed(t, record) || !strings.HasPrefix(out, "kept for the vendor") {
		t.Errorf("after the join here: snoozed %v, note %q", isSnoozed(t, record), out)
	}
	machine("b")
	if !isSnoozed(t, record) {
		t.Error("after the join elsewhere it is not snoozed")
	}
	if r := rollcall(t, "drift", "--exit-code"); r.code != exit.Drift {
		t.Errorf("drift: exit code %d", r.code)
	}
	machine("c") // which has seen nothing before
	if !isSnoozed(t, record) {
		t.Error("a new machine does not know of it")
	}
	must(t, "snooze", "--end", record)
	machine("b")
	if isSnoozed(t, record) {
		t.Error("the end of another machine does not hold")
	}
}

func TestASnoozeOfTheTeamEndsWithItsFinding(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	_, machine := newTeam(t)
	machine("a")
	must(t, "snooze", record, "--for", "2h", "--reason", "known")
	machine("b")
	if !isSnoozed(t, record) {
		t.Fatal("it is not snoozed")
	}
	must(t, "deregister", record)
	must(t, "ls", "findings") // which sees that it is over
	must(t, "undo")
	if isSnoozed(t, record) {
		t.Error("what began anew is snoozed")
	}
	if isSnoozed(t, record) {
		t.Error("what began anew is snoozed at the next start")
	}
}

func TestWithoutTheStoreTheLastReadSnoozesHoldAndNewOnesJoinLater(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	i := decode[[]rows.InstanceObject](t, must(t, "ls", "instances", "-o", "json"))[0]
	store, machine := newTeam(t)
	machine("b")
	must(t, "snooze", record, "--for", "2h", "--reason", "known")
	machine("a")
	if !isSnoozed(t, record) {
		t.Fatal("it is not snoozed")
	}
	if err := os.Rename(store, store+".away"); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "ls", "findings", "-o", "name")
	if n := strings.Count(r.err, "this machine has read before"); r.code != exit.Done || n != 1 || strings.Contains(r.out, record+"\n") {
		t.Errorf("away: exit code %d, said %d times, %s%s", r.code, n, r.out, r.err)
	}
	if r := rollcall(t, "note", i.ID, "written here"); r.code != exit.Done || !strings.Contains(r.err, "kept on this machine") {
		t.Errorf("a note: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "note", i.ID); !strings.HasPrefix(r.out, "written here") {
		t.Errorf("the note: %s%s", r.out, r.err)
	}
	if err := os.Rename(store+".away", store); err != nil {
		t.Fatal(err)
	}
	must(t, "ls", "findings")
	machine("b")
	if out := must(t, "note", i.ID); !strings.HasPrefix(out, "written here") {
		t.Errorf("it did not join: %q", out)
	}
	if r := rollcallAt(t, 2*time.Hour+time.Minute, "ls", "findings", "-o", "name"); strings.Contains(r.err, "snoozed finding") {
		t.Errorf("after its time it is still snoozed: %s", r.err)
	}
}

func TestAWatchSaysNothingOfWhatAnotherMachineHasSnoozed(t *testing.T) {
	fastWorld(t)
	_, record := deadAddress(t)
	_, machine := newTeam(t)
	machine("a")
	must(t, "snooze", record, "--for", "1h", "--reason", "known")
	machine("b")
	w := startWatch(t, watchFlags{})
	events := func() (ours, others int) {
		for _, l := range w.lines() {
			switch {
			case l.Event != watcher.EventNew || l.Finding == nil || l.Finding.Record == nil:
			case strings.HasSuffix(record, "/"+l.Finding.Record.Value) && l.Finding.Class == "dead":
				ours++
			default:
				others++
			}
		}
		return ours, others
	}
	until(t, "other findings", func() bool { _, others := events(); return others > 0 })
	if ours, _ := events(); ours > 0 {
		t.Error("at its start the watch says what is snoozed")
	}
	setenv(t, "XDG_STATE_HOME", getenv(t, "XDG_STATE_HOME")+"-c")
	must(t, "snooze", "--end", record)
	until(t, "what counts again", func() bool { ours, _ := events(); return ours == 1 })
}
