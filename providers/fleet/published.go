package fleet

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rollcall/providers"
)

// Rows that another member of a team has read and published are shown in place of own ones while they are newer. They
// are kept apart from what this fleet has read: only Snapshot has them, and Own, Recent and Lookup never do. No read is
// compared with them.

// Published is what another member has read of one source.
type Published struct {
	Name     string // of the source
	Provider providers.Provider
	Zone     bool   // it is a zone, not a cloud
	By       string // who has read it
	Coverage providers.Coverage
	RowsFrom time.Time
	Data     []byte // of EncodeCloud or EncodeZone; nil if the rows are those of the last SetPublished
	// Err is why newer rows could not be read: those of the last SetPublished are shown on, with their age.
	Err error
	// Changes are of EncodeCloudChanges or EncodeZoneChanges, in their order: what differs from Data.
	Changes [][]byte
}

// publishedView is the view of a source as another member has read it, without what this fleet knows better.
type publishedView struct {
	by    string
	err   error // why newer rows could not be read
	stale bool  // changes that are published from now on lead on from other rows
	from  time.Time
	cloud *providers.CloudView
	zone  *providers.ZoneView
	named []providers.CloudKey // clouds in markers of this fleet
}

// SetPublished shows what another member has read in place of own rows that are older. While rows are younger than
// fresh, Run does not read their source. The error names, for each source that the fleet has, why its rows cannot be shown.
// Then, and of a source that is missing in all, the rows that were set before are shown on, with their age.
func (f *Fleet) SetPublished(all []Published, fresh time.Duration) map[string]error {
	f.mu.Lock()
	last := f.published
	f.mu.Unlock()
	next, errs := map[source]*publishedView{}, map[string]error{}
	for i := range all {
		p := &all[i]
		s := f.sourceOf(p)
		if s == nil {
			continue
		}
		v, err := f.decodePublished(p, last[s])
		if p.Err == nil && err != nil {
			err = &providers.Error{Kind: providers.KindIncomplete, Source: p.Name, Op: "show what " + p.By + " has published", Err: err}
			errs[p.Name] = err
		}
		if err != nil {
			v = last[s].kept(p, err)
		}
		next[s] = v
	}
	for s, v := range last {
		if _, named := next[s]; !named {
			next[s] = v.kept(&Published{}, &providers.Error{Kind: providers.KindNotFound, Source: s.sched().name, Op: "read published rows", Err: errors.New("no watch of the team publishes it now")})
		}
	}
	maps.DeleteFunc(next, func(_ source, v *publishedView) bool { return v == nil })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.published, f.freshFor = next, fresh
	for _, s := range f.sources {
		s.sched().signal() // it may have to be read now
	}
	f.publish()
	return errs
}

// sourceOf returns the source that rows are of, or nil.
func (f *Fleet) sourceOf(p *Published) source {
	if p.Zone {
		for _, z := range f.zones {
			if providers.SameName(z.name, p.Name) && z.src.Provider == p.Provider {
				return z
			}
		}
		return nil
	}
	for _, c := range f.clouds {
		if c.name == p.Name && c.src.Provider == p.Provider {
			return c
		}
	}
	return nil
}

// decodePublished returns the view of a source. Rows without Data are those of last.
func (f *Fleet) decodePublished(p *Published, last *publishedView) (*publishedView, error) {
	v := &publishedView{by: p.By, from: p.RowsFrom}
	switch {
	case p.Err != nil:
		return nil, p.Err
	case p.Data == nil && (last == nil || last.stale):
		return nil, fmt.Errorf("they could not be read before")
	case p.Data == nil && p.Zone:
		z := *last.zone
		v.zone, v.named = &z, last.named
	case p.Data == nil:
		c := *last.cloud
		if c.Cloud.Key != p.Coverage.Key && p.Coverage.Key != "" {
			return nil, fmt.Errorf("they are those of another account")
		}
		v.cloud = &c
	case p.Zone:
		z, err := decodeZone(p.Data, p.Name)
		if err != nil {
			return nil, err
		}
		v.zone, v.named = z, providers.MarkedClouds(f.fleetID, z.Records)
	default:
		c, err := decodeCloud(p.Data, p.Name, p.Coverage.Key, p.RowsFrom)
		if err != nil {
			return nil, err
		}
		v.cloud = c
	}
	for _, data := range p.Changes {
		if err := v.change(data, p); err != nil {
			return nil, err
		}
	}
	if v.zone != nil && len(p.Changes) > 0 {
		v.named = providers.MarkedClouds(f.fleetID, v.zone.Records)
	}
	if v.zone != nil {
		v.zone.Coverage, v.zone.RowsFrom, v.zone.ReadBy = p.Coverage, p.RowsFrom, p.By
	} else {
		v.cloud.Coverage, v.cloud.RowsFrom, v.cloud.ReadBy = p.Coverage, p.RowsFrom, p.By
	}
	return v, nil
}

// kept returns the rows of the last SetPublished because newer ones could not be read, or nil if they are of another account.
func (v *publishedView) kept(p *Published, err error) *publishedView {
	if v == nil || v.cloud != nil && p.Coverage.Key != "" && p.Coverage.Key != v.cloud.Cloud.Key {
		return nil
	}
	kept := *v
	kept.err = err
	kept.stale = v.stale || p.Err == nil
	return &kept
}

// DropPublished shows own reads only.
func (f *Fleet) DropPublished() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.published, f.storeErr = nil, nil
	for _, s := range f.sources {
		s.sched().signal() // it may have to be read now
	}
	f.publish()
}

// ShowsPublished reports whether rows that another member has read stand in place of own ones.
func (f *Fleet) ShowsPublished() bool {
	s := f.Snapshot()
	return slices.ContainsFunc(s.Clouds, func(v providers.CloudView) bool { return v.ReadBy != "" }) ||
		slices.ContainsFunc(s.Zones, func(v providers.ZoneView) bool { return v.ReadBy != "" })
}

// SetStoreError sets why the team's store could not be asked for newer published rows, or nil once it has answered. Those
// of the last SetPublished are shown on, with their age.
func (f *Fleet) SetStoreError(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.storeErr != nil || err != nil {
		f.storeErr = err
		f.publish()
	}
}

// freshUntil returns until when the published rows of a source need no own read, or the zero time. A source that takes long
// to read has as much more time: its rows are as old already when they are published. The caller holds mu.
func (f *Fleet) freshUntil(s source) time.Time {
	p := f.published[s]
	if p == nil || f.freshFor <= 0 || !s.accepts(p) {
		return time.Time{}
	}
	c := p.coverage()
	return p.from.Add(f.freshFor + min(max(0, c.Finished.Sub(c.Started)), f.freshFor))
}

// coverage returns that of the last read that was published.
func (v *publishedView) coverage() *providers.Coverage {
	if v.zone != nil {
		return &v.zone.Coverage
	}
	return &v.cloud.Coverage
}

// NotFresh returns the names of the sources without published rows that are fresh.
func (f *Fleet) NotFresh() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, s := range f.sources {
		if !f.freshUntil(s).After(f.clock.Now()) {
			out = append(out, s.sched().name)
		}
	}
	return out
}

// accepts reports whether published rows are those of this cloud, as far as its account is known here.
func (c *cloud) accepts(p *publishedView) bool {
	known := c.accepted.Key
	if known == "" {
		known = c.held.cloud.Key
	}
	return known == "" || known == p.cloud.Cloud.Key
}

// accepts reports whether published rows are those of this zone, as far as it is known here.
func (z *zone) accepts(p *publishedView) bool {
	return (z.resolved.ID == "" || z.resolved.ID == p.zone.Zone.ID) && (z.src.ID == "" || z.src.ID == p.zone.Zone.ID)
}

// isNewer reports whether published rows stand in place of own ones. Those of an earlier run were not read by this one.
func (v *publishedView) isNewer(own time.Time, earlier bool) bool {
	return earlier || v.from.After(own)
}

// shownCoverage returns the coverage that is shown with published rows: that of their read, or of a later own one that
// has failed, once the rows are not fresh any more. The caller holds mu.
func (f *Fleet) shownCoverage(s source, published, own providers.Coverage) providers.Coverage {
	if own.Err != nil && own.Finished.After(published.Finished) && !f.freshUntil(s).After(f.clock.Now()) {
		return own
	}
	return published
}

// displayed returns the cloud's part of what is shown: own is what this fleet has read.
func (c *cloud) displayed(own providers.CloudView) providers.CloudView {
	p := c.f.published[c]
	if p == nil || !c.accepts(p) || !p.isNewer(own.RowsFrom, own.Earlier) {
		return own
	}
	v := *p.cloud
	v.Cloud.Region, v.Cloud.Traits = c.src.Region, c.src.Traits
	v.StoreErr = cmp.Or(p.err, c.f.storeErr)
	v.Coverage = c.f.shownCoverage(c, v.Coverage, own.Coverage)
	v.From, v.Production, v.Reading, v.RetryAt, v.BudgetLeft = own.From, own.Production, own.Reading, own.RetryAt, own.BudgetLeft
	return v
}

// displayed is that of a cloud.
func (z *zone) displayed(own providers.ZoneView) providers.ZoneView {
	p := z.f.published[z]
	if p == nil || !z.accepts(p) || !p.isNewer(own.RowsFrom, own.Earlier) {
		return own
	}
	v := *p.zone
	v.Zone.Name, v.Zone.Traits = own.Zone.Name, z.src.Traits
	v.StoreErr = cmp.Or(p.err, z.f.storeErr)
	v.Coverage = z.f.shownCoverage(z, v.Coverage, own.Coverage)
	v.From, v.Former, v.Reading, v.RetryAt, v.BudgetLeft = own.From, own.Former, own.Reading, own.RetryAt, own.BudgetLeft
	return v
}
