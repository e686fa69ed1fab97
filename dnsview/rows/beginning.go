package rows

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Beginning returns a snapshot of the first n instances and records of a screen, with what belongs to them. It is nil
// if the whole has hardly more.
func Beginning(s *providers.Snapshot, n int) *providers.Snapshot {
	out := &providers.Snapshot{Seq: s.Seq, Taken: s.Taken, Forgotten: s.Forgotten, Beginning: true, Clouds: slices.Clone(s.Clouds), Zones: slices.Clone(s.Zones)}
	total := 0
	first := map[*providers.Instance]bool{}
	nodes := map[InstanceKey]bool{} // by cloud key
	held := map[netip.Addr]bool{}
	for i, room := 0, n; i < len(s.Clouds); i++ {
		total += len(s.Clouds[i].Instances)
		for _, r := range least(room, instancesToShow(&s.Clouds[i]), compareInstances) {
			first[r.Inst], nodes[InstanceKey{string(r.Inst.Key), r.Inst.ID}] = true, true
			for _, a := range r.Inst.PublicIPs {
				held[a] = true
			}
			room--
		}
	}
	firstRecords := map[*providers.Record]bool{}
	owners := map[InstanceKey]bool{}
	led := map[netip.Addr]bool{} // addresses that the first records lead to
	for i, room := 0, n; i < len(s.Zones); i++ {
		total += len(s.Zones[i].Records)
		for _, r := range least(room, recordsToShow(&s.Zones[i]), compareRecords) {
			firstRecords[r.Rec] = true
			if a, ok := r.Rec.Addr(); ok {
				led[a] = true
			}
			for _, o := range r.Rec.Owners {
				owners[InstanceKey{string(o.Cloud), o.Instance}] = true
			}
			room--
		}
	}
	if total <= 8*n {
		return nil
	}
	for i := range out.Clouds {
		c := &out.Clouds[i]
		c.Instances, c.Addresses, c.Lookups = nil, nil, nil
		for r := range instancesToShow(&s.Clouds[i]) {
			isLed := slices.ContainsFunc(r.Inst.PublicIPs, func(a netip.Addr) bool { return led[a] })
			if first[r.Inst] || isLed || owners[InstanceKey{string(r.Inst.Key), r.Inst.ID}] {
				c.Instances = append(c.Instances, *r.Inst)
			} else {
				c.Left++
			}
		}
	}
	for i := range out.Zones {
		z := &out.Zones[i]
		z.Records, z.Appeared = nil, nil
		for r := range recordsToShow(&s.Zones[i]) {
			a, _ := r.Rec.Addr()
			owned := slices.ContainsFunc(r.Rec.Owners, func(o providers.Owner) bool { return nodes[InstanceKey{string(o.Cloud), o.Instance}] })
			if firstRecords[r.Rec] || owned || held[a] {
				z.Records = append(z.Records, *r.Rec)
			} else {
				z.Left++
			}
		}
	}
	return out
}

// instancesToShow returns what Join shows of a cloud whatever else is known, with the fields that order it.
func instancesToShow(c *providers.CloudView) iter.Seq[*Instance] {
	return func(yield func(*Instance) bool) {
		for i := range c.Instances {
			if in := &c.Instances[i]; !in.State.Dead() && !yield(&Instance{Inst: in, natural: NaturalKey(providers.Clean(cmp.Or(in.Name, in.ID)))}) {
				return
			}
		}
	}
}

// recordsToShow works as instancesToShow.
func recordsToShow(z *providers.ZoneView) iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		var text index.Texts
		for i := range z.Records {
			if r := (&Record{Rec: &z.Records[i]}); !r.Rec.IsMarker() && !yield(r.ordered(&text)) {
				return
			}
		}
	}
}

// least returns the n first of a sequence in order.
func least[T any](n int, all iter.Seq[T], compare func(a, b T) int) []T {
	var out []T
	for x := range all {
		if len(out) >= n {
			if n == 0 || compare(x, out[n-1]) >= 0 {
				continue
			}
			out = out[:n-1]
		}
		at, _ := slices.BinarySearchFunc(out, x, compare)
		out = slices.Insert(out, at, x)
	}
	return out
}
