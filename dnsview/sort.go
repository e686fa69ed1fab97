package dnsview

import (
	"cmp"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Classes returns every class of finding, in the order in which findings of equal
// severity are sorted.
func Classes() []Class {
	return []Class{
		Dangling, Unresolvable, Thin, Reused, Dead, Stopped, Moved, Evacuated, Missing, Half, Lame, Occluded, Private, SRVNoAddress, Wire,
		Ambiguous, Unhealthy, Split, OverLimit, OneCloud, Proxied, SRVAlias, PTRNoSRV, SRVNoPTR, SRVNoTXT,
		Unmarked, Duplicate, OrphanMarker, TTL, Weight, TypeNotListed,
		Foreign, OtherFleet, Quiesced, Cached, InFlight, Unknown,
	}
}

// sortFindings puts the worst first, dangling first among equals, then by class and by
// what they are about.
func (in *inspector) sortFindings(list []*Finding) { index.Sort(list, in.compareRanked) }

var rankOf = func() map[Class]int32 {
	rank := map[Class]int32{}
	for n, c := range Classes() {
		rank[c] = int32(n)
	}
	return rank
}()

// compareRanked orders findings of parts as a view has them.
func (in *inspector) compareRanked(a, b *Finding) int {
	return in.compareAcross(a, in, b)
}

// compareAcross is compareRanked with a finding b of another view. It reads rank, which an inspector sets when it adds a finding.
func (in *inspector) compareAcross(a *Finding, other *inspector, b *Finding) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	return compareFindings(a, b, in.recordOf(a), other.recordOf(b))
}

// recordOf returns the record of a finding of a part, or nil.
func (in *inspector) recordOf(f *Finding) *providers.Record {
	if f.placed {
		return in.At(f.place)
	}
	return f.Record
}

// InOrder sorts findings of one view as the view has them, each once, in place.
func InOrder(list []*Finding) []*Finding {
	slices.SortFunc(list, func(a, b *Finding) int { return cmp.Compare(a.order, b.order) })
	return slices.Compact(list)
}

// compareFindings orders findings of one class and severity by what they are about; r and s are their records.
func compareFindings(a, b *Finding, r, s *providers.Record) int {
	if c := cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Service, b.Service)); c != 0 {
		return c
	}
	switch {
	case r != nil && s != nil:
		if c := index.CompareRecords(r, s); c != 0 {
			return c
		}
	case r != s:
		if r == nil {
			return 1
		}
		return -1
	}
	if c := compareRefs(a.Instance, b.Instance); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Reason, b.Reason))
}

func compareRefs(a, b *providers.InstanceRef) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return cmp.Or(cmp.Compare(a.Cloud, b.Cloud), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
}
