package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rollcall/cmd/rollcall/exit"
)

// enterDemo starts the embedded clouds in this process when --demo asks for
// them. Config and state lie in a folder that is gone at the end.
func (a *Program) enterDemo(ctx context.Context) error {
	if !a.Demo {
		return nil
	}
	if a.Config != "" {
		return exit.Usagef("--demo brings a config of its own: leave out --config, or start rollcall sim and use its environment")
	}
	dir, err := os.MkdirTemp("", "rollcall-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	a.Closers = append(a.Closers, func() error { return os.RemoveAll(dir) })
	if err := os.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state")); err != nil {
		return fmt.Errorf("set the environment: %w", err)
	}
	// The world outlives the first ctrl-c: the command that is being stopped
	// still has to leave its journal in order.
	stop, err := a.StartDemo(context.WithoutCancel(ctx), dir)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	a.Closers = append(a.Closers, stop)
	return nil
}
