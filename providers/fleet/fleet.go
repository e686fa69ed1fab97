// Package fleet refreshes all sources concurrently and publishes their state as immutable snapshots.
//
// Every read of a source has a goroutine, a time limit and a back-off of its own, so a source that hangs or fails does
// not slow the others. Rows appear page by page. When a read fails, the rows of the last good read stay, with their
// age.
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

// DNS is the part of a DNS account that a fleet reads. If it is also a providers.RecordGetter, records that vanished
// from a listing are looked up by name before the listing is accepted.
type DNS interface {
	providers.ZoneLister
	providers.RecordLister
}

// Budget reports the number of calls that an account's rate budget allows now.
type Budget interface {
	Left() int
}

// CloudSource describes one cloud to read.
type CloudSource struct {
	Name       string // from the config; unique among all sources
	Provider   providers.Provider
	Traits     providers.Traits // of the provider
	Region     string
	From       string // where the credentials come from
	Production bool
	Compute    Compute
	Budget     Budget // nil if calls are not counted
	Err        error  // why the cloud could not be set up; it is then a failed source and not read
	// SetUp, if not nil, is called before each read of a cloud that could not be set up, so that the cloud recovers
	// when, for example, a key comes back. Calls do not overlap. It does no network I/O.
	SetUp func() (Compute, error)
}

// ZoneSource describes one zone to read.
type ZoneSource struct {
	Name string // zone name
	providers.ZoneChoice
	Provider providers.Provider
	From     string           // where the credentials come from
	Traits   providers.Traits // of the provider, for a zone that was not found yet
	DNS      DNS
	Budget   Budget // nil if calls are not counted
	Err      error  // why the account could not be set up; the zone is then a failed source and not read
	// SetUp works as in CloudSource.
	SetUp func() (DNS, error)
}

// Options configure a Fleet. The zero value of every field is usable.
type Options struct {
	Clouds  []CloudSource
	Zones   []ZoneSource
	Every   time.Duration // between two reads of a healthy source; default 30 s
	Timeout time.Duration // how long a read of one source may receive nothing; default 60 s
	Clock   providers.Clock
	// Last holds the rows of an earlier run. They are shown, with their age, until their source has been read, and the
	// first read is compared with them.
	Last *providers.Snapshot
	// LoadLast, if not nil, returns all rows of the earlier run when Last holds only their beginning, or nil if they cannot
	// be had. It is called once, before the first read.
	LoadLast func() *providers.Snapshot
	// FleetID is the fleet whose markers name clouds that must be in the config. With KeepUnconfigured, missing clouds of these
	// markers or of Last become failed sources; see providers.UnconfiguredClouds.
	FleetID          string
	KeepUnconfigured bool
	Forgotten        []providers.CloudKey // clouds that no longer count; see SetForgotten
	// Lookups is the most calls for instances by id per cloud and read; default 300, and 600 after a short list.
	Lookups int
}

// Fleet reads a set of sources. All methods are safe for concurrent use.
type Fleet struct {
	every, timeout       time.Duration
	lookups, manyLookups int
	clock                providers.Clock

	latest  atomic.Pointer[providers.Snapshot] // with what others have published
	own     atomic.Pointer[providers.Snapshot] // without
	updates chan struct{}

	mu      sync.Mutex // guards the fields below and the state of all sources
	seq     uint64
	paused  bool
	resumed chan struct{} // closed and replaced when the refresh loop may continue
	clouds  []*cloud
	zones   []*zone
	sources []source // clouds, then zones

	fleetID          string
	keepUnconfigured bool // clouds that left the config count
	last             []providers.CloudView
	beginning        bool   // only the beginning of the last rows is there yet
	loadLast         func() // returns when all of them are
	forgotten        []providers.CloudKey

	published map[source]*publishedView // by other members; for display only
	storeErr  error                     // why newer ones could not be asked for
	freshFor  time.Duration             // age up to which published rows need no own read
}

// New returns a fleet. It does no I/O.
func New(o Options) *Fleet {
	f := &Fleet{
		every:   cmp.Or(o.Every, 30*time.Second),
		timeout: cmp.Or(o.Timeout, time.Minute),
		lookups: cmp.Or(o.Lookups, 300), manyLookups: cmp.Or(o.Lookups, 600),
		clock:   o.Clock,
		updates: make(chan struct{}, 1),
		resumed: make(chan struct{}),
		fleetID: o.FleetID, keepUnconfigured: o.KeepUnconfigured, forgotten: o.Forgotten,
	}
	f.beginning = o.LoadLast != nil
	f.loadLast = sync.OnceFunc(func() { f.restoreAll(o.LoadLast) })
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

// restoreAll replaces the beginning of the rows of an earlier run by all of them.
func (f *Fleet) restoreAll(load func() *providers.Snapshot) {
	if load == nil {
		return
	}
	last := load()
	f.mu.Lock()
	defer f.mu.Unlock()
	if last == nil {
		last = &providers.Snapshot{}
	}
	f.beginning, f.last = false, slices.Clone(last.Clouds)
	for _, c := range f.clouds {
		c.restore(last)
	}
	for _, z := range f.zones {
		z.restore(last)
	}
	f.publish()
}

// LoadLast waits until all rows of the earlier run are there.
func (f *Fleet) LoadLast() { f.loadLast() }

// Own returns the latest snapshot of what this fleet has read itself. It is never nil and must not be modified.
func (f *Fleet) Own() *providers.Snapshot { return f.own.Load() }

// Snapshot returns the latest snapshot to display: that of Own, with rows that other members of the team have read in
// place of older ones. Views of these have ReadBy, and nothing may be decided by them. It is never nil and must not be
// modified.
func (f *Fleet) Snapshot() *providers.Snapshot { return f.latest.Load() }

// Updates returns a channel that receives after a snapshot was published. Several snapshots in quick succession may
// cause one receive.
func (f *Fleet) Updates() <-chan struct{} { return f.updates }

// SetPaused keeps the loop of Run from starting reads, or lets it continue. Refresh is not affected.
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

// SetForgotten sets the clouds that left the config and no longer count.
func (f *Fleet) SetForgotten(keys []providers.CloudKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Equal(f.forgotten, keys) {
		f.forgotten = keys
		f.publish()
	}
}

// publish publishes a snapshot of all sources. Its cost grows with the number of sources, not of rows, because rows are
// shared and never modified. The caller holds mu.
func (f *Fleet) publish() {
	f.seq++
	own := f.snapshotOf(cloudOwn, zoneOwn)
	f.own.Store(own)
	if len(f.published) > 0 {
		own = f.snapshotOf((*cloud).displayed, (*zone).displayed)
	}
	f.latest.Store(own)
	select {
	case f.updates <- struct{}{}:
	default:
	}
}

func cloudOwn(_ *cloud, own providers.CloudView) providers.CloudView { return own }
func zoneOwn(_ *zone, own providers.ZoneView) providers.ZoneView     { return own }

// snapshotOf returns a snapshot of the views that the functions make of those of own reads. The caller holds mu.
func (f *Fleet) snapshotOf(viewOf func(*cloud, providers.CloudView) providers.CloudView, zoneViewOf func(*zone, providers.ZoneView) providers.ZoneView) *providers.Snapshot {
	s := &providers.Snapshot{Seq: f.seq, Taken: f.clock.Now(), Forgotten: f.forgotten, Beginning: f.beginning}
	for _, c := range f.clouds {
		s.Clouds = append(s.Clouds, viewOf(c, c.view()))
	}
	var named []providers.CloudKey
	for _, z := range f.zones {
		v := zoneViewOf(z, z.view())
		s.Zones = append(s.Zones, v)
		if v.ReadBy != "" {
			named = append(named, f.published[z].named...)
		} else {
			named = append(named, z.named...)
		}
	}
	if f.keepUnconfigured {
		// A cloud that identified itself in this run is in the config.
		f.last = slices.DeleteFunc(f.last, func(v providers.CloudView) bool {
			return slices.ContainsFunc(f.clouds, func(c *cloud) bool { return c.accepted.Key != "" && c.accepted.Key == v.Cloud.Key })
		})
		slices.Sort(named)
		s.Clouds = append(s.Clouds, providers.UnconfiguredClouds(s.Clouds, f.last, slices.Compact(named), f.forgotten)...)
	}
	providers.FailDuplicates(s)
	providers.CheckClocks(s, f.clockSettled)
	return s
}
