package apply

import (
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
	// rereadShare is how long several power steps share one read of all zones.
	rereadShare = 5 * time.Second
	// pendingFactor is how many propagation times a provider may report a change as pending.
	pendingFactor = 3
)

// followsChanges reports whether a power step ends an instance, or stops one that its plan removes from DNS.
func (r *run) followsChanges(s *plan.Step) bool {
	return s.Kind == plan.StepPower && (s.Action == plan.PowerTerminate || s.Action == plan.PowerStop && !r.isOwnStop(s))
}

// isOwnStop reports whether a power step is an operator's own stop or that of an undo, whose plan removes nothing from
// DNS.
func (r *run) isOwnStop(s *plan.Step) bool {
	return s.Kind == plan.StepPower && s.Action == plan.PowerStop && (r.plan.Verb == index.VerbPower || r.plan.Verb.TakesBack())
}

// dnsShown is the second half of guard 10 for an operator's own stop. A stop can be reverted, and the node's agent may
// remove it from DNS, so a person who sees the records that lead to the node may type its name.
func (r *run) dnsShown(s *plan.Step, v *dnsview.View, unread string) index.GuardResult {
	g := index.GuardResult{Guard: index.GuardDNS, Confirm: r.askedName(s.Instance)}
	first := "take it out of DNS first (rollcall quiesce " + index.Clean(s.Instance.ID) + ")"
	if unread != "" {
		g.NoEvidence, g.Why, g.Satisfy = true, "whether DNS leads to it is not known: "+unread, "a complete read of every zone, or type its name"
		return g
	}
	if left := recordsLeadingTo(v, s.Instance, nil); len(left) > 0 {
		g.Why, g.Satisfy = "clients are sent to it: "+strings.Join(firstFew(left), ", "), first+", or type its name"
		return g
	}
	return index.GuardResult{Guard: index.GuardDNS, Pass: true, Why: "no record of any owner leads to it"}
}

// dnsCleanForStop evaluates dnsShown right before an operator's own stop. If no record leads to the node, it asks
// whether name servers still return its address.
func (r *run) dnsCleanForStop(ctx context.Context, i int) index.GuardResult {
	s := &r.plan.Steps[i]
	v, unread := r.reread(ctx)
	g := r.dnsShown(s, v, unread)
	if g.Pass {
		if g = r.dnsClean(ctx, i); !g.Pass {
			g.Confirm, g.Satisfy = r.askedName(s.Instance), g.Satisfy+", or type its name"
		}
	}
	return g
}

// dnsClean is the second half of guard 10 right before a power step: no record of any owner leads to the instance, no
// authoritative server that can be asked returns a removed value, and the DNS provider reports that the change has
// reached its servers. It waits, within limits, for what contradicts, which holds the step back; what cannot be asked
// is waited out. After each wait everything is read again.
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
		if left := recordsLeadingTo(v, s.Instance, nil); len(left) > 0 {
			return index.GuardResult{Guard: index.GuardDNS, Why: "there is still a record that leads to it: " + strings.Join(left, ", "), Satisfy: "take it out of DNS"}
		}
		out := r.takenOut(v, s.Instance)
		asked := r.awaitClean(ctx, s, out)
		if asked.refuse != "" {
			return index.GuardResult{Guard: index.GuardDNS, NoEvidence: len(asked.contradicting) == 0, Why: asked.refuse, Satisfy: "the same command again, once the name servers have the change"}
		}
		until := r.cleanAt(i, out, asked)
		left := until.Sub(r.engine.o.Now())
		typed := r.typedName(s.Instance)
		switch {
		case left > 0 && typed == "" && !r.skipWaits:
			cut, stopped := r.countDown(ctx, s.ID, left, left, nil, func(left string) string {
				return "waiting " + left + " more: " + asked.waitReason()
			})
			if stopped {
				return index.GuardResult{Guard: index.GuardDNS, NoEvidence: true, Why: "the run was stopped during the wait"}
			}
			r.skipWaits = r.skipWaits || cut
		case !asked.repeated:
			g := index.GuardResult{Guard: index.GuardDNS, Pass: true, Why: asked.passReason(len(out), !until.IsZero())}
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

// reread reads every zone and joins the records with the clouds. A read that began after the last wait is shared by
// power steps for some seconds. why is set if a zone could not be read.
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

// recordsLeadingTo returns, as text, the records that lead to an instance, except those for which removed is true.
func recordsLeadingTo(v *dnsview.View, ref providers.InstanceRef, removed func(*providers.Record) bool) []string {
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

// removal is one value of an instance that was removed from DNS.
type removal struct {
	record   providers.Record
	at       time.Time // zero if unknown
	ticket   string    // the provider's id of the change; empty if unknown
	unlisted bool      // it was not removed: see unlistedRecords
}

// unlistedRecords returns the records that an instance should have as a node of declared services and that no list
// shows, because a zone's API can return nothing while its name servers return the node.
func unlistedRecords(v *dnsview.View, ref providers.InstanceRef) []providers.Record {
	var out []providers.Record
	for _, s := range plan.Register(v, "", ref).Steps {
		if s.Change != nil && s.Change.Op == providers.OpCreate && s.Instance.Key == ref.Key && s.Instance.ID == ref.ID {
			out = append(out, s.Change.After)
		}
	}
	return out
}

// takenOut returns what was removed from DNS for an instance: by this or an earlier run according to the journal, and
// by others according to markers, and the unlisted records of the instance. It omits values that are in DNS again for
// another node.
func (r *run) takenOut(v *dnsview.View, ref providers.InstanceRef) []removal {
	entries, _ := r.entries() // with an unreadable journal the changes were refused before
	out := removals(entries, ref)
	put := func(rec providers.Record) {
		if !slices.ContainsFunc(out, func(m removal) bool { return keyOf(&m.record) == keyOf(&rec) }) {
			out = append(out, removal{record: rec})
		}
	}
	for n := range r.report.Steps { // a value that was gone before its step has no entry
		s := &r.report.Steps[n]
		if s.Step.Change == nil || s.State != StepDone || s.Step.Instance.Key != ref.Key || s.Step.Instance.ID != ref.ID {
			continue
		}
		if rec, gone := removed(s.Step.Change); gone {
			put(rec)
		}
	}
	for _, rec := range plan.QuiescedRecords(v, ref.Key, ref.ID) {
		put(rec)
	}
	for _, h := range Held(entries, v.Snapshot.Zones, r.engine.o.Now()) {
		if h.LedTo(index.InstanceKey{Cloud: ref.Key, ID: ref.ID}, v.Index.Instance(ref.Key, ref.ID)) {
			put(h.Record())
		}
	}
	known := len(out)
	for _, rec := range unlistedRecords(v, ref) {
		put(rec)
	}
	for n := range out[known:] {
		out[known+n].unlisted = true
	}
	return slices.DeleteFunc(out, func(m removal) bool {
		return v.Holds(&m.record)
	})
}

// removals returns the values that the journal's entries removed from DNS for an instance, each with its last removal. A
// value that was or may have been there later has no time: if it is gone, the journal does not know since when.
func removals(entries []journal.Entry, ref providers.InstanceRef) []removal {
	var out []removal
	find := func(rec *providers.Record) int {
		return slices.IndexFunc(out, func(m removal) bool { return keyOf(&m.record) == keyOf(rec) })
	}
	for n := range entries {
		en := &entries[n]
		if en.Change == nil || en.State == journal.Failed || en.State == journal.Refused || en.Instance == nil || en.Instance.Key != ref.Key || en.Instance.ID != ref.ID {
			continue
		}
		if rec, gone := removed(en.Change); gone && en.State == journal.Done {
			m := removal{record: rec, at: en.Ended, ticket: en.Ticket}
			if at := find(&rec); at >= 0 {
				out[at] = m
			} else {
				out = append(out, m)
			}
		}
		if en.Change.Op == providers.OpDelete {
			continue
		}
		if at := find(&en.Change.After); at >= 0 {
			out[at].at, out[at].ticket = time.Time{}, ""
		}
	}
	return out
}

// removed returns the record whose value a change removes from DNS, if clients query that record.
func removed(c *providers.Change) (rec providers.Record, gone bool) {
	if c.Op == providers.OpCreate || c.Before.IsMarker() {
		return rec, false
	}
	if c.Op == providers.OpUpdate && providers.FoldValue(c.Before.Type, c.Before.Value) == providers.FoldValue(c.After.Type, c.After.Value) {
		return rec, false
	}
	return c.Before, true
}

// readAllZones joins every zone with the clouds; recent reads are reused. why is set if a zone could not be read.
func (r *run) readAllZones(ctx context.Context) (v *dnsview.View, why string) {
	ev := r.gather(ctx, r.engine.zoneNames())
	return ev.view, unreadZone(ev.snap.Zones)
}

// unreadZone returns an incomplete zone and the reason, or "".
func unreadZone(zones []providers.ZoneView) string {
	for n := range zones {
		if z := &zones[n]; !z.Coverage.Complete() {
			return index.Clean(z.Zone.Name) + " could not be read, so a record that leads to it may be there: " + index.Clean(orNotComplete(z.Coverage.Err).Error())
		}
	}
	return ""
}

// dnsCleanLater is the second half of guard 10 before anything is done: only values that the plan removes lead to the
// instance. It names servers that cannot be asked, because the step will wait longer for them. v has all zones; unread
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
	empty := ""
	for n := range r.plan.Steps {
		p := &r.plan.Steps[n]
		if p.Change == nil {
			continue
		}
		if rec, gone := removed(p.Change); gone {
			goes[keyOf(&rec)] = true
			if p.Instance.Key == s.Instance.Key && p.Instance.ID == s.Instance.ID {
				out = append(out, rec)
				if len(p.Strands) > 0 {
					empty += "; " + strings.Join(firstFew(p.Strands), ", ") + " would lead nowhere, as they lead to " + index.Clean(rec.Name)
				}
			}
		}
	}
	if left := recordsLeadingTo(v, s.Instance, func(rec *providers.Record) bool { return goes[keyOf(rec)] }); len(left) > 0 {
		g.Why, g.Satisfy = "the plan leaves a record that leads to it: "+strings.Join(left, ", "), "take it out of DNS first"
		return g
	}
	for _, rec := range unlistedRecords(v, s.Instance) {
		if says := r.onWire(ctx, index.SetKeyOf(&rec), map[string]bool{providers.FoldValue(rec.Type, rec.Value): false}, &rec); len(says.contradicting) > 0 {
			g.Why = "no list shows what name servers hand out: " + list(says.contradicting) + " for " + says.String()
			g.Satisfy = "the same command again, once the list of " + index.Clean(rec.Zone) + " agrees with its name servers"
			return g
		}
	}
	g.Pass, g.Why = true, "nothing but what the plan takes out leads to it; every zone and every name server is asked again right before this step"+empty
	for n := range out {
		if says := r.onWire(ctx, index.SetKeyOf(&out[n]), nil, &out[n]); len(says.unasked) > 0 {
			g.Why += "; " + list(says.unasked) + " could not be asked for " + says.String() + " now, which the step waits out unless " + index.Clean(r.askedName(s.Instance)) + " is typed"
			break
		}
	}
	return g
}
