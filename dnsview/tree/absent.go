package tree

import (
	"slices"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// remembered adds the nodes that were taken out on purpose: their markers say so, and what.
func (t *builder) remembered() {
	hosts := map[index.InstanceKey][]index.QuiescedMarker{} // what is remembered of names that no service is known by
	for _, m := range t.QuiescedMarkers {
		if m.OfHost() && !t.roundRobin(m.Name) {
			hosts[m.Of()] = append(hosts[m.Of()], m)
		}
	}
	for _, m := range t.QuiescedMarkers {
		switch {
		case m.Owner.Type == "SRV":
			t.rememberedSRV(m, hosts[m.Of()])
		case t.roundRobin(m.Name):
			t.rememberedAddress(t.members[m.Name], m)
		}
	}
	t.nameHosts()
	// What is left of the host names is that of nodes whose SRV value stayed, or no host name at all.
	for _, m := range t.QuiescedMarkers {
		if !slices.ContainsFunc(hosts[m.Of()], func(h index.QuiescedMarker) bool { return h.Record == m.Record }) || t.hostRemembered(m) {
			continue
		}
		t.rememberedAddress(t.membersOf(m.Name, index.RoundRobin), m)
	}
}

func (t *builder) roundRobin(name string) bool {
	ro := t.members[name]
	return ro != nil && ro.Kind == index.RoundRobin
}

func (t *builder) rememberedAddress(ro *memberBuilder, m index.QuiescedMarker) {
	n := t.nodeOfMark(ro, m)
	n.Markers = append(n.Markers, m.Record)
	if len(n.Records) == 0 {
		n.remember(m)
	}
}

// rememberedSRV takes over an SRV value that was taken out, with the host name that it led to.
func (t *builder) rememberedSRV(m index.QuiescedMarker, hosts []index.QuiescedMarker) {
	ro := t.membersOf(m.Name, index.DNSSD)
	n := t.nodeOfMark(ro, m)
	n.Markers = append(n.Markers, m.Record)
	if len(n.Records) > 0 {
		return
	}
	n.SRV, n.HasSRV, n.Guessed = t.RecoverSRV(m, ro.state, t.HostsOf(m, hosts), ro.shapes())
	n.Host = n.SRV.Target
	for _, h := range hosts {
		if h.Name == n.Host {
			n.remember(h)
		}
	}
}

// hostRemembered adds a remembered host name to the nodes of its owner that it belongs to, and reports whether there are any.
func (t *builder) hostRemembered(m index.QuiescedMarker) (found bool) {
	for _, h := range t.named[m.Name] {
		if h.node.owner() == m.Of() {
			found = true
			h.node.remember(m)
		}
	}
	return found
}

// nodeOfMark returns the node that a marker names: the one that has the value still, or a new one.
func (t *builder) nodeOfMark(ro *memberBuilder, m index.QuiescedMarker) *Node {
	k := m.Of()
	node := int32(-1)
	if at, ok := t.NodesByID[k.Cloud][k.ID]; ok {
		node = at
	}
	for _, n := range ro.nodes[k] {
		if m.Owner.Type != "SRV" || slices.ContainsFunc(n.Records, func(r *providers.Record) bool { return m.Owner.Owns(r.Type, r.Value) }) {
			return n
		}
	}
	n := &Node{Service: ro.Name, node: node}
	t.belongs(n, m.Owner)
	ro.add(n)
	return n
}

// remember takes over what a marker says of an address.
func (n *Node) remember(m index.QuiescedMarker) {
	if !slices.Contains(n.Markers, m.Record) {
		n.Markers = append(n.Markers, m.Record)
	}
	if r := (providers.Record{Type: m.Owner.Type, Value: m.Owner.Value}); len(n.Hosts) == 0 {
		n.has(&r)
	}
}

// shapes are the SRV values of a name without their targets.
func (r *memberBuilder) shapes() []providers.SRV {
	var out []providers.SRV
	for _, n := range r.Nodes {
		s := n.SRV
		s.Target = ""
		if n.HasSRV && len(n.Records) > 0 && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// leftOver finds whose the owned addresses are that neither a declaration nor an SRV value
// knows: the host name of a node whose SRV value is gone, or a round-robin name of its own.
func (t *builder) leftOver() {
	for _, m := range t.left {
		r := m.Record
		if ro, n := t.hostless(m); ro != nil {
			if n == nil {
				n = &Node{Service: ro.Name, Host: r.Name, node: m.Node}
				if o, ok := r.Owner(); ok {
					t.belongs(n, o)
				}
				ro.add(n)
				t.named[n.Host] = append(t.named[n.Host], hosted{ro, n})
			}
			n.Hosts = append(n.Hosts, r)
			n.has(r)
			ro.Records++
			continue
		}
		t.serve(t.membersOf(r.Name, index.RoundRobin), m)
	}
}

// hosted is a node of DNS-SD, found by its host name.
type hosted struct {
	served *memberBuilder
	node   *Node
}

func (t *builder) nameHosts() {
	t.named = map[string][]hosted{}
	for _, ro := range t.order {
		if ro.Kind != index.DNSSD {
			continue
		}
		for _, n := range ro.Nodes {
			if n.Host != "" {
				t.named[n.Host] = append(t.named[n.Host], hosted{ro, n})
			}
		}
	}
}

// hostless returns the members of the name that a host name without an SRV value belongs to, and the node
// that has that name already. The incarnation is the one that remembers the
// name, that the name lies below, or that selects the instance.
func (t *builder) hostless(m index.Member) (*memberBuilder, *Node) {
	r := m.Record
	o, ok := r.Owner()
	if !ok {
		return nil, nil
	}
	whose := Node{}
	t.belongs(&whose, o)
	k := whose.owner()
	for _, h := range t.named[r.Name] {
		if h.node.owner() == k {
			return h.served, h.node
		}
	}
	for above, ok := providers.Parent(r.Name); ok; above, ok = providers.Parent(above) {
		if ro := t.members[above]; ro != nil && ro.Kind == index.DNSSD {
			return ro, nil
		}
	}
	i := t.Instance(o.Cloud, o.Instance)
	if i == nil || t.ForeignFleet(o) {
		return nil, nil
	}
	for _, s := range t.Index.Services {
		if s.Kind == index.DNSSD && s.Selects(i) {
			if ro := t.members[providers.CanonicalName(s.Name)]; len(ro.nodes[k]) == 0 {
				return ro, nil
			}
		}
	}
	return nil, nil
}

// instances adds the instances that belong to a service and have no value there.
func (t *builder) instances() {
	for n := range t.Index.Nodes {
		i := t.Index.Nodes[n].Instance
		if i == nil || i.State.Dead() {
			continue
		}
		selected := false
		for _, s := range t.Index.Services {
			if s.Selects(i) {
				selected = true
				t.absent(t.members[providers.CanonicalName(s.Name)], int32(n), i)
			}
		}
		name := i.Tags[providers.TagService]
		if selected || name == "" || t.Index.Nodes[n].FirstLink >= 0 {
			continue
		}
		kind := index.RoundRobin
		name = providers.CanonicalName(name)
		if _, ok := dnssd.TypeOf(name); ok || dnssd.IsType(name) {
			kind = index.DNSSD
		}
		t.absent(t.membersOf(name, kind), int32(n), i)
	}
}

// leadsTo reports whether a node has an address of an instance.
func (n *Node) leadsTo(i *providers.Instance) bool {
	return slices.ContainsFunc(n.Addresses, i.HasAddress)
}

func (t *builder) absent(ro *memberBuilder, node int32, i *providers.Instance) {
	ref := t.Ref(i)
	if len(ro.nodes[index.InstanceKey{Cloud: ref.Key, ID: ref.ID}]) > 0 || slices.ContainsFunc(ro.others, func(n *Node) bool { return n.leadsTo(i) }) {
		return
	}
	ro.add(&Node{Service: ro.Name, Ref: ref, Instance: i, node: node})
}
