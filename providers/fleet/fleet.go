// Package fleet refreshes all sources side by side and publishes what is known
// of them as immutable snapshots.
//
// Every source has a goroutine of its own while it is read, a time limit, and a
// back-off of its own, so one that hangs or fails never slows the others. Rows
// appear as their pages land; the rows of the last good read stay, with their
// age, when a later read fails.
package fleet

import (
	"cmp"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/providers"
)

// Compute is the part of a cloud that a fleet reads.
type Compute interface {
	providers.Identifier
	providers.InstanceLister
	providers.AddressLister
	providers.InstanceGetter
}

// DNS is the part of a DNS account that a fleet reads. When it is also a
// providers.RecordGetter, records that vanished from a listing are asked for by
// name before the listing is believed.
type DNS interface {
	providers.ZoneLister
	providers.RecordLister
}

// Budget tells how many calls an account's rate budget allows right now.
type Budget interface {
	Left() int
}

// CloudSource is one cloud to read.
type CloudSource struct {
	Name       string // from the config; unique among all sources
	Provider   providers.Provider
	Region     string
	Production bool
	Compute    Compute
	Budget     Budget // nil when there is none
	Err        error  // the cloud could not be set up: it is a failed source that is never read
}

// ZoneSource is one zone to read.
type ZoneSource struct {
	Name     string // zone name
	ID       string // which of several zones of this name is meant; empty for the only one
	Provider providers.Provider
	DNS      DNS
	Budget   Budget // nil when there is none
	Err      error  // the account could not be set up: a failed source that is never read
}

// Options configure a Fleet. The zero value of every field is usable.
type Options struct {
	Clouds  []CloudSource
	Zones   []ZoneSource
	Every   time.Duration    // between two reads of a healthy source; default 30 s
	Timeout time.Duration    // of one read of one source; default 60 s
	Now     func() time.Time // default time.Now
	// Last holds the rows of an earlier run. They are shown, with their age,
	// until their source was read, and the first read is measured against them.
	Last *providers.Snapshot
	// Lookups bounds the questions for single instances per cloud and read; default 50.
	Lookups int
}

// Fleet reads a set of sources. All methods are safe for concurrent use.
type Fleet struct {
	every, timeout time.Duration
	lookups        int
	now            func() time.Time

	latest  atomic.Pointer[providers.Snapshot]
	updates chan struct{}

	mu      sync.Mutex // guards what follows and the state of all sources
	seq     uint64
	paused  bool
	resumed chan struct{} // closed, and made anew, when the refresh loop may go on
	clouds  []*cloud
	zones   []*zone
	sources []source // clouds, then zones
}

// New makes a fleet. It does no I/O.
func New(o Options) *Fleet {
	f := &Fleet{
		every:   cmp.Or(o.Every, 30*time.Second),
		timeout: cmp.Or(o.Timeout, time.Minute),
		lookups: cmp.Or(o.Lookups, 50),
		now:     o.Now,
		updates: make(chan struct{}, 1),
		resumed: make(chan struct{}),
	}
	if f.now == nil {
		f.now = time.Now
	}
	for _, s := range o.Clouds {
		c := newCloud(f, s, o.Last)
		f.clouds = append(f.clouds, c)
		f.sources = append(f.sources, c)
	}
	for _, s := range o.Zones {
		z := newZone(f, s, o.Last)
		f.zones = append(f.zones, z)
		f.sources = append(f.sources, z)
	}
	f.mu.Lock()
	f.publish()
	f.mu.Unlock()
	return f
}

// Snapshot gives the latest picture. It is never nil and nobody writes to it.
func (f *Fleet) Snapshot() *providers.Snapshot { return f.latest.Load() }

// Updates receives after a new snapshot was published. Several snapshots in
// quick succession make one receive: the receiver takes the latest.
func (f *Fleet) Updates() <-chan struct{} { return f.updates }

// SetPaused stops the refresh loop of Run from starting reads, or lets it go
// on. Refresh still reads.
func (f *Fleet) SetPaused(paused bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.paused && !paused {
		close(f.resumed)
		f.resumed = make(chan struct{})
	}
	f.paused = paused
}

// Paused reports whether the refresh loop is paused.
func (f *Fleet) Paused() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.paused
}

// publish makes a new snapshot of the state of all sources. Its cost is that of
// the number of sources, not of rows: rows are shared and never written again.
// The caller holds mu.
func (f *Fleet) publish() {
	f.seq++
	s := &providers.Snapshot{Seq: f.seq, Taken: f.now()}
	for _, c := range f.clouds {
		s.Clouds = append(s.Clouds, c.view())
	}
	for _, z := range f.zones {
		s.Zones = append(s.Zones, z.view())
	}
	f.latest.Store(s)
	select {
	case f.updates <- struct{}{}:
	default:
	}
}
