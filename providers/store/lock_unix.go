//go:build unix && !solaris && !illumos

package store

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// lockFile waits until this process alone holds the lock at path, and returns what releases it. The system releases it
// when the process dies.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return nil, err
	}
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch err {
		case nil:
			return func() { _ = file.Close() }, nil
		case unix.EINTR:
			continue
		case unix.EWOULDBLOCK:
		default:
			_ = file.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
}
