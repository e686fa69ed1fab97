package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim"
)

// walk calls f with each command that runs, and its path below rollcall.
func walk(c *cobra.Command, path string, f func(c *cobra.Command, path string)) {
	if c.Runnable() {
		f(c, path)
	}
	for _, sub := range c.Commands() {
		walk(sub, strings.TrimSpace(path+" "+sub.Name()), f)
	}
}

func TestReadOnlyRefusesEveryCommandThatIsNotKnownToReadAndLeavesItsDryRun(t *testing.T) {
	a := &commands{Program: &app.Program{}}
	root := a.rootCommand()
	a.readOnly = true
	there := map[string]bool{}
	walk(root, "", func(c *cobra.Command, path string) {
		there[path] = true
		only, reads := onlyReads[path]
		reads = reads && only == nil || c.HasSubCommands() && path != "sim"
		a.WriteNothing(false)
		err := a.limitWrites(c, []string{"x", "y"})
		usage, ok := errors.AsType[*exit.Error](err)
		if refused := err != nil; refused == reads && path != "watch" || refused && (!ok || usage.Code != exit.Usage) {
			t.Errorf("rollcall --read-only %s: %v", path, err)
		}
		if err == nil && !a.WritesNothing() {
			t.Errorf("rollcall --read-only %s may write", path)
		}
		dry := c.Flags().Lookup("dry-run")
		if dry == nil || path == "watch" {
			return
		}
		for _, a.readOnly = range []bool{false, true} {
			if err := c.Flags().Set("dry-run", "true"); err != nil {
				t.Fatal(err)
			}
			a.WriteNothing(false)
			if err := a.limitWrites(c, []string{"x", "y"}); err != nil || !a.WritesNothing() {
				t.Errorf("rollcall %s --dry-run, read-only %v: %v, may write: %v", path, a.readOnly, err, !a.WritesNothing())
			}
		}
	})
	for _, path := range []string{
		"snooze", "note", "config forget", "config init", "team set-aside", "team signers", "sim fault", "userdata new", "deregister", "undo", "launch", "reboot", "service join", "team join",
	} {
		if only, reads := onlyReads[path]; !there[path] || reads && only == nil {
			t.Errorf("%s counts as a command that only reads, or is none", path)
		}
	}
	for path := range onlyReads {
		if !there[path] && path != "help" && !strings.HasPrefix(path, "_") && !strings.HasPrefix(path, "completion") {
			t.Errorf("there is no command %q", path)
		}
	}
}

func TestReadOnlyRefusesOnlyWhatAnArgumentMakesAChange(t *testing.T) {
	newWorld(t)
	for _, args := range [][]string{
		{"snooze", "www-01", "--for", "2h", "--reason", "x"},
		{"note", "www-01", "x"},
		{"note", "--remove", "www-01"},
		{"config", "forget", "x", "--confirm", "x"},
		{"config", "init"},
		{"sim", "fault", "all", "none"},
		{"userdata", "new", "x"},
		{"watch", "--remedy", "dead"},
	} {
		if r := rollcall(t, append([]string{"--read-only"}, args...)...); r.code != exit.Usage || !strings.Contains(r.err, "--read-only is given") {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.err)
		}
	}
	for _, args := range [][]string{{"note", "www-01"}, {"config", "forget"}} {
		must(t, append([]string{"--read-only"}, args...)...)
	}
}

// leftOpen writes an entry of a rollcall that was killed after it had overwritten a record, which is to be put back.
func leftOpen(t *testing.T) {
	t.Helper()
	j, err := journal.Open(journalPath(t), providers.Clock{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := providers.Record{Zone: "scalability.expert", Name: "left-open.scalability.expert", Type: "A", TTL: 60, Value: "192.0.2.99"}
	begun, err := j.Begin(journal.Entry{Run: "r1", Verb: "deregister", Zone: rec.Zone, Sentence: "Delete left-open", Kind: "change", Change: &providers.Change{Op: providers.OpDelete, Before: rec}})
	if err == nil {
		err = j.NotePutBack(begun[0].ID, rec)
	}
	if err == nil {
		err = j.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func isBack(s *sim.Sim) bool {
	return slices.ContainsFunc(allRecords(s), func(r string) bool { return strings.Contains(r, "192.0.2.99") })
}

func TestNothingIsFinishedForAKilledRollcallWithDryRunOrReadOnly(t *testing.T) {
	s := newWorld(t, atLeisure)
	must(t, "deregister", "--dead") // so that there is a journal
	leftOpen(t)
	before, err := os.ReadFile(journalPath(t))
	if err != nil {
		t.Fatal(err)
	}
	records := allRecords(s)
	for _, args := range [][]string{
		{"--read-only", "journal"}, {"quiesce", "www-01", "--dry-run"}, {"undo", "--dry-run"}, {"--read-only", "terminate", "www-01", "--dry-run"},
	} {
		r := rollcall(t, args...)
		if n := strings.Count(r.err, "was left open by a rollcall that was stopped: Delete left-open"); n != 1 || !strings.Contains(r.err, "rollcall journal, without --read-only") {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.err)
		}
		after, err := os.ReadFile(journalPath(t))
		if err != nil || string(after) != string(before) || isBack(s) || !slices.Equal(allRecords(s), records) {
			t.Fatalf("%v has written: %v", args, err)
		}
	}
	if r := rollcall(t, "journal"); !strings.Contains(r.err, "was left open") || !isBack(s) {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func TestTheStoreOfATeamIsNotWrittenToWithDryRunOrReadOnly(t *testing.T) {
	newWorld(t, atLeisure)
	store, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	if err := os.Rename(store, store+".away"); err != nil {
		t.Fatal(err)
	}
	must(t, "quiesce", "www-02", "--confirm", store) // which waits for the store
	must(t, "note", "www-01", "asked the vendor")    // and this too
	if err := os.Rename(store+".away", store); err != nil {
		t.Fatal(err)
	}
	objects := func() (out []string) {
		_ = filepath.WalkDir(store, func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				info, err := d.Info()
				if err != nil {
					return err
				}
				out = append(out, path+info.ModTime().String())
			}
			return err
		})
		return out
	}
	before := objects()
	if len(before) == 0 {
		t.Fatal("the store is empty")
	}
	for _, args := range [][]string{
		{"--read-only", "ls", "findings"}, {"--read-only", "journal", "--verify"}, {"--read-only", "config", "check"}, {"quiesce", "www-03", "--dry-run"}, {"undo", "--dry-run"}, {"drift", "--read-only"},
	} {
		if r := rollcall(t, args...); strings.Contains(r.err, "store of the team cannot be used") {
			t.Errorf("%v: %s", args, r.err)
		}
		if after := objects(); !slices.Equal(after, before) {
			t.Fatalf("%v has written to the store:\n%s\nbefore\n%s", args, strings.Join(after, "\n"), strings.Join(before, "\n"))
		}
	}
	must(t, "journal")
	if slices.Equal(objects(), before) {
		t.Error("what waited was not sent")
	}
	must(t, "ls", "findings")
	if !strings.Contains(strings.Join(objects(), "\n"), "annotations") {
		t.Error("the note that waited was not sent")
	}
}
