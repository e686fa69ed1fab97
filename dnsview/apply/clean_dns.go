package apply

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
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
func (r *run) followsChanges(s *plan.Step) bool {
	return s.Kind == plan.StepPower && (s.Action == plan.PowerTerminate || s.Action == plan.PowerStop && !r.isOwnStop(s))
}

// isOwnStop reports whether a power step is an operator's own stop, or one that an undo makes: its plan takes nothing
// out of DNS.
func (r *run) isOwnStop(s *plan.Step) bool {
	return s.Kind == plan.StepPower && s.Action == plan.PowerStop && (r.plan.Verb == index.VerbPower || r.plan.Verb.TakesBack())
}

// dnsShown is the second half of guard 10 for an operator's own stop. A stop can be taken back, and the agent of the
// node may take it out of DNS itself, so that a person who sees what leads to it may type its name.
func (r *run) dnsShown(s *plan.Step, v *dnsview.View, unread string) index.GuardResult {
	g := index.GuardResult{Guard: index.GuardDNS, Confirm: nodeName(s.Instance)}
	first := "take it out of DNS first (rollcall quiesce " + index.Clean(s.Instance.ID) + ")"
	if unread != "" {
		g.NoEvidence, g.Why, g.Satisfy = true, "whether DNS leads to it is not known: "+unread, "a complete read of every zone, or type its name"
		return g
	}
	if left := leading(v, s.Instance, nil); len(left) > 0 {
		g.Why, g.Satisfy = "clients are sent to it: "+strings.Join(few(left), ", "), first+", or type its name"
		return g
	}
	return index.GuardResult{Guard: index.GuardDNS, Pass: true, Why: "no record of any owner leads to it"}
}

// dnsCleanForStop asks dnsShown right before an operator's own stop, and, where no record leads to the node any more,
// whether name servers still do.
func (r *run) dnsCleanForStop(ctx context.Context, i int) index.GuardResult {
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
func (r *run) dnsClean(ctx context.Context, i int) index.GuardResult {
	s := &r.plan.Steps[i]
	for {
		v, why := r.reread(ctx)
		if why == "" {
			why = notStopped(ctx)
		}
		if why != "" {
			return index.GuardResult{Guard: index.GuardDNS, NoEvidence: true, Why: why, Satisfy: "a complete read of every zone"}
		}
		if left := leading(v, s.Instance, nil); len(left) > 0 {
			return index.GuardResult{Guard: index.GuardDNS, Why: "there is still a record that leads to it: " + strings.Join(left, ", "), Satisfy: "take it out of DNS"}
		}
		out := r.takenOut(v, s.Instance)
		asked := r.awaitClean(ctx, s, out)
		if asked.refuse != "" {
			return index.GuardResult{Guard: index.GuardDNS, NoEvidence: len(asked.against) == 0, Why: asked.refuse, Satisfy: "the same command again, once the name servers have the change"}
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
				return index.GuardResult{Guard: index.GuardDNS, NoEvidence: true, Why: "the run was stopped during the wait"}
			}
			r.hurried = r.hurried || cut
		case !asked.polled:
			g := index.GuardResult{Guard: index.GuardDNS, Pass: true, Why: asked.passes(len(out), !until.IsZero())}
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
	snap.Zones = e.readZones(ctx, e.zoneNames()...)
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
		text := index.Clean(rec.String())
		if o, ok := rec.Owner(); !ok {
			text += " (it has no owner marker)"
		} else if o.Instance != ref.ID {
			text += " (its marker names " + index.Clean(o.Instance) + ")"
		}
		out = append(out, text)
	}
	return out
}

// removal is one value that was taken out of DNS of an instance.
type removal struct {
	record   providers.Record
	at       time.Time // zero when it is not known
	ticket   string    // the provider's id of the change; empty when it is not known
	expected bool      // it was not taken out: see expected
}

// expected returns the records that an instance would have as a node of declared services and that no list shows: the API of
// a zone can answer with nothing while its name servers hand the node out.
func expected(v *dnsview.View, ref providers.InstanceRef) []providers.Record {
	var out []providers.Record
	for _, s := range plan.Register(v, "", ref).Steps {
		if s.Change != nil && s.Change.Op == providers.OpCreate && s.Instance.Key == ref.Key && s.Instance.ID == ref.ID {
			out = append(out, s.Change.After)
		}
	}
	return out
}

// takenOut returns what was taken out of DNS of an instance: by this run or an earlier one, as the journal
// says, and by others, as markers remember, with what is expected of it. What is in DNS again, for another node, is not listed.
func (r *run) takenOut(v *dnsview.View, ref providers.InstanceRef) []removal {
	var out []removal
	put := func(rec providers.Record, at time.Time, ticket string, again bool) {
		key := keyOf(&rec)
		n := slices.IndexFunc(out, func(m removal) bool { return keyOf(&m.record) == key })
		switch {
		case n < 0:
			out = append(out, removal{record: rec, at: at, ticket: ticket})
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
	for _, rec := range plan.TakenOut(v, ref.Key, ref.ID) {
		put(rec, time.Time{}, "", false)
	}
	known := len(out)
	for _, rec := range expected(v, ref) {
		put(rec, time.Time{}, "", false)
	}
	for n := range out[known:] {
		out[known+n].expected = true
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

// readAllZones joins every zone with the clouds, as they were read last where that is young enough. why says
// which zone could not be read.
func (r *run) readAllZones(ctx context.Context) (v *dnsview.View, why string) {
	ev := r.gather(ctx, r.engine.zoneNames())
	return ev.view, unreadZone(ev.snap.Zones)
}

// unreadZone names a zone that is not complete, and says why; empty when all are.
func unreadZone(zones []providers.ZoneView) string {
	for n := range zones {
		if z := &zones[n]; !z.Coverage.Complete() {
			return index.Clean(z.Zone.Name) + " could not be read, so a record that leads to it may be there: " + index.Clean(orNotComplete(z.Coverage.Err).Error())
		}
	}
	return ""
}

// dnsCleanLater is the second half of guard 10 before anything is done: nothing but what the plan takes out leads to
// the instance. It names a server that cannot be asked, since the step will wait longer for it. v has all zones; unread
// says which of them could not be read.
func (r *run) dnsCleanLater(ctx context.Context, i int, v *dnsview.View, unread string) index.GuardResult {
	s := &r.plan.Steps[i]
	g := index.GuardResult{Guard: index.GuardDNS}
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
	for _, rec := range expected(v, s.Instance) {
		if says := r.onWire(ctx, index.SetKeyOf(&rec), map[string]bool{providers.FoldValue(rec.Type, rec.Value): false}, &rec); len(says.against) > 0 {
			g.Why = "no list shows what name servers hand out: " + list(says.against) + " for " + says.String()
			g.Satisfy = "the same command again, once the list of " + index.Clean(rec.Zone) + " agrees with its name servers"
			return g
		}
	}
	g.Pass, g.Why = true, "nothing but what the plan takes out leads to it; every zone and every name server is asked again right before this step"
	for n := range out {
		if says := r.onWire(ctx, index.SetKeyOf(&out[n]), nil, &out[n]); len(says.unasked) > 0 {
			g.Why += "; " + list(says.unasked) + " could not be asked for " + says.String() + " now, which the step waits out unless " + index.Clean(nodeName(s.Instance)) + " is typed"
			break
		}
	}
	return g
}

// nodeName is what an operator types for an instance.
func nodeName(ref providers.InstanceRef) string { return cmp.Or(ref.Name, ref.ID) }
