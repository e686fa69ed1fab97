package itemcache

import "math/bits"

// table holds items by their sums, in half of a map's memory. Its zero value is empty.
type table[T any] struct {
	sums   []Sum
	items  []T     // in the order of their sums
	places []int32 // a power of two, at most half full: position of a sum plus one, zero for none
}

// newTable returns a table with room for a few more than n items.
func newTable[T any](n int) table[T] {
	n += n / 64
	return table[T]{make([]Sum, 0, n), make([]T, 0, n), make([]int32, placesFor(n))}
}

func placesFor(n int) int { return 1 << bits.Len(uint(2*n)) }

func (t *table[T]) get(s Sum) (item T, ok bool) {
	if len(t.places) == 0 {
		return item, false
	}
	if at := t.places[t.place(s)]; at > 0 {
		return t.items[at-1], true
	}
	return item, false
}

func (t *table[T]) put(s Sum, item T) {
	if 2*(len(t.sums)+1) > len(t.places) {
		t.places = make([]int32, placesFor(len(t.sums)+1))
		for i, s := range t.sums {
			t.places[t.place(s)] = int32(i + 1)
		}
	}
	place := t.place(s)
	if at := t.places[place]; at > 0 {
		t.items[at-1] = item
		return
	}
	t.sums, t.items = append(t.sums, s), append(t.items, item)
	t.places[place] = int32(len(t.sums))
}

// place returns the place of a sum, or the free one where it belongs.
func (t *table[T]) place(s Sum) int {
	last := len(t.places) - 1
	for p := int(s.a) & last; ; p = (p + 1) & last {
		if at := t.places[p]; at == 0 || t.sums[at-1] == s {
			return p
		}
	}
}

// replace replaces each item by what f returns for it.
func (t *table[T]) replace(f func(item T) T) {
	for i, item := range t.items {
		t.items[i] = f(item)
	}
}
