package index

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"rollcall/providers"
)

// moveFrom makes an index that x.Again returned point at its own rows, which stand where those of x do. Among those with some
// names are all that differ.
func (n *Index) moveFrom(x *Index, names map[string]bool) {
	var instances []moved[providers.Instance]
	for at, cs := range x.Clouds {
		if is := n.Clouds[at].View.Instances; !providers.ShareRows(cs.View.Instances, is) {
			instances = append(instances, moved[providers.Instance]{cs.View.Instances, is})
		}
	}
	if len(instances) > 0 {
		n.moveInstances(instances)
	}
	var records []moved[providers.Record]
	for at, z := range x.Zones {
		is := n.Zones[at].View.Records
		if providers.ShareRows(z.View.Records, is) {
			continue
		}
		records = append(records, moved[providers.Record]{z.View.Records, is})
		n.Zones[at].moveTables()
	}
	if len(records) > 0 {
		n.moveRecords(records, names)
	}
	n.prepareIdentities()
}

// moved are the rows of a source, and where they are now.
type moved[T any] struct{ from, to []T }

// pointed returns where a row is now that p points at.
func pointed[T any](all []moved[T], p *T) *T {
	if p == nil {
		return nil
	}
	for i := range all {
		if at := Position(all[i].from, p); at >= 0 {
			return &all[i].to[at]
		}
	}
	return p
}

func (n *Index) moveInstances(all []moved[providers.Instance]) {
	n.Nodes = slices.Clone(n.Nodes)
	for i := range n.Nodes {
		n.Nodes[i].Instance = pointed(all, n.Nodes[i].Instance)
	}
}

func (n *Index) moveRecords(all []moved[providers.Record], names map[string]bool) {
	n.Links = slices.Clone(n.Links)
	for i := range n.Links {
		n.Links[i].Record = pointed(all, n.Links[i].Record)
	}
	for _, s := range n.Services { // of this index alone
		s.Records = slices.Clone(s.Records)
		for i := range s.Records {
			s.Records[i].Record = pointed(all, s.Records[i].Record)
		}
	}
	n.Hosts = maps.Clone(n.Hosts)
	for name, list := range n.Hosts {
		if n.Hosts[name] = pointedAll(all, list); names[name] {
			n.sortHosts(n.Hosts[name])
		}
	}
	for _, e := range n.Evacuations { // of this index alone
		e.Record, e.Before = pointed(all, e.Record), pointedAll(all, e.Before)
	}
	controllers := make(map[*providers.Record]string, len(n.controllers))
	for r, who := range n.controllers {
		controllers[pointed(all, r)] = who
	}
	n.controllers = controllers
}

// sortHosts puts the records of a host into the order that they would have if they were noted anew: as addNames does, those
// that are equal as they were read.
func (n *Index) sortHosts(list []*providers.Record) {
	slices.SortFunc(list, func(a, b *providers.Record) int {
		p, _ := n.PlaceOf(a)
		q, _ := n.PlaceOf(b)
		return cmp.Or(cmp.Compare(p.Zone, q.Zone), cmp.Compare(p.At, q.At))
	})
	slices.SortFunc(list, CompareRecords)
}

func pointedAll(all []moved[providers.Record], list []*providers.Record) []*providers.Record {
	list = slices.Clone(list)
	for i, r := range list {
		list[i] = pointed(all, r)
	}
	return list
}

// moveTables makes the tables of a zone those of its records, which have the names of those that the tables were made of.
func (z *ZoneState) moveTables() {
	was := z.tables
	was.mu.Lock()
	defer was.mu.Unlock()
	z.tables = &tables{led: was.led}
	if was.names != nil {
		z.tables.names = &names{z.View.Records, was.names.first, was.names.next}
	}
	z.exact = sync.OnceValue(valuesOf(z.View.Records))
}
