package index

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Parallel calls do for the numbers below n in ranges of size, from and below to, on all CPUs. It returns once all calls
// have returned. Each call is a goroutine of its own, so that one that a key press has woken runs between two of them.
func Parallel(n, size int, do func(from, to int)) {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < n; from += size {
		g.Go(func() error {
			do(from, min(from+size, n))
			return nil
		})
	}
	_ = g.Wait() // no call fails
}
