package app

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/fleet"
	"rollcall/providers/reader"
)

// firstPoll limits how long a command waits for what the reader of the team has published, and consolePoll how long a console
// does: it shows the rows of its last run meanwhile, and many that start at once must not all read the sources themselves. A
// store that does not answer is given up sooner: after some tries, of which the last begins within firstTries.
const (
	firstPoll   = 5 * time.Second
	consolePoll = time.Minute
	firstTries  = 15 * time.Second

	commandTries, consoleTries = 2, 4
)

// WatchName returns what others see as the reader of a source: a watch on this machine.
func WatchName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	return "watch on " + host
}

// HasTeam reports whether there is a store that rows can be shared by.
func (s *Session) HasTeam() bool { return s.Config.Team.Store() != "" && s.Config.Fleet != "" }

// PollPublished has the fleet display what the reader of the team has published, as far as it has changed, and reports
// whether it could be read. What could not is displayed as it was read before, until it is too old. Calls do not overlap.
func (s *Session) PollPublished(ctx context.Context) bool {
	if s.subscriber == nil {
		s.subscriber = reader.NewSubscriber(s.Program.TeamStore(s.Config), s.Config.Fleet, s.Program.Clock)
		s.freshFor = 2*s.Config.Refresh + 10*time.Second + rand.N(10*time.Second) // not all consoles at once
	}
	all, changed, err := s.subscriber.Poll(ctx)
	switch {
	case providers.KindOf(err) == providers.KindNotFound && !s.Fleet.ShowsPublished():
		s.DropPublished() // no watch publishes, and nothing is shown that it published before
	case err != nil:
		if providers.KindOf(err) == providers.KindIncomplete {
			s.reportPublished(err)
		}
		s.Fleet.SetStoreError(err)
		return false
	case changed:
		return s.showPublished(all)
	default:
		s.Fleet.SetStoreError(nil)
	}
	return true
}

// showPublished has the fleet display what was received, and reports whether that is all.
func (s *Session) showPublished(all []reader.Received) bool {
	ok := true
	published := make([]fleet.Published, len(all))
	for i := range all {
		published[i] = publishedOf(&all[i])
		if err := all[i].Err; err != nil {
			ok = false
			if providers.KindOf(err) == providers.KindIncomplete {
				s.reportPublished(err)
			}
		}
	}
	s.Fleet.SetStoreError(nil)
	errs := s.Fleet.SetPublished(published, s.freshFor)
	for _, err := range errs {
		s.reportPublished(err)
	}
	if slices.ContainsFunc(published, func(p fleet.Published) bool { return errs[p.Name] != nil && p.Data == nil }) {
		s.subscriber.Forget() // changes do not fit, and all rows are read the next time
	}
	return ok && len(errs) == 0
}

// firstPublished is the first PollPublished, repeated if the store does not answer: members that start while it has a
// hiccup must not all read the sources themselves.
func (s *Session) firstPublished(ctx context.Context, limit time.Duration, tries int) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := s.Program.Now()
	for try := 1; !s.PollPublished(ctx); try++ {
		if try == tries || s.Program.Sleep(ctx, pollPause(try, limit)) != nil || s.Program.Now().Sub(began) > firstTries {
			return false
		}
	}
	return true
}

// pollPause returns the time until the store is asked again after failures: about a second after the first, twice that
// after each more, and not over most. Each member has another one.
func pollPause(failures int, most time.Duration) time.Duration {
	bound := min(time.Second<<min(failures-1, 10), most)
	return bound/2 + rand.N(bound/2)
}

// DropPublished has the fleet display its own reads only, until PollPublished finds rows again. It does not overlap with
// PollPublished.
func (s *Session) DropPublished() {
	s.Fleet.DropPublished()
	if s.subscriber != nil {
		s.subscriber.Forget()
	}
}

// reportPublished reports once why published rows are not shown.
func (s *Session) reportPublished(err error) {
	line := "what a watch of the team has published is not shown, and the source is read instead: " + words.Clean(err.Error())
	if _, shown := s.shownNotes.LoadOrStore(line, true); !shown {
		s.Report("rollcall: %s", line)
	}
}

func publishedOf(r *reader.Received) fleet.Published {
	c := providers.Coverage{
		State: r.State, Key: r.Key, Account: r.Account, Rows: r.Rows, Expected: r.Expected, Started: r.Read, Finished: r.Read.Add(r.Took),
	}
	switch r.State {
	case providers.CoverageComplete:
	case providers.CoveragePartial, providers.CoverageFailed:
		c.Err = &providers.Error{Kind: r.ErrorIs, Source: r.Name, Err: errors.New(r.Error)}
	default:
		c.State = providers.CoverageFailed
		c.Err = providers.Errorf(providers.KindIncomplete, "read", "%s has published no read of it", r.Who)
	}
	return fleet.Published{
		Zone: r.Kind == rows.KindZone, Name: r.Name, Provider: r.Provider, By: r.Who, Coverage: c, RowsFrom: r.RowsFrom, Data: r.Data, Changes: r.Changes, Err: r.Err,
	}
}

// RunFleet reads the sources until ctx ends, but for those whose rows a watch of the team has published lately, which are
// displayed instead.
func (s *Session) RunFleet(ctx context.Context) {
	if !s.HasTeam() {
		s.Fleet.Run(ctx)
		return
	}
	failures := 0
	if !s.firstPublished(ctx, consolePoll, consoleTries) {
		failures++
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Fleet.Run(ctx)
	}()
	every := max(s.Config.Refresh/3, time.Second)
	for {
		wait := every
		if failures > 0 {
			wait = pollPause(failures, every)
		}
		select {
		case <-time.After(wait):
			failures++
			if s.PollPublished(ctx) {
				failures = 0
			}
		case <-ctx.Done():
			<-ended
			return
		}
	}
}

// refreshToShow reads the sources whose rows no watch of the team has published lately.
func (s *Session) refreshToShow(ctx context.Context) *providers.Snapshot {
	s.firstPublished(ctx, firstPoll, commandTries)
	if names := s.Fleet.NotFresh(); len(names) > 0 {
		return s.Fleet.Refresh(ctx, names...)
	}
	return s.Fleet.Snapshot()
}

// RowPublisher publishes what the fleet of a session reads.
type RowPublisher struct {
	s *Session
	p *reader.Publisher

	clouds map[string]providers.CloudView // as last published
	zones  map[string]providers.ZoneView
	last   time.Time // end of the last read that was published
	at     time.Time // when
	lease  uint64
}

// NewRowPublisher returns a publisher. It does no I/O.
func (s *Session) NewRowPublisher() *RowPublisher {
	return &RowPublisher{s: s, p: reader.NewPublisher(s.Program.TeamStore(s.Config), s.Config.Fleet, WatchName())}
}

// publishPause is the time between two writes of the index: reads that end within it are published together.
const publishPause = 2 * time.Second

// Publish publishes on behalf of a lease if a read has ended since the last time. The error is a *reader.NewerError if
// there is a newer lease.
func (p *RowPublisher) Publish(ctx context.Context, lease uint64) error {
	snap, now := p.s.Fleet.Own(), p.s.Program.Now()
	ended := lastEnd(snap)
	if lease == p.lease && (!ended.After(p.last) || now.Sub(p.at) < publishPause) {
		return nil
	}
	clouds, zones := map[string]providers.CloudView{}, map[string]providers.ZoneView{}
	var all []reader.Rows
	var reads []published
	for i := range snap.Clouds {
		v := &snap.Clouds[i]
		if v.Unconfigured || v.Earlier || v.RowsFrom.IsZero() || v.Coverage.State == providers.CoverageNone {
			continue
		}
		last, known := p.clouds[v.Cloud.Name]
		clouds[v.Cloud.Name] = *v
		all = append(all, reader.Rows{
			Source: sourceToPublish(rows.KindCloud, v.Cloud.Name, v.Cloud.Provider, v.Cloud.Key, &v.Coverage),
			Same:   known && sameCloudRows(&last, v), Encode: func() []byte { return fleet.EncodeCloud(v) }, Changes: ifKnown(known, func() []byte { return fleet.EncodeCloudChanges(&last, v) }),
		})
		reads = append(reads, published{v.Coverage.Started, v.RowsFrom})
	}
	for i := range snap.Zones {
		v := &snap.Zones[i]
		if v.Earlier || v.RowsFrom.IsZero() || v.Coverage.State == providers.CoverageNone {
			continue
		}
		last, known := p.zones[v.Zone.Name]
		zones[v.Zone.Name] = *v
		all = append(all, reader.Rows{
			Source: sourceToPublish(rows.KindZone, v.Zone.Name, v.Zone.Provider, "", &v.Coverage),
			Same:   known && sameZoneRows(&last, v), Encode: func() []byte { return fleet.EncodeZone(v) }, Changes: ifKnown(known, func() []byte { return fleet.EncodeZoneChanges(&last, v) }),
		})
		reads = append(reads, published{v.Coverage.Started, v.RowsFrom})
	}
	err := p.p.Publish(ctx, lease, all, func(sources []reader.Source) {
		now := p.s.Program.Now()
		for i := range sources {
			sources[i].Age, sources[i].RowsAge = now.Sub(reads[i].began), now.Sub(reads[i].from)
		}
	})
	p.clouds, p.zones, p.at = nil, nil, p.s.Program.Now()
	if err == nil {
		p.clouds, p.zones, p.last, p.lease = clouds, zones, ended, lease
	}
	return err
}

// ifKnown returns changes if it is known what was published last.
func ifKnown(known bool, changes func() []byte) func() []byte {
	if !known {
		return nil
	}
	return changes
}

// published is when the last read of a source began, and the one that its rows come from.
type published struct{ began, from time.Time }

func sourceToPublish(kind, name string, p providers.Provider, key providers.CloudKey, c *providers.Coverage) reader.Source {
	out := reader.Source{
		Kind: kind, Name: name, Provider: p, State: c.State, Took: c.Finished.Sub(c.Started), Rows: c.Rows, Expected: c.Expected,
		Key: key, Account: c.Account,
	}
	if e, ok := errors.AsType[*providers.Error](c.Err); ok && e.Err != nil {
		out.ErrorIs, out.Error = e.Kind, e.Op+": "+e.Err.Error()
	} else if c.Err != nil {
		out.ErrorIs, out.Error = providers.KindOf(c.Err), c.Err.Error()
	}
	return out
}

// lastEnd returns when the last read of any source ended.
func lastEnd(snap *providers.Snapshot) time.Time {
	var last time.Time
	for i := range snap.Clouds {
		if t := snap.Clouds[i].Coverage.Finished; t.After(last) && !snap.Clouds[i].Unconfigured {
			last = t
		}
	}
	for i := range snap.Zones {
		if t := snap.Zones[i].Coverage.Finished; t.After(last) {
			last = t
		}
	}
	return last
}

func sameCloudRows(a, b *providers.CloudView) bool {
	return a.Cloud.Key == b.Cloud.Key && providers.ShareRows(a.Instances, b.Instances) && providers.ShareRows(a.Addresses, b.Addresses) &&
		maps.EqualFunc(a.Lookups, b.Lookups, func(x, y providers.Lookup) bool {
			return x.Gone == y.Gone && x.Final == y.Final && x.Instance == y.Instance && (x.Err == nil) == (y.Err == nil)
		})
}

func sameZoneRows(a, b *providers.ZoneView) bool {
	return a.Zone.ID == b.Zone.ID && a.Zone.Pending == b.Zone.Pending && a.HasCompleteRead == b.HasCompleteRead && a.Since.Equal(b.Since) &&
		providers.ShareRows(a.Records, b.Records) && maps.EqualFunc(a.Appeared, b.Appeared, time.Time.Equal)
}
