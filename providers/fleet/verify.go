package fleet

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"rollcall/providers"
)

// settleAfter is how old the markers that name an instance must be for "not found" to hold for good: a cloud may not know
// a new instance yet.
const settleAfter = 15 * time.Minute

// questionsAtOnce is how many questions for single instances are under way at a time in one cloud.
const questionsAtOnce = 8

// answer is what a cloud said about one id that its listing left out.
type answer struct {
	providers.Lookup
	gen uint64 // the read after which it was asked
}

// alive reports whether the cloud showed an instance that is not terminated.
func (a answer) alive() bool { return a.Err == nil && !a.Gone && a.Instance != nil }

// markedUnlisted returns the instances of this cloud that markers of any fleet name and
// that the last listing left out, sorted. The caller holds Fleet.mu.
func (c *cloud) markedUnlisted() []string {
	var ids []string
	for _, z := range c.f.zones {
		for id := range z.markers[c.read.cov.Key] {
			if !c.read.listed[id] {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// knownUnlisted returns the instances that must be somewhere and that the last listing left out, though
// no marker names them: those that were shown before, those that an interface is attached to, and those
// that the cloud has shown when it was asked by id. EC2 states no count by which a short list would be
// noticed. The caller holds Fleet.mu.
func (c *cloud) knownUnlisted() []string {
	r := &c.read
	var ids []string
	for i := range r.shown {
		if was := &r.shown[i]; !was.State.Dead() && !r.listed[was.ID] {
			ids = append(ids, was.ID)
		}
	}
	for i := range r.addrs {
		if id := r.addrs[i].Instance; id != "" && !r.listed[id] {
			ids = append(ids, id)
		}
	}
	for id, a := range c.answers {
		if a.alive() && !r.listed[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// unreadZones names the zones whose last read was not complete: any marker in them may refute a list.
func (f *Fleet) unreadZones() []string {
	var names []string
	for _, z := range f.zones {
		if !z.shown.Coverage.Complete() {
			names = append(names, z.name)
		}
	}
	return names
}

// markedSince returns since when the newest marker that names an instance is there; zero when none does.
func (f *Fleet) markedSince(key providers.CloudKey, id string) time.Time {
	var newest time.Time
	for _, z := range f.zones {
		if t, ok := z.markers[key][id]; ok && t.After(newest) {
			newest = t
		}
	}
	return newest
}

// idsToLookUp picks the ids to ask for now: those that markers name and have waited longest, then those
// that vanished, and no more than Options.Lookups for one read.
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
	ids = ids[:min(len(ids), max(0, most-c.lookedUp))]
	c.lookedUp += len(ids)
	return ids, r.cov.Key, r.gen
}

// mustLookUp reports whether an id has to be asked for: it was not since the last read, and no answer before it holds for good.
// Ids do not return, so "gone" does, and so does "not found" once every marker was old enough for the cloud to know the instance.
func (c *cloud) mustLookUp(id string) bool {
	a, ok := c.answers[id]
	settled := a.Final || a.Gone && a.Asked.Sub(c.f.markedSince(c.read.cov.Key, id)) > settleAfter
	return !ok || !settled && a.gen != c.read.gen
}

// lookUpMissing asks the cloud, id by id, for instances that markers name and the
// listing left out, and decides by the answers whether the listing is accepted.
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
			c.acceptReadAgain() // a zone that has been read may have made the list believable
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
		return // a later read failed: its coverage stands
	}
	c.acceptReadAgain()
}

// acceptReadAgain decides anew what the last read is worth, now that there are more answers.
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

// lookUpAll asks for several instances side by side. An answer of "gone" counts only when the
// account that answers is still the one that was listed: another account knows
// none of these instances. A cloud that does not answer in time is left behind.
func (c *cloud) lookUpAll(ctx context.Context, ids []string, key providers.CloudKey) []providers.Lookup {
	ctx, cancel := context.WithTimeout(ctx, c.f.timeout/2)
	defer cancel()
	answers := make(chan providers.Lookup, len(ids))
	who := make(chan error, 1)
	go func() {
		var wg sync.WaitGroup
		room := make(chan struct{}, questionsAtOnce)
		for _, id := range ids {
			room <- struct{}{}
			wg.Go(func() {
				defer func() { <-room }()
				answers <- c.lookup(ctx, id)
			})
		}
		wg.Wait()
		who <- c.verifyIdentity(ctx, key)
	}()

	got := map[string]providers.Lookup{}
	var err error
	for waiting := true; waiting; {
		select {
		case l := <-answers:
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

// lookup asks for one instance. The cause of a "gone" is left in Err for the caller.
func (c *cloud) lookup(ctx context.Context, id string) providers.Lookup {
	l := providers.Lookup{ID: id, Asked: c.f.clock.Now()}
	i, err := c.src.Compute.Instance(ctx, id)
	switch {
	case err != nil:
		l.Err, l.Gone, l.Final = err, providers.IsGone(err), providers.KindOf(err) == providers.KindGone
	case i.ID != id:
		l.Err = errors.New("it answered about another instance")
	default:
		l.Instance, l.Gone, l.Final = &i, i.State.Dead(), i.State.Dead()
	}
	return l
}

// verifyIdentity asks the cloud who it is and fails when it is not the one with that key.
func (c *cloud) verifyIdentity(ctx context.Context, key providers.CloudKey) error {
	who, err := c.src.Compute.Identify(ctx)
	if err == nil && who.Key != key {
		err = &providers.Error{Kind: providers.KindAuth, Source: c.name, Op: "ask for single instances", Err: errors.New("another account answers now")}
	}
	return err
}
