// Package itemcache lets an adapter skip the decoding of list items that have not changed since its last read.
//
// An item (an EC2 reservation, a Route 53 record set, a machine, a record) is identified by a 128-bit hash of its
// bytes, seeded per process, so pages may shift and tokens may change between two reads. Split finds the items of an
// answer without decoding them, and a Cache holds the decoded items of the last complete read. The package imports
// nothing of rollcall.
package itemcache

import (
	"hash/maphash"
	"slices"
	"sync"
)

// Sum identifies the bytes of an item within this process.
type Sum struct{ a, b uint64 }

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// SumOf returns the sum of an item.
func SumOf(item []byte) Sum {
	return Sum{maphash.Bytes(seeds[0], item), maphash.Bytes(seeds[1], item)}
}

// Cache holds the decoded items of the last complete read of one list. The zero value is empty and usable. It is safe
// for concurrent use. Reads share the items, so callers must not modify them.
type Cache[T any] struct {
	mu    sync.Mutex
	scope string
	items table[T]
}

// Begin starts a read. Items of an earlier read with another scope, such as another account, are not used.
func (c *Cache[T]) Begin(scope string) *Read[T] {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := &Read[T]{cache: c, scope: scope, items: newTable[T](len(c.items.sums))}
	if c.scope == scope {
		r.last = c.items
	}
	return r
}

// Replace replaces each item of the last complete read by what f returns for it.
func (c *Cache[T]) Replace(f func(item T) T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items.items = slices.Clone(c.items.items) // a read may be using the other ones
	c.items.replace(f)
}

// Read is one read of a list. It is safe for concurrent use.
type Read[T any] struct {
	cache *Cache[T]
	scope string
	last  table[T] // of the last complete read; never written

	mu    sync.Mutex
	items table[T]
}

// Get returns a decoded item. ok is false if it has to be decoded.
func (r *Read[T]) Get(s Sum) (item T, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if item, ok = r.items.get(s); ok {
		return item, true
	}
	if item, ok = r.last.get(s); ok {
		r.items.put(s, item)
	}
	return item, ok
}

// Put stores a decoded item.
func (r *Read[T]) Put(s Sum, item T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items.put(s, item)
}

// Keep ends a complete read, whose items the next read uses. Without Keep a read leaves the cache unchanged.
func (r *Read[T]) Keep() {
	r.cache.mu.Lock()
	defer r.cache.mu.Unlock()
	r.cache.scope, r.cache.items = r.scope, r.items
}

// Replace replaces each item of the read by what f returns for it.
func (r *Read[T]) Replace(f func(item T) T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.items.replace(f)
}

// Rows are the rows of the last complete read of a list, which the reader, the items of a Cache and those who were given the
// rows share: they are held once. No one may modify them. The zero value is usable. It is safe for concurrent use.
type Rows[T any] struct {
	mu    sync.Mutex
	scope string
	rows  []T
}

// Len returns the number of rows of the last complete read with this scope.
func (r *Rows[T]) Len(scope string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.scope != scope {
		return 0
	}
	return len(r.rows)
}

// Keep returns the rows of the last complete read if rows equal them. Otherwise it keeps and returns rows.
func (r *Rows[T]) Keep(scope string, rows []T, equal func(a, b *T) bool) []T {
	r.mu.Lock()
	defer r.mu.Unlock()
	same := r.scope == scope && len(rows) == len(r.rows)
	for i := 0; same && i < len(rows); i++ {
		same = equal(&rows[i], &r.rows[i])
	}
	if !same {
		r.scope, r.rows = scope, slices.Clip(rows)
	}
	return r.rows
}
