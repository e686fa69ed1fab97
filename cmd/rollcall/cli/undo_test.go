package cli

import (
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
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
