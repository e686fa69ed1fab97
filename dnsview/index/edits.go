package index

import (
	"bytes"
	"slices"
	"unsafe"

	"rollcall/providers"
)

// edits are how the rows of a source differ from those of an earlier read of it.
type edits struct {
	changed    [][2]int32 // rows that differ and are about the same thing: where they stood, and where they stand
	gone, come []int32    // positions of rows that are there no more, and of new ones
	now        []int32    // where each earlier row stands, -1 for one that is gone; nil if all stand where they stood
}

// mostEdits is up to how many rows that differ are looked at one by one.
const mostEdits = 1024

// rowsToCompare is how many rows are compared as one part.
const rowsToCompare = 4096

// editsOf returns how rows differ from earlier ones, nil if they do not; about reports whether two rows are about the same
// thing. A row that was moved is one that is gone and one that has come. ok is false if too many differ.
func editsOf[T any](was, is []T, about, same func(a, b *T) bool) (e *edits, ok bool) {
	if providers.ShareRows(was, is) {
		return nil, true
	}
	e = &edits{}
	var runs [][3]int // of rows about the same things: where they stood, where they stand, how many
	for i, j := 0, 0; ; {
		n := 0
		for more := rowsToCompare; ; more *= 2 { // so that what is compared beyond the end of a run is no more than its rows
			k, changed := sideBySide(was, is, i+n, j+n, more, about, same)
			e.changed = append(e.changed, changed...)
			if n += k; k < more {
				break
			}
		}
		if n > 0 {
			runs = append(runs, [3]int{i, j, n})
		}
		if i, j = i+n, j+n; i == len(was) && j == len(is) {
			break
		}
		gone, come, ok := untilSame(was[i:], is[j:], about)
		if !ok {
			return nil, false
		}
		for ; gone > 0; gone-- {
			e.gone, i = append(e.gone, int32(i)), i+1
		}
		for ; come > 0; come-- {
			e.come, j = append(e.come, int32(j)), j+1
		}
		if len(e.changed)+len(e.gone)+len(e.come) > mostEdits {
			return nil, false
		}
	}
	if len(e.gone)+len(e.come) > 0 {
		e.now = slices.Repeat([]int32{-1}, len(was))
		for _, run := range runs {
			for k := range run[2] {
				e.now[run[0]+k] = int32(run[1] + k)
			}
		}
	}
	return e, len(e.changed)+len(e.gone)+len(e.come) <= mostEdits
}

// sideBySide compares up to most rows from two positions on. It returns how many of them, from the first on, are about the same
// things, and which of these differ.
func sideBySide[T any](was, is []T, i, j, most int, about, same func(a, b *T) bool) (n int, changed [][2]int32) {
	most = min(most, len(was)-i, len(is)-j)
	parts := make([]struct {
		n       int
		changed [][2]int32
	}, (most+rowsToCompare-1)/rowsToCompare)
	Parallel(most, rowsToCompare, func(from, to int) {
		p := &parts[from/rowsToCompare]
		for k := from; k < to; k++ {
			if a, b := &was[i+k], &is[j+k]; !sameBits(a, b) {
				if !about(a, b) {
					return
				}
				if !same(a, b) {
					p.changed = append(p.changed, [2]int32{int32(i + k), int32(j + k)})
				}
			}
			p.n++
		}
	})
	for at := range parts {
		n, changed = n+parts[at].n, append(changed, parts[at].changed...)
		if n < min(most, (at+1)*rowsToCompare) {
			break
		}
	}
	return n, changed
}

// sameBits reports whether two rows are the same in every bit, as those are that an adapter has kept. It is quicker than a
// look at what they hold.
func sameBits[T any](a, b *T) bool {
	n := unsafe.Sizeof(*a)
	return bytes.Equal(unsafe.Slice((*byte)(unsafe.Pointer(a)), n), unsafe.Slice((*byte)(unsafe.Pointer(b)), n))
}

// untilSame returns how many rows of two lists that begin with different ones are gone and have come before the next ones
// about the same thing. It finds many that are gone or have come, but few that are replaced by others.
func untilSame[T any](was, is []T, about func(a, b *T) bool) (gone, come int, ok bool) {
	meet := func(i, j int) bool {
		if i >= len(was) || j >= len(is) {
			return i == len(was) && j == len(is)
		}
		return about(&was[i], &is[j])
	}
	const mostReplaced = 16
	for n := 1; n <= mostEdits; n++ {
		if meet(0, n) {
			return 0, n, true
		}
		if meet(n, 0) {
			return n, 0, true
		}
		for k := 1; k <= n && n <= mostReplaced; k++ {
			if meet(n, k) {
				return n, k, true
			}
			if meet(k, n) {
				return k, n, true
			}
		}
	}
	return 0, 0, false
}

// replace makes a row that has changed one that is gone and one that has come.
func (e *edits) replace(pair [2]int32, rows int) {
	if e.now == nil {
		e.now = make([]int32, rows)
		for i := range e.now {
			e.now[i] = int32(i)
		}
	}
	e.now[pair[0]] = -1
	e.gone, e.come = append(e.gone, pair[0]), append(e.come, pair[1])
}
