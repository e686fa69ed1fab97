//go:build unix

package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
)

// A named pipe that has no writer stands for any file that is not answered, such as one of a network share.
func TestACommandThatWaitsForAFileEndsAtTheFirstInterrupt(t *testing.T) {
	sim := startSim(t, "--instances", fmt.Sprint(worldSize))
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, args := range [][]string{
		{"--config", pipe, "ls", "instances"},
		{"--config", pipe, "config", "check"},
		{"--config", pipe, "userdata", "render", "bare"},
		{"deregister", "--dead", "--plan", pipe},
		{"launch", "--cloud", "aws-use1", "--service", theWWW, "--dry-run", "--values", pipe},
		{"userdata", "lint", "bare", "--values", pipe},
		{"userdata", "render", "bare", "--values", pipe},
	} {
		wg.Go(func() {
			c := sim.client(args...)
			var said bytes.Buffer
			c.Stdout, c.Stderr = &said, &said
			if err := c.Start(); err != nil {
				t.Error(err)
				return
			}
			time.Sleep(2 * time.Second) // on a slow machine it ends before it waits
			_ = c.Process.Signal(os.Interrupt)
			ended := make(chan struct{})
			go func() {
				_ = c.Wait() // its exit code says it
				close(ended)
			}()
			select {
			case <-ended:
			case <-time.After(time.Minute):
				_ = c.Process.Kill()
				<-ended
				t.Errorf("%v: it waits on", args)
				return
			}
			if code := c.ProcessState.ExitCode(); code != exit.Failed || !strings.Contains(said.String(), "stopped") || !strings.Contains(said.String(), "by ctrl-c or another signal") {
				t.Errorf("%v: exit code %d, %s", args, code, said.String())
			}
		})
	}
	wg.Wait()
}
