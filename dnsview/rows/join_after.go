package rows

import (
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// JoinAfter returns what Join does. Of a view that was made from an earlier one it takes the texts and the order by name of the
// rows from those of the earlier view: those that differ are joined and put into that order anew, and of the others only
// the findings and the answers of name servers differ. last may be nil.
func JoinAfter(last *Joined, v *dnsview.View) *Joined {
	if last == nil || last.view == nil || !slices.EqualFunc(v.Snapshot.Clouds, last.view.Snapshot.Clouds, sameProduction) {
		return Join(v)
	}
	differs, ok := v.Index.DiffersFrom(last.view.Index)
	if !ok {
		return Join(v)
	}
	if differs == nil {
		differs = &index.Changes{}
	}
	j := &Joined{view: v}
	j.takeRecords(last, differs, j.takeInstances(last, differs))
	j.worstFirst()
	return j
}

func sameProduction(a, b providers.CloudView) bool { return a.Production == b.Production }

// takeInstances takes over the rows of instances. It returns the number of each earlier row now, -1 for one that is gone.
func (j *Joined) takeInstances(last *Joined, differs *index.Changes) (now []int32) {
	was, is := last.view.Snapshot.Clouds, j.view.Snapshot.Clouds
	now = make([]int32, 0, len(last.nodes))
	n, others := 0, false
	for c := range is {
		moved := differs.MovedInstances(c)
		others = others || moved != nil
		now = appendNow(now, len(was[c].Instances), moved, n)
		n += len(is[c].Instances)
	}
	from := inverse(now, n) // the number of the earlier row of each
	j.nodes, j.shown, j.urgent.nodes = make([]Instance, n), make([]bool, n), make([]dnsview.Severity, n)
	again := make([]bool, n) // is put into the order by name anew
	touched := make([]bool, len(j.view.Index.Nodes))
	for n := range differs.Nodes {
		touched[n] = true
	}
	begin := 0
	for order := range is {
		list := is[order].Instances
		index.Parallel(len(list), rowsOfPart, func(first, to int) {
			var text index.Texts
			for i := first; i < to; i++ {
				at := begin + i
				r, k := &j.nodes[at], from[at]
				var old Instance
				wasShown := false
				if k >= 0 {
					old, wasShown = last.nodes[k], last.shown[k]
				}
				*r = old
				r.Inst, r.view, r.at, r.order = &list[i], j.view, int32(at), int32(order)
				switch {
				case k < 0, r.node < 0, touched[r.node]:
					r.join(&text)
					j.shown[at] = r.isShown()
				default: // it is in the state that it was
					r.Findings = r.found()
					j.shown[at] = wasShown
					if (len(r.Findings) == 0) != (len(old.Findings) == 0) {
						j.shown[at] = r.isShown()
					}
				}
				j.urgent.nodes[at] = r.urgency()
				again[at] = k < 0 || r.natural != old.natural || j.shown[at] != wasShown
			}
		})
		begin += len(list)
	}
	if j.places, j.now = last.places, last.now; others {
		j.findNodesAfter(last, now)
	}
	j.byName.instances = inOrder(last.byName.instances, now, again, func(n int32) bool { return j.shown[n] }, j.compareInstances)
	return now
}

// inverse returns for each of n new numbers the earlier number whose number now it is, or -1.
func inverse(now []int32, n int) []int32 {
	from := slices.Repeat([]int32{-1}, n)
	for k, at := range now {
		if at >= 0 {
			from[at] = int32(k)
		}
	}
	return from
}

// findNodesAfter makes rows of instances found by their keys, when some have come or are gone.
func (j *Joined) findNodesAfter(last *Joined, now []int32) {
	n := max(len(last.nodes), len(last.now))
	j.now = make([]int32, n, n+len(j.nodes)/64)
	isNew := slices.Repeat([]bool{true}, len(j.nodes))
	for place := range j.now {
		at := last.nodeAt(int32(place))
		if at >= 0 {
			at = now[at]
		}
		if j.now[place] = at; at >= 0 {
			isNew[at] = false
		}
	}
	j.places = last.places.Clone()
	for at, fresh := range isNew {
		if !fresh {
			continue
		}
		if j.now = append(j.now, int32(at)); len(j.now) > j.places.Room() {
			j.now = nil
			j.findNodes()
			return
		}
		j.putNode(int32(at), int32(len(j.now)-1))
	}
}

// appendNow appends the numbers that the rows of a source have now, whose first one has the number begin.
func appendNow(now []int32, rows int, moved []int32, begin int) []int32 {
	for i := range rows {
		at := int32(i)
		if moved != nil {
			at = moved[i]
		}
		if at >= 0 {
			at += int32(begin)
		}
		now = append(now, at)
	}
	return now
}

// takeRecords takes over the rows of records; nodes are the numbers of the earlier rows of instances now.
func (j *Joined) takeRecords(last *Joined, differs *index.Changes, nodes []int32) {
	zones, numbers := j.view.Snapshot.Zones, j.view.Index.ZoneNumbers()
	begin, n := make([]int, len(zones)), 0 // of the records of each zone among all
	for z := range zones {
		begin[z] = n
		n += len(zones[z].Records)
	}
	stands := make([]int32, 0, len(last.rowOf)) // where each earlier record stands among all
	for z := range zones {
		stands = appendNow(stands, len(last.view.Snapshot.Zones[z].Records), differs.MovedRecords(z), begin[z])
	}
	was := slices.Repeat([]int32{-1}, n) // the number of the earlier row of each record
	for k, at := range stands {
		if at >= 0 {
			was[at] = last.rowOf[k]
		}
	}
	touched := make([]bool, n)
	for p := range differs.Records {
		touched[begin[slices.Index(numbers, p.Zone)]+j.view.Index.Zones[p.Zone].PositionOf(p.At)] = true
	}
	is := make([]int32, n) // the number of the row of each record, -1 for none
	j.rowOf = is
	j.eachRecord(begin, func(_, n int, r *providers.Record, found []*dnsview.Finding) {
		if is[n] = 0; len(found) == 0 && r.IsMarker() {
			is[n] = -1
		}
	})
	now, count := slices.Repeat([]int32{-1}, len(last.values)), 0
	for n := range is {
		if is[n] < 0 {
			continue
		}
		if is[n] = int32(count); was[n] >= 0 {
			now[was[n]] = is[n]
		}
		count++
	}
	j.values, j.urgent.values = make([]Record, count), make([]dnsview.Severity, count)
	again := make([]bool, count)
	j.eachRecord(begin, func(order, n int, rec *providers.Record, found []*dnsview.Finding) {
		if is[n] < 0 {
			return
		}
		r := &j.values[is[n]]
		if again[is[n]] = was[n] < 0; was[n] >= 0 {
			*r = last.values[was[n]]
		}
		r.Rec, r.view, r.at, r.order, r.Findings = rec, j.view, is[n], int32(order), found
		if was[n] < 0 || touched[n] || j.askedAgain(differs, r) {
			r.join(&index.Texts{})
			j.joinOwner(r)
		} else {
			r.Wire = j.view.WireOf(rec)
			if k := index.Position(last.nodes, r.leadsTo); k >= 0 { // its row is not gone, or the record would be touched
				r.leadsTo = &j.nodes[nodes[k]]
			}
		}
		j.urgent.values[is[n]] = r.urgency()
	})
	j.byName.records = inOrder(last.byName.records, now, again, func(int32) bool { return true }, j.compareRecords)
}

// eachRecord calls do for every record, with its zone, its number among the records of all zones, of which those of each begin at
// begin, and the findings about it. Several calls may be made at once.
func (j *Joined) eachRecord(begin []int, do func(zone, n int, r *providers.Record, found []*dnsview.Finding)) {
	for order, number := range j.view.Index.ZoneNumbers() {
		z := j.view.Index.Zones[number]
		index.Parallel(len(z.View.Records), rowsOfPart, func(from, to int) {
			for at := from; at < to; at++ {
				do(order, begin[order]+at, &z.View.Records[at], j.view.FindingsAt(index.Place{Zone: number, At: z.NumberAt(at)}))
			}
		})
	}
}

// askedAgain reports whether the cloud of the owner of a record says something else of it than before.
func (j *Joined) askedAgain(differs *index.Changes, r *Record) bool {
	if len(differs.Asked) == 0 {
		return false
	}
	o, owned := r.Rec.Owner()
	return owned && differs.Asked[o.Instance]
}

// inOrder returns the numbers of the rows that are shown, in order. numbers are those of earlier rows in order, now what they
// are now, and again says which rows do not stand where they stood in it.
func inOrder(numbers, now []int32, again []bool, shown func(n int32) bool, compare func(a, b int32) int) []int32 {
	rest := make([]int32, 0, len(again))
	for _, n := range numbers {
		if n = now[n]; n >= 0 && !again[n] {
			rest = append(rest, n)
		}
	}
	var more []int32
	for n := range again {
		if again[n] && shown(int32(n)) {
			more = append(more, int32(n))
		}
	}
	if len(more) == 0 {
		return rest
	}
	slices.SortFunc(more, compare)
	out := make([]int32, 0, len(rest)+len(more))
	for _, n := range more {
		at, _ := slices.BinarySearchFunc(rest, n, compare)
		out = append(append(out, rest[:at]...), n)
		rest = rest[at:]
	}
	return append(out, rest...)
}
