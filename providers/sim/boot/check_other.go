//go:build !linux

package boot

import (
	"fmt"
	"runtime"
)

// Check returns why no machine can be booted here.
func Check() error {
	return fmt.Errorf("%w: it takes Linux, and this is %s", ErrUnable, runtime.GOOS)
}
