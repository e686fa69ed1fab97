// Package simtest starts the embedded clouds for tests.
package simtest

import (
	"cmp"
	"context"
	"testing"
	"time"

	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// Quick are the delays of a world whose instances move at once.
var Quick = world.Delays{Boot: time.Millisecond, Agent: time.Millisecond, Stop: time.Millisecond, Forget: time.Hour, Propagate: time.Millisecond}

// Start starts a simulation that is closed when the test ends. Its seed is 1, and its folder one of the test, unless the
// options name others.
func Start(t testing.TB, o sim.Options) *sim.Sim {
	t.Helper()
	o.Seed, o.Dir = cmp.Or(o.Seed, 1), cmp.Or(o.Dir, t.TempDir())
	s, err := sim.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
