package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

const (
	group     = 20 // changes whose guards are evaluated together, so that evidence does not grow old
	holdShare = 6  // a change that has passed waits for others up to this part of the guard age
	atOnce    = 8  // concurrent queries to one source
)

// Sources reads clouds and zones. It alone decides whether a list is accepted. It is safe for concurrent use.
type Sources interface {
	// Recent returns a snapshot of all sources. Each named source that is complete in it was read completely, by a read
	// that began at most maxAge before the call, or after it if maxAge is zero. Named zones also have their current
	// delegation.
	Recent(ctx context.Context, maxAge time.Duration, names ...string) *providers.Snapshot
	// Identify returns the identity of the cloud with this name in the config.
	Identify(ctx context.Context, cloud string) (providers.Cloud, error)
	// Lookup queries instances and the identity of the cloud that answered, and returns a Lookup for each id, in this
	// order. The error says why the identity is unknown; the Err of a Lookup says why there is no answer about the
	// instance.
	Lookup(ctx context.Context, cloud string, ids ...string) ([]providers.Lookup, error)
}

// evidence is the evidence for the guards of a plan: one read of all sources.
type evidence struct {
	snap   *providers.Snapshot
	view   *dnsview.View
	oldest time.Time // start of the oldest read
}

// reads are what a run has read last, and since when it must read again.
type reads struct {
	gathering sync.Mutex // held while evidence is gathered, since concurrent power steps may ask
	ev        *evidence
	notBefore time.Time            // end of the last wait: earlier reads are not used any more
	wrote     map[string]time.Time // zone -> last write of this run

	zonesView *dnsview.View // of all zones, read at zonesRead for a power step
	zonesRead time.Time
}

// evidence returns a read of all sources that is still young enough.
func (r *run) evidence(ctx context.Context) *evidence {
	r.gathering.Lock()
	defer r.gathering.Unlock()
	now := r.engine.o.Now()
	if r.ev == nil || r.ev.oldest.Before(r.notBefore) || now.Sub(r.ev.oldest) > r.engine.age()/2 {
		r.ev = r.gather(ctx, r.zones())
		r.report.Sources = r.ev.view.Sources
	}
	return r.ev
}

// gather returns a read of every configured cloud and of the named zones that will be within the guard age when the
// guards are evaluated, and that began after the last wait and after this run's last write to any of the zones.
func (r *run) gather(ctx context.Context, zones []string) *evidence {
	e := r.engine
	now := e.o.Now()
	r.emit(Event{Kind: EventEvidence, Text: "reading " + providers.CountOf(len(e.o.Clouds), "cloud") + " and " + providers.CountOf(len(zones), "zone")})
	maxAge := min(e.age()/2, now.Sub(r.notBefore))
	for _, z := range zones {
		maxAge = min(maxAge, now.Sub(r.wrote[providers.CanonicalName(z)]))
	}
	s := &providers.Snapshot{}
	if names := append(slices.DeleteFunc(e.cloudNames(), r.isEvacuated), zones...); len(names) > 0 {
		*s = *e.o.Sources.Recent(ctx, max(maxAge, 0), names...)
	}
	s.Taken, s.Zones, s.Clouds = now, e.zonesIn(s, zones), ownReads(s.Clouds, now)
	if len(e.o.Clouds) == 0 { // nothing depends on them
		s.Clouds = nil
	}
	ev := &evidence{snap: s, oldest: now}
	for i := range s.Clouds {
		v := &s.Clouds[i]
		if r.plan.Evacuated != nil && (r.isEvacuated(v.Cloud.Name) || !v.Coverage.Complete()) { // it is not evidence, however old
			continue
		}
		if !v.Unconfigured && !v.Coverage.Started.IsZero() && v.Coverage.Started.Before(ev.oldest) {
			ev.oldest = v.Coverage.Started
		}
	}
	ev.view = e.inspect(s, r.ownWrites())
	return ev
}

// errNotOwn is why rows that another member has published are no evidence.
var errNotOwn = errors.New("another member of the team has read it, and only an own read counts here")

// ownReads returns clouds, failed where another member has read them.
func ownReads(clouds []providers.CloudView, now time.Time) []providers.CloudView {
	out := slices.Clone(clouds)
	for i := range out {
		if out[i].ReadBy != "" {
			out[i] = providers.CloudView{Cloud: out[i].Cloud, BudgetLeft: -1, Coverage: providers.Failed(now, now, errNotOwn)}
		}
	}
	return out
}

func (e *Engine) cloudNames() []string {
	var names []string
	for i := range e.o.Clouds {
		names = append(names, e.o.Clouds[i].Name)
	}
	return names
}

func (e *Engine) zoneNames() []string {
	var names []string
	for i := range e.o.Zones {
		names = append(names, e.o.Zones[i].Zone.Name)
	}
	return names
}

// readZones reads zones without using earlier reads.
func (e *Engine) readZones(ctx context.Context, names ...string) []providers.ZoneView {
	if len(names) == 0 {
		return nil
	}
	return e.zonesIn(e.o.Sources.Recent(ctx, 0, names...), names)
}

// zonesIn returns the named zones of a snapshot. A zone that cannot be changed is failed.
func (e *Engine) zonesIn(s *providers.Snapshot, names []string) []providers.ZoneView {
	out := make([]providers.ZoneView, len(names))
	for i, name := range names {
		v, t, now := zoneView(s, name), e.zone(name), e.o.Now()
		if v != nil {
			out[i] = *v
		}
		var err error
		switch {
		case t == nil || v == nil:
			err = errors.New("the zone is not configured")
		case t.Err != nil || t.DNS == nil:
			err = orNotComplete(t.Err)
		case v.ReadBy != "":
			err = errNotOwn
		case v.Zone.ID != "" && t.Zone.ID != "" && v.Zone.ID != t.Zone.ID:
			err = fmt.Errorf("the zone has another id than when this began, %s and not %s: it was made anew", v.Zone.ID, t.Zone.ID)
		default:
			continue
		}
		out[i] = providers.ZoneView{Zone: providers.Zone{Name: providers.CanonicalName(name)}, BudgetLeft: -1, Coverage: providers.Failed(now, now, err)}
	}
	return out
}

// inspect returns the view of a snapshot for a plan. own holds the journal's last writes of markers.
func (e *Engine) inspect(s *providers.Snapshot, own providers.OwnWrites) *dnsview.View {
	return dnsview.Inspect(s, index.Options{
		Fleet: e.o.Fleet, Services: e.o.Services, Now: e.o.Now(), MaxAge: e.age(), CreateGrace: e.o.Guards.Grace, Allow: e.o.Allow,
		WireZones: e.wireZones(), Own: own, Health: e.health(),
	})
}

// health returns the latest health checks.
func (e *Engine) health() []index.HealthState {
	if e.o.Health == nil {
		return nil
	}
	return e.o.Health()
}

// wireZones returns recent results about name servers.
func (e *Engine) wireZones() []index.WireZone {
	if e.o.WireZones == nil {
		return nil
	}
	return e.o.WireZones()
}

// age returns the strictest guard age of all zones.
func (e *Engine) age() time.Duration {
	age := e.o.Guards.Age
	for _, g := range e.o.ZoneGuards {
		if g.Age > 0 {
			age = min(age, g.Age)
		}
	}
	return age
}

// orNotComplete returns err, or an error for an incomplete read.
func orNotComplete(err error) error {
	if err == nil {
		return errors.New("not complete")
	}
	return err
}

func cloudView(s *providers.Snapshot, name string) *providers.CloudView {
	for i := range s.Clouds {
		if s.Clouds[i].Cloud.Name == name {
			return &s.Clouds[i]
		}
	}
	return nil
}

func zoneView(s *providers.Snapshot, name string) *providers.ZoneView {
	for i := range s.Zones {
		if providers.SameName(s.Zones[i].Zone.Name, name) {
			return &s.Zones[i]
		}
	}
	return nil
}
