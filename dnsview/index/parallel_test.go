package index

import (
	"cmp"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

func TestSortPutsAnyNumberOfElementsInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, manyToSort - 1, manyToSort, manyToSort + 1, 5*manyToSort + 3} {
		for _, values := range []int{1, 10, 1 << 30} {
			list := make([]int, n)
			for i := range list {
				list[i] = r.IntN(values)
			}
			want := slices.Sorted(slices.Values(list))
			if Sort(list, cmp.Compare); !slices.Equal(list, want) {
				t.Errorf("%d elements of %d values are not in order", n, values)
			}
		}
	}
}

func TestCallsOfParallelShareTheirHelpers(t *testing.T) {
	const callers, parts = 6, 40
	var done, running, most atomic.Int32
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			Parallel(parts, 1, func(int, int) {
				now := running.Add(1)
				for is := most.Load(); now > is && !most.CompareAndSwap(is, now); is = most.Load() {
				}
				for range 50 {
					runtime.Gosched()
				}
				running.Add(-1)
				done.Add(1)
			})
		})
	}
	wg.Wait()
	if limit := int32(callers + cap(helpers)); most.Load() > limit || done.Load() != callers*parts {
		t.Errorf("%d of %d parts were done, at most %d at once, want %d", done.Load(), callers*parts, most.Load(), limit)
	}
}
