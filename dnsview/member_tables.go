package dnsview

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// memberRecords is the membership of a service with what the findings about single nodes need.
type memberRecords struct {
	*services.Membership
	*memberTables
}

// memberTables are what the findings about single nodes need of the records of a declared service. They hold as long as no
// record has another value or owner, and the same nodes are quiesced.
type memberTables struct {
	quiesced map[int32]bool // nodes that were taken out on purpose
	owned    []ownedRecord  // records of nodes of ours, sorted by node
	values   addressCounts  // round-robin: addresses that are served
	byAddr   addressCounts  // DNS-SD: addresses that SRV records lead to
}

// ownedRecord is a record at the name of a service, and the node that owns it.
type ownedRecord struct {
	node  int32
	place index.Place
}

func compareOwned(a, b ownedRecord) int {
	return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.place.Zone, b.place.Zone), cmp.Compare(a.place.At, b.place.At))
}

// addressCounts counts how many records lead to each address: first ones, and how many more or fewer there are since.
type addressCounts struct{ first, since map[netip.Addr]int32 }

func (c addressCounts) has(a netip.Addr) bool { return c.first[a]+c.since[a] > 0 }

// memberTables returns those of a declared service.
func (in *inspector) memberTables(s *index.DeclaredService) *memberTables {
	ms := &memberTables{
		quiesced: services.MembershipOf(in.Index, providers.CanonicalName(s.Name), s.Records).Quiesced, owned: make([]ownedRecord, 0, len(s.Records)),
		values: addressCounts{first: make(map[netip.Addr]int32, len(s.Records))}, byAddr: addressCounts{first: map[netip.Addr]int32{}},
	}
	for _, m := range s.Records {
		if _, ok := m.Record.Owner(); ok && m.Node >= 0 {
			p, _ := in.PlaceOf(m.Record)
			ms.owned = append(ms.owned, ownedRecord{m.Node, p})
		}
		if a, ok := m.Record.Addr(); ok {
			ms.values.first[a]++
			continue
		}
		srv, ok := providers.ParseSRV(m.Record.Value)
		if !ok {
			continue
		}
		for _, h := range in.Hosts[srv.Target] {
			if a, ok := h.Addr(); ok {
				ms.byAddr.first[a]++
			}
		}
	}
	slices.SortFunc(ms.owned, compareOwned)
	return ms
}

// tablesOfLast returns the tables of the declared service with a number as they were in the last view, with those records that have
// come or are gone since; nil if they do not hold any more.
func (in *inspector) tablesOfLast(n int) *memberTables {
	if in.last == nil || in.stale || n >= len(in.last.tables) {
		return nil
	}
	was, c := in.last.tables[n], in.differs
	if c == nil || was == nil {
		return was
	}
	s := in.Services[n]
	switch name := providers.CanonicalName(s.Name); {
	case s.Kind == index.DNSSD && (c.Values[name] || c.Hosts && len(c.Values) > 0), c.Owners[name]:
		return nil
	case !c.Values[name]:
		return was
	default:
		return in.tablesAfter(was, s, name)
	}
}

// mostSince is up to how many addresses are counted apart.
const mostSince = 256

// tablesAfter returns the tables of a round-robin service after records at its name have come or are gone; nil if they are to be made
// anew.
func (in *inspector) tablesAfter(was *memberTables, s *index.DeclaredService, name string) *memberTables {
	ms := *was
	ms.owned, ms.values.since = slices.Clone(was.owned), maps.Clone(was.values.since)
	if ms.values.since == nil {
		ms.values.since = map[netip.Addr]int32{}
	}
	edit := func(x *index.Index, places map[index.Place]bool, by int32) bool {
		for p := range places {
			r, z := x.At(p), x.Zones[p.Zone]
			if r.Name != name || !s.IsMemberValue(r) {
				continue
			}
			if index.IsQuiesced(r) || s.ReadZone == nil || s.ReadZone.Number != int(p.Zone) {
				return false
			}
			if a, ok := r.Addr(); ok {
				ms.values.since[a] += by
			}
			o := ownedRecord{z.Nodes[z.PositionOf(p.At)], p}
			if _, owned := r.Owner(); !owned || o.node < 0 {
				continue
			}
			at, found := slices.BinarySearchFunc(ms.owned, o, compareOwned)
			switch {
			case by > 0:
				ms.owned = slices.Insert(ms.owned, at, o)
			case found:
				ms.owned = slices.Delete(ms.owned, at, at+1)
			}
		}
		return true
	}
	if !edit(in.last.Index, in.differs.Gone, -1) || !edit(in.Index, in.differs.Come, 1) || len(ms.values.since) > mostSince {
		return nil
	}
	return &ms
}
