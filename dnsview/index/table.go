package index

import (
	"hash/maphash"
	"math/bits"
	"net/netip"
)

// table numbers keys from 0 in the order in which they are added. Beside its keys it has no pointers, so that it costs the
// garbage collector nothing, and a third of the time of a map to fill.
type table[K comparable] struct {
	keys  []K
	slots []slot // a power of two, at most half full; empty for no keys
	hash  func(K) uint64
}

// slot is a place of a table: the number of a key plus one, zero for none, and a part of its hash.
type slot struct{ number, hash uint32 }

// newTable returns a table with room for n keys.
func newTable[K comparable](n int, hash func(K) uint64) table[K] {
	return table[K]{keys: make([]K, 0, n), slots: make([]slot, slotsFor(n)), hash: hash}
}

func slotsFor(n int) int { return max(8, 1<<bits.Len(uint(2*n-1))) }

// find returns the number of a key, or -1.
func (t *table[K]) find(k K) int32 {
	n, _ := t.place(k, t.hash(k))
	return n
}

// add returns the number of a key, and whether it is a new one.
func (t *table[K]) add(k K) (n int32, added bool) {
	if 2*len(t.keys) >= len(t.slots) {
		t.grow()
	}
	h := t.hash(k)
	n, at := t.place(k, h)
	if n >= 0 {
		return n, false
	}
	t.keys = append(t.keys, k)
	t.slots[at] = slot{uint32(len(t.keys)), uint32(h >> 32)}
	return int32(len(t.keys) - 1), true
}

// place returns the number of a key, or -1 and the slot that it would have.
func (t *table[K]) place(k K, h uint64) (n int32, at int) {
	for at = int(h) & (len(t.slots) - 1); ; at = (at + 1) & (len(t.slots) - 1) {
		s := t.slots[at]
		if s.number == 0 {
			return -1, at
		}
		if s.hash == uint32(h>>32) && t.keys[s.number-1] == k {
			return int32(s.number - 1), at
		}
	}
}

func (t *table[K]) grow() {
	t.slots = make([]slot, slotsFor(len(t.keys)+1))
	for n, k := range t.keys {
		h := t.hash(k)
		at := int(h) & (len(t.slots) - 1)
		for t.slots[at].number != 0 {
			at = (at + 1) & (len(t.slots) - 1)
		}
		t.slots[at] = slot{uint32(n + 1), uint32(h >> 32)}
	}
}

var seed = maphash.MakeSeed()

// hashInstance hashes the id alone: no two clouds call many instances the same.
func hashInstance(k InstanceKey) uint64 { return maphash.String(seed, k.ID) }

func hashAddr(a netip.Addr) uint64 {
	b := a.As16()
	return maphash.Bytes(seed, b[:])
}
