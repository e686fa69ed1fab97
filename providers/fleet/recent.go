package fleet

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"rollcall/providers"
)

// Recent returns a snapshot for a decision that rests on the named sources, or on all if none is named. Each of them
// was read completely by a read that began at most maxAge before the call, or after the call if maxAge is zero. A
// source that meets this is not read again, a current read that is young enough is waited for, and every other source
// is read as by Refresh. A named source that could not be read in this way before ctx ended is not complete, and its
// error says why.
//
// Recent also asks the account of every named zone whether the zone is delegated (Zone.Pending). If the list of a named
// cloud is short and waits for unread zones, those zones are read once more.
func (f *Fleet) Recent(ctx context.Context, maxAge time.Duration, names ...string) *providers.Snapshot {
	since := f.clock.Now().Add(-maxAge)
	f.readSince(ctx, since, maxAge > 0, names)
	if zones := f.zonesForShortLists(names); len(zones) > 0 {
		f.readSince(ctx, since, maxAge > 0, zones)
	}
	s := *f.Own()
	s.Clouds, s.Zones = slices.Clone(s.Clouds), slices.Clone(s.Zones)
	for i, src := range f.sources {
		if c := f.coverageIn(&s, i); isNamed(src, names) && c.Complete() && c.Started.Before(since) {
			c.State = providers.CoveragePartial
			c.Err = &providers.Error{
				Kind: providers.KindIncomplete, Source: src.sched().name, Op: "read again",
				Err: cmp.Or(ctx.Err(), fmt.Errorf("its last read began at %s", c.Started.Format(time.TimeOnly))),
			}
		}
	}
	return &s
}

// readSince reads the named sources whose last complete read began before since. With share, it waits for current reads
// that began later.
func (f *Fleet) readSince(ctx context.Context, since time.Time, share bool, names []string) {
	var shared time.Time
	if share {
		shared = since
	}
	before := f.Own()
	var wg sync.WaitGroup
	for i, src := range f.sources {
		if !isNamed(src, names) {
			continue
		}
		c := f.coverageIn(before, i)
		young := share && c.Complete() && !c.Started.Before(since)
		wg.Go(func() {
			if !young {
				f.refresh(ctx, src, shared)
			}
			if z, ok := src.(*zone); ok {
				z.askDelegation(ctx)
			}
		})
	}
	wg.Wait()
}

// isNamed reports whether a source is one of names. If names is empty, every source is.
func isNamed(s source, names []string) bool {
	return len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return providers.SameName(n, s.sched().name) })
}

func (f *Fleet) coverageIn(s *providers.Snapshot, number int) *providers.Coverage {
	if number < len(f.clouds) {
		return &s.Clouds[number].Coverage
	}
	return &s.Zones[number-len(f.clouds)].Coverage
}

// zonesForShortLists returns the unread zones if the list of a named cloud is short, since their markers can confirm it.
func (f *Fleet) zonesForShortLists(names []string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.clouds, func(c *cloud) bool { return isNamed(c, names) && c.read.cov.Complete() && c.short() != "" }) {
		return nil
	}
	return f.unreadZones()
}

// askDelegation asks the account of a zone whether the zone is delegated. Without an answer the known state stays.
func (z *zone) askDelegation(ctx context.Context) {
	z.f.mu.Lock()
	account, id := z.src.DNS, z.resolved.ID
	z.f.mu.Unlock()
	if account == nil || id == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, z.f.timeout/2)
	defer cancel()
	account.Zones(ctx, func(page []providers.Zone) {
		for i := range page {
			if page[i].ID == id && providers.SameName(page[i].Name, z.name) {
				z.setPending(page[i].Pending)
			}
		}
	})
}

// setPending records whether the zone is delegated.
func (z *zone) setPending(pending bool) {
	z.f.mu.Lock()
	defer z.f.mu.Unlock()
	z.resolved.Pending = pending
	if z.shown.Zone.Pending != pending {
		z.shown.Zone.Pending = pending
		z.f.publish()
	}
}

// Identify returns the identity of the cloud with this name in the config. A cloud that could not be set up is an
// error.
func (f *Fleet) Identify(ctx context.Context, name string) (providers.Cloud, error) {
	compute, _, err := f.computeOf(name)
	if err != nil {
		return providers.Cloud{}, err
	}
	return compute.Identify(ctx)
}

// Lookup identifies the cloud with this name in the config and then queries instances, so that the answers are as fresh
// as possible. If one is gone, the cloud is identified once more afterwards, since another account knows none of its
// instances. The error says why the identity is unknown or that the cloud could not be set up. There is one Lookup for
// each id, in this order. It has the key of the account, none if two accounts answered, and its Err says why there is no
// answer about the instance.
func (f *Fleet) Lookup(ctx context.Context, name string, ids ...string) ([]providers.Lookup, error) {
	_, c, err := f.computeOf(name)
	if err != nil {
		return nil, err
	}
	who, err := f.Identify(ctx, name)
	if err != nil {
		return nil, err
	}
	just := func(context.Context) (providers.Cloud, error) { return who, nil }
	got := make(map[string]providers.Lookup, len(ids))
	c.lookup(providers.WithOneIdentity(ctx, just), ids, func(l providers.Lookup) {
		l.Key = who.Key
		got[l.ID] = l
	})
	var after error
	if slices.ContainsFunc(ids, func(id string) bool { return got[id].Gone }) {
		var now providers.Cloud
		if now, after = f.Identify(ctx, name); after == nil && now.Key != who.Key {
			who, after = providers.Cloud{}, otherAccount(name)
		}
	}
	lookups := make([]providers.Lookup, len(ids))
	for i, id := range ids {
		l := got[id]
		switch {
		case !l.Gone:
		case after != nil:
			l = providers.Lookup{ID: id, Asked: l.Asked, Key: who.Key, Err: after}
		default:
			l.Err = nil
		}
		lookups[i] = l
	}
	return lookups, nil
}

// computeOf returns a cloud by its name and its API, or why it could not be set up.
func (f *Fleet) computeOf(name string) (Compute, *cloud, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.clouds {
		switch {
		case c.name != name:
		case c.err != nil:
			return nil, nil, c.err
		default:
			return c.src.Compute, c, nil
		}
	}
	return nil, nil, providers.Errorf(providers.KindInvalid, "read", "there is no cloud %s", name)
}
