package fleet

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// zoneFor is how long a zone's id and name servers are kept before they are asked for again.
const zoneFor = 10 * time.Minute

// zone is the state of one zone. Fleet.mu guards it.
type zone struct {
	schedule
	f   *Fleet
	src ZoneSource

	resolved   providers.Zone // as the provider reports it; zero until then
	resolvedAt time.Time
	pages      []providers.Record // raw rows of the current read
	pagesShown int
	pagesAt    time.Time
	held       lastGoodZone
	expected   []providers.Record // as last passed on to the adapter; of the goroutine that reads
	markers    map[providers.CloudKey][]markedInstance
	named      []providers.CloudKey // clouds in markers of this fleet
	shown      providers.ZoneView
}

// lastGoodZone holds the rows that stay when a later read is not good, with owners attached.
type lastGoodZone struct {
	rows     []providers.Record
	from     time.Time
	complete bool
}

func newZone(f *Fleet, s ZoneSource, last *providers.Snapshot) *zone {
	z := &zone{schedule: newSchedule(s.Name, s.Budget, s.Err), f: f, src: s}
	if s.Err == nil && s.DNS == nil {
		z.err = providers.Errorf(providers.KindInvalid, "read", "zone %s has no adapter", s.Name)
	}
	z.restore(last)
	return z
}

// sourceName returns the canonical name of a zone. The name of a source that stands for all zones of an account is a phrase, such
// as "zones of route53", and stays as it is.
func sourceName(name string) string {
	if strings.Contains(name, " ") {
		return name
	}
	return providers.CanonicalName(name)
}

// restore takes over the rows of an earlier run; see cloud.restore.
func (z *zone) restore(last *providers.Snapshot) {
	z.held, z.markers, z.named = lastGoodZone{}, nil, nil
	z.shown = providers.ZoneView{Zone: providers.Zone{Name: sourceName(z.src.Name), Provider: z.src.Provider, Traits: z.src.Traits}, From: z.src.From}
	if last != nil {
		for i := range last.Zones {
			if v := &last.Zones[i]; v.Zone.Name == z.shown.Zone.Name && v.Zone.Provider == z.src.Provider && !v.RowsFrom.IsZero() {
				z.restoreRows(v)
			}
		}
	}
	if z.err != nil {
		z.shown.Coverage = providers.Failed(z.f.clock.Now(), z.f.clock.Now(), z.err)
	}
}

func (z *zone) restoreRows(v *providers.ZoneView) {
	z.held = lastGoodZone{rows: v.Records, from: v.RowsFrom, complete: true}
	z.markers, z.named = markersOf(v), providers.MarkedClouds(z.f.fleetID, v.Records)
	z.restored, z.shown.Left = v.RowsFrom, v.Left
	z.shown.Zone, z.shown.Records, z.shown.RowsFrom, z.shown.Since, z.shown.Appeared, z.shown.HasCompleteRead = v.Zone, v.Records, v.RowsFrom, v.Since, v.Appeared, v.HasCompleteRead
	z.shown.Former = v.Former
}

func (z *zone) explainTimeout(s *providers.IdleTimeout) {
	z.shown.Coverage = s.Why(z.name, "list records", z.shown.Coverage)
}

func (z *zone) coverage() providers.Coverage { return z.shown.Coverage }

func (z *zone) view() providers.ZoneView {
	v := z.shown
	v.Reading, v.RetryAt, v.BudgetLeft = z.reading, z.retryAt, z.callsLeft()
	v.Earlier = z.isEarlier(v.RowsFrom)
	return v
}

// attachOwners attaches the owners of marker records to rows of an adapter, whose elements it may write.
func attachOwners(rows []providers.Record) []providers.Record {
	for i := range rows {
		rows[i].Owners = slices.Clip(rows[i].Owners)
		rows[i].BadMarkers = slices.Clip(rows[i].BadMarkers)
	}
	providers.AttachOwners(rows)
	return rows
}

// detachOwners returns a copy of rows without the owners of marker records.
func detachOwners(rows []providers.Record) []providers.Record {
	raw := slices.Clone(rows)
	for i := range raw {
		r := &raw[i]
		r.Owners = slices.DeleteFunc(slices.Clone(r.Owners), func(o providers.Owner) bool { return o.Type != "" })
		r.BadMarkers = slices.DeleteFunc(slices.Clone(r.BadMarkers), func(m string) bool { return m != r.Comment })
		r.MarkerTTL = 0
	}
	return raw
}

// sameRow reports whether an adapter has read a row again as it is held. Owners follow from comments and marker records,
// which are compared too.
func sameRow(held, raw *providers.Record) bool {
	h := *held
	h.Owners, h.BadMarkers, h.MarkerTTL = raw.Owners, raw.BadMarkers, raw.MarkerTTL
	return h.Same(raw)
}

// markedInstance is an instance that markers name, with the time of the newest one.
type markedInstance struct {
	id    string
	since time.Time
}

// markersOf returns the instances named by owners of rows and by marker records, including markers whose record is
// gone, for each cloud in the order of their ids.
func markersOf(v *providers.ZoneView) map[providers.CloudKey][]markedInstance {
	newest := map[providers.CloudKey]map[string]time.Time{}
	add := func(r *providers.Record, o providers.Owner) {
		if o.Host() || o.Evacuates() {
			return
		}
		ids := newest[o.Cloud]
		if ids == nil {
			ids = map[string]time.Time{}
			newest[o.Cloud] = ids
		}
		since := v.MarkerSince(r, o, nil, false)
		if t, ok := ids[o.Instance]; !ok || since.After(t) {
			ids[o.Instance] = since
		}
	}
	for i := range v.Records {
		r := &v.Records[i]
		for _, o := range r.Owners {
			add(r, o)
		}
		if !r.IsMarker() {
			continue
		}
		if parts, ok := providers.ParseTXT(r.Value); ok {
			if o, err := providers.DecodeOwner(strings.Join(parts, "")); err == nil {
				add(r, o)
			}
		}
	}
	out := make(map[providers.CloudKey][]markedInstance, len(newest))
	for key, ids := range newest {
		list := make([]markedInstance, 0, len(ids)) // a third of the map's memory
		for id, since := range ids {
			list = append(list, markedInstance{id, since})
		}
		slices.SortFunc(list, func(a, b markedInstance) int { return strings.Compare(a.id, b.id) })
		out[key] = list
	}
	return out
}

// fetch resolves the zone and reads its records, twice if there are suspiciously few.
func (z *zone) fetch(ctx context.Context, gen uint64, started time.Time) func() {
	z.f.mu.Lock()
	z.pages, z.pagesShown = nil, 0
	resolved, at, held, seen, before := z.resolved, z.resolvedAt, z.held, z.shown.Zone.ID, z.shown
	earlier := z.isEarlier(held.from)
	z.f.mu.Unlock()
	if resolved.ID == "" || z.f.clock.Now().Sub(at) > zoneFor {
		found, err := providers.FindZone(ctx, z.src.DNS, z.name, z.src.ZoneChoice, seen)
		if err != nil {
			return func() {
				z.resolved = providers.Zone{}
				z.recordFailure(started, err)
			}
		}
		resolved, at = found, z.f.clock.Now()
		z.noteAnswer()
	}
	z.expectRecords(resolved, held.rows)
	rows := make([]providers.Record, 0, likely(held.rows))
	cov := z.src.DNS.Records(ctx, resolved, func(page []providers.Record) {
		rows = append(rows, page...)
		z.addPage(gen, resolved, page)
	})
	if err := verifyRecords(ctx, z.src.DNS, resolved, cov, rows, held.rows, z.noteAnswer); err != nil {
		cov.State = providers.CoveragePartial
		cov.Err = &providers.Error{Kind: providers.KindIncomplete, Source: z.name, Op: "list records", Err: err}
	}
	if !cov.Complete() && cov.Err == nil {
		cov.Err = &providers.Error{Kind: providers.KindIncomplete, Source: z.name, Op: "list records", Err: fmt.Errorf("the read did not come to its end")}
	}
	rows = trimmed(rows)
	if !earlier { // what an earlier run attached is not believed
		rows = unchanged(held.rows, rows, sameRow)
	}
	next, onView := rowsAfter(cov, rows, held)
	if !providers.ShareRows(onView, held.rows) {
		attachOwners(onView)
	}
	z.expectRecords(resolved, next.rows)
	now := providers.ZoneView{Zone: resolved, Coverage: cov, Records: onView, RowsFrom: next.from, HasCompleteRead: next.complete}
	now.SetAppeared(&before)
	now.SetFormer(&before, z.f.clock.Now())
	markers, named := markersOf(&now), providers.MarkedClouds(z.f.fleetID, now.Records)
	return func() {
		z.resolved, z.resolvedAt = resolved, at
		if k := providers.KindOf(cov.Err); k == providers.KindNotFound || k == providers.KindAuth {
			z.resolved = providers.Zone{} // it may have been created again under another id
		}
		z.pages = nil
		z.held = next
		z.shown.Zone, z.shown.Coverage = resolved, cov
		if !next.from.IsZero() {
			z.shown.Records, z.shown.RowsFrom, z.shown.Since, z.shown.Appeared, z.shown.HasCompleteRead = now.Records, next.from, now.Since, now.Appeared, now.HasCompleteRead
			z.shown.Former = now.Former
			z.markers, z.named = markers, named
		}
	}
}

// expectRecords passes rows that are held on to the adapter, if they are others than the last time.
func (z *zone) expectRecords(resolved providers.Zone, rows []providers.Record) {
	if e, ok := z.src.DNS.(providers.RecordExpecter); ok && !providers.ShareRows(rows, z.expected) {
		e.ExpectRecords(resolved, rows)
		z.expected = rows
	}
}

// noteAnswer records an answer of the account that brought no new rows.
func (z *zone) noteAnswer() {
	z.f.mu.Lock()
	defer z.f.mu.Unlock()
	z.noteProgress(0)
}

// rowsAfter returns the rows to hold and the rows to show after a read. Rows that are not those of held are without the
// owners of marker records.
func rowsAfter(cov providers.Coverage, rows []providers.Record, held lastGoodZone) (next lastGoodZone, onView []providers.Record) {
	switch {
	case cov.Complete():
		return lastGoodZone{rows: rows, from: cov.Started, complete: true}, rows
	case held.from.IsZero() && len(rows) > 0:
		return lastGoodZone{rows: rows, from: cov.Started}, rows
	case cov.State == providers.CoveragePartial && len(rows) > 0:
		onView = overlay(detachOwners(held.rows), rows, func(r *providers.Record) string {
			id := r.Identity()
			return id.Name + "\x00" + id.Type + "\x00" + id.Value + "\x00" + id.ID
		})
		if !held.complete {
			held.rows = onView
		}
		return held, onView
	default:
		return held, held.rows
	}
}

// addPage shows the pages of a first read as they arrive; see cloud.addPage. It attaches owners to a copy because a
// marker may be on a later page.
func (z *zone) addPage(gen uint64, resolved providers.Zone, page []providers.Record) {
	z.f.mu.Lock()
	defer z.f.mu.Unlock()
	if z.gen != gen {
		return
	}
	z.noteProgress(len(page))
	if !z.held.from.IsZero() {
		return
	}
	z.pages = append(z.pages, page...)
	if !worthShowing(len(z.pages), z.pagesShown, z.f.clock.Now(), z.pagesAt) {
		return
	}
	z.pagesShown, z.pagesAt = len(z.pages), z.f.clock.Now()
	z.shown.Zone, z.shown.Records, z.shown.RowsFrom = resolved, attachOwners(slices.Clone(z.pages)), z.since
	z.f.publish()
}

func (z *zone) canSetUp() bool { return z.src.SetUp != nil }

func (z *zone) setUp() error {
	dns, err := z.src.SetUp()
	if err != nil {
		return err
	}
	z.f.mu.Lock()
	defer z.f.mu.Unlock()
	z.src.DNS = dns
	return nil
}

// recordFailure records a read without an answer. The rows stay.
func (z *zone) recordFailure(started time.Time, err error) {
	z.shown.Coverage = providers.Failed(started, z.f.clock.Now(), err)
	if z.held.from.IsZero() && len(z.pages) > 0 {
		z.held = lastGoodZone{rows: attachOwners(z.pages), from: started}
	}
	z.pages = nil
}

// lookUpMissing makes every cloud look up the instances that the zone's markers name.
func (z *zone) lookUpMissing(ctx context.Context) {
	done := make(chan struct{})
	for _, c := range z.f.clouds {
		go func() {
			c.lookUpMissing(ctx)
			done <- struct{}{}
		}()
	}
	for range z.f.clouds {
		<-done
	}
}
