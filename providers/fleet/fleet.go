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
	"slices"
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

// Budget says how many calls an account's rate budget allows right now.
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
	Err        error  // the cloud could not be set up: it is a failed source that is not read
	// SetUp, when not nil, is called before a read while the cloud could not be set up, and not while an earlier call goes on, so that a key that comes
	// back mends it. It does no network I/O.
	SetUp func() (Compute, error)
}

// ZoneSource is one zone to read.
type ZoneSource struct {
	Name     string // zone name
	ID       string // which of several zones of this name is meant; empty for the only one
	Provider providers.Provider
	DNS      DNS
	Budget   Budget // nil when there is none
	Err      error  // the account could not be set up: a failed source that is not read
	// SetUp is that of CloudSource.
	SetUp func() (DNS, error)
}

// Options configure a Fleet. The zero value of every field is usable.
type Options struct {
	Clouds  []CloudSource
	Zones   []ZoneSource
	Every   time.Duration // between two reads of a healthy source; default 30 s
	Timeout time.Duration // for how long a read of one source may bring nothing; default 60 s
	Clock   providers.Clock
	// Last holds the rows of an earlier run. They are shown, with their age,
	// until their source was read, and the first read is measured against them.
	Last *providers.Snapshot
	// FleetID is the fleet whose markers name clouds that have to be in the config. Departed
	// makes those of them that are not, and those of Last, failed sources; see providers.Departed.
	FleetID   string
	Departed  bool
	Forgotten []providers.CloudKey // clouds that no longer count; see SetForgotten
	// Lookups bounds the questions for single instances per cloud and read; default 50, and 200 after a list that is short.
	Lookups int
}

// Fleet reads a set of sources. All methods are safe for concurrent use.
type Fleet struct {
	every, timeout       time.Duration
	lookups, manyLookups int
	clock                providers.Clock

	latest  atomic.Pointer[providers.Snapshot]
	updates chan struct{}

	mu      sync.Mutex // guards what follows and the state of all sources
	seq     uint64
	paused  bool
	resumed chan struct{} // closed, and made anew, when the refresh loop may go on
	clouds  []*cloud
	zones   []*zone
	sources []source // clouds, then zones

	fleetID   string
	departed  bool // clouds that left the config count
	last      []providers.CloudView
	forgotten []providers.CloudKey
}

// New makes a fleet. It does no I/O.
func New(o Options) *Fleet {
	f := &Fleet{
		every:   cmp.Or(o.Every, 30*time.Second),
		timeout: cmp.Or(o.Timeout, time.Minute),
		lookups: cmp.Or(o.Lookups, 50), manyLookups: cmp.Or(o.Lookups, 200),
		clock:   o.Clock,
		updates: make(chan struct{}, 1),
		resumed: make(chan struct{}),
		fleetID: o.FleetID, departed: o.Departed, forgotten: o.Forgotten,
	}
	if o.Last != nil {
		f.last = slices.Clone(o.Last.Clouds)
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

// Snapshot returns the latest picture. It is never nil and no one writes to it.
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

// SetForgotten says which clouds that left the config no longer count.
func (f *Fleet) SetForgotten(keys []providers.CloudKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.forgotten, keys) {
		f.forgotten = keys
		f.publish()
	}
}

// publish makes a new snapshot of the state of all sources. Its cost is that of
// the number of sources, not of rows: rows are shared and never written again.
// The caller holds mu.
func (f *Fleet) publish() {
	f.seq++
	s := &providers.Snapshot{Seq: f.seq, Taken: f.clock.Now(), Forgotten: f.forgotten}
	for _, c := range f.clouds {
		s.Clouds = append(s.Clouds, c.view())
	}
	for _, z := range f.zones {
		s.Zones = append(s.Zones, z.view())
	}
	if f.departed {
		// A cloud that has said who it is in this run has not departed.
		f.last = slices.DeleteFunc(f.last, func(v providers.CloudView) bool {
			return slices.ContainsFunc(f.clouds, func(c *cloud) bool { return c.accepted.Key != "" && c.accepted.Key == v.Cloud.Key })
		})
		var named []providers.CloudKey
		for _, z := range f.zones {
			named = append(named, z.named...)
		}
		slices.Sort(named)
		s.Clouds = append(s.Clouds, providers.Departed(s.Clouds, f.last, slices.Compact(named), f.forgotten)...)
	}
	providers.FailDoubles(s)
	providers.CheckClocks(s, f.clockSettled)
	f.latest.Store(s)
	select {
	case f.updates <- struct{}{}:
	default:
	}
}
