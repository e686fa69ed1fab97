package fleet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
)

// cloud is the state of one cloud. Fleet.mu guards it.
type cloud struct {
	schedule
	f   *Fleet
	src CloudSource

	incoming incoming            // rows of the current read
	read     cloudRead           // the last read that ended with an answer
	held     lastGoodCloud       // the last good rows
	answers  map[string]answer   // for single ids, of the cloud held.cloud.Key
	lookedUp int                 // lookups since the last read
	shown    providers.CloudView // the cloud's part of the snapshot, without the schedule
	verify   chan struct{}       // capacity 1: one verification at a time
	accepted providers.Cloud     // the cloud of the first complete read of this run
}

// incoming collects the pages of a read. Rows are only appended, so a prefix can be shown while more arrive.
type incoming struct {
	rows    []providers.Instance
	addrs   []providers.Address
	shown   int
	shownAt time.Time
}

// cloudRead is one finished read.
type cloudRead struct {
	gen    uint64
	cov    providers.Coverage // of instances and addresses together
	rows   []providers.Instance
	addrs  []providers.Address
	order  []int32       // positions in rows, in the order of ids; see lists
	before lastGoodCloud // the rows held when it ended
	packed *packedRows   // the rows of before, if it has none
	// missing are the answering cloud's living instances that were on view when the read ended (those of the last
	// complete read, updated by partial reads and lookups since) and that it did not list. wasShown is how many were.
	missing  []string
	wasShown int
}

// byID returns the positions of rows in the order of their ids.
func byID(rows []providers.Instance) []int32 {
	order := make([]int32, len(rows))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return strings.Compare(rows[a].ID, rows[b].ID) })
	return order
}

// lists reports whether the read has listed an id.
func (r *cloudRead) lists(id string) bool {
	_, found := slices.BinarySearchFunc(r.order, id, func(at int32, id string) int { return strings.Compare(r.rows[at].ID, id) })
	return found
}

// lastGoodCloud holds rows that stay when a later read is not good.
type lastGoodCloud struct {
	rows     []providers.Instance
	addrs    []providers.Address
	from     time.Time
	cloud    providers.Cloud
	complete bool // the rows are those of a complete read
	earlier  bool // the rows are those of an earlier run
}

func newCloud(f *Fleet, s CloudSource, last *providers.Snapshot) *cloud {
	c := &cloud{
		schedule: newSchedule(s.Name, s.Budget, s.Err), f: f, src: s,
		answers: map[string]answer{}, verify: make(chan struct{}, 1),
	}
	if s.Err == nil && s.Compute == nil {
		c.err = providers.Errorf(providers.KindInvalid, "read", "cloud %s has no adapter", s.Name)
	}
	c.restore(last)
	return c
}

// restore takes over the rows of an earlier run, or none if last is nil. They are shown, and reads are compared with
// them, but no conclusion rests on them because another process read them.
func (c *cloud) restore(last *providers.Snapshot) {
	c.held = lastGoodCloud{}
	c.shown = providers.CloudView{
		Cloud: providers.Cloud{Name: c.src.Name, Provider: c.src.Provider, Traits: c.src.Traits, Region: c.src.Region},
		From:  c.src.From, Production: c.src.Production,
	}
	if last != nil {
		for i := range last.Clouds {
			if v := &last.Clouds[i]; v.Cloud.Name == c.src.Name && v.Cloud.Provider == c.src.Provider && !v.RowsFrom.IsZero() {
				c.restoreRows(v)
			}
		}
	}
	if c.err != nil {
		c.shown.Coverage = providers.Failed(c.f.clock.Now(), c.f.clock.Now(), c.err)
	}
}

func (c *cloud) restoreRows(v *providers.CloudView) {
	c.held = lastGoodCloud{rows: v.Instances, addrs: v.Addresses, from: v.RowsFrom, cloud: v.Cloud, complete: true, earlier: true}
	c.shown.Cloud.Account, c.shown.Cloud.Key = v.Cloud.Account, v.Cloud.Key
	c.shown.Instances, c.shown.Addresses, c.shown.RowsFrom, c.shown.Left = v.Instances, v.Addresses, v.RowsFrom, v.Left
	c.restored = v.RowsFrom
	for id, l := range v.Lookups {
		if l = l.By(&c.src.Traits); l.Gone && l.Err == nil {
			c.answers[id] = answer{Lookup: l}
		}
	}
}

func (c *cloud) explainTimeout(s *providers.IdleTimeout) {
	c.shown.Coverage = s.Why(c.name, "list instances", c.shown.Coverage)
}

func (c *cloud) coverage() providers.Coverage { return c.shown.Coverage }

func (c *cloud) view() providers.CloudView {
	v := c.shown
	v.Reading, v.RetryAt, v.BudgetLeft = c.reading, c.retryAt, c.callsLeft()
	v.Earlier = c.isEarlier(v.RowsFrom)
	return v
}

// fetch reads instances and addresses concurrently, and identifies the cloud once for both.
func (c *cloud) fetch(ctx context.Context, gen uint64, started time.Time) func() {
	c.f.mu.Lock()
	c.incoming = incoming{}
	c.f.mu.Unlock()
	ctx = providers.WithOneIdentity(ctx, c.src.Compute.Identify)
	var wg sync.WaitGroup
	var cov, acov providers.Coverage
	wg.Go(func() {
		acov = c.src.Compute.Addresses(ctx, func(page []providers.Address) {
			c.f.mu.Lock()
			defer c.f.mu.Unlock()
			if c.gen == gen {
				c.noteProgress(len(page))
				c.incoming.addrs = joined(c.incoming.addrs, page)
			}
		})
	})
	cov = c.src.Compute.Instances(ctx, func(page []providers.Instance) { c.addPage(gen, page) })
	wg.Wait()

	c.f.mu.Lock()
	if c.gen != gen {
		c.f.mu.Unlock()
		return func() {}
	}
	in := c.incoming
	c.f.mu.Unlock()
	// A finished read no longer appends, so in is safe to read.
	in.rows, in.addrs = trimmed(in.rows), trimmed(in.addrs)
	order := byID(in.rows)
	return func() {
		c.read = cloudRead{gen: gen, cov: combineCoverage(c.name, started, cov, acov), rows: in.rows, addrs: in.addrs, order: order, before: c.held}
		if !c.held.from.IsZero() && (c.held.cloud.Key == cov.Key || c.held.cloud.Key == "") {
			c.read.noteShown(c.shown.Instances)
		}
		c.incoming, c.lookedUp = incoming{}, 0
		maps.DeleteFunc(c.answers, func(id string, _ answer) bool { return c.read.lists(id) }) // the list is newer
		c.acceptRead()
	}
}

// addPage adds a page. While the cloud has no rows yet, pages are shown at once, or, when they arrive fast, each time
// that the rows have grown by a quarter, because readers of a snapshot process all of its rows.
func (c *cloud) addPage(gen uint64, page []providers.Instance) {
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if c.gen != gen {
		return
	}
	c.noteProgress(len(page))
	in := &c.incoming
	in.rows = joined(in.rows, page)
	if !c.held.from.IsZero() || !worthShowing(len(in.rows), in.shown, c.f.clock.Now(), in.shownAt) {
		return
	}
	in.shown, in.shownAt = len(in.rows), c.f.clock.Now()
	c.shown.Instances, c.shown.Addresses = slices.Clip(in.rows), slices.Clip(in.addrs)
	c.shown.RowsFrom = c.since
	c.f.publish()
}

// joined returns rows with a page behind them. It never writes to a page, since the adapter may hold its rows, too.
func joined[T any](rows, page []T) []T {
	if rows == nil {
		return slices.Clip(page)
	}
	return append(rows, page...)
}

// showAtLeast is how long rows wait at most before they are shown, however few they are.
const showAtLeast = 250 * time.Millisecond

func worthShowing(rows, shown int, now, shownAt time.Time) bool {
	return rows > shown && (shown == 0 || (rows-shown)*4 >= shown || now.Sub(shownAt) >= showAtLeast)
}

// combineCoverage returns one coverage for the two listings of a cloud. It is complete if both are and if the same
// account answered both.
func combineCoverage(name string, started time.Time, instances, addresses providers.Coverage) providers.Coverage {
	c := instances
	if c.Started.IsZero() {
		c.Started = started
	}
	if !addresses.Started.IsZero() && addresses.Started.Before(c.Started) {
		c.Started = addresses.Started
	}
	if addresses.Finished.After(c.Finished) {
		c.Finished = addresses.Finished
	}
	c.Skew = larger(c.Skew, addresses.Skew)
	incomplete := func(kind providers.Kind, format string, args ...any) error {
		return &providers.Error{Kind: kind, Source: name, Op: "list instances", Err: fmt.Errorf(format, args...)}
	}
	switch {
	case !instances.Complete():
		if c.State != providers.CoveragePartial {
			c.State = providers.CoverageFailed
		}
		if c.Err == nil {
			c.Err = incomplete(providers.KindIncomplete, "the read did not come to its end")
		}
	case c.Key == "":
		c.State, c.Err = providers.CoveragePartial, incomplete(providers.KindIncomplete, "the cloud did not say which account answered")
	case addresses.Complete() && addresses.Key != "" && addresses.Key != c.Key:
		c.State, c.Err = providers.CoverageFailed, incomplete(providers.KindAuth, "two accounts answered in one read: the credentials were changed meanwhile")
	case !addresses.Complete():
		c.State, c.Err = providers.CoveragePartial, addresses.Err
		if c.Err == nil {
			c.Err = incomplete(providers.KindIncomplete, "the addresses were not read to their end")
		}
	}
	return c
}

func larger(a, b time.Duration) time.Duration {
	if b.Abs() > a.Abs() {
		return b
	}
	return a
}

func (c *cloud) canSetUp() bool { return c.src.SetUp != nil }

func (c *cloud) setUp() error {
	compute, err := c.src.SetUp()
	if err != nil {
		return err
	}
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	c.src.Compute = compute
	return nil
}

// recordFailure records a read without an answer. The rows stay, and so do the pages of a failed first read.
func (c *cloud) recordFailure(started time.Time, err error) {
	if c.held.from.IsZero() && len(c.incoming.rows) > 0 {
		c.held = lastGoodCloud{rows: c.incoming.rows, addrs: c.incoming.addrs, from: started, cloud: c.shown.Cloud}
		c.show(c.held)
	}
	c.incoming, c.read = incoming{}, cloudRead{}
	c.shown.Coverage = providers.Failed(started, c.f.clock.Now(), err)
}

// acceptRead sets the coverage and the rows after the last read, from its coverage, the rows held before it, and the
// cloud's answers for single ids. It is called again when more answers have arrived. The caller holds Fleet.mu.
func (c *cloud) acceptRead() {
	r := &c.read
	before := r.before // without rows if they are packed
	cov := r.cov
	id := providers.Cloud{Name: c.name, Provider: c.src.Provider, Traits: c.src.Traits, Region: c.src.Region, Account: cov.Account, Key: cov.Key}
	was := c.accountBefore()
	if before.earlier && cov.Key != "" && cov.Key != before.cloud.Key && cov.Complete() && was.Key == "" {
		// The name now belongs to another account: rows of the earlier run say nothing about it.
		before = lastGoodCloud{}
		r.before, r.packed, r.missing, r.wasShown, c.answers = before, nil, nil, 0, map[string]answer{}
	}
	switch {
	case cov.Complete() && was.Key != "" && cov.Key != was.Key:
		cov.State = providers.CoverageFailed
		cov.Err = anotherAccount(c.name, "list instances", id, was)
	case cov.Complete():
		c.accepted = id
		if err := c.verifyList(); err != nil {
			cov.State = providers.CoveragePartial
			cov.Err = &providers.Error{Kind: providers.KindIncomplete, Source: c.name, Op: "list instances", Err: err}
		}
	}
	c.shown.Coverage = cov
	switch {
	case cov.Complete():
		if r.packed == nil {
			r.rows = unchanged(before.rows, r.rows, (*providers.Instance).Equal)
			r.addrs = unchanged(before.addrs, r.addrs, func(a, b *providers.Address) bool { return *a == *b })
		}
		c.held = lastGoodCloud{rows: r.rows, addrs: r.addrs, from: cov.Started, cloud: id, complete: true}
		r.pack()
	case before.from.IsZero():
		c.held = lastGoodCloud{rows: r.rows, addrs: r.addrs, from: cov.Started, cloud: id}
		if len(r.rows)+len(r.addrs) == 0 && cov.State == providers.CoverageFailed {
			c.held = lastGoodCloud{}
		}
	case cov.State == providers.CoveragePartial && cov.Key == before.cloud.Key:
		// A partial read updates the older rows with those that arrived.
		before = r.unpack()
		h := before
		h.rows = overlay(before.rows, r.rows, func(i *providers.Instance) string { return i.ID })
		h.addrs = overlay(before.addrs, r.addrs, addressKey)
		c.show(h)
		if !before.complete {
			c.held = h
		} else {
			c.held = before
		}
		return
	default:
		c.held = r.unpack()
	}
	c.show(c.held)
}

// accountBefore returns the cloud that the name stands for: that of the first complete read of this run, else that of the
// rows of an earlier run, if there are any and it is not forgotten; else it has no key. Without a config file the name
// comes from the credentials, and stands for whatever they lead to. The caller holds Fleet.mu.
func (c *cloud) accountBefore() providers.Cloud {
	b := &c.read.before
	switch {
	case c.accepted.Key != "":
		return c.accepted
	case !c.f.keepUnconfigured || !b.earlier || len(b.rows)+len(b.addrs)+c.read.wasShown == 0 || slices.Contains(c.f.forgotten, b.cloud.Key):
		return providers.Cloud{}
	}
	return b.cloud
}

// show puts rows on view, together with instances that the list left out but the cloud returned by id.
func (c *cloud) show(h lastGoodCloud) {
	c.shown.Instances, c.shown.Addresses, c.shown.RowsFrom = slices.Clip(h.rows), slices.Clip(h.addrs), h.from
	if !h.from.IsZero() {
		c.shown.Cloud = h.cloud
	}
	c.shown.Lookups = map[string]providers.Lookup{}
	if c.read.cov.Key != c.accepted.Key {
		return
	}
	var extra []providers.Instance
	for _, id := range slices.Sorted(maps.Keys(c.answers)) {
		if a := c.answers[id]; !c.read.lists(id) {
			c.shown.Lookups[id] = a.Lookup
			if a.alive() {
				extra = append(extra, *a.Instance)
			}
		}
	}
	if len(extra) > 0 {
		c.shown.Instances = overlay(h.rows, extra, func(i *providers.Instance) string { return i.ID })
	}
}

// verifyList returns why a listing that looks complete is not accepted yet, or nil.
func (c *cloud) verifyList() error {
	var alive, open []string
	for _, id := range c.knownUnlisted() {
		if a := c.answers[id]; a.alive() && a.Instance.State.Listed() {
			alive = append(alive, id)
		}
	}
	known := alive // sorted
	for _, id := range c.markedUnlisted() {
		switch a := c.answers[id]; {
		case a.alive():
			if _, found := slices.BinarySearch(known, id); !found {
				alive = append(alive, id)
			}
		case !a.Gone || c.mustLookUp(id):
			open = append(open, id)
		}
	}
	if len(alive) > 0 {
		return fmt.Errorf("the list left out %s: the cloud shows it when asked by id", firstFew(alive))
	}
	short := c.short()
	if short == "" {
		return nil
	}
	if z := c.f.unreadZones(); len(z) > 0 {
		return fmt.Errorf("%s; it is not believed before zone %s, whose markers name instances, was read", short, z[0])
	}
	if len(open) > 0 {
		return fmt.Errorf("%s; it is not believed before the cloud was asked for %s, which markers name", short, firstFew(open))
	}
	return nil
}

// short returns why the last list is suspiciously short: it is empty, or has under half as many instances as were shown
// before. It returns "" for any other list.
func (c *cloud) short() string {
	r := &c.read
	switch {
	case len(r.rows) == 0:
		return "the list is empty"
	case 2*len(r.rows) < r.wasShown:
		return fmt.Sprintf("the list has %d instances and had %d before", len(r.rows), r.wasShown)
	}
	return ""
}

// firstFew returns the first three ids and the number of the others.
func firstFew(ids []string) string {
	const most = 3
	s := strings.Join(ids[:min(most, len(ids))], ", ")
	if n := len(ids) - most; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}
