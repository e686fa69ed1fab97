package index

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Parallel calls do for the numbers below n in ranges of size, from and below to, on all CPUs. It returns once all calls
// have returned. After each call it lets waiting goroutines run, such as the one that a key press has woken.
func Parallel(n, size int, do func(from, to int)) {
	parts := (n + size - 1) / size
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), parts) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < parts; i = int(next.Add(1)) - 1 {
				do(i*size, min((i+1)*size, n))
				runtime.Gosched()
			}
		})
	}
	wg.Wait()
}
