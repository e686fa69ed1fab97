//go:build unix && !solaris && !illumos

package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLockFile locks the file if no other process holds it. The system releases the lock when the holder dies.
func tryLockFile(f *os.File) (bool, error) { return try(f, unix.LOCK_EX) }

// tryShareFile takes a shared lock for reading, if no process holds the file exclusively.
func tryShareFile(f *os.File) (bool, error) { return try(f, unix.LOCK_SH) }

func try(f *os.File, how int) (bool, error) {
	for {
		switch err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB); err {
		case unix.EINTR:
		case unix.EWOULDBLOCK:
			return false, nil
		default:
			return err == nil, err
		}
	}
}

func unlockFile(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// noFollow refuses to open a symbolic link, or to wait for a pipe.
const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// ownedByOther reports whether a file belongs to a user other than the one of this process.
func ownedByOther(f *os.File) (uid uint32, other bool) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return 0, false
	}
	return st.Uid, int(st.Uid) != unix.Geteuid()
}
