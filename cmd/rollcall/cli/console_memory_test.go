package cli

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestAConsoleReturnsMemoryAfterARefreshAndNotAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		living, allocated, given := uint64(100), uint64(1000), 0
		m := &memory{heap: func() (uint64, uint64) { return living, allocated }, give: func() { given++ }}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go m.run(ctx)
		after := func(d time.Duration, want int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if given != want {
				t.Fatalf("memory was returned %d times, want %d", given, want)
			}
		}
		after(returnEvery, 1)
		allocated += 24
		after(10*returnEvery, 1)
		allocated++
		after(returnEvery, 2)
		living, allocated = 1000, allocated+100
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
