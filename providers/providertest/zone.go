package providertest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/providers"
)

// Zone is a zone in memory that answers from its fields. At Cloudflare markers are comments, at Route 53 they are TXT
// records. The fields are set before it is used, or while nothing uses it.
type Zone struct {
	providers.Clock
	Self      providers.Zone
	Others    []providers.Zone // zones of the account that stand before it
	Rows      []providers.Record
	Listed    []providers.Record // rows of the list; nil for Rows
	Empties   int                // number of lists that are empty
	PageSize  int                // rows per page; 1000 if 0
	Hang      chan struct{}      // the list does not end before this is closed
	ListErr   error              // error of the list after its rows
	Blind     bool               // lookups find nothing
	Slow      time.Duration      // duration of each lookup
	LookupErr error
	// Fault returns the error of a change, and whether it is made all the same.
	Fault   func(c providers.Change) (err error, done bool)
	OnApply func(changes []providers.Change)
	Behind  time.Duration // for which reads still show what the zone held before a write; see Late
	Lies    bool          // every create is said to be there already, and not made
	Lost    bool          // and is said to have been looked up after a lost answer
	// Progress is the result of Propagated in tests of Route 53; nil for in sync.
	Progress func(ticket string) (bool, error)

	Lists   int // number of lists
	Applied [][]providers.Change

	mu      sync.Mutex
	next    int
	tickets int
	shown   []providers.Record
	wroteAt time.Time
}

// Late makes reads show what the zone holds now, for so long after each write.
func (z *Zone) Late(by time.Duration) {
	z.Behind, z.shown, z.wroteAt = by, slices.Clone(z.Rows), time.Time{}
}

// Show makes reads show these rows for the time given.
func (z *Zone) Show(rows []providers.Record, by time.Duration) {
	z.Behind, z.shown, z.wroteAt = by, rows, z.Now()
}

func (z *Zone) cf() bool { return z.Self.Provider == providers.Cloudflare }

// Seen returns what reads of the zone show.
func (z *Zone) Seen() []providers.Record {
	if z.Behind > 0 && !z.wroteAt.IsZero() && z.Now().Sub(z.wroteAt) < z.Behind {
		return z.shown
	}
	return z.Rows
}

// Owned returns what the zone holds, with the owners that its markers name.
func (z *Zone) Owned() []providers.Record { return withOwners(z.Rows) }

// withOwners returns rows with the owners that their markers name.
func withOwners(rows []providers.Record) []providers.Record {
	out := slices.Clone(rows)
	for i := range out {
		out[i].Owners = slices.Clone(out[i].Owners)
	}
	providers.AttachOwners(out)
	return out
}

// Zones implements providers.DNS.
func (z *Zone) Zones(_ context.Context, page func([]providers.Zone)) providers.Coverage {
	page(append(slices.Clone(z.Others), z.Self))
	return providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: z.Now(), Finished: z.Now()}
}

// Records implements providers.DNS.
func (z *Zone) Records(_ context.Context, _ providers.Zone, page func([]providers.Record)) providers.Coverage {
	z.mu.Lock()
	z.Lists++
	hang, failure, size, rows := z.Hang, z.ListErr, cmp.Or(z.PageSize, 1000), slices.Clone(z.Seen())
	if z.Listed != nil {
		rows = slices.Clone(z.Listed)
	}
	if z.Empties > 0 {
		z.Empties--
		rows = nil
	}
	cov := providers.Coverage{State: providers.CoverageComplete, Expected: -1, Started: z.Now()}
	z.mu.Unlock()
	if hang != nil {
		<-hang
	}
	for i := range rows {
		rows[i].Owners = slices.Clone(rows[i].Owners)
	}
	for p := range slices.Chunk(rows, size) {
		page(p)
	}
	cov.Finished = z.Now()
	if failure != nil {
		cov.State, cov.Err = providers.CoverageFailed, failure
	}
	return cov
}

// Lookup implements providers.DNS.
func (z *Zone) Lookup(ctx context.Context, _ providers.Zone, name, typ string) ([]providers.Record, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.LookupErr != nil {
		return nil, z.LookupErr
	}
	_ = z.Sleep(ctx, z.Slow)
	if z.Blind {
		return nil, nil
	}
	return slices.DeleteFunc(withOwners(z.Seen()), func(r providers.Record) bool { return r.Name != name || typ != "" && r.Type != typ }), nil
}

// Apply implements providers.Changer.
func (z *Zone) Apply(_ context.Context, _ providers.Zone, changes []providers.Change) []providers.Result {
	if z.OnApply != nil {
		z.OnApply(changes)
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.Applied = append(z.Applied, slices.Clone(changes))
	if z.Behind > 0 && z.Now().Sub(z.wroteAt) >= z.Behind {
		z.shown, z.wroteAt = slices.Clone(z.Rows), z.Now()
	}
	out := make([]providers.Result, len(changes))
	ticket := ""
	if !z.cf() {
		z.tickets++
		ticket = fmt.Sprintf("C%d", z.tickets)
	}
	for n, c := range changes {
		if z.Fault != nil {
			if err, done := z.Fault(c); err != nil {
				if done {
					z.Make(c)
				}
				out[n] = providers.Result{Err: err}
				continue
			}
		}
		out[n] = z.Make(c)
		if out[n].Err == nil && !out[n].Already {
			out[n].Ticket = ticket
		}
	}
	return out
}

// Serves returns the values of a name that the zone has.
func (z *Zone) Serves(name, typ string) (out []string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for i := range z.Rows {
		if z.Rows[i].Name == name && z.Rows[i].Type == typ {
			out = append(out, z.Rows[i].Value)
		}
	}
	return out
}

// Find returns the index of a record, or -1.
func (z *Zone) Find(r *providers.Record) int {
	return slices.IndexFunc(z.Rows, func(o providers.Record) bool {
		return o.Name == r.Name && o.Type == r.Type && o.Value == r.Value && (!z.cf() || r.ID == "" || o.ID == r.ID)
	})
}

func (z *Zone) same(before *providers.Record) error {
	for _, now := range z.Owned() {
		if now.Name == before.Name && now.Type == before.Type && now.Value == before.Value && (before.ID == "" || now.ID == before.ID) {
			if !now.Equal(before) {
				return providers.Errorf(providers.KindConflict, "change", "is %+v, was %+v", now, *before)
			}
			return nil
		}
	}
	return providers.Errorf(providers.KindConflict, "change", "%s is not there", before)
}

// Make makes a change, whatever Fault says.
func (z *Zone) Make(c providers.Change) providers.Result {
	switch c.Op {
	case providers.OpCreate:
		// Whether it is there already is what a read says, as in an adapter that reads before it writes.
		there := withOwners(z.Seen())
		i := slices.IndexFunc(there, func(o providers.Record) bool {
			return o.Name == c.After.Name && o.Type == c.After.Type && o.Value == c.After.Value
		})
		switch {
		case z.Lies:
			return providers.Result{Record: c.After, Already: !z.Lost, LookedUp: z.Lost}
		case i >= 0:
			return providers.Result{Record: there[i], Already: true}
		}
		return providers.Result{Record: z.Add(c.After)}
	case providers.OpDelete:
		if err := z.same(&c.Before); err != nil {
			return providers.Result{Err: err}
		}
		z.Drop(&c.Before)
		z.mark(&c.After, c.After.Owners)
		return providers.Result{}
	default:
		if err := z.same(&c.Before); err != nil {
			return providers.Result{Err: err}
		}
		id := z.Rows[z.Find(&c.Before)].ID
		z.Drop(&c.Before)
		c.After.ID = id
		return providers.Result{Record: z.Add(c.After)}
	}
}

// Add adds a record with the markers of its owners, and returns it as the zone holds it.
func (z *Zone) Add(r providers.Record) providers.Record {
	owners := r.Owners
	if z.cf() {
		if r.ID == "" {
			z.next++
			r.ID = fmt.Sprintf("id%d", z.next)
		}
		r.Modified = z.Now()
		if len(owners) == 1 {
			if text, _ := owners[0].Bare().Encode(); text != r.Comment {
				panic("comment and owner differ: " + r.Comment)
			}
		}
	} else {
		r.Owners = nil
	}
	z.Rows = append(z.Rows, r)
	if !z.cf() {
		z.mark(&r, owners)
	}
	for _, now := range z.Owned() {
		if now.Name == r.Name && now.Type == r.Type && now.Value == r.Value {
			return now
		}
	}
	panic("not there")
}

func (z *Zone) mark(r *providers.Record, owners []providers.Owner) {
	for _, o := range owners {
		text, err := o.For(r.Type, r.Value).Encode()
		if err != nil {
			panic(err)
		}
		z.unmark(r)
		z.Rows = append(z.Rows, providers.Record{Zone: z.Self.Name, Name: providers.MarkerName(o.Instance, r.Name), Type: "TXT", TTL: 30, Value: providers.FormatTXT([]string{text})})
	}
}

func (z *Zone) unmark(r *providers.Record) {
	z.Rows = slices.DeleteFunc(z.Rows, func(m providers.Record) bool {
		if !m.IsMarker() {
			return false
		}
		_, name, _ := providers.SplitMarkerName(m.Name)
		parts, _ := providers.ParseTXT(m.Value)
		o, err := providers.DecodeOwner(strings.Join(parts, ""))
		return err == nil && name == r.Name && o.Owns(r.Type, r.Value)
	})
}

// Drop removes a record with its markers.
func (z *Zone) Drop(r *providers.Record) {
	i := z.Find(r)
	z.Rows = slices.Delete(z.Rows, i, i+1)
	if !z.cf() && !r.IsMarker() {
		z.unmark(r)
	}
}
