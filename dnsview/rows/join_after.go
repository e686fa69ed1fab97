package rows

import (
	"slices"
	"sync/atomic"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// JoinAfter returns what Join does. Of a view that was made from the rows of an earlier one, it takes the texts and the order
// by name of the rows from those of the earlier view: only their findings and the answers of name servers differ. last may be nil.
func JoinAfter(last *Joined, v *dnsview.View) *Joined {
	if last == nil || last.view == nil || !v.Index.SameRows(last.view.Index) || !slices.EqualFunc(v.Snapshot.Clouds, last.view.Snapshot.Clouds, sameProduction) {
		return Join(v)
	}
	j := &Joined{view: v, places: last.places, markers: last.markers}
	j.nodes, j.values = make([]Instance, len(last.nodes)), make([]Record, len(last.values))
	var others atomic.Bool // rows are shown that were not, or the other way round
	index.Parallel(len(j.nodes), rowsOfPart, func(from, to int) {
		for i := from; i < to; i++ {
			r := &j.nodes[i]
			*r = last.nodes[i]
			r.view, r.Findings = v, v.FindingsOfInstance(r.Inst.Key, r.Inst.ID)
			if r.isShown() != last.nodes[i].isShown() {
				others.Store(true)
			}
		}
	})
	index.Parallel(len(j.values), rowsOfPart, func(from, to int) {
		for i := from; i < to; i++ {
			r := &j.values[i]
			*r = last.values[i]
			r.view, r.Findings, r.Wire = v, v.FindingsOfRecord(r.Rec), v.WireOf(r.Rec)
			if r.leadsTo != nil {
				r.leadsTo = &j.nodes[r.leadsTo.at]
			}
			if len(r.Findings) == 0 && r.Rec.IsMarker() {
				others.Store(true)
			}
		}
	})
	if others.Load() || markersWithFindings(v) != last.markers {
		return Join(v)
	}
	j.byName.instances, j.byName.records = make([]*Instance, len(last.byName.instances)), make([]*Record, len(last.byName.records))
	for i, r := range last.byName.instances {
		j.byName.instances[i] = &j.nodes[r.at]
	}
	for i, r := range last.byName.records {
		j.byName.records[i] = &j.values[r.at]
	}
	j.worstFirst()
	return j
}

func sameProduction(a, b providers.CloudView) bool { return a.Production == b.Production }

// markersWithFindings counts the owner markers that findings are about.
func markersWithFindings(v *dnsview.View) int {
	markers := map[*providers.Record]bool{}
	for i := range v.Findings {
		if r := v.Findings[i].Record; r != nil && r.IsMarker() {
			markers[r] = true
		}
	}
	return len(markers)
}
