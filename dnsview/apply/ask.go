package apply

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// guardOutcome is the result of the guards of one step.
type guardOutcome struct {
	change  providers.Change // with the current Before
	guards  []index.GuardResult
	pass    bool
	already bool // the record to delete does not exist
}

// askGuards gathers the evidence for some steps concurrently and evaluates their guards in the plan's order, each with
// the results of those that passed before. Clouds are asked about the steps ahead too, which saves calls.
func (r *run) askGuards(ctx context.Context, steps, ahead []int, dry bool) []guardOutcome {
	ev := r.evidence(ctx)
	r.askInstances(ctx, ev, steps, ahead, dry)
	out := make([]guardOutcome, len(steps))
	inputs := make([]*guard.Evidence, len(steps))
	own := r.ownWrites()
	var mu sync.Mutex
	lookups := map[recordKey]func() ([]providers.Record, error){}
	lists := map[*ZoneTarget]func() providers.ZoneView{}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for n, i := range steps {
		c := r.rebase(r.plan.Steps[i].Change, dry)
		p := r.guardInput(ev, i, c)
		p.OwnWrites = own
		if dry {
			p.Joining = r.joining(ev.view, i, c)
		}
		if o, ok := guard.InstanceToVerify(r.plan.Verb, c); ok {
			p.Answer = r.answers[question{o.Cloud, o.Instance}].InstanceAnswer
		}
		inputs[n], out[n].change = p, *c
		g.Go(func() error {
			rec := c.Record()
			at := recordKey{zone: rec.Zone, name: rec.Name, typ: rec.Type}
			mu.Lock()
			lookup := lookups[at]
			if lookup == nil {
				lookup = sync.OnceValues(func() ([]providers.Record, error) { return r.lookUp(ctx, r.plan.Steps[i].Zone, rec.Name, rec.Type) })
				lookups[at] = lookup
			}
			t := r.engine.zone(rec.Zone)
			if lists[t] == nil && t != nil {
				lists[t] = r.engine.listOnce(ctx, t)
			}
			list := lists[t]
			mu.Unlock()
			p.Found, p.FoundErr = lookup() // after the instances, so that no answer about them is newer than the record
			if _, n := index.Find(p.Found, c); n == 0 && p.FoundErr == nil && c.Op != providers.OpCreate {
				p.FoundErr = absent(t, list, c)
			}
			p.Reread = true
			if name, typ, ok := guard.RelatedRecords(r.plan.Verb, c); ok {
				p.Related, p.RelatedErr = r.lookUp(ctx, r.plan.Steps[i].Zone, name, typ)
			}
			return nil
		})
	}
	_ = g.Wait() // errors are part of the evidence
	r.askHolders(ctx, ev, inputs, ahead, dry)
	r.book, r.bookErr = r.entries()
	now := r.engine.o.Now()
	if r.missing = nil; r.bookErr == nil {
		r.missing = r.engine.o.Journal.Missing(now.Add(-thresholdWindow))
	}
	for n, i := range steps {
		p := inputs[n]
		p.Now = now
		r.guardStep(i, p, &out[n], dry)
	}
	r.threshold(steps, inputs, out, dry)
	return out
}

// holders are what the clouds said about who holds addresses, and a time before they were asked.
type holders struct {
	addrs map[netip.Addr]bool
	rows  []providers.Address
	asked time.Time
}

// askHolders queries each cloud that supports it for the holders of the addresses in records of dead owners, where there
// is no fresh answer, and with them of those of the steps ahead. A list of network interfaces has no count, so a list
// that omits a load balancer cannot be recognized.
func (r *run) askHolders(ctx context.Context, ev *evidence, inputs []*guard.Evidence, ahead []int, dry bool) {
	var addrs []netip.Addr
	for _, p := range inputs {
		addrs = append(addrs, p.AddressesToVerify()...)
	}
	if len(addrs) == 0 {
		return
	}
	var err error
	if h := &r.holders; !r.isFresh(h.asked) || slices.ContainsFunc(addrs, func(a netip.Addr) bool { return !h.addrs[a] }) {
		for _, i := range ahead {
			addrs = append(addrs, r.guardInput(ev, i, r.rebase(r.plan.Steps[i].Change, dry)).AddressesToVerify()...)
		}
		*h, err = r.holdersOf(ctx, addrs)
	}
	for _, p := range inputs {
		if len(p.AddressesToVerify()) > 0 {
			p.Holders, p.HoldersErr = r.holders.rows, err
		}
	}
	if err != nil {
		r.holders = holders{} // asked again for the next steps
	}
}

// holdersOf queries all clouds that support it for the holders of addresses.
func (r *run) holdersOf(ctx context.Context, addrs []netip.Addr) (holders, error) {
	h := holders{addrs: map[netip.Addr]bool{}, asked: r.engine.o.Now()}
	for _, a := range addrs {
		h.addrs[a] = true
	}
	addrs = slices.SortedFunc(maps.Keys(h.addrs), netip.Addr.Compare)
	clouds := r.engine.o.Clouds
	held, errs := make([][]providers.Address, len(clouds)), make([]error, len(clouds))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range clouds {
		if holder, ok := clouds[i].Power.(providers.AddressHolder); ok {
			g.Go(func() error {
				ctx, cancel := context.WithTimeout(ctx, r.engine.o.Timeout)
				defer cancel()
				held[i], errs[i] = holder.Holders(ctx, addrs)
				return nil
			})
		}
	}
	_ = g.Wait() // errors are part of the evidence
	h.rows = slices.Concat(held...)
	return h, errors.Join(errs...)
}

func (r *run) lookUp(ctx context.Context, zone, name, typ string) ([]providers.Record, error) {
	t := r.engine.zone(zone)
	if t == nil || t.DNS == nil {
		var err error
		if t != nil {
			err = t.Err
		}
		return nil, orNotComplete(err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.engine.o.Timeout)
	defer cancel()
	return t.DNS.Lookup(ctx, t.Zone, name, typ)
}

// rebase returns the change with its current start: the record as an earlier step of this run has left it. A dry check
// has changed nothing, and starts from what the first step about the record saw.
func (r *run) rebase(c *providers.Change, dry bool) *providers.Change {
	out := *c
	if c.Op == providers.OpCreate {
		return &out
	}
	if dry {
		for i := range r.plan.Steps {
			if s := r.plan.Steps[i].Change; s != nil && s.Op == providers.OpUpdate && s.Before.Identity() == c.Before.Identity() {
				out.Before = s.Before
				return &out
			}
		}
		return &out
	}
	if now, ok := r.made[keyOf(&c.Before)]; ok {
		out.Before.ID, out.Before.Modified = now.ID, time.Time{}
	}
	if o, ok := out.Before.Owner(); ok && r.wroteMarkerBeside(&out.Before, o) {
		o.Quiesced = true
		out.Before.Owners = []providers.Owner{o}
	}
	return &out
}

// wroteMarkerBeside reports whether an earlier step of this run put a quiesced marker beside a record, as the undo of a
// return does before it removes the record again. At Cloudflare, where the record's own marker is its comment, both are
// read as one.
func (r *run) wroteMarkerBeside(rec *providers.Record, o providers.Owner) bool {
	o.Quiesced = true
	text, err := o.For(rec.Type, rec.Value).Encode()
	if err != nil {
		return false
	}
	_, ok := r.made[keyOf(&providers.Record{Zone: rec.Zone, Name: providers.MarkerName(o.Instance, rec.Name), Type: "TXT", Value: providers.FormatTXT([]string{text})})]
	return ok
}

// guardInput returns the input of a step's guards from the plan and the view.
func (r *run) guardInput(ev *evidence, i int, c *providers.Change) *guard.Evidence {
	s := &r.plan.Steps[i]
	g := r.engine.guards(s.Zone)
	return &guard.Evidence{
		Fleet: r.engine.o.Fleet, Verb: r.plan.Verb, Age: g.Age, Grace: g.Grace, View: ev.view, Change: c, Reason: s.Reason, Undoes: s.Undoes != "",
		Needs: r.instanceNeeded(ev.view, s.Undoes, c), KeepsNames: r.engine.o.Robot != nil,
		Hosts: r.hosts, Strands: s.Strands, Threshold: g.Threshold, From: g.From, OneText: r.plan.Confirm(),
	}
}

// instanceNeeded returns what the change c, which takes the journal entry id back, needs of the instance of the record that it creates. The
// marker of a quiesced value that is neither in DNS nor taken out by this plan marks only the instance; after a drain it is put back as
// the value is.
func (r *run) instanceNeeded(v *dnsview.View, id string, c *providers.Change) guard.Needed {
	if id == "" || c.Op != providers.OpCreate {
		return guard.NeedsNothing
	}
	entries, _ := r.entries() // an error is refused by the guard of the journal
	verb := firstVerb(entries, id)
	if !c.After.IsMarker() {
		if verb.PutsBackNodes() {
			return guard.NeedsRunning
		}
		return guard.NeedsNothing
	}
	o, ok := index.OwnerInMarker(&c.After)
	if !ok || !o.Quiesced || o.Host() {
		return guard.NeedsNothing
	}
	_, name, _ := providers.SplitMarkerName(c.After.Name)
	isMarked := func(rec *providers.Record) bool { return rec.Name == name && o.Owns(rec.Type, rec.Value) }
	takenOut := slices.ContainsFunc(r.plan.Steps, func(s plan.Step) bool {
		return s.Change != nil && s.Change.Op == providers.OpDelete && isMarked(&s.Change.Before)
	})
	z := v.Index.ZoneOf(name)
	switch {
	case (verb == index.VerbDrain || verb == index.VerbReplace) && !takenOut:
		return guard.NeedsRunning
	case o.Evacuates(), z != nil && slices.ContainsFunc(z.Named(name), isMarked):
		return guard.NeedsNothing
	}
	return guard.NeedsInstance
}

// firstVerb returns the verb of the entry that an entry goes back to through undos and redos, or "" if it is not there.
func firstVerb(entries []journal.Entry, id string) index.Verb {
	for i := range slices.Backward(entries) {
		switch e := &entries[i]; {
		case e.ID != id:
		case e.Undoes == "":
			return index.Verb(e.Verb)
		default:
			id = e.Undoes
		}
	}
	return ""
}

// isCreatedBefore reports whether a step before step i creates the record that its update is of. A check has created none.
func (r *run) isCreatedBefore(i int, c *providers.Change) bool {
	return c.Op == providers.OpUpdate && slices.ContainsFunc(r.plan.Steps[:i], func(s plan.Step) bool {
		return s.Change != nil && s.Change.Op == providers.OpCreate && keyOf(&s.Change.After) == keyOf(&c.Before)
	})
}

// guardStep evaluates the guards of one step, except threshold and journal.
func (r *run) guardStep(i int, p *guard.Evidence, a *guardOutcome, dry bool) {
	found, n := index.Find(p.Found, p.Change)
	if dry && n == 0 && p.FoundErr == nil && r.isCreatedBefore(i, p.Change) {
		p.Found = append(slices.Clone(p.Found), p.Change.Before)
		found, n = index.Find(p.Found, p.Change)
	}
	if p.Change.Op == providers.OpDelete && p.FoundErr == nil && n == 0 && !dry && p.CheckUnchanged().Pass {
		r.removed[p.Change.Before.Identity()] = true
		a.already = true
		return
	}
	if p.Change.Op == providers.OpUpdate && p.FoundErr == nil && !dry {
		if _, v, _ := index.OutcomeOf(p.Found, p.Change); v == index.Made {
			a.already = true
			return
		}
	}
	mode := guard.ModeOf(p.Verb, p.Change)
	id := p.Change.Before.Identity()
	if mode == guard.ModeDead || mode == guard.ModeTakeOut {
		p.Removing = make(map[providers.Identity]bool, len(r.removed)+1)
		for k := range r.removed {
			p.Removing[k] = true
		}
		p.Removing[id] = true
		r.removedByOthers(p.Removing, p.Now)
	}
	a.guards = guard.Check(p)
	if g, ok := checkEvacuated(p); !ok {
		a.guards = append(a.guards, g)
	}
	r.acceptTyped(a.guards)
	r.nameOther(a.guards, p.Change, p.Now)
	if g, ok := r.checkOthers(p.Change, p.Now); !ok {
		a.guards = append(a.guards, g)
	}
	a.pass = allPass(a.guards)
	if a.pass && p.Removing != nil {
		r.removed[id] = true
	}
	if a.pass && n == 1 && p.Change.Op != providers.OpCreate {
		// The adapter compares every field with what was just read.
		a.change.Before = *found
		if own := r.plan.Steps[i].Change.Before.Owners; !dry && !slices.Equal(own, p.Change.Before.Owners) {
			a.change.Before.Owners = own // the marker beside it is removed by its own step
		}
		if p.Change.Op == providers.OpUpdate {
			a.change.After.ID, a.change.After.SetID = found.ID, found.SetID
		}
	}
	r.emit(Event{Kind: EventGuards, Step: r.plan.Steps[i].ID, Text: failing(a.guards)})
}

func allPass(guards []index.GuardResult) bool {
	return !slices.ContainsFunc(guards, func(g index.GuardResult) bool { return !g.Pass })
}

// failing returns the reasons of failed guards in one line.
func failing(guards []index.GuardResult) string {
	s := ""
	for _, g := range guards {
		if !g.Pass {
			if s != "" {
				s += "; "
			}
			s += string(g.Guard) + ": " + g.Why
		}
	}
	return s
}
