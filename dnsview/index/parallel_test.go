package index

import (
	"cmp"
	"math/rand/v2"
	"slices"
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
