// Package simtest starts the embedded clouds for tests.
package simtest

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// Quick are the delays of a world whose instances move at once.
var Quick = world.Delays{Boot: time.Millisecond, Agent: time.Millisecond, Stop: time.Millisecond, Forget: time.Hour, Propagate: time.Millisecond}

// Start starts a simulation that is closed when the test ends. Its seed is 1, its folder one of the test, and its key an
// ECDSA key, unless the options name others: an RSA key signs for long under the race detector.
func Start(t testing.TB, o sim.Options) *sim.Sim {
	t.Helper()
	o.Seed, o.Dir = cmp.Or(o.Seed, 1), cmp.Or(o.Dir, t.TempDir())
	if o.Key == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		o.Key = key
	}
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
