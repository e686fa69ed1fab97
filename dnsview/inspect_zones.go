package dnsview

import (
	"maps"
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// zonePart is a part of the records of a zone, by their numbers.
type zonePart struct {
	zone     *index.ZoneState
	from, to int
}

// recordsOfPart is how many records are looked at as one part.
var recordsOfPart = 4096

// zones inspects the records of every zone.
func (in *inspector) zones() {
	var list []zonePart
	for _, z := range in.Zones {
		from := 0
		for ; from+recordsOfPart < z.FirstNumbers(); from += recordsOfPart {
			list = append(list, zonePart{z, from, from + recordsOfPart})
		}
		list = append(list, zonePart{z, from, z.Numbers()})
	}
	was := in.partsOfLast()
	parts := in.split(kept, len(list), 1, in.recordsDiffer(list), func(part *inspector, i, _ int) {
		part.inspectRecords(list[i])
	})
	if in.last != nil {
		in.compareReports(list, was, parts)
	}
	in.reported = make([][]reported, len(in.Zones))
	for n, z := range in.Zones {
		in.reported[n] = make([]reported, z.Numbers())
	}
	in.QuiescedMarkers, in.QuiescedRecords = nil, map[index.QuiescedKey][]*providers.Record{}
	for n, p := range parts {
		for _, r := range p.own {
			in.reported[list[n].zone.Number][r.at] = r.what
		}
		in.srvs = append(in.srvs, p.srvs...)
		for _, m := range p.markers {
			in.QuiescedMarkers = append(in.QuiescedMarkers, index.QuiescedMarker{Zone: in.Zones[m.place.Zone], Record: in.At(m.place), Owner: m.owner, Name: m.name})
		}
		for _, at := range p.quiesced {
			r := in.At(at)
			o := r.Owners[0]
			at := index.QuiescedKey{Node: in.NodeOf(o.Cloud, o.Instance), Name: r.Name}
			in.QuiescedRecords[at] = append(in.QuiescedRecords[at], r)
		}
	}
	slices.SortFunc(in.QuiescedMarkers, func(a, b index.QuiescedMarker) int { return index.CompareRecords(a.Record, b.Record) })
	in.QuiescedAt = map[string][]index.QuiescedMarker{}
	for _, m := range in.QuiescedMarkers {
		in.QuiescedAt[m.Name] = append(in.QuiescedAt[m.Name], m)
		in.NodeOf(m.Owner.Cloud, m.Owner.Instance)
	}
}

// setsAndChains inspects the record sets of every zone, and the chains of DNS-SD.
func (in *inspector) setsAndChains() {
	parts := in.split(kept, len(in.Zones)+1, 1, in.setsDiffer, func(part *inspector, i, _ int) {
		if i == len(in.Zones) {
			part.srvs = in.srvs
			part.chains()
			part.srvs = nil
			return
		}
		part.capacity = map[string]index.Capacity{}
		part.sets(in.Zones[i])
	})
	in.Capacity = map[string]index.Capacity{}
	for _, p := range parts {
		maps.Copy(in.Capacity, p.capacity)
	}
}

// reported is what was found about a record already.
type reported uint8

const (
	notReported     reported = iota
	reportedOther            // nothing else can be done about it before that is settled
	reportedLeaving          // it is dead, or not ours: what else is wrong with it does not matter
)

// ownReport is what was reported of one record of a zone.
type ownReport struct {
	at   int32 // its number
	what reported
}

// markerRow is a marker record that says quiesced.
type markerRow struct {
	place index.Place
	owner providers.Owner
	name  string // of the record that was taken out
}

// reportedOf returns what was found about a record already.
func (in *inspector) reportedOf(r *providers.Record) reported {
	if in.inspects {
		return in.here
	}
	if p, ok := in.PlaceOf(r); ok {
		return in.reported[p.Zone][p.At]
	}
	return notReported
}

// inspectRecords inspects every record of a part of a zone.
func (in *inspector) inspectRecords(p zonePart) {
	z := p.zone
	missing := in.MissingEvidence(z)
	for n := p.from; n < p.to; n++ {
		i := z.PositionOf(int32(n))
		if i < 0 {
			continue
		}
		r := &z.View.Records[i]
		if r.Type == "TXT" && r.IsMarker() {
			in.inspectMarker(z, r)
			continue
		}
		in.here, in.inspects = notReported, true
		in.inspectRecord(z, i, missing)
		if in.inspects = false; in.here != notReported {
			in.own = append(in.own, ownReport{int32(n), in.here})
		}
	}
}

// inspectRecord inspects the record at a position of its zone that is no marker.
func (in *inspector) inspectRecord(z *index.ZoneState, i int, missing string) {
	r := &z.View.Records[i]
	from := len(in.out)
	hidden := in.hidden(z, r)
	switch {
	case r.Alias:
		return
	case len(r.Owners) > 1 || len(r.BadMarkers) > 0:
		in.ambiguous(z, r)
	case len(r.Owners) == 1:
		in.owned(z, r, r.Owners[0], z.Nodes[i], missing)
	case hidden || in.IsGlue(r): // whose address it is does not matter where no one is led to it
	default:
		in.unowned(z, r, missing)
	}
	if len(in.out) > from {
		in.noteReported(in.out[len(in.out)-1].Class)
	}
	switch r.Type {
	case "SRV":
		if len(in.out) == from {
			in.srvs = append(in.srvs, srvRow{index.Place{Zone: int32(z.Number), At: z.NumberAt(i)}, z.Nodes[i]})
		}
	case "A", "AAAA":
		if hidden || in.IsGlue(r) {
			return
		}
		in.private(z, r, z.Nodes[i])
	}
}

// noteReported notes what other findings about the record that is inspected must know.
func (in *inspector) noteReported(c Class) {
	switch c {
	case Dead, Dangling, OtherFleet:
		in.here = reportedLeaving
	case Moved, Unmarked, Foreign:
	default:
		in.here = reportedOther
	}
}
