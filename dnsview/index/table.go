package index

import (
	"hash/maphash"
	"math/bits"
	"net/netip"
	"slices"
)

// Table numbers keys from 0 in the order in which they are added. Beside its keys it has no pointers, so that it costs the
// garbage collector nothing, and a third of the time of a map to fill.
type Table[K comparable] struct {
	base  *Table[K] // that it is a copy of, and which has the first numbers; nil for none
	keys  []K
	slots []slot // a power of two, at most half full; none for few keys, which are searched one after the other
	hash  func(K) uint64
}

// slot is a place of a Table: the number of a key plus one, zero for none, and a part of its hash.
type slot struct{ number, hash uint32 }

// NewTable returns a table with room for n keys.
func NewTable[K comparable](n int, hash func(K) uint64) Table[K] {
	t := Table[K]{keys: make([]K, 0, n), hash: hash}
	if n > fewKeys {
		t.slots = make([]slot, slotsFor(n))
	}
	return t
}

const fewKeys = 8

func slotsFor(n int) int { return 1 << bits.Len(uint(2*n-1)) }

// Len returns the number of keys.
func (t *Table[K]) Len() int { return t.begin() + len(t.keys) }

// begin returns the number of the first of keys.
func (t *Table[K]) begin() int {
	if t.base == nil {
		return 0
	}
	return len(t.base.keys)
}

// Key returns the key with a number.
func (t *Table[K]) Key(n int32) K {
	if begin := t.begin(); int(n) >= begin {
		return t.keys[int(n)-begin]
	}
	return t.base.keys[n]
}

// mostAdded is up to how many keys a copy has of its own.
const mostAdded = 4096

// Clone returns a copy that keys can be added to. It shares the keys that there are, of which no more may be added to t then.
func (t *Table[K]) Clone() Table[K] {
	switch {
	case t.base == nil:
		base := *t
		return Table[K]{base: &base, hash: t.hash}
	case len(t.keys) <= mostAdded:
		return Table[K]{t.base, slices.Clone(t.keys), slices.Clone(t.slots), t.hash}
	}
	whole := NewTable(t.Len(), t.hash)
	for n := range t.Len() {
		whole.Add(t.Key(int32(n)))
	}
	return whole
}

// Clear removes all keys of a table that is no copy.
func (t *Table[K]) Clear() { t.keys, t.slots = t.keys[:0], nil }

// Find returns the number of a key, or -1.
func (t *Table[K]) Find(k K) int32 {
	if t.base != nil {
		if n := t.base.Find(k); n >= 0 {
			return n
		}
	}
	if n := t.find(k); n >= 0 {
		return int32(t.begin()) + n
	}
	return -1
}

// find returns the position of a key in keys, or -1.
func (t *Table[K]) find(k K) int32 {
	if len(t.slots) == 0 {
		return int32(slices.Index(t.keys, k))
	}
	n, _ := t.place(k, t.hash(k))
	return n
}

// Add returns the number of a key, and whether it is a new one.
func (t *Table[K]) Add(k K) (n int32, added bool) {
	if t.base == nil {
		return t.add(k)
	}
	if n = t.base.Find(k); n >= 0 {
		return n, false
	}
	n, added = t.add(k)
	return int32(t.begin()) + n, added
}

// add returns the position of a key in keys, and whether it is a new one.
func (t *Table[K]) add(k K) (n int32, added bool) {
	if len(t.slots) == 0 && len(t.keys) < fewKeys {
		if n = t.find(k); n < 0 {
			n, added = int32(len(t.keys)), true
			t.keys = append(t.keys, k)
		}
		return n, added
	}
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
func (t *Table[K]) place(k K, h uint64) (n int32, at int) {
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

func (t *Table[K]) grow() {
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

// HashName hashes a name.
func HashName(name string) uint64 { return maphash.String(seed, name) }

// HashNode hashes the number of an instance.
func HashNode(n int32) uint64 { return uint64(n) * 0x9e3779b97f4a7c15 }

// HashInstance hashes the id alone: no two clouds call many instances the same.
func HashInstance(k InstanceKey) uint64 { return maphash.String(seed, k.ID) }

// HashAddr hashes an address.
func HashAddr(a netip.Addr) uint64 {
	b := a.As16()
	return maphash.Bytes(seed, b[:])
}
