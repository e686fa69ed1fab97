package index

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// helpers are those goroutines of all calls of Parallel that are not their callers'. More of them than CPUs would only make
// the goroutine of a key press wait longer for its turn.
var helpers = make(chan struct{}, runtime.GOMAXPROCS(0)-1)

// Parallel calls do for the numbers below n in ranges of size, from and below to, on all CPUs that other calls of it have left.
// It returns once all calls have returned. Between two of them a goroutine runs that a key press has woken.
func Parallel(n, size int, do func(from, to int)) {
	var next atomic.Int64
	work := func() {
		for from := int(next.Add(int64(size))) - size; from < n; from = int(next.Add(int64(size))) - size {
			do(from, min(from+size, n))
			runtime.Gosched()
		}
	}
	var wg sync.WaitGroup
	for range (n - 1) / size { // the caller works too
		select {
		case helpers <- struct{}{}:
			wg.Go(func() {
				work()
				<-helpers
			})
		default:
		}
	}
	work()
	wg.Wait()
}

// manyToSort is from how many elements on Sort uses two CPUs.
const manyToSort = 2048

// Sort sorts a slice on two CPUs. Elements that compare equal keep no order.
func Sort[T any](s []T, compare func(a, b T) int) {
	if len(s) < manyToSort {
		slices.SortFunc(s, compare)
		return
	}
	mid := len(s) / 2
	Parallel(2, 1, func(half, _ int) {
		slices.SortFunc(s[half*mid:mid+half*(len(s)-mid)], compare)
	})
	if compare(s[mid-1], s[mid]) <= 0 {
		return
	}
	left, right := slices.Clone(s[:mid]), s[mid:]
	for at := 0; len(left) > 0; at++ {
		if len(right) > 0 && compare(right[0], left[0]) < 0 {
			s[at], right = right[0], right[1:]
		} else {
			s[at], left = left[0], left[1:]
		}
	}
}
