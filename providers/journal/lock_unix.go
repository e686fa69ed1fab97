//go:build unix && !solaris && !illumos

package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile waits until no other process holds the file. The system gives the
// lock back when the holder dies.
func lockFile(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err != unix.EINTR {
			return err
		}
	}
}

func unlockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }
