package dnsview

import (
	"slices"

	"rollcall/dnsview/index"
)

// groups are findings by the number of what they are about, in order: those of n are list[first[n]:first[n+1]].
type groups struct {
	first []int32
	list  []*Finding
}

// groupsOf groups findings by the numbers below n that number returns; those below zero are left out.
func groupsOf(all []*Finding, n int, number func(*Finding) int32) groups {
	g := groups{first: make([]int32, n+2)}
	for _, f := range all {
		if at := number(f); at >= 0 {
			g.first[at+2]++
		}
	}
	for at := range n {
		g.first[at+2] += g.first[at+1]
	}
	g.list = make([]*Finding, g.first[n+1])
	for _, f := range all {
		if at := number(f); at >= 0 {
			g.list[g.first[at+1]] = f
			g.first[at+1]++
		}
	}
	return g
}

// of returns the findings of n, which may be below zero for none.
func (g *groups) of(n int32) []*Finding {
	if n < 0 || int(n)+1 >= len(g.first) || g.first[n] == g.first[n+1] {
		return nil
	}
	return slices.Clip(g.list[g.first[n]:g.first[n+1]])
}

// attached are the findings of a view by what they are about.
type attached struct {
	firstOf []int32                          // number of the first record of each zone
	records groups                           // by the numbers of records
	nodes   groups                           // by the numbers of nodes
	others  map[index.InstanceKey][]*Finding // of instances that are no nodes
}

// findingsOfPart is how many findings are copied as one part.
const findingsOfPart = 1024

// attach makes the findings of each record and instance easy to find.
func (v *View) attach() {
	v.Findings = make([]Finding, len(v.sorted))
	all := make([]*Finding, len(v.sorted))
	index.Parallel(len(all), findingsOfPart, func(from, to int) {
		for i := from; i < to; i++ {
			f := v.sorted[i]
			all[i] = &v.Findings[i]
			*all[i] = *f
			if f.placed {
				all[i].Record = v.Index.At(f.place)
			}
			if all[i].order = int32(i); f.node < 0 && f.Instance != nil { // later stages may have named it
				all[i].node = v.Index.KnownNode(f.Instance.Key, f.Instance.ID)
			}
		}
	})
	a := &attached{firstOf: make([]int32, len(v.Index.Zones)), others: map[index.InstanceKey][]*Finding{}}
	records := 0
	for n, z := range v.Index.Zones {
		a.firstOf[n] = int32(records)
		records += z.Numbers()
	}
	a.records = groupsOf(all, records, func(f *Finding) int32 {
		if !f.placed {
			return -1
		}
		return a.firstOf[f.place.Zone] + f.place.At
	})
	a.nodes = groupsOf(all, len(v.Index.Nodes), func(f *Finding) int32 { return f.node })
	for _, f := range all {
		if f.Instance != nil && f.node < 0 {
			k := index.InstanceKey{Cloud: f.Instance.Key, ID: f.Instance.ID}
			a.others[k] = append(a.others[k], f)
		}
	}
	v.attached = a
}

// FindingsAt returns the findings about the record at a place, worst first.
func (v *View) FindingsAt(p index.Place) []*Finding {
	if v.attached == nil {
		return nil
	}
	return v.attached.records.of(v.attached.firstOf[p.Zone] + p.At)
}

// FindingsOfNode returns the findings about the instance with a number in the index, worst first.
func (v *View) FindingsOfNode(n int32) []*Finding {
	if v.attached == nil {
		return nil
	}
	return v.attached.nodes.of(n)
}

// TakenFrom returns for each finding its number in an earlier view that has made it too, or -1. Only times of its evidence
// may differ. Of a view that was not made from that one it returns -1 for all.
func (v *View) TakenFrom(last *View) []int32 {
	out := slices.Repeat([]int32{-1}, len(v.sorted))
	if _, ok := v.Index.DiffersFrom(last.Index); !ok {
		return out
	}
	is, was := &inspector{Index: v.Index}, &inspector{Index: last.Index}
	for i, at := 0, 0; i < len(v.sorted) && at < len(last.sorted); {
		f, old := v.sorted[i], last.sorted[at]
		order := 0
		if f != old {
			order = is.compareAcross(f, was, old)
		}
		if order == 0 && (f == old || sameFinding(f, old)) {
			out[i] = int32(at)
		}
		if order <= 0 {
			i++
		}
		if order >= 0 {
			at++
		}
	}
	return out
}

// sameFinding reports whether two findings of views of which one was made from the other differ in no more than times.
func sameFinding(a, b *Finding) bool {
	return a.rank == b.rank && a.placed == b.placed && a.place == b.place && a.node == b.node && a.Reason == b.Reason && a.Class == b.Class && a.Severity == b.Severity &&
		a.Cloud == b.Cloud && a.Service == b.Service && a.Zone == b.Zone && a.Remedy == b.Remedy && a.OneKey == b.OneKey && a.Would == b.Would &&
		a.Controller == b.Controller && a.Address == b.Address && a.Name == b.Name && len(a.Uncertain) == len(b.Uncertain) &&
		(a.Instance == b.Instance || a.Instance != nil && b.Instance != nil && *a.Instance == *b.Instance)
}

// FindingsFrom returns how the findings differ from those of an earlier view: of returns the finding of v that is one of
// last, or nil, found are those that last has not made, and gone those of last that v has not.
func (v *View) FindingsFrom(last *View) (of func(*Finding) *Finding, found, gone []*Finding) {
	now := slices.Repeat([]int32{-1}, len(last.Findings))
	for i, was := range v.TakenFrom(last) {
		if was >= 0 {
			now[was] = int32(i)
		} else {
			found = append(found, &v.Findings[i])
		}
	}
	for i, at := range now {
		if at < 0 {
			gone = append(gone, &last.Findings[i])
		}
	}
	of = func(f *Finding) *Finding {
		if at := now[f.order]; at >= 0 {
			return &v.Findings[at]
		}
		return nil
	}
	return of, found, gone
}
