package dnsview

import (
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// An inspection of rows of which a few differ from those of the last one looks again at the parts that are about these,
// or about what index.Changes names for them. A part that has read more than that is looked at whenever any row differs.

// follow makes the index of a view from that of the last one, which has the same sources, if at most a few rows differ, or
// only states of sources; else it leaves it nil. What was found when sources were in other states is not taken over.
func (in *inspector) follow(last, v *View) {
	sameRows := last.sameRows(v.Snapshot)
	switch {
	case !last.sameSources(v.Snapshot, &v.Options):
		if sameRows && !v.Snapshot.Beginning && last.stages != nil {
			v.Index, _ = last.Index.InOtherStates(v.Snapshot, &v.Options)
		}
		return
	case sameRows:
		v.Index, in.last = last.Index.Again(v.Snapshot, &v.Options), last
		return
	}
	if v.Snapshot.Beginning || last.stages == nil {
		return
	}
	if x, c, ok := last.Index.After(v.Snapshot, &v.Options); ok {
		v.Index, in.last, in.differs = x, last, c
	}
}

// anyDiffers and noneDiffers are for stages that follow from all rows, and from none.
func anyDiffers(int) bool  { return true }
func noneDiffers(int) bool { return false }

// recordsDiffer returns whether a part has records that are to be looked at again.
func (in *inspector) recordsDiffer(list []zonePart) func(part int) bool {
	if in.differs == nil {
		return noneDiffers
	}
	last := make([]int, len(in.Zones)) // part of each zone, which has what has come
	for n, p := range list {
		last[p.zone.Number] = n
	}
	parts := map[int]bool{}
	for _, places := range [2]map[index.Place]bool{in.differs.Records, in.differs.Gone} {
		for p := range places {
			first := 0
			if p.Zone > 0 {
				first = last[p.Zone-1] + 1
			}
			parts[min(first+int(p.At)/recordsOfPart, last[p.Zone])] = true
		}
	}
	return func(part int) bool { return parts[part] }
}

// nodesDiffer returns whether a part has nodes that are to be looked at again.
func (in *inspector) nodesDiffer() func(part int) bool {
	if in.differs == nil {
		return noneDiffers
	}
	parts := map[int]bool{}
	for n := range in.differs.Nodes {
		parts[int(n)/nodesOfPart] = true
	}
	return func(part int) bool { return parts[part] }
}

// membersDiffer reports whether the members of a service are to be looked at again.
func (in *inspector) membersDiffer(s *index.DeclaredService) bool {
	return in.differs.Names[providers.CanonicalName(s.Name)] || in.differs.Hosts && s.Kind == index.DNSSD
}

// setsDiffer reports whether the sets of a zone, or behind the zones the chains of DNS-SD, are to be looked at again.
func (in *inspector) setsDiffer(part int) bool {
	c := in.differs
	if part < len(in.Zones) {
		return c.Sets[int32(part)] || in.reports[int32(part)]
	}
	if c.Hosts || in.targets || c.Chains || c.Rows && len(in.srvs) > 0 {
		return true
	}
	for p := range c.Records {
		if in.At(p).Type == "SRV" {
			return true
		}
	}
	return false
}

// valueDiffers reports whether a record of a name has another value than in the last view.
func (in *inspector) valueDiffers(name string) bool {
	return in.differs != nil && in.differs.Values[name]
}

// compareReports notes of which records something else is reported than in the last view.
func (in *inspector) compareReports(list []zonePart, was, is []*inspector) {
	in.reports = map[int32]bool{}
	for n, p := range is {
		if was[n] == p {
			continue
		}
		if in.differs == nil && !sameReports(was[n], p) || !slices.Equal(was[n].markers, p.markers) || !slices.Equal(was[n].quiesced, p.quiesced) {
			in.stale = true
			return
		}
		in.targets = in.targets || !slices.Equal(was[n].srvs, p.srvs)
		if in.differs == nil || slices.Equal(was[n].own, p.own) {
			continue
		}
		zone := list[n].zone
		in.reports[int32(zone.Number)] = true
		for _, own := range [2][]ownReport{was[n].own, p.own} {
			for _, r := range own {
				if !slices.Contains(was[n].own, r) || !slices.Contains(p.own, r) {
					if p := (index.Place{Zone: int32(zone.Number), At: r.at}); in.Has(p) {
						in.differs.Names[in.At(p).Name] = true
					}
				}
			}
		}
	}
}
