package index

import (
	"math/bits"
	"slices"
)

// Places finds the elements of a list by their keys. It holds neither the elements nor the keys, which makes it a tenth of a
// map. It is not safe for concurrent use while elements are put.
type Places struct {
	slots []int32 // a power of two, at most half full: position of an element plus one, zero for none
}

// NewPlaces returns the places of a list of up to n elements.
func NewPlaces(n int) Places { return Places{make([]int32, 1<<bits.Len(uint(2*n)))} }

// Room returns how many elements there may be.
func (p *Places) Room() int { return len(p.slots) / 2 }

// Clone returns a copy that elements can be put to.
func (p *Places) Clone() Places { return Places{slices.Clone(p.slots)} }

// Find returns the position of the element with a key, or -1. hash is that of the key, and has reports whether the element
// at a position has it.
func (p *Places) Find(hash uint64, has func(at int32) bool) int32 {
	if len(p.slots) == 0 {
		return -1
	}
	_, at := p.find(hash, has)
	return at
}

// Put makes at the position of the element with a key, and returns the position that was put before, or -1.
func (p *Places) Put(hash uint64, at int32, has func(at int32) bool) (before int32) {
	slot, before := p.find(hash, has)
	p.slots[slot] = at + 1
	return before
}

func (p *Places) find(hash uint64, has func(at int32) bool) (slot int, at int32) {
	last := len(p.slots) - 1
	for slot = int(hash) & last; ; slot = (slot + 1) & last {
		if at = p.slots[slot] - 1; at < 0 || has(at) {
			return slot, at
		}
	}
}
