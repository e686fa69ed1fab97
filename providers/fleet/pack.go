package fleet

import (
	"slices"

	"rollcall/providers"
)

// packedRows are the rows that were held before a read, for as long as a later answer can refute that read. Rows that the
// read did not change are not held twice.
type packedRows struct {
	rows  packed[providers.Instance]
	addrs packed[providers.Address]
}

// pack packs the rows of before against those of the read.
func (r *cloudRead) pack() {
	if r.packed != nil {
		return
	}
	r.packed = &packedRows{
		rows:  pack(r.before.rows, r.rows, func(i *providers.Instance) string { return i.ID }, (*providers.Instance).Equal),
		addrs: pack(r.before.addrs, r.addrs, addressKey, func(a, b *providers.Address) bool { return *a == *b }),
	}
	r.before.rows, r.before.addrs = nil, nil
}

// unpack returns before with its rows.
func (r *cloudRead) unpack() lastGoodCloud {
	if p := r.packed; p != nil {
		r.before.rows, r.before.addrs = p.rows.unpack(r.rows), p.addrs.unpack(r.addrs)
		r.packed = nil
	}
	return r.before
}

// noteShown notes which of the instances on view the read has not listed.
func (r *cloudRead) noteShown(shown []providers.Instance) {
	r.wasShown = len(shown)
	for i := range shown {
		if was := &shown[i]; !was.State.Dead() && (i >= len(r.rows) || r.rows[i].ID != was.ID) && !r.lists(was.ID) {
			r.missing = append(r.missing, was.ID)
		}
	}
}

// packed are rows as differences from a later read.
type packed[T any] struct {
	same []T     // if the later read has these rows too, as they are
	from []int32 // for each row its position in the later read, or in own, counted down from -1
	own  []T     // rows that the later read has not
}

func pack[T any](before, now []T, key func(*T) string, equal func(a, b *T) bool) packed[T] {
	if providers.ShareRows(before, now) {
		return packed[T]{same: before}
	}
	p := packed[T]{from: make([]int32, len(before))}
	var at map[string]int32 // in now
	for i := range before {
		n, ok := int32(i), i < len(now) && key(&before[i]) == key(&now[i])
		if !ok {
			if at == nil {
				at = make(map[string]int32, len(now))
				for n := range now {
					at[key(&now[n])] = int32(n)
				}
			}
			n, ok = at[key(&before[i])]
		}
		if !ok || !equal(&before[i], &now[n]) {
			p.own = append(p.own, before[i])
			n = -int32(len(p.own))
		}
		p.from[i] = n
	}
	return p
}

// unpack returns the rows. now are those that they were packed against.
func (p *packed[T]) unpack(now []T) []T {
	if p.from == nil {
		return p.same
	}
	rows := make([]T, len(p.from))
	for i, n := range p.from {
		if n >= 0 {
			rows[i] = now[n]
		} else {
			rows[i] = p.own[-1-n]
		}
	}
	return rows
}

// likely returns for how many rows a read makes room at first, after one that brought these.
func likely[T any](rows []T) int { return len(rows) + len(rows)/64 }

// trimmed returns rows without much spare room.
func trimmed[T any](rows []T) []T {
	if cap(rows)-len(rows) > len(rows)/16 {
		return slices.Clone(rows)
	}
	return rows
}

func addressKey(a *providers.Address) string { return string(a.Kind) + a.ID + a.IP.String() }

// unchanged returns before if it equals now, else now. Snapshots that share a slice have the same rows.
func unchanged[T any](before, now []T, equal func(a, b *T) bool) []T {
	if len(before) != len(now) || providers.ShareRows(before, now) {
		return now
	}
	for i := range now {
		if !equal(&before[i], &now[i]) {
			return now
		}
	}
	return before
}

// overlay returns a new slice of the older rows, with newer rows in place of those with the same key and the others
// appended.
func overlay[T any](older, newer []T, key func(*T) string) []T {
	out := slices.Clone(older)
	at := make(map[string]int, len(out))
	for i := range out {
		at[key(&out[i])] = i
	}
	for i := range newer {
		if j, ok := at[key(&newer[i])]; ok {
			out[j] = newer[i]
		} else {
			out = append(out, newer[i])
		}
	}
	return out
}
