package faultplay

import (
	"sync"
	"time"

	"rollcall/providers/sim/world"
)

// Cut plays the faults of lists on one page. more means that further pages follow. It returns the rows to answer,
// whether the answer names a next page, and whether that is this same page again (world.PageLoop).
//
// Under world.ShortPage the last page loses its second half, or its only row; under world.EmptyPage every page is empty
// and the last.
func Cut[T any](k world.FaultKind, page []T, more bool) (rows []T, next, loop bool) {
	switch k {
	case world.ShortPage:
		if !more {
			return page[:len(page)/2], false, false
		}
	case world.EmptyPage:
		return nil, false, false
	case world.PageLoop:
		return page, true, true
	}
	return page, more, false
}

// Page returns one page of a list by offset and limit (0: all) with the faults of lists. next is the offset of the next
// page, or -1 if the answer names none.
func Page[T any](k world.FaultKind, all []T, offset, limit int) (rows []T, next int) {
	offset = min(max(offset, 0), len(all))
	end := len(all)
	if limit > 0 {
		end = min(offset+limit, len(all))
	}
	rows, more, loop := Cut(k, all[offset:end], end < len(all))
	switch {
	case loop:
		return rows, offset
	case more:
		return rows, end
	}
	return rows, -1
}

// Behind is how far listings lag behind writes under world.Stale.
const Behind = 5 * time.Second

// History makes listings lag behind writes. A front calls Write before each write while the fault is on, and Read for
// each listing. It is safe for concurrent use. The zero value is usable.
type History[T any] struct {
	mu     sync.Mutex
	states []past[T]
}

type past[T any] struct {
	until time.Time // time of the write that replaced this state
	state T
}

// Write records the state just before a write at now.
func (h *History[T]) Write(now time.Time, before T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.states = append(h.states, past[T]{until: now, state: before})
}

// Read returns the state of Behind ago. ok is false if nothing was written since, so the present state is right.
func (h *History[T]) Read(now time.Time) (state T, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.states) > 0 && now.Sub(h.states[0].until) >= Behind {
		h.states = h.states[1:]
	}
	if len(h.states) == 0 {
		return state, false
	}
	return h.states[0].state, true
}
