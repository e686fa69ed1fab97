package grid

import (
	"hash/maphash"
	"math/bits"
)

// positions finds rows by their keys. It holds no keys, which would be a multiple of what it takes.
type positions struct {
	slots []int32 // a power of two, at most half full: position of a row plus one, zero for none
}

var seed = maphash.MakeSeed()

// newPositions returns the positions of rows. Of several rows with one key the last is found.
func newPositions[K comparable, R Keyed[K]](rows []R) *positions {
	p := &positions{slots: make([]int32, 1<<bits.Len(uint(2*len(rows))))}
	for i, r := range rows {
		at, _ := place(p, rows, r.Key())
		p.slots[at] = int32(i + 1)
	}
	return p
}

// find returns the position of the row with a key, or -1. rows are those of newPositions.
func find[K comparable, R Keyed[K]](p *positions, rows []R, k K) int32 {
	_, i := place(p, rows, k)
	return i
}

// place returns the slot of a key and the position in it; -1 for none.
func place[K comparable, R Keyed[K]](p *positions, rows []R, k K) (at int, i int32) {
	last := len(p.slots) - 1
	for at = int(maphash.Comparable(seed, k)) & last; ; at = (at + 1) & last {
		if i = p.slots[at] - 1; i < 0 || rows[i].Key() == k {
			return at, i
		}
	}
}
