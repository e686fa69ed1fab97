package ui

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"
)

// Run shows the console until the operator quits or ctx ends.
func Run(ctx context.Context, o Options) error {
	m := New(o)
	defer m.cancel()
	stop := context.AfterFunc(ctx, m.cancel)
	defer stop()
	_, err := tea.NewProgram(m, tea.WithContext(ctx)).Run()
	if err != nil && ctx.Err() != nil && (errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, ctx.Err())) {
		return nil // asked to end from outside
	}
	return err
}
