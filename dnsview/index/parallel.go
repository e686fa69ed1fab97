package index

import (
	"runtime"
	"slices"

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
