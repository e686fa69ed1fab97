package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/providers/sim/world"
)

// stopDrain begins to terminate a node and stops in the wait, as quitting the console does. It returns the node's id.
func stopDrain(t *testing.T, name string) string {
	t.Helper()
	id := objects(t, "ls", "instances", "--filter", "name:"+name, "-o", "json")[0]["id"].(string)
	path := filepath.Join(t.TempDir(), "said")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.CommandContext(t.Context(), "rollcall", "terminate", id, "--yes")
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(t).List(), out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if said, err := os.ReadFile(path); err != nil || strings.Contains(string(said), "resolver") || cmd.ProcessState != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	return id
}

func TestADrainThatWasStoppedIsToldByTheNextCommands(t *testing.T) {
	newWorld(t)
	id := stopDrain(t, "svc-v1-05")
	for _, args := range [][]string{{"journal"}, {"ls", "sources"}} {
		r := rollcall(t, args...)
		if !strings.Contains(r.err, "was being drained at") || !strings.Contains(r.err, "by you: it was taken out of DNS, ") || !strings.Contains(r.err, "rollcall return "+id) {
			t.Errorf("rollcall %v: %s", args, r.err)
		}
	}
	must(t, "return", id)
	if r := rollcall(t, "ls", "sources"); strings.Contains(r.err, "being drained") {
		t.Errorf("it was returned, and still: %s", r.err)
	}
}

func TestADrainWhoseNodeWasTerminatedElsewhereSinceIsNotTold(t *testing.T) {
	s := newWorld(t)
	id := stopDrain(t, "svc-v1-05")
	cloud := objects(t, "ls", "instances", "--filter", "name:svc-v1-05", "-o", "json")[0]["cloud"].(string)
	if _, _, err := s.World().Do(cloud, id, world.Terminate); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"journal"}, {"ls", "sources"}} {
		if r := rollcall(t, args...); strings.Contains(r.err, "being drained") {
			t.Errorf("rollcall %v: %s", args, r.err)
		}
	}
}

func TestASecondRunOfAPlanInAFileSaysWhatTheFirstOneHasDone(t *testing.T) {
	newWorld(t)
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, []byte(rollcall(t, "quiesce", "www-01", "--dry-run", "-o", "json").out), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "quiesce", "www-01", "--plan", file); strings.Contains(r.err, "an earlier run has done") {
		t.Errorf("the first run: %s", r.err)
	}
	r := rollcall(t, "quiesce", "www-01", "--plan", file)
	if strings.Count(r.err, "an earlier run has done step ") != 1 || !strings.Contains(r.err, "--dry-run -o json makes a new plan") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}
