//go:build unix

package ui

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
)

// watchSignals reports continuations of stops that came from outside, until ctx ends. SIGTSTP itself is left alone: Go
// cannot give back its default action once a program has asked to be notified of it.
func (x *terminal) watchSignals(ctx context.Context, send func(tea.Msg)) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGCONT)
	defer signal.Stop(c)
	for {
		select {
		case <-ctx.Done():
			return
		case <-c:
			if !x.lent.Load() && time.Since(time.Unix(0, x.continued.Load())) > sameStop {
				send(continuedMsg{})
			}
		}
	}
}

// leaveSignals keeps the signals of the keyboard from ending this process: the terminal sends them to the child too,
// which acts on them.
func (x *terminal) leaveSignals() (end func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt, syscall.SIGQUIT)
	return func() { signal.Stop(c) }
}

// stopFor is how long a stop may take to reach all threads of the process.
const stopFor = 200 * time.Millisecond

// sameStop is how long after a continuation by stopProcess another SIGCONT is taken for the same one: the terminal is
// restored once.
const sameStop = 300 * time.Millisecond

// stopProcess stops the process group and returns when it is continued. The kernel stops no group that has no shell to
// continue it; then it returns errNotStopped.
func (x *terminal) stopProcess() error {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGCONT)
	defer signal.Stop(c)
	begun := time.Now()
	if err := syscall.Kill(0, syscall.SIGTSTP); err != nil {
		return fmt.Errorf("suspend the console: %w", err)
	}
	select {
	case <-c:
		x.continued.Store(time.Now().UnixNano())
		return nil
	case <-time.After(stopFor):
		if time.Since(begun) > 2*stopFor { // it was stopped meanwhile
			x.continued.Store(time.Now().UnixNano())
			return nil
		}
		return errNotStopped
	}
}
