package cli

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollcall/providers/journal"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// The kill comes at the worst of moments: the provider has made the changes, and has not said so yet.
func TestARollcallThatIsKilledOnceItsChangesAreMadeLeavesNothingUnknown(t *testing.T) {
	var mu sync.Mutex
	var kill func()
	s := newWorld(t, func(o *sim.Options) {
		o.Changed = func(world.ZoneChange) {
			mu.Lock()
			defer mu.Unlock()
			if kill != nil {
				kill()
				kill = nil
			}
		}
	})
	before := allRecords(s)
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "rollcall", "deregister", "--dead")
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(t).List(), &out, &out
	dead := make(chan struct{})
	mu.Lock()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		<-dead
	}
	mu.Unlock()
	err := cmd.Wait()
	close(dead)
	if err == nil || cmd.ProcessState.String() != "signal: killed" {
		t.Fatalf("%v\n%s", err, out.String())
	}
	r := rollcall(t, "journal", "-o", "json")
	es := decode[[]journal.Entry](t, r.out)
	if len(es) == 0 || !strings.Contains(r.err, "was left open by a rollcall that was stopped, and is done now") {
		t.Fatalf("%d entries\n%s", len(es), r.err)
	}
	for _, e := range es {
		rec := e.Change.Before
		there := slices.ContainsFunc(allRecords(s), func(l string) bool {
			return strings.Contains(l, rec.Name+","+rec.Type+",") && strings.Contains(l, rec.Value)
		})
		if e.State != journal.Done && e.State != journal.Failed || there == (e.State == journal.Done) || !e.LookedUp {
			t.Errorf("entry %s is %s, and the record is there: %v; %s", e.ID, e.State, there, e.Note)
		}
	}
	must(t, "deregister", "--dead")
	if left := append(recordsOf(t, "dead"), recordsOf(t, "dangling")...); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	// What the two did together is taken back, run by run.
	runs := map[string]bool{}
	for _, e := range journalOf(t) {
		if !runs[e.Run] {
			runs[e.Run] = true
			must(t, "undo", e.Run)
		}
	}
	if after := allRecords(s); !slices.Equal(after, before) {
		t.Error("after the undos the zones are not what they were")
	}
	must(t, "journal", "--verify")
}
