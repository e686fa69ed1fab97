package apply

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/journal"
)

const (
	// rereadShare is for how long one reading of all zones serves several power steps.
	rereadShare = 5 * time.Second
	// pendingFactor is how many times its stated propagation time a provider may call a change pending.
	pendingFactor = 3
)

// followsChanges reports whether a power step ends an instance, or stops one that its plan takes out of DNS.
func (r *run) followsChanges(s *dnsview.Step) bool {
	return s.Kind == dnsview.StepPower && (s.Action == dnsview.PowerTerminate || s.Action == dnsview.PowerStop && !r.isOwnStop(s))
}

// isOwnStop reports whether a power step is an operator's own stop, or one that an undo makes: its plan takes nothing
// out of DNS.
func (r *run) isOwnStop(s *dnsview.Step) bool {
	return s.Kind == dnsview.StepPower && s.Action == dnsview.PowerStop && (r.plan.Verb == dnsview.VerbPower || r.plan.Verb.TakesBack())
}

// dnsShown is the second half of guard 10 for an operator's own stop. A stop can be taken back, and the agent of the
// node may take it out of DNS itself, so that a person who sees what leads to it may type its name.
func (r *run) dnsShown(s *dnsview.Step, v *dnsview.View, unread string) dnsview.GuardResult {
	g := dnsview.GuardResult{Guard: dnsview.GuardDNS, Confirm: nodeName(s.Instance)}
	first := "take it out of DNS first (rollcall quiesce " + dnsview.Clean(s.Instance.ID) + ")"
	if unread != "" {
		g.NoEvidence, g.Why, g.Satisfy = true, "whether DNS leads to it is not known: "+unread, "a complete read of every zone, or type its name"
		return g
	}
	if left := leading(v, s.Instance, nil); len(left) > 0 {
		g.Why, g.Satisfy = "clients are sent to it: "+strings.Join(few(left), ", "), first+", or type its name"
		return g
	}
	return dnsview.GuardResult{Guard: dnsview.GuardDNS, Pass: true, Why: "no record of any owner leads to it"}
}

// dnsCleanForStop asks dnsShown right before an operator's own stop, and, where no record leads to the node any more,
// whether name servers still do.
func (r *run) dnsCleanForStop(ctx context.Context, i int) dnsview.GuardResult {
	s := &r.plan.Steps[i]
	v, unread := r.reread(ctx)
	g := r.dnsShown(s, v, unread)
	if g.Pass {
		if g = r.dnsClean(ctx, i); !g.Pass {
			g.Confirm, g.Satisfy = nodeName(s.Instance), g.Satisfy+", or type its name"
		}
	}
	return g
}

// dnsClean is the second half of guard 10, asked right before a power step: no record of any owner leads to the
// instance, no authoritative server that can be asked still answers with what was taken out, and the
// DNS provider says that the change has reached its servers. What contradicts is waited for within bounds and
// holds the step back; what cannot be asked is waited out. After each wait everything is read again.
func (r *run) dnsClean(ctx context.Context, i int) dnsview.GuardResult {
	s := &r.plan.Steps[i]
	for {
		v, why := r.reread(ctx)
		if why == "" {
			why = notStopped(ctx)
		}
		if why != "" {
			return dnsview.GuardResult{Guard: dnsview.GuardDNS, NoEvidence: true, Why: why, Satisfy: "a complete read of every zone"}
		}
		if left := leading(v, s.Instance, nil); len(left) > 0 {
			return dnsview.GuardResult{Guard: dnsview.GuardDNS, Why: "there is still a record that leads to it: " + strings.Join(left, ", "), Satisfy: "take it out of DNS"}
		}
		out := r.takenOut(v, s.Instance)
		asked := r.awaitClean(ctx, s, out)
		if asked.refuse != "" {
			return dnsview.GuardResult{Guard: dnsview.GuardDNS, NoEvidence: len(asked.against) == 0, Why: asked.refuse, Satisfy: "the same command again, once the name servers have the change"}
		}
		until := r.cleanAt(i, out, asked)
		left := until.Sub(r.engine.o.Now())
		typed := r.typedName(s.Instance)
		switch {
		case left > 0 && typed == "" && !r.hurried:
			cut, stopped := r.countDown(ctx, s.ID, left, left, nil, func(left string) string {
				return "waiting " + left + " more: " + asked.unknown()
			})
			if stopped {
				return dnsview.GuardResult{Guard: dnsview.GuardDNS, NoEvidence: true, Why: "the run was stopped during the wait"}
			}
			r.hurried = r.hurried || cut
		case !asked.polled:
			g := dnsview.GuardResult{Guard: dnsview.GuardDNS, Pass: true, Why: asked.passes(len(out), !until.IsZero())}
			if left > 0 {
				g.Why += "; the rest of the wait was left out"
				g.Confirm = typed
			}
			return g
		}
		r.notBefore = r.engine.o.Now()
	}
}

func notStopped(ctx context.Context) string {
	if ctx.Err() != nil {
		return "the run was stopped before this step"
	}
	return ""
}

// typedName returns the name or id of an instance that a person typed, which shortens the wait; empty for none.
func (r *run) typedName(ref providers.InstanceRef) string {
	for _, text := range r.confirm.Typed {
		if text != "" && (text == ref.Name || text == ref.ID) {
			return text
		}
	}
	return ""
}

// reread reads every zone anew, and joins the records with the clouds. A reading that began after the last
// wait serves other power steps for some seconds. why says which zone could not be read.
func (r *run) reread(ctx context.Context) (v *dnsview.View, why string) {
	e := r.engine
	if r.zonesView != nil && r.zonesRead.After(r.notBefore) && e.o.Now().Sub(r.zonesRead) < rereadShare {
		return r.zonesView, ""
	}
	ev := r.evidence(ctx)
	snap := *ev.snap
	snap.Taken = e.o.Now()
	snap.Zones = make([]providers.ZoneView, len(e.o.Zones))
	var wg sync.WaitGroup
	for n := range e.o.Zones {
		t := &e.o.Zones[n]
		wg.Go(func() { snap.Zones[n] = e.readZone(ctx, t, t.Zone.Name) })
	}
	wg.Wait()
	if why := unreadZone(snap.Zones); why != "" {
		return nil, why
	}
	r.zonesView, r.zonesRead = e.inspect(&snap, r.ownWrites()), snap.Taken
	return r.zonesView, ""
}

// leading names the records that lead to an instance, but for those that a plan removes.
func leading(v *dnsview.View, ref providers.InstanceRef, removed func(*providers.Record) bool) []string {
	var out []string
	for _, rec := range v.LeadingTo(ref.Key, ref.ID) {
		if removed != nil && removed(rec) {
			continue
		}
		text := dnsview.Clean(rec.String())
		if o, ok := rec.Owner(); !ok {
			text += " (it has no owner marker)"
		} else if o.Instance != ref.ID {
			text += " (its marker names " + dnsview.Clean(o.Instance) + ")"
		}
		out = append(out, text)
	}
	return out
}

// removal is one value that was taken out of DNS of an instance.
type removal struct {
	record providers.Record
	at     time.Time // zero when it is not known
	ticket string    // the provider's id of the change; empty when it is not known
}

// takenOut lists what was taken out of DNS of an instance: by this run or an earlier one, as the journal
// tells, and by anybody, as markers remember. What is in DNS again, for another node, is not listed.
func (r *run) takenOut(v *dnsview.View, ref providers.InstanceRef) []removal {
	var out []removal
	put := func(rec providers.Record, at time.Time, ticket string, again bool) {
		key := keyOf(&rec)
		n := slices.IndexFunc(out, func(m removal) bool { return keyOf(&m.record) == key })
		switch {
		case n < 0:
			out = append(out, removal{rec, at, ticket})
		case again:
			out[n].at, out[n].ticket = at, ticket
		}
	}
	entries, _ := r.entries() // a journal that cannot be read has refused the changes
	for n := range entries {
		en := &entries[n]
		if en.Change == nil || en.State != journal.Done || en.Instance == nil || en.Instance.Key != ref.Key || en.Instance.ID != ref.ID {
			continue
		}
		if rec, gone := removed(en.Change); gone {
			put(rec, en.Ended, en.Ticket, true)
		}
	}
	for n := range r.report.Steps { // what was gone already when its turn came has no entry
		s := &r.report.Steps[n]
		if s.Step.Change == nil || s.State != StepDone || s.Step.Instance.Key != ref.Key || s.Step.Instance.ID != ref.ID {
			continue
		}
		if rec, gone := removed(s.Step.Change); gone {
			put(rec, time.Time{}, "", false)
		}
	}
	for _, rec := range v.TakenOut(ref.Key, ref.ID) {
		put(rec, time.Time{}, "", false)
	}
	return slices.DeleteFunc(out, func(m removal) bool {
		return v.Holds(&m.record)
	})
}

// removed returns the record whose value a change takes out of DNS, when it takes one out that clients ask for.
func removed(c *providers.Change) (rec providers.Record, gone bool) {
	if c.Op == providers.OpCreate || c.Before.IsMarker() {
		return rec, false
	}
	if c.Op == providers.OpUpdate && providers.FoldValue(c.Before.Type, c.Before.Value) == providers.FoldValue(c.After.Type, c.After.Value) {
		return rec, false
	}
	return c.Before, true
}

// cleanliness is what the name servers and the DNS providers say of what was taken out.
type cleanliness struct {
	against []string // who contradicts
	pending []string // what is still on its way, as its provider says
	unasked []string // who could not be asked, and why
	inSync  int      // changes that their provider calls in sync
	servers int      // answers without what was taken out

	late   map[recordKey]bool // removals of which something could not be asked
	polled bool               // it was asked more than once
	refuse string             // why the step is held back
}

// unknown says what it is that is waited out.
func (c *cleanliness) unknown() string {
	if len(c.unasked) == 0 {
		return "until no resolver can still hold what was taken out"
	}
	return strings.Join(few(c.unasked), "; ")
}

// passes says what the guard rests on.
func (c *cleanliness) passes(taken int, waits bool) string {
	why := "every zone was read again, and no record leads to it"
	if taken == 0 {
		return why
	}
	if c.servers > 0 {
		why += ", and the name servers that could be asked answer without it"
	}
	if c.inSync > 0 {
		why += ", and its DNS provider says that the change has reached all servers"
	}
	switch {
	case len(c.unasked) == 0:
	case waits:
		why += "; what could not be asked was waited out: " + strings.Join(few(c.unasked), "; ")
	default:
		why += "; no wait was asked for, though " + strings.Join(few(c.unasked), "; ")
	}
	return why
}

// few cuts a list of sentences short.
func few(all []string) []string {
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > 3 {
		return append(slices.Clone(all[:3]), "and "+strconv.Itoa(len(all)-3)+" more")
	}
	return all
}

// awaitClean asks name servers and DNS providers until none of them contradicts, or until it has taken longer
// than it may.
func (r *run) awaitClean(ctx context.Context, s *dnsview.Step, out []removal) *cleanliness {
	polled := false
	for {
		c := r.askAll(ctx, out)
		c.polled = polled
		now := r.engine.o.Now()
		var wait time.Duration
		what := c.against
		switch {
		case len(c.against) > 0:
			wait = r.patience(out, 1).Sub(now)
		case len(c.pending) > 0:
			wait, what = r.patience(out, pendingFactor).Sub(now), c.pending
		default:
			return c
		}
		why := strings.Join(few(what), "; ")
		if wait <= 0 {
			c.refuse = "what was taken out is still handed out: " + why
			if len(c.against) == 0 {
				c.refuse = why
			}
			return c
		}
		if !polled {
			polled = true
			r.emit(Event{Kind: EventWire, Step: s.ID, Text: "before " + dnsview.Clean(s.Sentence) + ": " + why + "; asking again for up to " + seconds(wait)})
		}
		if r.engine.o.Sleep(ctx, min(wait, time.Second)) != nil {
			c.refuse = "the run was stopped while it was waited for: " + why
			return c
		}
	}
}

// patience is until when what contradicts is waited for: some times the stated propagation time after the last
// change, and the time that a change may take to be seen.
func (r *run) patience(out []removal, times int) time.Time {
	var last time.Time
	for n := range out {
		at := r.since(&out[n])
		if t := r.engine.zone(out[n].record.Zone); t != nil {
			at = at.Add(time.Duration(times) * t.Zone.Provider.Propagation())
		}
		if at.After(last) {
			last = at
		}
	}
	return last.Add(r.engine.o.WireWait)
}

// since is when a value was taken out: where that is not known, not before this run.
func (r *run) since(m *removal) time.Time {
	if m.at.IsZero() {
		return r.report.Started
	}
	return m.at
}

// askAll asks the name servers about every name that something was taken out of, and the DNS providers about the changes.
func (r *run) askAll(ctx context.Context, out []removal) *cleanliness {
	c := &cleanliness{late: map[recordKey]bool{}}
	bySubject := map[subject][]*removal{}
	var order []subject
	for n := range out {
		k := subjectOf(&out[n].record)
		if bySubject[k] == nil {
			order = append(order, k)
		}
		bySubject[k] = append(bySubject[k], &out[n])
	}
	says := make([]*served, len(order))
	asked := make([]behind, len(order))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for n, k := range order {
		g.Go(func() error {
			q := behind{want: map[string]bool{}}
			for _, m := range bySubject[k] {
				q.want[providers.FoldValue(k.typ, m.record.Value)] = false
				q.records = append(q.records, &m.record)
			}
			says[n], asked[n] = r.onWire(ctx, k, q.want, q.records...), q
			return nil
		})
	}
	_ = g.Wait() // what could not be asked stands in the answers
	for n, k := range order {
		c.servers += says[n].clean
		for _, a := range says[n].against {
			c.against = append(c.against, a.String()+" for "+k.String())
		}
		for _, a := range says[n].unasked {
			c.unasked = append(c.unasked, a.String()+" could not be asked for "+k.String())
		}
		r.observe(says[n], asked[n].want, asked[n].records)
		if says[n].state() == servedUnasked {
			for _, m := range bySubject[k] {
				c.late[keyOf(&m.record)] = true
			}
		}
	}
	for n := range out {
		r.askProvider(ctx, &out[n], c)
	}
	return c
}

// askProvider asks the DNS provider, where it can be asked, whether a change has reached all its servers.
func (r *run) askProvider(ctx context.Context, m *removal, c *cleanliness) {
	t := r.engine.zone(m.record.Zone)
	if t == nil {
		return
	}
	p, ok := t.DNS.(providers.Propagator)
	if !ok {
		return // the name servers are all that there is to ask
	}
	unasked := func(why string) {
		c.unasked = append(c.unasked, dnsview.Clean(t.Zone.Name)+" "+why)
		c.late[keyOf(&m.record)] = true
	}
	if m.ticket == "" {
		unasked("gave no id of the change of " + subjectOf(&m.record).String())
		return
	}
	known := [2]string{t.Zone.Name, m.ticket}
	if r.inSync[known] {
		c.inSync++
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.engine.o.Timeout)
	defer cancel()
	switch reached, err := p.Propagated(ctx, m.ticket); {
	case reached:
		r.inSync[known] = true
		c.inSync++
	case err == nil:
		c.pending = append(c.pending, dnsview.Clean(t.Zone.Name)+": the change "+dnsview.Clean(m.ticket)+" has not reached every name server yet, as the provider says")
	case providers.KindOf(err) == providers.KindAuth:
		unasked("may not be asked how far a change has got")
		r.note([]string{t.Zone.Name + ": these credentials may not ask how far a change has got, so rollcall waits longer instead: " + err.Error() + "; rollcall policy aws prints the permission that it takes"})
	default:
		unasked("did not say how far the change has got: " + dnsview.Clean(err.Error()))
	}
}

// cleanAt is when no resolver can hold what was taken out any more, as far as is known: the wait of the
// plan after it was taken out, or after the last server that was behind had the change, and the stated propagation time more where something
// could not be asked. A plan without waits has none.
func (r *run) cleanAt(i int, out []removal, c *cleanliness) time.Time {
	var wait time.Duration
	for _, id := range r.plan.Steps[i].Needs {
		if at, ok := r.byID[id]; ok {
			wait = max(wait, r.plan.Steps[at].Wait)
		}
	}
	var last time.Time
	if wait == 0 {
		return last
	}
	for n := range out {
		m := &out[n]
		at := r.since(m)
		if clean := r.cleanFrom[subjectOf(&m.record)]; clean.After(at) {
			at = clean
		}
		at = at.Add(wait)
		if t := r.engine.zone(m.record.Zone); t != nil && c.late[keyOf(&m.record)] {
			at = at.Add(t.Zone.Provider.Propagation())
		}
		if at.After(last) {
			last = at
		}
	}
	return last
}

// readAllZones joins every zone with the clouds, as they were read last where that is young enough. why says
// which zone could not be read.
func (r *run) readAllZones(ctx context.Context) (v *dnsview.View, why string) {
	var names []string
	for n := range r.engine.o.Zones {
		names = append(names, r.engine.o.Zones[n].Zone.Name)
	}
	ev := r.gather(ctx, names)
	return ev.view, unreadZone(ev.snap.Zones)
}

// unreadZone names a zone that is not complete, and says why; empty when all are.
func unreadZone(zones []providers.ZoneView) string {
	for n := range zones {
		if z := &zones[n]; !z.Coverage.Complete() {
			return dnsview.Clean(z.Zone.Name) + " could not be read, so a record that leads to it may be there: " + dnsview.Clean(cmpErr(z.Coverage.Err).Error())
		}
	}
	return ""
}

// dnsCleanLater is the second half of guard 10 before anything is done: nothing but what the plan takes out leads to
// the instance. It names a server that cannot be asked, since the step will wait longer for it. v has all zones; unread
// says which of them could not be read.
func (r *run) dnsCleanLater(ctx context.Context, i int, v *dnsview.View, unread string) dnsview.GuardResult {
	s := &r.plan.Steps[i]
	g := dnsview.GuardResult{Guard: dnsview.GuardDNS}
	if unread != "" {
		g.NoEvidence, g.Why, g.Satisfy = true, unread, "a complete read of every zone"
		return g
	}
	goes := map[recordKey]bool{}
	var out []providers.Record
	for n := range r.plan.Steps {
		p := &r.plan.Steps[n]
		if p.Change == nil {
			continue
		}
		if rec, gone := removed(p.Change); gone {
			goes[keyOf(&rec)] = true
			if p.Instance.Key == s.Instance.Key && p.Instance.ID == s.Instance.ID {
				out = append(out, rec)
			}
		}
	}
	if left := leading(v, s.Instance, func(rec *providers.Record) bool { return goes[keyOf(rec)] }); len(left) > 0 {
		g.Why, g.Satisfy = "the plan leaves a record that leads to it: "+strings.Join(left, ", "), "take it out of DNS first"
		return g
	}
	g.Pass, g.Why = true, "nothing but what the plan takes out leads to it; every zone and every name server is asked again right before this step"
	for n := range out {
		if says := r.onWire(ctx, subjectOf(&out[n]), nil, &out[n]); len(says.unasked) > 0 {
			g.Why += "; " + list(says.unasked) + " could not be asked for " + says.String() + " now, which the step waits out unless " + dnsview.Clean(nodeName(s.Instance)) + " is typed"
			break
		}
	}
	return g
}

// nodeName is what an operator types for an instance.
func nodeName(ref providers.InstanceRef) string { return cmp.Or(ref.Name, ref.ID) }
