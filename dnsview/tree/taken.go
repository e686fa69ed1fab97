package tree

import (
	"cmp"
	"slices"
	"sync/atomic"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// taker takes over services of an earlier view: copies of them that point at the rows and findings of this one.
type taker struct {
	*builder // of the names that are not taken over
	last     *index.Index
	finding  func(*dnsview.Finding) *dnsview.Finding // of this view that was one of the earlier view, or nil

	lost atomic.Bool // something that a service has is gone
}

// servicesOfPart is how many services are taken over as one part.
const servicesOfPart = 1024

// all returns all services in order: those that were built, and the other ones of the earlier view. ok is false if
// something that these have is gone. That is a safeguard: such a service is built.
func (t *taker) all(was []*Service) (out []*Service, ok bool) {
	copies := make([]Service, len(was))
	index.Parallel(len(was), servicesOfPart, func(from, to int) {
		part := takenPart{taker: t}
		for i := from; i < to; i++ {
			s := was[i]
			switch nodes, inParts := t.parts[s.Name]; {
			case inParts:
				copies[i] = *s
				part.merge(&copies[i].Members, t.members(s.Name), nodes)
			case !t.only[s.Name]:
				copies[i] = part.service(s)
			}
		}
	})
	built := slices.DeleteFunc(slices.Clone(t.services), (*Service).isDeclared)
	slices.SortFunc(built, func(a, b *Service) int { return cmp.Compare(a.Name, b.Name) })
	out = make([]*Service, 0, len(was)+len(built))
	for i, s := range was {
		declared := s.isDeclared()
		for !declared && len(built) > 0 && built[0].Name < s.Name {
			out, built = append(out, built[0]), built[1:]
		}
		_, inParts := t.parts[s.Name]
		switch {
		case inParts, !t.only[s.Name]:
			out = append(out, &copies[i])
		case declared:
			out = append(out, t.services[t.names.Find(s.Name)])
		}
	}
	return append(out, built...), !t.lost.Load()
}

// isDeclared reports whether the service or one of its incarnations is declared.
func (s *Service) isDeclared() bool {
	return s.Declared != nil || slices.ContainsFunc(s.Incarnations, func(i *Incarnation) bool { return i.Declared != nil })
}

// takenPart takes over some of the services.
type takenPart struct {
	*taker
	records  index.Pool[*providers.Record]
	nodes    index.Pool[Node]
	lists    index.Pool[*Node]
	findings index.Pool[*dnsview.Finding]
}

func (t *takenPart) service(was *Service) Service {
	s := *was
	t.members(&s.Members)
	s.Incarnations = slices.Clone(s.Incarnations)
	for n, i := range s.Incarnations {
		is := *i
		t.members(&is.Members)
		is.PTR = t.recordsNow(is.PTR)
		if is.TXT != nil {
			is.TXT = t.record(is.TXT)
		}
		s.Incarnations[n] = &is
	}
	return s
}

// members makes the members of a name those of this view.
func (t *takenPart) members(m *Members) {
	m.Declared = t.Service(m.Name)
	m.Findings = t.findingsNow(m.Findings)
	was := m.Nodes
	m.Nodes = t.lists.List(len(was))
	for _, n := range was {
		m.Nodes = append(m.Nodes, t.node(n))
	}
}

// merge makes the members of a name those of this view of which only some nodes were built. A member and an instance is that of one
// node number, so that what is counted of the others stays.
func (t *takenPart) merge(m *Members, built *memberBuilder, nodes map[int32]bool) {
	var kept, gone []*Node
	for _, n := range m.Nodes {
		if nodes[n.node] {
			gone = append(gone, n)
			m.Records -= len(n.Records)
		} else {
			kept = append(kept, t.node(n))
		}
	}
	m.Declared = t.Service(m.Name)
	m.Live += built.Live - liveOf(gone)
	m.Running += built.Running - runningOf(gone)
	m.Records += built.Records
	m.thin = m.Live < m.Minimum
	runsIn := func(list []*Node, cloud string) bool {
		return slices.ContainsFunc(list, func(n *Node) bool { return n.running() && n.Instance.Cloud == cloud })
	}
	clouds := slices.Clip(built.Clouds)
	for _, c := range m.Clouds {
		if !slices.Contains(clouds, c) && (!runsIn(gone, c) || runsIn(kept, c)) {
			clouds = append(clouds, c)
		}
	}
	m.Clouds = t.inOrder(clouds)
	found := slices.Clone(built.Findings)
	for _, n := range kept {
		found = append(found, n.Findings...)
	}
	m.Findings = dnsview.InOrder(found)
	m.Nodes = make([]*Node, 0, len(kept)+len(built.Nodes))
	for _, n := range built.Nodes { // in order, as the others are
		at, _ := slices.BinarySearchFunc(kept, n, compareNodes)
		m.Nodes, kept = append(append(m.Nodes, kept[:at]...), n), kept[at:]
	}
	m.Nodes = append(m.Nodes, kept...)
}

func (t *takenPart) node(was *Node) *Node {
	n := t.nodes.Put(*was)
	n.next = nil
	n.Records, n.Hosts, n.Markers = t.recordsNow(n.Records), t.recordsNow(n.Hosts), t.recordsNow(n.Markers)
	n.Findings = t.findingsNow(n.Findings)
	if n.Instance != nil {
		if n.Instance = t.Index.Nodes[n.node].Instance; n.Instance == nil {
			t.lost.Store(true)
		}
	}
	if n.Health != nil {
		n.Health = t.health[healthKey{n.Service, n.owner()}]
	}
	return n
}

// record returns the record of this view that was one of the earlier view.
func (t *takenPart) record(r *providers.Record) *providers.Record {
	if p, ok := t.last.PlaceOf(r); ok && t.Has(p) {
		return t.At(p)
	}
	t.lost.Store(true)
	return r
}

func (t *takenPart) recordsNow(was []*providers.Record) []*providers.Record {
	if len(was) == 0 {
		return nil
	}
	list := t.records.List(len(was))
	for _, r := range was {
		list = append(list, t.record(r))
	}
	return list
}

func (t *takenPart) findingsNow(was []*dnsview.Finding) []*dnsview.Finding {
	if len(was) == 0 {
		return nil
	}
	list := t.findings.List(len(was))
	for _, f := range was {
		if f = t.finding(f); f == nil {
			t.lost.Store(true)
		}
		list = append(list, f)
	}
	return list
}
