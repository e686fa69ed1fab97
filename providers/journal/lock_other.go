//go:build !unix || solaris || illumos

package journal

import (
	"errors"
	"os"
)

// tryLockFile fails: without a lock two writers could overwrite each other.
func tryLockFile(*os.File) (bool, error) {
	return false, errors.New("this system has no file lock that rollcall knows")
}

// tryShareFile needs no lock, because tryLockFile excludes writers.
func tryShareFile(*os.File) (bool, error) { return true, nil }

func unlockFile(*os.File) error { return nil }

const noFollow = 0

func ownedByOther(*os.File) (uid uint32, other bool) { return 0, false }
