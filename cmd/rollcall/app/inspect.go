package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// RefreshOnce opens a session and refreshes it. The caller reports sources that were not read.
func (a *Program) RefreshOnce(ctx context.Context) (*Session, *dnsview.View, error) {
	return a.refreshOnce(ctx, false)
}

// RefreshToShow is RefreshOnce for a command that only displays rows: it reads no source whose rows a watch of the team
// has published lately.
func (a *Program) RefreshToShow(ctx context.Context) (*Session, *dnsview.View, error) {
	return a.refreshOnce(ctx, true)
}

func (a *Program) refreshOnce(ctx context.Context, toShow bool) (*Session, *dnsview.View, error) {
	s, err := a.Open(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.toShow = toShow && s.HasTeam()
	s.Start(OneShotTimeout)
	v, err := s.Refresh(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.View = v
	return s, v, nil
}

// Refresh reads every source once and inspects the result.
func (s *Session) Refresh(ctx context.Context) (*dnsview.View, error) {
	began := s.Program.Now()
	stop := s.reportReads()
	synced := make(chan struct{})
	go func() {
		defer close(synced)
		s.SyncShared(ctx)
	}()
	var snap *providers.Snapshot
	if s.toShow {
		snap = s.refreshToShow(ctx)
	} else {
		snap = s.Fleet.Refresh(ctx)
	}
	<-synced
	stop()
	if err := context.Cause(ctx); errors.Is(err, context.Canceled) {
		return nil, fmt.Errorf("stopped: %w", err)
	}
	s.readTime = s.Program.Now().Sub(began) // a source that --timeout cut off has failed
	if err := s.Save(s.Fleet.Own()); err != nil {
		s.Program.Logf("rollcall: the rows of this run cannot be kept for the next: %s", words.Clean(err.Error()))
	}
	return s.Update(snap), nil
}

// Update applies a snapshot and returns its view. Name servers are queried for its names, its nodes are probed,
// forgotten clouds that are back count again, a changed list of public ranges is read, and first sightings of findings
// are stored. Nothing of this is done with a snapshot of the beginning of rows.
func (s *Session) Update(snap *providers.Snapshot) *dnsview.View { return s.UpdateFrom(nil, snap) }

// UpdateFrom is Update that returns last if it still holds for the snapshot: only times in it are older. last may be nil.
func (s *Session) UpdateFrom(last *dnsview.View, snap *providers.Snapshot) *dnsview.View {
	if snap.Beginning {
		return dnsview.Inspect(snap, s.inspectOptions(snap, observations{}))
	}
	s.syncForgotten(snap)
	s.syncRanges()
	if last != nil && last.StillHolds(snap, s.inspectOptions(snap, observations{gen: s.Observer.Generation()})) {
		return last
	}
	s.Observer.setSnapshot(snap)
	v := dnsview.InspectAfter(last, snap, s.inspectOptions(snap, s.Observer.observations()))
	s.Observer.setNodes(v)
	seen := v.Seen()
	s.recordEvents(s.firstSeen(), seen, v)
	s.noteOver(s.firstSeen(), seen)
	s.keepSeen(seen)
	return v
}

// inspectOptions returns what an inspection needs beside the snapshot.
func (s *Session) inspectOptions(snap *providers.Snapshot, o observations) index.Options {
	own := s.ownWrites(snap.Zones)
	return index.Options{
		ASCII: s.Program.ASCII,
		Fleet: s.Config.Fleet, Services: s.Config.DeclaredServices(), Now: s.Program.Now(), MaxAge: s.StaleAfter(),
		BootGrace: s.Config.Guards.BootGrace, CreateGrace: s.Config.Guards.Grace, Allow: s.Config.Guards.Allow, Ranges: s.ranges(),
		WireGrace: s.Config.Guards.WireGrace, Own: own.writes, Held: own.held, TakenOut: own.takenOut, Seen: s.firstSeen(),
		Wire: o.names, WireZones: o.zones, Health: o.health, Observed: o.gen, Annotations: s.annotations(),
	}
}

// StaleAfter returns the age at which a read is stale: beyond the guards' age and beyond two refreshes. In a one-shot
// command the duration of its own reads does not count.
func (s *Session) StaleAfter() time.Duration {
	return max(s.Config.Guards.Age, 2*s.Config.Refresh+10*time.Second) + s.readTime
}
