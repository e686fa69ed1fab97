//go:build !linux

package cli

import (
	"context"

	"rollcall/providers/sim"
	"rollcall/providers/sim/boot"
)

// machines boots nothing here.
type machines struct{}

func (a *commands) newMachines(context.Context) (*machines, error) { return nil, boot.Check() }

func (m *machines) options(*sim.Options)      {}
func (m *machines) serve(*sim.Sim) error      { return nil }
func (m *machines) tell(func(string, ...any)) {}
func (m *machines) close() error              { return nil }
