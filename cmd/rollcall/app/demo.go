package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rollcall/cmd/rollcall/exit"
)

// enterDemo starts the embedded clouds in this process if --demo is set. Config and state are in a folder that is
// removed at the end.
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
	// The embedded clouds outlive the first ctrl-c, because the command being stopped still completes its journal.
	env, stop, err := a.StartDemo(context.WithoutCancel(ctx), dir, a.Env)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	a.Env = env.With("XDG_STATE_HOME=" + filepath.Join(dir, "state"))
	a.Closers = append(a.Closers, stop)
	return nil
}
