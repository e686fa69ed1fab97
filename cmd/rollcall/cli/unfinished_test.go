package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestADrainThatWasStoppedIsToldByTheNextCommands stops a drain in its wait, as quitting the console does.
func TestADrainThatWasStoppedIsToldByTheNextCommands(t *testing.T) {
	newWorld(t)
	id := objects(t, "ls", "instances", "--filter", "name:svc-v1-05", "-o", "json")[0]["id"].(string)
	path := filepath.Join(t.TempDir(), "said")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	said := func() string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	cmd := exec.CommandContext(t.Context(), "rollcall", "terminate", id, "--yes")
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(t).List(), out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 600 {
		if strings.Contains(said(), "resolver") || cmd.ProcessState != nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = cmd.Process.Signal(os.Interrupt)
	_ = cmd.Wait()
	for _, args := range [][]string{{"journal"}, {"ls", "sources"}} {
		r := rollcall(t, args...)
		if !strings.Contains(r.err, "was being drained at") || !strings.Contains(r.err, "by you: it was taken out of DNS, ") || !strings.Contains(r.err, "rollcall return "+id) {
			t.Errorf("rollcall %v: %s\nthe drain:\n%s", args, r.err, said())
		}
	}
	must(t, "return", id)
	if r := rollcall(t, "ls", "sources"); strings.Contains(r.err, "being drained") {
		t.Errorf("it was returned, and still: %s", r.err)
	}
}
