//go:build !unix || solaris || illumos

package journal

import (
	"errors"
	"os"
)

// Without a lock two writers could write over each other, so nothing is written at all.
func tryLockFile(*os.File) (bool, error) {
	return false, errors.New("this system has no file lock that rollcall knows")
}

// A journal that others do not write to can be read as it is.
func tryShareFile(*os.File) (bool, error) { return true, nil }

func unlockFile(*os.File) error { return nil }

const noFollow = 0

func ownedByOther(*os.File) (uid uint32, other bool) { return 0, false }
