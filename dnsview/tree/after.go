package tree

import (
	"cmp"
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// The services of a view that was made from an earlier one are those of that view, but for the round-robin names that
// something has changed for: these are built anew. Of a declared one only the nodes are that something has changed for, as a node
// follows from its instance, its records and markers, and the findings about these alone. Names of DNS-SD lead to one another, so that all services are built anew
// if something has changed for one of them.

// after returns the services of a view that was made from an earlier one with some services. ok is false if all of them have
// to be built anew.
func after(v, last *dnsview.View, was []*Service) (out []*Service, ok bool) {
	u := &updater{view: v, last: last, again: map[string]map[int32]bool{}, all: map[string]bool{}, chained: map[string]bool{}, nodes: map[int32]bool{}}
	for _, s := range was {
		u.addChains(s)
	}
	delete(u.chained, "") // of nodes without a host name
	of, found, gone := v.FindingsFrom(last)
	u.states()
	u.rows()
	u.markers()
	u.health()
	for _, f := range found {
		u.finding(v.Index, f)
	}
	for _, f := range gone {
		u.finding(last.Index, f)
	}
	if u.whole {
		return nil, false
	}
	t := newBuilder(v)
	t.only, t.parts = map[string]bool{}, map[string]map[int32]bool{}
	for name := range u.again {
		t.only[name] = true
	}
	for _, s := range was {
		if nodes, ok := u.again[s.Name]; ok && u.inParts(s) {
			t.parts[s.Name] = nodes
		}
	}
	t.addDeclared()
	t.indexFindings()
	t.addNamed()
	t.addQuiesced()
	t.addOtherAddresses()
	t.addInstances()
	t.finishNames()
	return (&taker{builder: t, last: last.Index, finding: of}).all(was)
}

// updater finds the names that something has changed for.
type updater struct {
	view, last *dnsview.View
	again      map[string]map[int32]bool // round-robin names that something has changed for, with the nodes that it has changed for
	all        map[string]bool           // those of which it is not known for which nodes
	whole      bool                      // all services have to be built anew

	chained map[string]bool // names of DNS-SD: of services, incarnations, and hosts of nodes
	nodes   map[int32]bool  // nodes that serve there
}

// addChains notes the names and nodes of a service of DNS-SD.
func (u *updater) addChains(s *Service) {
	if !s.chained() {
		return
	}
	add := func(m *Members) {
		u.chained[m.Name] = true
		for _, n := range m.Nodes {
			u.chained[n.Host] = true
			u.nodes[n.node] = true
		}
	}
	add(&s.Members)
	for _, i := range s.Incarnations {
		add(&i.Members)
	}
}

// chained reports whether the service is one of DNS-SD.
func (s *Service) chained() bool { return s.Kind == index.DNSSD || len(s.Incarnations) > 0 }

// states notes whether a zone is in another state: whether targets of SRV records are known depends on it.
func (u *updater) states() {
	for n, z := range u.view.Index.Zones {
		u.whole = u.whole || len(u.chained) > 0 && z.State != u.last.Index.Zones[n].State
	}
}

// rows notes the names of the rows that differ.
func (u *updater) rows() {
	differs, _ := u.view.Index.DiffersFrom(u.last.Index)
	if differs == nil {
		return
	}
	for p := range differs.Records {
		u.record(u.view.Index, u.view.Index.At(p))
		if !differs.Come[p] {
			u.record(u.last.Index, u.last.Index.At(p))
		}
	}
	for p := range differs.Gone {
		u.record(u.last.Index, u.last.Index.At(p))
	}
	for n := range differs.Nodes {
		u.node(u.last.Index, n)
		u.node(u.view.Index, n)
	}
	for _, m := range u.view.Index.QuiescedMarkers {
		k := m.Of()
		if n := u.view.Index.KnownNode(k.Cloud, k.ID); differs.Nodes[n] {
			u.at(m.Name, n)
		}
	}
}

// name notes a name that something has changed for.
func (u *updater) name(name string) {
	if u.again[name] == nil {
		u.again[name] = map[int32]bool{}
		u.whole = u.whole || len(u.chained) > 0 && u.isChained(name)
	}
}

// at notes the node of a name that something has changed for. With a number below zero it may be any.
func (u *updater) at(name string, n int32) {
	u.name(name)
	if n < 0 {
		u.all[name] = true
	} else {
		u.again[name][n] = true
	}
}

// inParts reports whether only the nodes of a service are built anew that something has changed for. A node of another fleet may
// stand for an instance of ours too.
func (u *updater) inParts(s *Service) bool {
	declared := u.view.Index.ServicesByName[s.Name]
	return !u.all[s.Name] && declared != nil && declared.Kind == index.RoundRobin && !s.chained() &&
		!slices.ContainsFunc(s.Nodes, func(n *Node) bool { return n.Fleet != "" }) &&
		!slices.ContainsFunc(u.view.Index.QuiescedAt[s.Name], func(m index.QuiescedMarker) bool { return m.Owner.Type == "SRV" })
}

// isChained reports whether a name is one of DNS-SD, or lies below one.
func (u *updater) isChained(name string) bool {
	for ok := true; ok; name, ok = providers.Parent(name) {
		if u.chained[name] {
			return true
		}
	}
	return false
}

// record notes the name that a record of an index belongs to.
func (u *updater) record(x *index.Index, r *providers.Record) {
	node := nodeOf(x, r)
	switch r.Type {
	case "SRV":
		u.whole = true
	case "PTR":
		_, isType := dnssd.TypeOf(providers.FoldValue("PTR", r.Value))
		u.whole = u.whole || isType || dnssd.IsType(providers.FoldValue("PTR", r.Value))
	case "TXT":
		_, isType := dnssd.TypeOf(r.Name)
		if u.whole = u.whole || isType; r.IsMarker() {
			if _, name, ok := providers.SplitMarkerName(r.Name); ok {
				u.at(name, node)
			}
		}
	case "A", "AAAA", "CNAME":
		_, isHost := x.Targets[r.Name]
		u.whole = u.whole || isHost
		u.at(r.Name, node)
		if i := x.InstanceOf(r); i != nil {
			u.selected(x, i, node)
		}
	}
}

// nodeOf returns the number of the node that a record of an index belongs to, or a number below zero.
func nodeOf(x *index.Index, r *providers.Record) int32 {
	p, ok := x.PlaceOf(r)
	if !ok {
		return -1
	}
	z := x.Zones[p.Zone]
	return z.Nodes[z.PositionOf(p.At)]
}

// selected notes the services that the instance of a node is meant to be a node of.
func (u *updater) selected(x *index.Index, i *providers.Instance, n int32) {
	for _, s := range x.Services {
		if s.Selects(i) {
			u.at(providers.CanonicalName(s.Name), n)
		}
	}
	if name := providers.CanonicalName(i.Tags.Get(providers.TagService)); name != "" {
		u.at(name, n)
		u.whole = u.whole || kindOf(name) == index.DNSSD
	}
}

// node notes the names that a node of an index may serve under.
func (u *updater) node(x *index.Index, n int32) {
	if int(n) >= len(x.Nodes) {
		return
	}
	if i := x.Nodes[n].Instance; i != nil {
		u.selected(x, i, n)
	}
	for l := x.Nodes[n].FirstLink; l >= 0; l = x.Links[l].Next {
		u.record(x, x.Links[l].Record)
	}
	u.whole = u.whole || u.nodes[n]
}

// markers notes whether something else is remembered of values that were taken out.
func (u *updater) markers() {
	same := func(a, b index.QuiescedMarker) bool {
		p, _ := u.last.Index.PlaceOf(a.Record)
		q, _ := u.view.Index.PlaceOf(b.Record)
		return p == q && a.Owner == b.Owner && a.Name == b.Name
	}
	u.whole = u.whole || !slices.EqualFunc(u.last.Index.QuiescedMarkers, u.view.Index.QuiescedMarkers, same)
}

// health notes the names of the health checks with another outcome.
func (u *updater) health() {
	was, is := healthOf(u.last), healthOf(u.view)
	for k, h := range is {
		if old := was[k]; old == nil || *old != *h {
			u.at(k.service, -1)
		}
	}
	for k := range was {
		if is[k] == nil {
			u.at(k.service, -1)
		}
	}
}

// finding notes the names that a finding of an index may be shown at.
func (u *updater) finding(x *index.Index, f *dnsview.Finding) {
	if name := cmp.Or(f.Service, f.Name); name != "" {
		u.name(name)
		if f.Record != nil {
			u.at(name, nodeOf(x, f.Record))
		}
		if f.Instance != nil {
			u.at(name, x.KnownNode(f.Instance.Key, f.Instance.ID))
		}
	}
	switch {
	case f.Record != nil:
		u.record(x, f.Record)
	case f.Instance != nil && f.Service == "":
		if n := x.KnownNode(f.Instance.Key, f.Instance.ID); n >= 0 {
			u.node(x, n)
		} else {
			u.whole = true
		}
	}
}
