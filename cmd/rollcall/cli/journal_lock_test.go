//go:build unix

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
)

// holdJournal is a program that begins an entry in a journal, and stands still in the middle of that.
func holdJournal() {
	j, err := journal.Open(os.Args[1], providers.Clock{Time: func() time.Time { // the time of an entry is taken while the journal is locked
		fmt.Println("held")
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the test
		os.Exit(1)
		return time.Time{}
	}}, nil)
	if err == nil {
		_, err = j.Begin(journal.Entry{})
	}
	fmt.Println(err)
	os.Exit(1)
}

// held starts a program that holds a journal, and stops it with SIGSTOP.
func held(t *testing.T, path string) (pid int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "hold-journal", path)
	providertest.StartProgram(t, c, "held")
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return c.Process.Pid
}

// lockWait is for how long the journal is waited for.
const lockWait = 10 * time.Second

func TestAJournalThatAStoppedProcessHoldsIsWaitedForTenSecondsAndItsHolderNamed(t *testing.T) {
	need(t, "tmux")
	sim := startSim(t, "--instances", fmt.Sprint(worldSize))
	sim.must("deregister", recordsIn(t, sim.must("ls", "findings", "-o", "json"), "dead")[0])
	records := func() string { return sim.must("ls", "records", "--all", "-o", "csv") }
	before := records()
	x, y := newTerminal(t, sim.env, ". "+sim.file+"; rollcall"), newTerminal(t, sim.env, ". "+sim.file+"; rollcall")
	x.see("Instances ", "✓")
	y.see("Instances ", "✓")
	pid := held(t, journalIn(t, filepath.Join(filepath.Dir(sim.file), "state", "rollcall")))
	holder := fmt.Sprintf("process %d (hold-journal, stopped)", pid)

	// What a rollcall has said and ended with, and after which time.
	type end struct {
		said string
		code int
		took time.Duration
	}
	start := func(interrupt time.Duration, args ...string) (e end) {
		c := sim.client(args...)
		var out bytes.Buffer
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			t.Error(err)
			return end{}
		}
		began := time.Now()
		if interrupt > 0 {
			time.Sleep(interrupt)
			began = time.Now()
			if err := c.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
		err := c.Wait()
		if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
			t.Error(err)
		}
		return end{out.String(), c.ProcessState.ExitCode(), time.Since(began)}
	}
	var wg sync.WaitGroup
	for _, args := range [][]string{{"undo"}, {"deregister", "--dead"}, {"journal"}, {"journal", "--verify"}, {"stop", "www-01", "--yes"}} {
		wg.Go(func() {
			if e := start(0, args...); e.code != exit.Failed || e.took < lockWait || !strings.Contains(e.said, holder+" has held ") || !strings.Contains(e.said, " for 10 s; nothing is changed without the journal") {
				t.Errorf("%v: exit code %d after %s: %s", args, e.code, e.took, e.said)
			}
		})
		wg.Go(func() {
			if e := start(4*time.Second, args...); e.code != exit.Failed || e.took > lockWait/2 || !strings.Contains(e.said, "stopped") {
				t.Errorf("%v, interrupted: exit code %d after %s: %s", args, e.code, e.took, e.said)
			}
		})
	}
	x.keys("J")
	y.keys("u")
	x.see(holder)
	x.unsee("no entries")
	y.see("undo the last change", holder)
	for term, closed := range map[*terminal]string{x: "Journal", y: "undo the last change"} {
		term.keys("Escape")
		term.unsee(closed)
		term.keys("u", "C-c") // while it waits
		term.see("exit code 0")
	}
	wg.Wait()
	if records() != before {
		t.Error("something was changed without the journal")
	}
}
