package rows

import (
	"cmp"
	"slices"
	"sync/atomic"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// JoinAfter returns what Join does. Of a view that was made from an earlier one whose rows stand in the same places, it takes
// the texts and the order by name of the rows from those of the earlier view: those that differ are joined and put into that
// order anew, and of the others only the findings and the answers of name servers differ. last may be nil.
func JoinAfter(last *Joined, v *dnsview.View) *Joined {
	if last == nil || last.view == nil || !slices.EqualFunc(v.Snapshot.Clouds, last.view.Snapshot.Clouds, sameProduction) {
		return Join(v)
	}
	differs, ok := v.Index.DiffersFrom(last.view.Index)
	if !ok {
		return Join(v)
	}
	j := &Joined{view: v, places: last.places, markers: last.markers, byName: last.byName}
	j.nodes, j.values = make([]Instance, len(last.nodes)), make([]Record, len(last.values))
	j.urgent.nodes, j.urgent.values = make([]dnsview.Severity, len(last.nodes)), make([]dnsview.Severity, len(last.values))
	others := j.takeInstances(last)
	if j.takeRecords(last) || markersWithFindings(v) != last.markers {
		others = true
	}
	if others {
		return Join(v)
	}
	if differs != nil && !j.joinAgain(last, differs) {
		return Join(v)
	}
	j.worstFirst()
	return j
}

func sameProduction(a, b providers.CloudView) bool { return a.Production == b.Production }

// takeInstances takes over the rows of instances, and reports whether some are shown that were not, or the other way round.
func (j *Joined) takeInstances(last *Joined) bool {
	var others atomic.Bool
	from := 0
	for _, c := range j.view.Snapshot.Clouds {
		list := j.nodes[from : from+len(c.Instances)]
		was := last.nodes[from : from+len(c.Instances)]
		urgent := j.urgent.nodes[from : from+len(c.Instances)]
		index.Parallel(len(list), rowsOfPart, func(from, to int) {
			for i := from; i < to; i++ {
				r := &list[i]
				*r = was[i]
				r.view, r.Inst = j.view, &c.Instances[i]
				r.Findings = r.found()
				urgent[i] = r.urgency()
				if r.Inst.State.Dead() && r.isShown() != was[i].isShown() {
					others.Store(true)
				}
			}
		})
		from += len(c.Instances)
	}
	return others.Load()
}

// takeRecords takes over the rows of records, and reports whether one of a marker is shown no more.
func (j *Joined) takeRecords(last *Joined) bool {
	var others atomic.Bool
	v, zones := j.view, j.view.Index.ZoneNumbers()
	index.Parallel(len(j.values), rowsOfPart, func(from, to int) {
		for i := from; i < to; i++ {
			r := &j.values[i]
			*r = last.values[i]
			at := index.Position(last.view.Snapshot.Zones[r.order].Records, r.Rec)
			r.view, r.Rec = v, &v.Snapshot.Zones[r.order].Records[at]
			r.Findings, r.Wire = v.FindingsAt(index.Place{Zone: zones[r.order], At: int32(at)}), v.WireOf(r.Rec)
			if r.leadsTo != nil {
				r.leadsTo = &j.nodes[r.leadsTo.at]
			}
			j.urgent.values[i] = r.urgency()
			if len(last.values[i].Findings) > 0 && len(r.Findings) == 0 && r.Rec.IsMarker() {
				others.Store(true)
			}
		}
	})
	return others.Load()
}

// joinAgain joins the rows anew that differ from those of the last view. It returns false if other rows than before are shown.
func (j *Joined) joinAgain(last *Joined, differs *index.Changes) bool {
	var text index.Texts
	var moved []int32
	for n := range differs.Nodes {
		i := j.view.Index.Nodes[n].Instance
		if i == nil {
			continue
		}
		r := j.Instance(InstanceKey{Cloud: i.Cloud, ID: i.ID})
		if r == nil {
			continue
		}
		was := &last.nodes[r.at]
		r.join(&text)
		if r.isShown() != was.isShown() {
			return false
		}
		if r.isShown() && r.natural != was.natural {
			moved = append(moved, r.at)
		}
	}
	j.byName.instances = again(j.byName.instances, moved, j.compareInstances)
	moved = moved[:0]
	numbers := j.view.Index.ZoneNumbers()
	for p := range differs.Records {
		at, ok := j.rowAt(slices.Index(numbers, p.Zone), p.At)
		if !ok {
			continue
		}
		r := &j.values[at]
		was := last.values[at].Rec
		r.join(&text)
		j.joinOwner(r)
		if r.Rec.Value != was.Value {
			moved = append(moved, at)
		}
	}
	j.byName.records = again(j.byName.records, moved, j.compareRecords)
	return true
}

// rowAt returns the number of the row of a record by its zone in the snapshot and its number there. ok is false for an owner
// marker without findings.
func (j *Joined) rowAt(zone int, at int32) (n int32, ok bool) {
	found, ok := slices.BinarySearchFunc(j.values, at, func(r Record, at int32) int {
		return cmp.Or(cmp.Compare(int(r.order), zone), cmp.Compare(index.Position(j.view.Snapshot.Zones[r.order].Records, r.Rec), int(at)))
	})
	return int32(found), ok
}

// again returns the numbers of rows in order after some of them were moved; the others are in order.
func again(numbers, moved []int32, compare func(a, b int32) int) []int32 {
	if len(moved) == 0 {
		return numbers
	}
	slices.SortFunc(moved, compare)
	isMoved := make(map[int32]bool, len(moved))
	for _, n := range moved {
		isMoved[n] = true
	}
	rest := slices.DeleteFunc(slices.Clone(numbers), func(n int32) bool { return isMoved[n] })
	out := make([]int32, 0, len(numbers))
	for _, n := range moved {
		at, _ := slices.BinarySearchFunc(rest, n, compare)
		out = append(append(out, rest[:at]...), n)
		rest = rest[at:]
	}
	return append(out, rest...)
}

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
