package fleet

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/providers"
)

// minMarkerAge is how old the markers of an instance must be for "not found" to be final. A cloud may not know a new
// instance yet.
const minMarkerAge = 15 * time.Minute

// maxInstanceLookups is the number of concurrent lookups of single instances in one cloud.
const maxInstanceLookups = 8

// answer is a cloud's answer about one id that its listing left out.
type answer struct {
	providers.Lookup
	gen uint64 // the read that preceded the query
}

// alive reports whether the cloud returned an instance that is not terminated.
func (a answer) alive() bool { return a.Err == nil && !a.Gone && a.Instance != nil }

// markedUnlisted returns the sorted ids of this cloud's instances that markers of any fleet name but the last listing
// left out. The caller holds Fleet.mu.
func (c *cloud) markedUnlisted() []string {
	var ids []string
	r := &c.read
	for _, z := range c.f.zones {
		listed := r.order // those that are not before the marker
		for _, m := range z.markers[r.cov.Key] {
			for len(listed) > 0 && r.rows[listed[0]].ID < m.id {
				listed = listed[1:]
			}
			if len(listed) == 0 || r.rows[listed[0]].ID != m.id {
				ids = append(ids, m.id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// knownUnlisted returns the ids of instances that must exist but that the last listing left out: those shown before,
// those with an interface attached, and those that the cloud returned by id. Unlike markedUnlisted it needs no marker.
// EC2 reports no count that would reveal a short list. The caller holds Fleet.mu.
func (c *cloud) knownUnlisted() []string {
	r := &c.read
	ids := slices.Clone(r.missing)
	for i := range r.addrs {
		if id := r.addrs[i].Instance; id != "" && !r.lists(id) {
			ids = append(ids, id)
		}
	}
	for id, a := range c.answers {
		if a.alive() && !r.lists(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// unreadZones returns the zones whose last read was not complete. Any marker in them may refute a list.
func (f *Fleet) unreadZones() []string {
	var names []string
	for _, z := range f.zones {
		if !z.shown.Coverage.Complete() {
			names = append(names, z.name)
		}
	}
	return names
}

// markedSince returns the time of the newest marker that names an instance; zero if there is none.
func (f *Fleet) markedSince(key providers.CloudKey, id string) time.Time {
	var newest time.Time
	for _, z := range f.zones {
		list := z.markers[key]
		at, found := slices.BinarySearchFunc(list, id, func(m markedInstance, id string) int { return strings.Compare(m.id, id) })
		if found && list[at].since.After(newest) {
			newest = list[at].since
		}
	}
	return newest
}

// idsToLookUp returns the ids to look up now: first those that markers name, the longest unasked first, then those that
// vanished. It returns as many per read as Options.Lookups calls can ask for.
func (c *cloud) idsToLookUp() (ids []string, key providers.CloudKey, gen uint64) {
	r := &c.read
	if !r.cov.Complete() || r.cov.Key != c.accepted.Key {
		return nil, "", 0
	}
	missing := c.markedUnlisted()
	for _, id := range missing {
		if c.mustLookUp(id) {
			ids = append(ids, id)
		}
	}
	slices.SortStableFunc(ids, func(a, b string) int { return c.answers[a].Asked.Compare(c.answers[b].Asked) })
	for _, id := range c.knownUnlisted() {
		if _, named := slices.BinarySearch(missing, id); !named && c.mustLookUp(id) {
			ids = append(ids, id)
		}
	}
	most := c.f.lookups
	if c.short() != "" {
		most = c.f.manyLookups
	}
	most *= max(1, c.src.Traits.ManyByID)
	ids = ids[:min(len(ids), max(0, most-c.lookedUp))]
	c.lookedUp += len(ids)
	return ids, r.cov.Key, r.gen
}

// mustLookUp reports whether an id has to be looked up: it has not been since the last read, and no earlier answer is
// final. Ids are not reused, so "gone" is final, and so is "not found" once every marker was old enough for the cloud
// to know the instance.
func (c *cloud) mustLookUp(id string) bool {
	a, ok := c.answers[id]
	settled := a.Final || a.Gone && a.Asked.Sub(c.f.markedSince(c.read.cov.Key, id)) > minMarkerAge
	return !ok || !settled && a.gen != c.read.gen
}

// lookUpMissing looks up instances that markers name but the listing left out, and decides by the answers whether the
// listing is accepted.
func (c *cloud) lookUpMissing(ctx context.Context) {
	select {
	case c.verify <- struct{}{}:
		defer func() { <-c.verify }()
	case <-ctx.Done():
		return
	}
	c.f.mu.Lock()
	ids, key, gen := c.idsToLookUp()
	if len(ids) == 0 {
		if gen != 0 {
			c.acceptReadAgain() // a newly read zone may make the list acceptable
		}
		c.f.mu.Unlock()
		return
	}
	c.f.mu.Unlock()

	answers := c.lookUpAll(ctx, ids, key)

	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if c.accepted.Key != key {
		return
	}
	for _, l := range answers {
		a := answer{Lookup: l, gen: gen}
		if l.Gone {
			a.Err = nil
		}
		c.answers[l.ID] = a
	}
	if c.read.gen == 0 {
		return // a later read failed, and its coverage stays
	}
	c.acceptReadAgain()
}

// acceptReadAgain evaluates the last read again with the answers that have arrived since.
func (c *cloud) acceptReadAgain() {
	if !c.read.cov.Complete() {
		return
	}
	was := c.shown.Coverage.State
	c.acceptRead()
	if c.shown.Coverage.State != was {
		c.scheduleNext(c.f, c.shown.Coverage)
	}
	c.f.publish()
}

// lookUpAll looks up several instances concurrently. "Gone" counts only if the account that answers is still the one
// that was listed, since another account knows none of these instances. It does not wait for a cloud that answers nothing
// for half of the time limit.
func (c *cloud) lookUpAll(ctx context.Context, ids []string, key providers.CloudKey) []providers.Lookup {
	idle := providers.WithIdleTimeout(ctx, c.f.timeout/2)
	defer idle.Stop()
	ctx = providers.WithOneIdentity(idle, c.src.Compute.Identify)
	answers := make(chan providers.Lookup, len(ids))
	who := make(chan error, 1)
	go func() {
		c.lookup(ctx, ids, func(l providers.Lookup) { answers <- l })
		who <- c.verifyIdentity(ctx, key)
	}()

	got := map[string]providers.Lookup{}
	var err error
	for waiting := true; waiting; {
		select {
		case l := <-answers:
			idle.Received()
			got[l.ID] = l
		case err = <-who:
			waiting = false
		case <-ctx.Done():
			err, waiting = ctx.Err(), false
		}
	}
	for len(answers) > 0 {
		l := <-answers
		got[l.ID] = l
	}
	out := make([]providers.Lookup, 0, len(ids))
	for _, id := range ids {
		l, ok := got[id]
		switch {
		case !ok:
			l = providers.Lookup{ID: id, Asked: c.f.clock.Now(), Err: cmp.Or(err, errors.New("no answer"))}
		case l.Gone && err != nil:
			l = providers.Lookup{ID: id, Asked: l.Asked, Err: err}
		}
		out = append(out, l)
	}
	return out
}

// lookup queries several instances, as many in one call as the cloud allows and up to maxInstanceLookups calls at once.
// It calls answer for each id, from one goroutine at a time. If an instance is gone, Err is the cause.
func (c *cloud) lookup(ctx context.Context, ids []string, answer func(providers.Lookup)) {
	compute := c.src.Compute
	many, ok := compute.(providers.InstancesGetter)
	size := max(1, c.src.Traits.ManyByID)
	if !ok {
		size = 1
	}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(maxInstanceLookups)
	for some := range slices.Chunk(ids, size) {
		g.Go(func() error {
			asked := c.f.clock.Now()
			answers := map[string]providers.InstanceAnswer{}
			if len(some) == 1 {
				i, err := compute.Instance(ctx, some[0])
				answers[some[0]] = providers.InstanceAnswer{Instance: i, Err: err}
			} else {
				answers = many.InstancesByID(ctx, some)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, id := range some {
				answer(lookupOf(id, asked, answers[id]).By(&c.src.Traits))
			}
			return nil
		})
	}
	_ = g.Wait() // errors are in the answers
}

// lookupOf returns the answer about one instance. If the instance is gone, Err is the cause.
func lookupOf(id string, asked time.Time, a providers.InstanceAnswer) providers.Lookup {
	l := providers.Lookup{ID: id, Asked: asked}
	switch i := a.Instance; {
	case a.Err != nil:
		l.Err, l.Gone, l.Final = a.Err, providers.IsGone(a.Err), providers.KindOf(a.Err) == providers.KindGone
	case i.ID != id:
		l.Err = errors.New("it answered about another instance")
	default:
		l.Instance, l.Gone, l.Final = &i, i.State.Dead(), i.State.Dead()
	}
	return l
}

// verifyIdentity returns an error unless the cloud still identifies itself with this key.
func (c *cloud) verifyIdentity(ctx context.Context, key providers.CloudKey) error {
	who, err := c.src.Compute.Identify(ctx)
	if err == nil && who.Key != key {
		err = otherAccount(c.name)
	}
	return err
}

// otherAccount returns the error of lookups during which the account of a cloud changed.
func otherAccount(cloud string) error {
	return &providers.Error{Kind: providers.KindAuth, Source: cloud, Op: "ask for single instances", Err: errors.New("another account answers now")}
}
