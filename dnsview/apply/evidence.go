package apply

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/providers"
)

const (
	group       = 20  // changes whose guards are asked together, so that evidence does not grow old meanwhile
	holdShare   = 6   // a change that has passed waits for others for this part of the guard age
	atOnce      = 8   // questions to one source at a time
	someLookups = 50  // questions by id after a listing that looks whole
	manyLookups = 200 // and after one that is empty, or half of what it was
)

// evidence is what the guards of a plan rest on: one reading of all sources.
type evidence struct {
	snap   *providers.Snapshot
	view   *dnsview.View
	oldest time.Time // start of the oldest reading
}

// gather reads every configured cloud, and the zones named. What the newest
// snapshot holds of them, complete and young enough, is not read again.
func (r *run) gather(ctx context.Context, zones []string) *evidence {
	e := r.engine
	now := e.o.Now()
	r.emit(Event{Kind: EventEvidence, Text: "reading " + count(len(e.o.Clouds), "cloud") + " and " + count(len(zones), "zone")})
	var last *providers.Snapshot
	if e.o.Fresh != nil {
		last = e.o.Fresh(ctx)
	}
	if last == nil {
		last = &providers.Snapshot{}
	}
	s := &providers.Snapshot{Taken: now, Clouds: make([]providers.CloudView, len(e.o.Clouds)), Zones: make([]providers.ZoneView, len(zones))}
	mine := make([]bool, len(e.o.Clouds)) // read here, so that its list is checked here
	before := make([]*providers.CloudView, len(e.o.Clouds))
	var wg sync.WaitGroup
	for i := range e.o.Clouds {
		t := &e.o.Clouds[i]
		old := cloudView(last, t.Name)
		before[i] = old
		if old != nil && r.young(old.Coverage) && t.Err == nil {
			s.Clouds[i] = *old
			continue
		}
		mine[i] = true
		wg.Go(func() { s.Clouds[i] = e.readCloud(ctx, t) })
	}
	for i, name := range zones {
		t := e.zone(name)
		if old := zoneView(last, name); old != nil && t != nil && t.Err == nil && r.young(old.Coverage) && !old.Coverage.Started.Before(r.wrote[providers.CanonicalName(name)]) {
			s.Zones[i] = *old
			wg.Go(func() { e.delegation(ctx, t, &s.Zones[i]) })
			continue
		}
		wg.Go(func() {
			s.Zones[i] = e.readZone(ctx, t, name)
			e.delegation(ctx, t, &s.Zones[i])
			s.Zones[i].Whole = s.Zones[i].Coverage.Complete()
			s.Zones[i].NoteAppeared(zoneView(last, name))
		})
	}
	wg.Wait()
	for i := range s.Clouds {
		if mine[i] {
			wg.Go(func() { e.doubt(ctx, &e.o.Clouds[i], &s.Clouds[i], s.Zones, last.Zones, before[i]) })
		}
	}
	wg.Wait()
	s.Forgotten = last.Forgotten
	s.Clouds = append(s.Clouds, e.departed(s, last)...)
	providers.FailDoubles(s)
	providers.CheckClocks(s, func(source string, skew time.Duration) bool {
		known := coverageOf(last, source)
		return known.Complete() && providers.SameSkew(known.Skew, skew)
	})
	ev := &evidence{snap: s, oldest: now}
	for i := range e.o.Clouds {
		ev.oldest = earlier(ev.oldest, s.Clouds[i].Coverage.Started)
	}
	ev.view = e.inspect(s, r.ownWrites())
	return ev
}

// inspect joins what was read for a plan. own are the markers that the journal has written last.
func (e *Engine) inspect(s *providers.Snapshot, own providers.OwnWrites) *dnsview.View {
	return dnsview.Inspect(s, dnsview.Options{
		Fleet: e.o.Fleet, Services: e.o.Services, Now: e.o.Now(), MaxAge: e.age(), CreateGrace: e.o.Guards.Grace, Allow: e.o.Allow,
		WireZones: e.wireZones(), Own: own,
	})
}

// wireZones are what name servers were found to be lately.
func (e *Engine) wireZones() []dnsview.WireZone {
	if e.o.WireZones == nil {
		return nil
	}
	return e.o.WireZones()
}

// departed returns the clouds that left the config and count as failed: those of the newest snapshot,
// and those that markers name which were read here. Without a newest snapshot it is not known
// what the config was, and without a cloud nothing rests on any.
func (e *Engine) departed(s, last *providers.Snapshot) []providers.CloudView {
	if len(e.o.Clouds) == 0 {
		return nil
	}
	var left []providers.CloudView
	for i := range last.Clouds {
		if last.Clouds[i].Departed {
			left = append(left, last.Clouds[i])
		}
	}
	var named []providers.CloudKey
	for i := range s.Zones {
		named = append(named, providers.OwnClouds(e.o.Fleet, s.Zones[i].Records)...)
	}
	slices.Sort(named)
	return providers.Departed(s.Clouds, left, slices.Compact(named), last.Forgotten)
}

// count gives a number with its noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.Itoa(n) + " " + noun
}

func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// young reports whether a read is complete and so young that it will still be
// within the guard age when the guards are asked. What was read before a wait is not.
func (r *run) young(c providers.Coverage) bool {
	return c.Complete() && !c.Started.Before(r.notBefore) && r.engine.o.Now().Sub(c.Started) <= r.engine.age()/2
}

// age is the strictest guard age of all zones.
func (e *Engine) age() time.Duration {
	age := e.o.Guards.Age
	for _, g := range e.o.ZoneGuards {
		if g.Age > 0 {
			age = min(age, g.Age)
		}
	}
	return age
}

// coverageOf gives the coverage of a cloud or a zone, by its name.
func coverageOf(s *providers.Snapshot, name string) providers.Coverage {
	if v := cloudView(s, name); v != nil {
		return v.Coverage
	}
	if v := zoneView(s, name); v != nil {
		return v.Coverage
	}
	return providers.Coverage{}
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

// doubt asks a cloud, one by one, for the instances that markers name and its
// list left out. A list that is empty, or less than half of what it was, is
// believed only when each of them was answered for. It asks, too, for instances that
// no marker names and that cannot have vanished.
func (e *Engine) doubt(ctx context.Context, t *CloudTarget, v *providers.CloudView, zones, last []providers.ZoneView, old *providers.CloudView) {
	if !v.Coverage.Complete() {
		return
	}
	if old == nil || old.Cloud.Key != v.Cloud.Key {
		old = &providers.CloudView{}
	}
	suspicious := len(v.Instances) == 0 || len(v.Instances)*2 < len(old.Instances)
	if suspicious {
		var unread string
		if zones, unread = e.allZones(ctx, zones, last); unread != "" {
			v.Coverage.State = providers.CoveragePartial
			v.Coverage.Err = fmt.Errorf("the list has %d instances, and the markers of %s that could refute it cannot be read", len(v.Instances), unread)
			return
		}
	}
	listed := map[string]bool{}
	for i := range v.Instances {
		listed[v.Instances[i].ID] = true
	}
	var missing []string
	for z := range zones {
		for i := range zones[z].Records {
			for _, o := range zones[z].Records[i].Owners {
				if o.Cloud == v.Coverage.Key && !o.Host() && !listed[o.Instance] {
					missing = append(missing, o.Instance)
				}
			}
		}
	}
	slices.Sort(missing)
	missing = slices.Compact(missing)
	limit := someLookups
	if suspicious {
		limit = manyLookups
	}
	if suspicious && len(missing) > limit {
		v.Coverage.State = providers.CoveragePartial
		v.Coverage.Err = fmt.Errorf("the list has %d instances, and %d that markers name are not among them", len(v.Instances), len(missing))
		return
	}
	ask := slices.Clone(missing[:min(len(missing), limit)])
	for _, id := range vanished(v, old, listed) {
		if len(ask) < limit && !slices.Contains(ask, id) {
			ask = append(ask, id)
		}
	}
	answers := make([]providers.Lookup, len(ask))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, id := range ask {
		g.Go(func() error {
			answers[i] = e.lookup(ctx, t, id)
			return nil
		})
	}
	_ = g.Wait() // the questions report for themselves
	for _, l := range answers {
		v.Lookups[l.ID] = l
		if l.Err != nil && suspicious && slices.Contains(missing, l.ID) {
			v.Coverage.State = providers.CoveragePartial
			v.Coverage.Err = fmt.Errorf("the list has %d instances, and %s did not say what became of %s: %w", len(v.Instances), t.Name, l.ID, l.Err)
		}
	}
}

// vanished gives the instances that an earlier read has shown, or that an interface is attached to, and
// that a list leaves out.
func vanished(v, old *providers.CloudView, listed map[string]bool) []string {
	var ids []string
	for i := range old.Instances {
		if was := &old.Instances[i]; !was.State.Dead() && !listed[was.ID] {
			ids = append(ids, was.ID)
		}
	}
	for i := range v.Addresses {
		if id := v.Addresses[i].Instance; id != "" && !listed[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// allZones returns the records of every configured zone, those that this plan
// does not touch as they were read last, since any marker can refute a list. It
// names a zone that cannot be read.
func (e *Engine) allZones(ctx context.Context, have, last []providers.ZoneView) (all []providers.ZoneView, unread string) {
	for i := range have {
		if !have[i].Coverage.Complete() {
			return nil, have[i].Zone.Name
		}
	}
	all = slices.Clone(have)
	for i := range e.o.Zones {
		t := &e.o.Zones[i]
		same := func(v providers.ZoneView) bool { return providers.SameName(v.Zone.Name, t.Zone.Name) }
		if slices.ContainsFunc(have, same) {
			continue
		}
		if n := slices.IndexFunc(last, same); n >= 0 && last[n].Coverage.Complete() {
			all = append(all, last[n])
			continue
		}
		v := e.readZone(ctx, t, t.Zone.Name)
		if !v.Coverage.Complete() {
			return nil, v.Zone.Name
		}
		all = append(all, v)
	}
	return all, ""
}
