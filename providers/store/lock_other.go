//go:build !unix || solaris || illumos

package store

import (
	"context"
	"errors"
)

// lockFile fails: without a lock two writers could overwrite each other.
func lockFile(context.Context, string) (unlock func(), err error) {
	return nil, errors.New("this system has no file lock that rollcall knows")
}
