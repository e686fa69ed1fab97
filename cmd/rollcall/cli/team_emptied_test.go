package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
)

// emptied puts another store, which is empty, in the place of the team's, and returns what puts the first one back. It fails
// the test if anything was written to the other one.
func emptied(t *testing.T, store string) (back func()) {
	t.Helper()
	if err := os.Rename(store, store+"-away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(store, 0o700); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if written, err := filepath.Glob(filepath.Join(store, "*", "*")); err != nil || len(written) > 0 {
			t.Errorf("the other store has %v, %v", written, err)
		}
		if err := os.RemoveAll(store); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(store+"-away", store); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhileTheStoreIsEmptiedSnoozesAndNotesAreKeptOnTheMachineAndJoinItWhenItIsBack(t *testing.T) {
	for name, before := range map[string]string{"with a journal": "quiesce www-01", "with snoozes only": "ls findings"} {
		t.Run(name, func(t *testing.T) {
			newWorld(t)
			_, record := deadAddress(t)
			node := decode[[]rows.InstanceObject](t, must(t, "ls", "instances", "-o", "json"))[0].ID
			store, machine := newTeam(t)
			machine("a")
			must(t, strings.Fields(before)...)
			must(t, "snooze", record, "--for", "2h", "--reason", "known")
			back := emptied(t, store)

			if r := rollcall(t, "ls", "findings", "-o", "name"); strings.Contains(r.out, record+"\n") || strings.Count(r.err, "rollcall team set-aside") != 1 {
				t.Errorf("what is snoozed is shown: %s%s", r.out, r.err)
			}
			if r := rollcall(t, "note", node, "written here"); r.code != exit.Done || !strings.Contains(r.err, "kept on this machine") || !strings.Contains(r.err, "rollcall team set-aside") {
				t.Errorf("a note: exit code %d, %s", r.code, r.err)
			}
			if r := rollcall(t, "snooze", "--end", record); !strings.Contains(r.err, "kept on this machine") {
				t.Errorf("the end of a snooze: exit code %d, %s", r.code, r.err)
			}
			if r := rollcall(t, "note", node); !strings.HasPrefix(r.out, "written here") {
				t.Errorf("the note: %s%s", r.out, r.err)
			}
			if r := rollcall(t, "config", "check"); r.code != exit.Unknown || !strings.Contains(r.err, "rollcall team set-aside") || strings.Contains(r.err, "has no journal yet") {
				t.Errorf("config check: exit code %d, %s", r.code, r.err)
			}
			back()
			must(t, "ls", "findings")
			machine("b")
			if out := must(t, "note", node); isSnoozed(t, record) || !strings.HasPrefix(out, "written here") {
				t.Errorf("it did not join: snoozed %v, %q", isSnoozed(t, record), out)
			}
		})
	}
}

func TestAfterTheCopyIsSetAsideAnEmptiedStoreIsUsedAndWhatWaitedIsSaid(t *testing.T) {
	newWorld(t)
	_, record := deadAddress(t)
	store, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	_ = emptied(t, store)
	if r := rollcall(t, "snooze", record, "--for", "2h", "--reason", "known"); !strings.Contains(r.err, "kept on this machine") {
		t.Fatalf("exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "team", "set-aside"); r.code != exit.Done || !strings.Contains(r.err, "1 snooze or note") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if isSnoozed(t, record) {
		t.Error("what waited for the old store holds")
	}
	must(t, "snooze", record, "--for", "2h", "--reason", "known")
	machine("b")
	if !isSnoozed(t, record) {
		t.Error("the new store is not used")
	}
}
