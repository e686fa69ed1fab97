package tree

import (
	"slices"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// addQuiesced adds the nodes that were taken out on purpose: their markers say so, and what.
func (t *builder) addQuiesced() {
	hosts := map[index.InstanceKey][]index.QuiescedMarker{} // what is remembered of names that no service is known by
	for _, m := range t.QuiescedMarkers {
		if m.OfHost() && !t.roundRobin(m.Name) {
			hosts[m.Of()] = append(hosts[m.Of()], m)
		}
	}
	for _, m := range t.QuiescedMarkers {
		k := m.Of()
		switch {
		case !t.buildsNode(m.Name, t.KnownNode(k.Cloud, k.ID)):
		case m.Owner.Type == "SRV":
			t.addQuiescedSRV(m, hosts[m.Of()])
		case t.roundRobin(m.Name):
			t.addQuiescedAddress(t.members(m.Name), m)
		}
	}
	t.indexHosts()
	// What is left of the host names is that of nodes whose SRV value stayed, or no host name at all.
	for _, m := range t.QuiescedMarkers {
		if !t.builds(m.Name) || !slices.ContainsFunc(hosts[m.Of()], func(h index.QuiescedMarker) bool { return h.Record == m.Record }) || t.addQuiescedHost(m) {
			continue
		}
		t.addQuiescedAddress(t.membersOf(m.Name, index.RoundRobin), m)
	}
}

func (t *builder) roundRobin(name string) bool {
	mb := t.members(name)
	return mb != nil && mb.Kind == index.RoundRobin
}

func (t *builder) addQuiescedAddress(mb *memberBuilder, m index.QuiescedMarker) {
	n := t.nodeOfMarker(mb, m)
	n.Markers = append(n.Markers, m.Record)
	if len(n.Records) == 0 {
		t.addMarker(n, m)
	}
}

// addQuiescedSRV takes over an SRV value that was taken out, with the host name that it led to.
func (t *builder) addQuiescedSRV(m index.QuiescedMarker, hosts []index.QuiescedMarker) {
	mb := t.membersOf(m.Name, index.DNSSD)
	n := t.nodeOfMarker(mb, m)
	n.Markers = append(n.Markers, m.Record)
	if len(n.Records) > 0 {
		return
	}
	n.SRV, n.HasSRV, n.Guessed = t.RecoverSRV(m, mb.state, t.HostsOf(m, hosts), mb.candidateSRVs())
	n.Host = n.SRV.Target
	for _, h := range hosts {
		if h.Name == n.Host {
			t.addMarker(n, h)
		}
	}
}

// addQuiescedHost adds a remembered host name to the nodes of its owner that it belongs to, and reports whether there are any.
func (t *builder) addQuiescedHost(m index.QuiescedMarker) (found bool) {
	for _, h := range t.named[m.Name] {
		if h.node.owner() == m.Of() {
			found = true
			t.addMarker(h.node, m)
		}
	}
	return found
}

// nodeOfMarker returns the node that a marker names: the one that has the value still, or a new one.
func (t *builder) nodeOfMarker(mb *memberBuilder, m index.QuiescedMarker) *Node {
	k := m.Of()
	node := t.KnownNode(k.Cloud, k.ID)
	for n := range mb.nodesOf(k, "") {
		if m.Owner.Type != "SRV" || slices.ContainsFunc(n.Records, func(r *providers.Record) bool { return m.Owner.Owns(r.Type, r.Value) }) {
			return n
		}
	}
	n := &Node{Service: mb.Name, node: node}
	t.setOwner(n, m.Owner)
	t.add(mb, n)
	return n
}

// addMarker takes over what a marker says of an address.
func (t *builder) addMarker(n *Node, m index.QuiescedMarker) {
	if !slices.Contains(n.Markers, m.Record) {
		n.Markers = append(n.Markers, m.Record)
	}
	if r := (providers.Record{Type: m.Owner.Type, Value: m.Owner.Value}); len(n.Hosts) == 0 {
		t.addAddressTo(n, &r)
	}
}

// candidateSRVs returns the SRV values of a name without their targets, each once.
func (mb *memberBuilder) candidateSRVs() []providers.SRV {
	var out []providers.SRV
	for _, n := range mb.Nodes {
		s := n.SRV
		s.Target = ""
		if n.HasSRV && len(n.Records) > 0 && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// addOtherAddresses adds the owned addresses that neither a declaration nor an SRV value knows: those at the host name
// of a node whose SRV value is gone, and those at a round-robin name of its own.
func (t *builder) addOtherAddresses() {
	for _, m := range t.left {
		r := m.Record
		if mb, n := t.nodeOfHost(m); mb != nil {
			if n == nil {
				n = &Node{Service: mb.Name, Host: r.Name, node: m.Node}
				if o, ok := r.Owner(); ok {
					t.setOwner(n, o)
				}
				t.add(mb, n)
				t.named[n.Host] = append(t.named[n.Host], hosted{mb, n})
			}
			n.Hosts = append(n.Hosts, r)
			t.addAddressTo(n, r)
			mb.Records++
			continue
		}
		t.addServed(t.membersOf(r.Name, index.RoundRobin), m)
	}
}

// hosted is a node of DNS-SD, found by its host name.
type hosted struct {
	served *memberBuilder
	node   *Node
}

func (t *builder) indexHosts() {
	t.named = map[string][]hosted{}
	for _, mb := range t.order {
		if mb.Kind != index.DNSSD {
			continue
		}
		for _, n := range mb.Nodes {
			if n.Host != "" {
				t.named[n.Host] = append(t.named[n.Host], hosted{mb, n})
			}
		}
	}
}

// nodeOfHost returns the members of the name that a host name without an SRV value belongs to, and the node
// that has that name already. The incarnation is the one that remembers the
// name, that the name lies below, or that selects the instance.
func (t *builder) nodeOfHost(m index.Member) (*memberBuilder, *Node) {
	r := m.Record
	o, ok := r.Owner()
	if !ok || t.only != nil {
		return nil, nil
	}
	whose := Node{node: m.Node}
	t.setOwner(&whose, o)
	k := whose.owner()
	for _, h := range t.named[r.Name] {
		if h.node.owner() == k {
			return h.served, h.node
		}
	}
	for above, ok := providers.Parent(r.Name); ok; above, ok = providers.Parent(above) {
		if mb := t.dnssd[above]; mb != nil && mb.Kind == index.DNSSD {
			return mb, nil
		}
	}
	i := whose.Instance
	if i == nil {
		return nil, nil
	}
	for n, s := range t.Index.Services {
		if s.Kind == index.DNSSD && s.Selects(i) {
			if mb := t.declared[n]; mb.nodeOf(k, "") == nil {
				return mb, nil
			}
		}
	}
	return nil, nil
}

// addInstances adds the instances that belong to a service and have no value there.
func (t *builder) addInstances() {
	for n := range t.Index.Nodes {
		i := t.Index.Nodes[n].Instance
		if i == nil || i.State.Dead() {
			continue
		}
		selected := false
		for at, s := range t.Index.Services {
			if s.Selects(i) {
				selected = true
				if mb := t.declared[at]; mb != nil && t.buildsNode(mb.Name, int32(n)) {
					t.addAbsent(mb, int32(n), i)
				}
			}
		}
		name := i.Tags.Get(providers.TagService)
		if selected || name == "" || t.Index.Nodes[n].FirstLink >= 0 {
			continue
		}
		if name = providers.CanonicalName(name); t.buildsNode(name, int32(n)) {
			t.addAbsent(t.membersOf(name, kindOf(name)), int32(n), i)
		}
	}
}

// kindOf returns the kind of a service that only a tag names.
func kindOf(name string) index.ServiceKind {
	if _, ok := dnssd.TypeOf(name); ok || dnssd.IsType(name) {
		return index.DNSSD
	}
	return index.RoundRobin
}

// leadsTo reports whether a node has an address of an instance.
func (n *Node) leadsTo(i *providers.Instance) bool {
	return slices.ContainsFunc(n.Addresses, i.HasAddress)
}

func (t *builder) addAbsent(mb *memberBuilder, node int32, i *providers.Instance) {
	ref := t.Ref(i)
	if mb.nodeOf(index.InstanceKey{Cloud: ref.Key, ID: ref.ID}, "") != nil || slices.ContainsFunc(mb.others, func(n *Node) bool { return n.leadsTo(i) }) {
		return
	}
	t.add(mb, t.spareNodes.Put(Node{Service: mb.Name, Ref: ref, Instance: i, node: node}))
}
