package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/providertest"
)

var begin = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

type fakeCloud = providertest.Cloud

// fakeDNS is a zone in memory. At Cloudflare markers are comments, at Route 53
// they are TXT records.
type fakeDNS struct {
	mu      sync.Mutex
	clk     *providertest.Clock
	zone    providers.Zone
	rows    []providers.Record
	next    int
	fault   func(c providers.Change) (err error, done bool) // what a change answers, and whether it is made all the same
	onApply func(changes []providers.Change)
	lookErr error
	listErr error
	blind   bool          // lookups find nothing
	slow    time.Duration // what a lookup takes
	applied [][]providers.Change
	lists   int
	// behind is how long reads still show what the zone held before a write, shown; see late.
	behind  time.Duration
	shown   []providers.Record
	wroteAt time.Time
	lies    bool // every create is said to be there already, and not made
	lost    bool // what lies is said to have been looked up after a lost answer
	// progress is what GetChange answers of a change; nil for in sync.
	progress func(ticket string) (bool, error)
	tickets  int
}

func (d *fakeDNS) cf() bool { return d.zone.Provider == providers.Cloudflare }

// seen is what reads of the zone show.
func (d *fakeDNS) seen() []providers.Record {
	if d.behind > 0 && !d.wroteAt.IsZero() && d.clk.Now().Sub(d.wroteAt) < d.behind {
		return d.shown
	}
	return d.rows
}

func (d *fakeDNS) read() []providers.Record { return attached(d.rows) }

// attached returns rows with the owners that their markers name.
func attached(rows []providers.Record) []providers.Record {
	out := slices.Clone(rows)
	for i := range out {
		out[i].Owners = slices.Clone(out[i].Owners)
	}
	providers.AttachOwners(out)
	return out
}

// Zones lists the one zone.
func (d *fakeDNS) Zones(_ context.Context, page func([]providers.Zone)) providers.Coverage {
	page([]providers.Zone{d.zone})
	return providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: d.clk.Now(), Finished: d.clk.Now()}
}

func (d *fakeDNS) Records(_ context.Context, _ providers.Zone, page func([]providers.Record)) providers.Coverage {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lists++
	if d.listErr != nil {
		return providers.Failed(d.clk.Now(), d.clk.Now(), d.listErr)
	}
	rows := slices.Clone(d.seen())
	for i := range rows {
		rows[i].Owners = slices.Clone(rows[i].Owners)
	}
	page(rows)
	return providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: d.clk.Now(), Finished: d.clk.Now()}
}

func (d *fakeDNS) Lookup(_ context.Context, _ providers.Zone, name, typ string) ([]providers.Record, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lookErr != nil {
		return nil, d.lookErr
	}
	d.clk.Advance(d.slow)
	if d.blind {
		return nil, nil
	}
	return slices.DeleteFunc(attached(d.seen()), func(r providers.Record) bool { return r.Name != name || typ != "" && r.Type != typ }), nil
}

func (d *fakeDNS) Apply(_ context.Context, _ providers.Zone, changes []providers.Change) []providers.Result {
	if d.onApply != nil {
		d.onApply(changes)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.applied = append(d.applied, slices.Clone(changes))
	if d.behind > 0 && d.clk.Now().Sub(d.wroteAt) >= d.behind {
		d.shown, d.wroteAt = slices.Clone(d.rows), d.clk.Now()
	}
	out := make([]providers.Result, len(changes))
	ticket := ""
	if !d.cf() {
		d.tickets++
		ticket = fmt.Sprintf("C%d", d.tickets)
	}
	for n, c := range changes {
		if d.fault != nil {
			if err, done := d.fault(c); err != nil {
				if done {
					d.apply(c)
				}
				out[n] = providers.Result{Err: err}
				continue
			}
		}
		out[n] = d.apply(c)
		if out[n].Err == nil && !out[n].Already {
			out[n].Ticket = ticket
		}
	}
	return out
}

// serves returns the values of a name that the zone has.
func (d *fakeDNS) serves(name, typ string) (out []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.rows {
		if d.rows[i].Name == name && d.rows[i].Type == typ {
			out = append(out, d.rows[i].Value)
		}
	}
	return out
}

// fakeRoute53 is a zone in memory whose provider says how far a change has got.
type fakeRoute53 struct{ *fakeDNS }

// Propagated says that every name server of a zone has every change of it, at once.
func (d fakeRoute53) Propagated(_ context.Context, ticket string) (bool, error) {
	if d.progress != nil {
		return d.progress(ticket)
	}
	return true, nil
}

// servers are name servers that answer what the zones hold, but for what says makes of it.
type servers struct {
	zones []*fakeDNS
	says  func(name, typ string, values []string) ([]index.WireAnswer, error)
}

func (s *servers) Answers(_ context.Context, zone providers.Zone, name, typ string, _ int) ([]index.WireAnswer, error) {
	for _, d := range s.zones {
		if d.zone.Name != zone.Name {
			continue
		}
		v := d.serves(name, typ)
		if s.says != nil {
			return s.says(name, typ, v)
		}
		return []index.WireAnswer{{Server: "ns1", Values: v}, {Server: "ns2", Values: v}}, nil
	}
	return nil, errDown
}

// counting counts the samples that are asked for.
type counting struct {
	*servers
	asked func(samples int)
}

func (c *counting) Answers(ctx context.Context, zone providers.Zone, name, typ string, samples int) ([]index.WireAnswer, error) {
	c.asked(samples)
	return c.servers.Answers(ctx, zone, name, typ, samples)
}

func (d *fakeDNS) find(r *providers.Record) int {
	return slices.IndexFunc(d.rows, func(o providers.Record) bool {
		return o.Name == r.Name && o.Type == r.Type && o.Value == r.Value && (!d.cf() || r.ID == "" || o.ID == r.ID)
	})
}

func (d *fakeDNS) same(before *providers.Record) error {
	for _, now := range d.read() {
		if now.Name == before.Name && now.Type == before.Type && now.Value == before.Value && (before.ID == "" || now.ID == before.ID) {
			if !now.Equal(before) {
				return providers.Errorf(providers.KindConflict, "change", "is %+v, was %+v", now, *before)
			}
			return nil
		}
	}
	return providers.Errorf(providers.KindConflict, "change", "%s is not there", before)
}

func (d *fakeDNS) apply(c providers.Change) providers.Result {
	switch c.Op {
	case providers.OpCreate:
		// Whether it is there already is what a read says, as in an adapter that reads before it writes.
		there := attached(d.seen())
		i := slices.IndexFunc(there, func(o providers.Record) bool {
			return o.Name == c.After.Name && o.Type == c.After.Type && o.Value == c.After.Value
		})
		switch {
		case d.lies:
			return providers.Result{Record: c.After, Already: !d.lost, LookedUp: d.lost}
		case i >= 0:
			return providers.Result{Record: there[i], Already: true}
		}
		return providers.Result{Record: d.add(c.After)}
	case providers.OpDelete:
		if err := d.same(&c.Before); err != nil {
			return providers.Result{Err: err}
		}
		d.drop(&c.Before)
		d.mark(&c.After, c.After.Owners)
		return providers.Result{}
	default:
		if err := d.same(&c.Before); err != nil {
			return providers.Result{Err: err}
		}
		id := d.rows[d.find(&c.Before)].ID
		d.drop(&c.Before)
		c.After.ID = id
		return providers.Result{Record: d.add(c.After)}
	}
}

func (d *fakeDNS) add(r providers.Record) providers.Record {
	owners := r.Owners
	if d.cf() {
		if r.ID == "" {
			d.next++
			r.ID = fmt.Sprintf("id%d", d.next)
		}
		r.Modified = d.clk.Now()
		if len(owners) == 1 {
			if text, _ := owners[0].Bare().Encode(); text != r.Comment {
				panic("comment and owner differ: " + r.Comment)
			}
		}
	} else {
		r.Owners = nil
	}
	d.rows = append(d.rows, r)
	if !d.cf() {
		d.mark(&r, owners)
	}
	for _, now := range d.read() {
		if now.Name == r.Name && now.Type == r.Type && now.Value == r.Value {
			return now
		}
	}
	panic("not there")
}

func (d *fakeDNS) mark(r *providers.Record, owners []providers.Owner) {
	for _, o := range owners {
		text, err := o.For(r.Type, r.Value).Encode()
		if err != nil {
			panic(err)
		}
		d.unmark(r)
		d.rows = append(d.rows, providers.Record{Zone: d.zone.Name, Name: providers.MarkerName(o.Instance, r.Name), Type: "TXT", TTL: 30, Value: providers.FormatTXT([]string{text})})
	}
}

func (d *fakeDNS) unmark(r *providers.Record) {
	d.rows = slices.DeleteFunc(d.rows, func(m providers.Record) bool {
		if !m.IsMarker() {
			return false
		}
		_, name, _ := providers.SplitMarkerName(m.Name)
		parts, _ := providers.ParseTXT(m.Value)
		o, err := providers.DecodeOwner(strings.Join(parts, ""))
		return err == nil && name == r.Name && o.Owns(r.Type, r.Value)
	})
}

func (d *fakeDNS) drop(r *providers.Record) {
	i := d.find(r)
	d.rows = slices.Delete(d.rows, i, i+1)
	if !d.cf() && !r.IsMarker() {
		d.unmark(r)
	}
}

var errDown = errors.New("down")
