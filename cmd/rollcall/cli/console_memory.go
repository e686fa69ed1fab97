package cli

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"rollcall/providers"
)

// consoleGCPercent is how much a console allocates between two collections, as a percentage of what it holds. It stays open
// all day beside other programs, and builds little between two refreshes: memory counts for more than collections. GOGC overrides it.
const consoleGCPercent = 50

const (
	// returnEvery is the least time between two returns of memory. What a read or a build has left is returned soon after it,
	// so that the next one does not come on top.
	returnEvery = 5 * time.Second
	// worthReturning is the part of the living heap that must have been allocated since the last return.
	worthReturning = 0.25
)

// memory returns the memory of a refresh to the system. A refresh needs more than a console holds, and without this what was
// free after it would stay resident: the runtime returns it slowly, and collects little at rest.
type memory struct {
	heap     func() (living, allocated uint64) // bytes that the last collection has kept, and all that were ever allocated
	give     func()                            // collects, and returns what is free
	returned uint64                            // allocated at the last return
}

func newMemory() *memory {
	return &memory{give: debug.FreeOSMemory, heap: func() (living, allocated uint64) {
		s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64(), s[1].Value.Uint64()
	}}
}

// run returns memory until ctx ends.
func (m *memory) run(ctx context.Context) {
	for providers.Sleep(ctx, returnEvery) == nil {
		m.giveBack()
	}
}

// giveBack returns memory if enough was allocated since the last time.
func (m *memory) giveBack() {
	living, allocated := m.heap()
	if float64(allocated-m.returned) < worthReturning*float64(living) {
		return
	}
	m.give()
	m.returned = allocated
}
