package index

import (
	"maps"
	"slices"

	"rollcall/providers"
)

// pointersOfPart is how many pointers are set as one part.
const pointersOfPart = 8192

// move makes what the index knows of rows point at where they stand now. It returns false if too many have come.
func (d *difference) move() bool {
	var instances []moved[providers.Instance]
	for at, e := range d.clouds {
		if e != nil {
			instances = append(instances, moved[providers.Instance]{d.was.Clouds[at].View.Instances, d.Clouds[at].View.Instances, e.now})
		}
	}
	if len(instances) > 0 {
		d.Nodes = slices.Clone(d.Nodes)
		Parallel(len(d.Nodes), pointersOfPart, func(from, to int) {
			for i := from; i < to; i++ {
				d.Nodes[i].Instance = pointed(instances, d.Nodes[i].Instance)
			}
		})
	}
	var records []moved[providers.Record]
	for at, e := range d.zones {
		if e == nil {
			continue
		}
		records = append(records, moved[providers.Record]{d.was.Zones[at].View.Records, d.Zones[at].View.Records, e.now})
		z, was := d.Zones[at], d.was.Zones[at]
		if e.now != nil {
			if !z.renumber(was, e) {
				return false
			}
			z.Nodes = slices.Repeat([]int32{noNode}, len(z.View.Records))
			for from, to := range e.now {
				if to >= 0 {
					z.Nodes[to] = was.Nodes[from]
				}
			}
		}
		z.moveTables(e)
	}
	if len(records) > 0 {
		d.moveRecords(records)
	}
	d.prepareIdentities()
	return true
}

// moved are the rows of a source, and where they are now; see edits.
type moved[T any] struct {
	from, to []T
	now      []int32
}

// pointed returns where a row is now that p points at; nil if it is gone.
func pointed[T any](all []moved[T], p *T) *T {
	if p == nil {
		return nil
	}
	for i := range all {
		m := &all[i]
		at := Position(m.from, p)
		if at >= 0 && m.now != nil {
			if at = int(m.now[at]); at < 0 {
				return nil
			}
		}
		if at >= 0 {
			return &m.to[at]
		}
	}
	return p
}

func (d *difference) moveRecords(all []moved[providers.Record]) {
	d.Links = slices.Clone(d.Links)
	Parallel(len(d.Links), pointersOfPart, func(from, to int) {
		for i := from; i < to; i++ {
			d.Links[i].Record = pointed(all, d.Links[i].Record)
		}
	})
	for _, s := range d.Services { // of this index alone
		list := make([]Member, 0, len(s.Records))
		for _, m := range s.Records {
			if m.Record = pointed(all, m.Record); m.Record != nil {
				list = append(list, m)
			}
		}
		s.Records = list
	}
	d.Hosts = maps.Clone(d.Hosts)
	for name, list := range d.Hosts {
		d.Hosts[name] = pointedAll(all, list)
	}
	for _, e := range d.Evacuations { // of this index alone
		e.Record, e.Before = pointed(all, e.Record), pointedAll(all, e.Before)
	}
	controllers := make(map[*providers.Record]string, len(d.controllers))
	for r, who := range d.controllers {
		controllers[pointed(all, r)] = who
	}
	d.controllers = controllers
}

// pointedAll returns where rows are now that are not gone.
func pointedAll(all []moved[providers.Record], list []*providers.Record) []*providers.Record {
	out := make([]*providers.Record, 0, len(list))
	for _, r := range list {
		if r = pointed(all, r); r != nil {
			out = append(out, r)
		}
	}
	return out
}
