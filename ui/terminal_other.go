//go:build !unix

package ui

import (
	"context"

	tea "charm.land/bubbletea/v2"
)

func (x *terminal) watchSignals(ctx context.Context, _ func(tea.Msg)) { <-ctx.Done() }

func (x *terminal) leaveSignals() (end func()) { return func() {} }

func (x *terminal) stopProcess() error { return errNotStopped }
