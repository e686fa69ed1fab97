//go:build unix && !solaris && !illumos

package app

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"rollcall/providers"
)

// zoneLockWait is how long a process waits for the lock before it writes without it.
const zoneLockWait = time.Minute

// LockZone admits one process of this machine at a time to write to a zone. It only saves retries: without it
// concurrent processes would make each other's batches fail. If the lock cannot be taken, the caller continues without
// it.
func (s *Session) LockZone(ctx context.Context, zone providers.Zone) (end func()) {
	none := func() {}
	if os.MkdirAll(s.State, 0o700) != nil {
		return none
	}
	name := "turn-" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, zone.Name)
	f, err := os.OpenFile(filepath.Join(s.State, name), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return none
	}
	ctx, cancel := context.WithTimeout(ctx, zoneLockWait)
	defer cancel()
	got := make(chan error, 1)
	go func() { got <- lockFile(f) }()
	select {
	case err := <-got:
		if err == nil {
			return func() { _ = f.Close() } // releases the lock
		}
		_ = f.Close()
	case <-ctx.Done():
		go func() { // a late lock is released at once, and an error cannot be reported
			if err := <-got; err == nil {
				_ = f.Close()
			}
		}()
	}
	return none
}

// lockFile waits for the lock. The process that has waited longest is woken first.
func lockFile(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR {
			return err
		}
	}
}
