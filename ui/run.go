package ui

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// Run shows the console until the operator quits or ctx ends.
func Run(ctx context.Context, o Options) error {
	m := New(o)
	defer m.Cancel()
	stop := context.AfterFunc(ctx, m.Cancel)
	defer stop()
	p := tea.NewProgram(m, tea.WithContext(ctx))
	watched, cancel := context.WithCancel(ctx)
	defer cancel()
	go m.terminal.watchSignals(watched, p.Send)
	_, err := p.Run()
	if err != nil && ctx.Err() != nil && (errors.Is(err, tea.ErrProgramKilled) || errors.Is(err, ctx.Err())) {
		return nil // ctx ended it
	}
	return err
}

// Options configure the console. Only Backend is required.
type Options struct {
	Backend common.Backend
	// Fleet is this fleet's id. Without it owned records cannot be changed, and the console says so.
	Fleet string
	// ReadOnly is the initial mode; it can be switched on the screen.
	ReadOnly bool
	// AllowWrites is called when a console that began read-only is switched to allow changes, for the first time. Then what
	// stopped rollcalls have left open is looked up. It must not block; it may be nil.
	AllowWrites func()
	// Demo marks the screen as a demonstration on embedded clouds.
	Demo bool
	// Keys are the key bindings; nil for DefaultKeys. See MergeKeys.
	Keys common.KeyMap
	// Commands are programs that run for the row under the cursor.
	Commands []common.UserCommand
	// Now returns the current time; nil for time.Now.
	Now func() time.Time
	// Theme chooses colours and glyphs. See theme.Environment.
	Theme theme.Options
	// StaleAfter is the age from which a source is shown as stale; 0 for 90 s.
	StaleAfter time.Duration
	// Foreground is called when another program, such as ssh, gets the terminal, and when it has ended: signals of the
	// keyboard are not for the console meanwhile. It may be nil.
	Foreground func(child bool)
	// FirstScreen is the screen that is shown at first; empty for the fleet. See screen.Names.
	FirstScreen string
	// Columns are the names of the columns that a list shows unless the operator has chosen others, in their order. See
	// screen.Columns.
	Columns map[string][]string
	// NoMouse leaves the mouse to the terminal.
	NoMouse bool
	// Filter is the initial filter of both panes.
	Filter string
}
