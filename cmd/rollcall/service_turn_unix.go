//go:build unix && !solaris && !illumos

package main

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"rollcall/providers"
)

// turnPatience is how long a process waits for its turn before it writes without one.
const turnPatience = 30 * time.Second

// turn lets one process of this machine at a time write to a zone. It is a
// courtesy and no guarantee: processes that write at once would only refuse each other's
// batches and try again. Who cannot have the lock goes on without.
func (s *session) turn(ctx context.Context, zone providers.Zone) (end func()) {
	none := func() {}
	if os.MkdirAll(s.state, 0o700) != nil {
		return none
	}
	name := "turn-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, zone.Name)
	f, err := os.OpenFile(filepath.Join(s.state, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return none
	}
	ctx, cancel := context.WithTimeout(ctx, turnPatience)
	defer cancel()
	for unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		t := time.NewTimer(time.Millisecond + rand.N(20*time.Millisecond))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			_ = f.Close()
			return none
		}
	}
	return func() { _ = f.Close() } // gives the lock back
}
