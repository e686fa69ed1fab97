package apply

import (
	"cmp"
	"slices"
	"strconv"
	"sync"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// typedTexts are the guards that the typed texts of a run have answered.
type typedTexts struct {
	answering sync.Mutex
	answered  map[int]index.GuardID // by the index of the text
}

// acceptTyped lets texts that a person typed satisfy the guards that ask for them.
func (r *run) acceptTyped(guards []index.GuardResult) {
	for n := range guards {
		g := &guards[n]
		if g.Pass || g.Confirm == "" {
			continue
		}
		typed := r.typedFor(g.Guard, func(s string) bool {
			return index.IsTyped(s, g.Confirm) || (g.Guard == index.GuardMinimum || g.Guard == index.GuardAddress) && providers.SameName(index.Readable(s), index.Readable(g.Confirm))
		})
		if typed != "" {
			g.Pass = true
			g.Why += " (a person typed it)"
		}
	}
}

// typedFor returns a text for which matches is true and that a person typed for a guard, or "". A text answers one guard,
// and two if it was typed twice. Only the text of plan.Plan.Confirm answers all that ask for it. It may be called concurrently.
func (r *run) typedFor(g index.GuardID, matches func(string) bool) string {
	r.answering.Lock()
	defer r.answering.Unlock()
	for n, s := range r.confirm.Typed {
		if s == "" || !matches(s) {
			continue
		}
		if s == r.plan.Confirm() {
			return s
		}
		if by, taken := r.answered[n]; !taken || by == g {
			if r.answered == nil {
				r.answered = map[int]index.GuardID{}
			}
			r.answered[n] = g
			return s
		}
	}
	return ""
}

// typedName returns the text for an instance or its id if a person typed it, which shortens the wait, or "".
func (r *run) typedName(ref providers.InstanceRef) string {
	name := r.askedName(ref)
	return r.typedFor(index.GuardDNS, func(s string) bool { return s != r.plan.Confirm() && (s == name || s == ref.ID) })
}

// askedName returns the text that an operator types for an instance: its name, or its id if the name is a number, or that of
// a record that the plan changes or of another node of the plan, since that text answers another question.
func (r *run) askedName(ref providers.InstanceRef) string {
	if _, err := strconv.Atoi(ref.Name); err == nil || slices.ContainsFunc(r.plan.Steps, func(s plan.Step) bool {
		if s.Change != nil {
			return providers.SameName(s.Change.Record().Name, ref.Name)
		}
		return s.Instance.Name == ref.Name && (s.Instance.Key != ref.Key || s.Instance.ID != ref.ID)
	}) {
		return ref.ID
	}
	return nodeName(ref)
}

// nodeName returns the name of an instance, or its id if it has none.
func nodeName(ref providers.InstanceRef) string { return cmp.Or(ref.Name, ref.ID) }

// removesInZones reports whether a plan removes values from several zones, so that a count alone does not say of which.
func removesInZones(p *plan.Plan) bool {
	zone := ""
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Change == nil {
			continue
		}
		if m := guard.ModeOf(p.Verb, s.Change); m != guard.ModeDead && m != guard.ModeTakeOut {
			continue
		}
		if zone != "" && !providers.SameName(zone, s.Zone) {
			return true
		}
		zone = s.Zone
	}
	return false
}
