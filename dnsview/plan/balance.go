package plan

import (
	"fmt"
	"strconv"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// maxWeight is the largest weight of a weighted record set of Route 53.
const maxWeight = 255

// Balance plans another priority or weight for the nodes of these records: SRV values, or addresses in weighted record
// sets of Route 53, which have no priority. A nil value leaves what a record has.
func Balance(z Zone, records []providers.Record, priority, weight *uint16) (Planned, error) {
	m := z.plan(index.VerbBalance)
	for i := range records {
		r := records[i]
		after, what, err := balanced(r, priority, weight)
		if err != nil {
			return Planned{}, err
		}
		own, owned := r.Owner()
		switch {
		case !owned || own.Fleet != z.Fleet:
			m.skip(r.Label() + " " + ownership(&r) + ", and rollcall changes only what its fleet owns")
			continue
		case what == "":
			continue
		}
		if after, err = after.WithOwner(z.Zone.Traits.Markers, own); err != nil {
			return Planned{}, invalid("%s", err)
		}
		m.step(providers.Change{Op: providers.OpUpdate, Before: r, After: after}, "Change "+r.Label()+" to "+what)
	}
	return m.end("Change " + index.Plural(len(m.Plan.Steps), "node", "nodes")), nil
}

// balanced returns a record with another priority or weight, and what is new in it, "" if nothing is.
func balanced(r providers.Record, priority, weight *uint16) (after providers.Record, what string, err error) {
	after = r
	if Weighted(&r) {
		switch {
		case priority != nil:
			return r, "", invalid("%s is in a weighted record set, which has a weight and no priority", r.Label())
		case weight == nil || int64(*weight) == r.Weight:
			return r, "", nil
		case *weight > maxWeight:
			return r, "", invalid("%s is in a weighted record set of Route 53, whose weight is %d at most", r.Label(), maxWeight)
		}
		after.Weight = int64(*weight)
		return after, "weight " + strconv.Itoa(int(*weight)), nil
	}
	s, ok := providers.ParseSRV(r.Value)
	if r.Type != "SRV" || !ok || s.Target == "." || r.Alias {
		return r, "", invalid("%s has no priority and no weight: SRV values have them, and weighted record sets of Route 53", r.Label())
	}
	next := s
	if priority != nil {
		next.Priority = *priority
	}
	if weight != nil {
		next.Weight = *weight
	}
	if next == s {
		return r, "", nil
	}
	after.Value = next.String()
	return after, after.Value, nil
}

// Weighted reports whether a record is an address in a weighted record set of Route 53.
func Weighted(r *providers.Record) bool {
	return (r.Type == "A" || r.Type == "AAAA") && !r.Alias && r.InWeightedSet()
}

// BalanceNodes plans another priority or weight for the nodes with these records, zone by zone.
func BalanceNodes(v *dnsview.View, ids []providers.Identity, priority, weight *uint16) (Plan, error) {
	out := Plan{Verb: index.VerbBalance, Title: "Nothing to do"}
	zones := map[string][]providers.Record{}
	for _, id := range ids {
		r := v.Record(id)
		if r == nil {
			out.Skipped = append(out.Skipped, index.Clean(id.Name+" "+id.Type+" "+id.Value)+": there is no such record any more")
			continue
		}
		zones[r.Zone] = append(zones[r.Zone], *r)
	}
	for i := range v.Snapshot.Zones {
		zone := v.Snapshot.Zones[i].Zone
		rows := zones[providers.CanonicalName(zone.Name)]
		if len(rows) == 0 {
			continue
		}
		delete(zones, providers.CanonicalName(zone.Name))
		made, err := Balance(Zone{Zone: zone, Fleet: v.Options.Fleet, Now: v.Options.Now.Add(v.Snapshot.Zones[i].Coverage.Skew)}, rows, priority, weight)
		if err != nil {
			return Plan{}, err
		}
		out.Skipped = append(out.Skipped, made.Plan.Skipped...)
		for _, s := range made.Plan.Steps {
			s.ID = len(out.Steps) + 1
			if n := v.Instance(s.Instance.Key, s.Instance.ID); n != nil {
				s.Instance = n.Ref()
			}
			out.Steps = append(out.Steps, s)
		}
	}
	out = WithoutUnwritable(v, out)
	switch n := len(out.Steps); n {
	case 0:
	case 1:
		out.Title = out.Steps[0].Sentence
	default:
		out.Title = fmt.Sprintf("Change %d nodes", n)
	}
	return out, nil
}
