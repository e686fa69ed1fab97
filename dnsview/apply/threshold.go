package apply

import (
	"slices"
	"strings"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// thresholdWindow is the period over which deletes are counted.
const thresholdWindow = 10 * time.Minute

// tally is what guard 8 of a run counts with.
type tally struct {
	limits map[string]*guard.Evidence // zone -> evidence of its last threshold guard
	counts map[string]string          // zone -> count that the threshold guard first asked for

	book    []journal.Entry               // the journal when guards were evaluated last
	bookErr error                         // why it could not be read
	missing error                         // why deletes that guard 8 counts may be missing in it
	held    map[string]map[recordKey]bool // zone -> values in heldOf
	heldOf  *evidence
}

// threshold evaluates guard 8 and, for a dry check, guard 9, for the steps that passed all others.
func (r *run) threshold(steps []int, inputs []*guard.Evidence, out []guardOutcome, dry bool) {
	journalErr := r.bookErr
	if dry && r.engine.o.Journal != nil && journalErr == nil {
		journalErr = r.engine.o.Journal.Check(r.engine.o.Who)
	}
	for n, i := range steps {
		a, p := &out[n], inputs[n]
		mode := guard.ModeOf(p.Verb, p.Change)
		if a.pass && (mode == guard.ModeDead || mode == guard.ModeTakeOut) {
			zone := r.plan.Steps[i].Zone
			r.count(p, zone, r.book)
			p.RecentErr, p.Missing = r.bookErr, r.missing
			p.Planned = r.planned(zone, steps, out)
			r.limits[zone] = p
			g := r.thresholdOf(p, zone)
			a.guards = append(a.guards, g)
			a.pass = g.Pass
			if !a.pass {
				delete(r.removed, p.Change.Before.Identity())
			}
		}
		if dry && !a.already {
			g := r.journalGuard(*p, journalErr)
			a.guards = append(a.guards, g)
			a.pass = a.pass && g.Pass
		}
	}
}

// count sets how many values of a zone went in the last ten minutes.
func (r *run) count(p *guard.Evidence, zone string, entries []journal.Entry) {
	if r.heldOf != r.ev {
		r.held, r.heldOf = map[string]map[recordKey]bool{}, r.ev
	}
	if r.held[zone] == nil {
		r.held[zone] = r.ev.valuesIn(zone)
	}
	p.Recent, p.Owned = recent(entries, zone, p.Now, r.held[zone])
	p.Owned += p.View.OwnedIn(zone)
}

// thresholdOf evaluates guard 8, with what a person typed.
func (r *run) thresholdOf(p *guard.Evidence, zone string) index.GuardResult {
	g := p.CheckThreshold()
	// A plan that was made again, after some of it was done, may be of this zone alone.
	prefix := index.Clean(zone) + " "
	named := slices.ContainsFunc(r.confirm.Typed, func(s string) bool { return strings.HasPrefix(s, prefix) })
	if g.Confirm != "" && (named || r.inZones()) {
		g.Confirm, g.Satisfy = prefix+g.Confirm, "type the zone and the number of entries that this plan removes from it"
	}
	if g.Pass && r.plan.Evacuates() {
		g = index.GuardResult{Guard: index.GuardThreshold, Why: "all nodes of the cloud leave DNS, and stay out until they are returned", Satisfy: "type the cloud and the number of entries that this plan removes"}
		g.Confirm = r.plan.Confirm()
	}
	g = p.Confirmed(g)
	if g.Confirm != "" {
		// After some removals the count is smaller. The count that a person typed at first holds for all of them.
		if first, ok := r.counts[zone]; ok {
			g.Confirm = first
		} else {
			r.counts[zone] = g.Confirm
		}
	}
	gs := []index.GuardResult{g}
	r.acceptTyped(gs)
	return gs[0]
}

// planned returns the number of values that this plan will still remove from a zone: those of evaluated steps that pass
// or exceed the threshold, and those not evaluated yet.
func (r *run) planned(zone string, steps []int, out []guardOutcome) int {
	refused := map[providers.Identity]bool{}
	for n, i := range steps {
		if out[n].already || refusedOtherwise(out[n].guards) {
			refused[r.plan.Steps[i].Change.Before.Identity()] = true
		}
	}
	for i := range r.report.Steps {
		// Steps refused only by the threshold still count; otherwise the last of too many would pass.
		if s := &r.report.Steps[i]; s.State != "" && s.Step.Change != nil && (s.State != StepDone || s.Step.Change.Op == providers.OpDelete) &&
			(s.State != StepRefused || refusedOtherwise(s.Guards)) {
			refused[s.Step.Change.Before.Identity()] = true
		}
	}
	count := map[providers.Identity]bool{}
	for i := range r.plan.Steps {
		s := &r.plan.Steps[i]
		if s.Change == nil || s.Zone != zone {
			continue
		}
		if m := guard.ModeOf(r.plan.Verb, s.Change); m != guard.ModeDead && m != guard.ModeTakeOut {
			continue
		}
		if id := s.Change.Before.Identity(); !refused[id] {
			count[id] = true
		}
	}
	return len(count)
}

// refusedOtherwise reports whether a guard other than the threshold fails.
func refusedOtherwise(guards []index.GuardResult) bool {
	return slices.ContainsFunc(guards, func(g index.GuardResult) bool { return !g.Pass && g.Guard != index.GuardThreshold })
}

// recent returns the number of owned values that the journal removed from a zone in the last ten minutes, and how many
// of them are not in the zone's read any more.
func recent(entries []journal.Entry, zone string, now time.Time, held map[recordKey]bool) (gone, before int) {
	left := map[recordKey]bool{}
	for i := range entries {
		e := &entries[i]
		if e.Change == nil || e.Change.Op != providers.OpDelete || e.Already || !providers.SameName(e.Zone, zone) || e.Age(now) > thresholdWindow {
			continue
		}
		switch e.State {
		case journal.Done, journal.Begun, journal.Unknown:
		default:
			continue
		}
		b := &e.Change.Before
		if b.IsMarker() || len(b.Owners) == 0 {
			continue
		}
		gone++
		if k := keyOf(b); !held[k] {
			left[k] = true
		}
	}
	return gone, len(left)
}

// valuesIn returns the values of a zone as read.
func (ev *evidence) valuesIn(zone string) map[recordKey]bool {
	out := map[recordKey]bool{}
	if z := zoneView(ev.snap, zone); z != nil {
		for i := range z.Records {
			out[keyOf(&z.Records[i])] = true
		}
	}
	return out
}

func (r *run) entries() ([]journal.Entry, error) {
	if r.engine.o.Journal == nil {
		return nil, errNoJournal
	}
	return r.engine.o.Journal.Entries()
}
