package dnsview

import (
	"slices"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

// remembered adds the nodes that were taken out on purpose: their markers say so, and what.
func (t *tree) remembered() {
	hosts := map[instanceKey][]mark{} // what is remembered of names that no service is known by
	for _, m := range t.marks {
		if k := (instanceKey{m.owner.Cloud, m.owner.Instance}); m.ofHost() && !t.roundRobin(m.name) {
			hosts[k] = append(hosts[k], m)
		}
	}
	for _, m := range t.marks {
		switch k := (instanceKey{m.owner.Cloud, m.owner.Instance}); {
		case m.owner.Type == "SRV":
			t.rememberedSRV(m, hosts[k])
		case t.roundRobin(m.name):
			t.rememberedAddress(t.rosters[m.name], m)
		}
	}
	t.nameHosts()
	// What is left of the host names is that of nodes whose SRV value stayed, or no host name at all.
	for _, m := range t.marks {
		k := instanceKey{m.owner.Cloud, m.owner.Instance}
		if !slices.ContainsFunc(hosts[k], func(h mark) bool { return h.record == m.record }) || t.hostRemembered(k, m) {
			continue
		}
		t.rememberedAddress(t.roster(m.name, RoundRobin), m)
	}
}

// ofHost reports whether a marker remembers an address.
func (m mark) ofHost() bool { return m.owner.Type == "A" || m.owner.Type == "AAAA" }

func (t *tree) roundRobin(name string) bool {
	ro := t.rosters[name]
	return ro != nil && ro.Kind == RoundRobin
}

func (t *tree) rememberedAddress(ro *roster, m mark) {
	n := t.nodeOfMark(ro, m)
	n.Markers = append(n.Markers, m.record)
	if len(n.Records) == 0 {
		n.remember(m)
	}
}

// rememberedSRV takes over an SRV value that was taken out, with the host name that it led to.
func (t *tree) rememberedSRV(m mark, hosts []mark) {
	ro := t.roster(m.name, DNSSD)
	n := t.nodeOfMark(ro, m)
	n.Markers = append(n.Markers, m.record)
	if len(n.Records) > 0 {
		return
	}
	n.SRV, n.HasSRV, n.Guessed = t.recall(m, ro.state, t.hostsOf(m, hosts), ro.shapes())
	n.Host = n.SRV.Target
	for _, h := range hosts {
		if h.name == n.Host {
			n.remember(h)
		}
	}
}

// hostRemembered finds the nodes of an owner that a remembered host name belongs to.
func (t *tree) hostRemembered(k instanceKey, m mark) (found bool) {
	for _, h := range t.named[m.name] {
		if h.node.owner() == k {
			found = true
			h.node.remember(m)
		}
	}
	return found
}

// nodeOfMark gives the node that a marker tells of: the one that has the value still, or a new one.
func (t *tree) nodeOfMark(ro *roster, m mark) *NodeView {
	k := instanceKey{m.owner.Cloud, m.owner.Instance}
	node := int32(-1)
	if at, ok := t.nodeIDs[k.cloud][k.id]; ok {
		node = at
	}
	for _, n := range ro.nodes[k] {
		if m.owner.Type != "SRV" || slices.ContainsFunc(n.Records, func(r *providers.Record) bool { return m.owner.Owns(r.Type, r.Value) }) {
			return n
		}
	}
	n := &NodeView{Service: ro.Name, node: node}
	t.belongs(n, m.owner)
	ro.add(n)
	return n
}

// remember takes over what a marker says of an address.
func (n *NodeView) remember(m mark) {
	if !slices.Contains(n.Markers, m.record) {
		n.Markers = append(n.Markers, m.record)
	}
	if r := (providers.Record{Type: m.owner.Type, Value: m.owner.Value}); len(n.Hosts) == 0 {
		n.has(&r)
	}
}

// shapes are the SRV values of a name without their targets.
func (r *roster) shapes() []providers.SRV {
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
func (t *tree) leftOver() {
	for _, m := range t.left {
		r := m.record
		if ro, n := t.hostless(m); ro != nil {
			if n == nil {
				n = &NodeView{Service: ro.Name, Host: r.Name, node: m.node}
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
		t.serve(t.roster(r.Name, RoundRobin), m)
	}
}

// hosted is a node of DNS-SD, found by its host name.
type hosted struct {
	roster *roster
	node   *NodeView
}

func (t *tree) nameHosts() {
	t.named = map[string][]hosted{}
	for _, ro := range t.order {
		if ro.Kind != DNSSD {
			continue
		}
		for _, n := range ro.Nodes {
			if n.Host != "" {
				t.named[n.Host] = append(t.named[n.Host], hosted{ro, n})
			}
		}
	}
}

// hostless gives the roster that a host name without an SRV value belongs to, and the node
// that has that name already. The incarnation is the one that remembers the
// name, that the name lies below, or that selects the instance.
func (t *tree) hostless(m member) (*roster, *NodeView) {
	r := m.record
	o, ok := r.Owner()
	if !ok {
		return nil, nil
	}
	whose := NodeView{}
	t.belongs(&whose, o)
	k := whose.owner()
	for _, h := range t.named[r.Name] {
		if h.node.owner() == k {
			return h.roster, h.node
		}
	}
	for above, ok := providers.Parent(r.Name); ok; above, ok = providers.Parent(above) {
		if ro := t.rosters[above]; ro != nil && ro.Kind == DNSSD {
			return ro, nil
		}
	}
	i := t.instance(o.Cloud, o.Instance)
	if i == nil || t.foreignFleet(o) {
		return nil, nil
	}
	for _, s := range t.index.services {
		if s.Kind == DNSSD && s.Selects(i) {
			if ro := t.rosters[providers.CanonicalName(s.Name)]; len(ro.nodes[k]) == 0 {
				return ro, nil
			}
		}
	}
	return nil, nil
}

// instances adds the instances that belong to a service and have no value there.
func (t *tree) instances() {
	for n := range t.index.nodes {
		i := t.index.nodes[n].inst
		if i == nil || i.State.Dead() {
			continue
		}
		selected := false
		for _, s := range t.index.services {
			if s.Selects(i) {
				selected = true
				t.absent(t.rosters[providers.CanonicalName(s.Name)], int32(n), i)
			}
		}
		name := i.Tags[providers.TagService]
		if selected || name == "" || t.index.nodes[n].head >= 0 {
			continue
		}
		kind := RoundRobin
		name = providers.CanonicalName(name)
		if _, ok := dnssd.TypeOf(name); ok || dnssd.IsType(name) {
			kind = DNSSD
		}
		t.absent(t.roster(name, kind), int32(n), i)
	}
}

// leadsTo reports whether a node has an address of an instance.
func (n *NodeView) leadsTo(i *providers.Instance) bool {
	return slices.ContainsFunc(n.Addresses, i.HasAddress)
}

func (t *tree) absent(ro *roster, node int32, i *providers.Instance) {
	ref := t.ref(i)
	if len(ro.nodes[instanceKey{ref.Key, ref.ID}]) > 0 || slices.ContainsFunc(ro.others, func(n *NodeView) bool { return n.leadsTo(i) }) {
		return
	}
	ro.add(&NodeView{Service: ro.Name, Ref: ref, Instance: i, node: node})
}
