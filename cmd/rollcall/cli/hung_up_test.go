package cli

import (
	"bufio"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rollcall/providers/journal"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// allDone reports an entry of the journal that is not done.
func allDone(t *testing.T) {
	t.Helper()
	es := journalOf(t)
	if len(es) == 0 {
		t.Error("the journal is empty")
	}
	for _, e := range es {
		if e.State != journal.Done {
			t.Errorf("entry %s is %s: %s", e.ID, e.State, e.Sentence)
		}
	}
}

func TestAChangeWhoseOutputIsReadNoMoreGoesOnToItsEnd(t *testing.T) {
	newWorld(t)
	cmd := exec.CommandContext(t.Context(), "rollcall", "deregister", "--dead")
	cmd.Env = environment(t).List()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "Delete ") {
			break
		}
	}
	if err := stderr.Close(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signaled() {
		t.Errorf("it ended with %s", cmd.ProcessState)
	}
	allDone(t)
	if left := append(recordsOf(t, "dead"), recordsOf(t, "dangling")...); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
}

func TestATerminalThatHangsUpSeveralTimesLeavesNothingOpen(t *testing.T) {
	var once sync.Once
	started := make(chan *exec.Cmd, 1)
	newWorld(t, func(o *sim.Options) {
		o.Changed = func(world.ZoneChange) {
			once.Do(func() {
				cmd := <-started
				for range 20 {
					_ = cmd.Process.Signal(syscall.SIGHUP)
					time.Sleep(5 * time.Millisecond)
				}
			})
		}
	})
	cmd := exec.CommandContext(t.Context(), "rollcall", "deregister", "--dead")
	cmd.Env = environment(t).List()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started <- cmd
	_ = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signaled() {
		t.Errorf("it ended with %s", cmd.ProcessState)
	}
	for _, e := range journalOf(t) {
		if strings.Contains(e.Note, "was left open") {
			t.Errorf("entry %s was left open: %s", e.ID, e.Note)
		}
	}
	if r := rollcall(t, "journal"); strings.Contains(r.err, "was left open") {
		t.Error(r.err)
	}
}

func TestWhatAPartlyReadZoneMayHoldIsNotSaidToBeReturned(t *testing.T) {
	s := newWorld(t)
	must(t, "quiesce", "svc-v2-01")
	if err := s.World().SetFault(world.Route53Zone, world.ServerError); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"return", "svc-v2-01"}, {"return", "--cloud", "joyent-east"}} {
		r := rollcall(t, args...)
		if r.code != 4 || !strings.Contains(r.err, "is not known: "+world.Route53Zone+" is ") || strings.Contains(r.err, "is not quiesced anywhere") || strings.Contains(r.err, "is not evacuated") {
			t.Errorf("%v: exit code %d\n%s", args, r.code, r.err)
		}
	}
}
