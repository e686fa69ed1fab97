//go:build !unix || solaris || illumos

package journal

import (
	"errors"
	"os"
)

// Without a lock two writers could write over each other, so nothing is written at all.
func lockFile(*os.File) error { return errors.New("this system has no file lock that rollcall knows") }

// A journal that others do not write to can be read as it is.
func shareFile(*os.File) error { return nil }

func tryLockFile(*os.File) (bool, error) {
	return false, errors.New("this system has no file lock that rollcall knows")
}

func unlockFile(*os.File) error { return nil }
