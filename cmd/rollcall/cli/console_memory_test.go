package cli

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAConsoleReturnsMemoryAfterARefreshAndNotAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var living, allocated, given atomic.Uint64
		living.Store(100)
		allocated.Store(1000)
		m := &memory{heap: func() (uint64, uint64) { return living.Load(), allocated.Load() }, give: func() { given.Add(1) }}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go m.run(ctx)
		after := func(d time.Duration, want uint64) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if n := given.Load(); n != want {
				t.Fatalf("memory was returned %d times, want %d", n, want)
			}
		}
		after(returnEvery, 1)
		allocated.Add(24)
		after(10*returnEvery, 1)
		allocated.Add(1)
		after(returnEvery, 2)
		living.Store(1000)
		allocated.Add(100)
		after(10*returnEvery, 2)
	})
}

func TestAConsoleKnowsWhatItHasAllocated(t *testing.T) {
	m := newMemory()
	_, before := m.heap()
	garbage := make([]byte, 1<<20)
	if _, after := m.heap(); after < before+uint64(len(garbage)) {
		t.Errorf("%d bytes were allocated before and %d after another megabyte", before, after)
	}
	if m.giveBack(); m.returned < before {
		t.Errorf("after %d bytes, memory was returned at %d", before, m.returned)
	}
}
