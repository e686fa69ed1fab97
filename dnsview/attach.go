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

// attach makes the findings of each record and instance easy to find.
func (v *View) attach() {
	v.Findings = make([]Finding, len(v.sorted))
	all := make([]*Finding, len(v.sorted))
	for i, f := range v.sorted {
		all[i] = &v.Findings[i]
		*all[i] = *f
		if f.placed {
			all[i].Record = v.Index.At(f.place)
		}
		if all[i].order = int32(i); f.node < 0 && f.Instance != nil { // later stages may have named it
			all[i].node = v.Index.KnownNode(f.Instance.Key, f.Instance.ID)
		}
	}
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

// TakenFrom returns for each finding its number in an earlier view that has made it too, or -1. It may miss some.
func (v *View) TakenFrom(last *View) []int32 {
	const most = 64 // findings of the earlier view that are gone in one place
	out := make([]int32, len(v.sorted))
	at := 0
	for i, f := range v.sorted {
		out[i] = -1
		ahead := last.sorted[at:min(at+most, len(last.sorted))]
		if n := slices.Index(ahead, f); n >= 0 {
			at += n + 1
			out[i] = int32(at - 1)
		}
	}
	return out
}
