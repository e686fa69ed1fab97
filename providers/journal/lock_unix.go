//go:build unix && !solaris && !illumos

package journal

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLockFile takes the file if no other process holds it. The system
// releases the lock when the holder dies.
func tryLockFile(f *os.File) (bool, error) { return try(f, unix.LOCK_EX) }

// tryShareFile takes the file together with others that read, if no process holds it alone.
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

// noFollow keeps a symbolic link from being opened, and a pipe from being waited for.
const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// ownedByOther reports whether a file belongs to another user than this process runs as.
func ownedByOther(f *os.File) (uid uint32, other bool) {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return 0, false
	}
	return st.Uid, int(st.Uid) != unix.Geteuid()
}
