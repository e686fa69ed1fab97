package dnsview

import (
	"cmp"
	"slices"
	"strings"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

// tree puts the services of a view together.
type tree struct {
	*index
	view     *View
	services map[string]*ServiceView // by the name of a round-robin service or a service type
	rosters  map[string]*roster      // by the name that nodes serve under
	order    []*roster               // as they were found, declared ones first
	found    map[string][]*Finding   // by what they are about
	health   map[healthKey]*HealthState
	named    map[string][]hosted // nodes of DNS-SD by their host name
	left     []member            // owned addresses at names that no declaration and no SRV value knows
	rank     map[Class]int       // of classes that are equally severe
	at       map[string]int      // of clouds in the config
}

type healthKey struct {
	service string
	instanceKey
}

// roster is a roster while it grows.
type roster struct {
	*Roster
	service     *ServiceView
	incarnation *IncarnationView // nil for a name that has no incarnations
	state       *serviceState    // nil when it is not declared
	nodes       map[instanceKey][]*NodeView
	others      []*NodeView // those of other fleets
	membership  *membership // once every record was looked at
}

// declare begins with what the config declares.
func (t *tree) declare() {
	for _, s := range t.index.services {
		r := t.roster(providers.CanonicalName(s.Name), s.Kind)
		r.state, r.Declared, r.Minimum, r.Kind = s, s.Service, s.Minimum, s.Kind
		if s.zone != nil {
			r.Zone = s.zone.name
		}
	}
}

// note puts the findings and the outcomes of health checks where they are found by name.
func (t *tree) note() {
	for i := range t.view.Findings {
		f := &t.view.Findings[i]
		if name := cmp.Or(f.Service, f.Name); name != "" {
			t.found[name] = append(t.found[name], f)
		}
	}
	for i := range t.o.Health {
		h := &t.o.Health[i]
		name := providers.CanonicalName(h.Service)
		if s := t.byName[name]; s != nil && !t.outdated(s, h) {
			t.health[healthKey{name, instanceKey{h.Key, h.ID}}] = h
		}
	}
}

// roster gives the roster of a name, new if need be.
func (t *tree) roster(name string, kind ServiceKind) *roster {
	if r := t.rosters[name]; r != nil {
		return r
	}
	r := &roster{nodes: map[instanceKey][]*NodeView{}}
	if typ, ok := dnssd.TypeOf(name); ok && kind == DNSSD {
		r.service = t.service(typ, kind)
		label := name
		if labels := providers.SplitName(name); len(labels) > 0 {
			label = labels[0]
		}
		r.incarnation = &IncarnationView{Label: label}
		r.Roster = &r.incarnation.Roster
		r.Name, r.Kind, r.Zone = name, kind, t.zoneNamed(name)
		r.service.Incarnations = append(r.service.Incarnations, r.incarnation)
	} else {
		r.service = t.service(name, kind)
		r.Roster = &r.service.Roster
	}
	t.rosters[name] = r
	t.order = append(t.order, r)
	return r
}

func (t *tree) service(name string, kind ServiceKind) *ServiceView {
	s := t.services[name]
	if s == nil {
		s = &ServiceView{Roster: Roster{Name: name, Kind: kind, Zone: t.zoneNamed(name)}}
		t.services[name] = s
	}
	return s
}

func (t *tree) zoneNamed(name string) string {
	if z := t.zoneOf(name); z != nil {
		return z.name
	}
	return ""
}

// records looks at every record once.
func (t *tree) records() {
	for _, z := range t.zones {
		for i := range z.view.Records {
			r := &z.view.Records[i]
			m := member{z.nodes[i], r}
			switch r.Type {
			case "SRV":
				t.srv(m)
			case "PTR":
				t.ptr(r)
			case "TXT":
				if !r.IsMarker() {
					t.txt(r)
				}
			case "A", "AAAA":
				t.address(m)
			}
		}
	}
}

func (t *tree) srv(m member) {
	r := m.record
	ro := t.roster(r.Name, DNSSD)
	ro.Records++
	srv, ok := providers.ParseSRV(r.Value)
	if isClosed(r) {
		if ro.incarnation != nil {
			ro.incarnation.Closed = true
		}
		return
	}
	n := t.nodeOfRecord(ro, m)
	n.SRV, n.HasSRV, n.Host = srv, ok, srv.Target
	for _, h := range t.hosts[srv.Target] {
		n.Hosts = append(n.Hosts, h)
		n.has(h)
	}
	ro.Records += len(n.Hosts)
	ro.add(n)
}

func (t *tree) ptr(r *providers.Record) {
	target := providers.FoldValue("PTR", r.Value)
	if domain, ok := strings.CutPrefix(r.Name, "_services._dns-sd._udp."); ok {
		if providers.InZone(target, domain) && dnssd.IsType(target) {
			t.service(target, DNSSD).Listed = true
		}
		return
	}
	typ, ok := dnssd.TypeOf(target)
	if !ok || typ != r.Name && !strings.HasSuffix(r.Name, "._sub."+typ) {
		return
	}
	ro := t.roster(target, DNSSD)
	if ro.incarnation != nil {
		ro.incarnation.PTR = append(ro.incarnation.PTR, r)
		ro.Records++
	}
}

func (t *tree) txt(r *providers.Record) {
	if _, ok := dnssd.TypeOf(r.Name); !ok {
		return
	}
	ro := t.roster(r.Name, DNSSD)
	if i := ro.incarnation; i != nil && (i.TXT == nil || compareRecords(r, i.TXT) < 0) {
		i.TXT = r
	}
	ro.Records++
}

func (t *tree) address(m member) {
	r := m.record
	if r.Alias {
		return
	}
	if s := t.byName[r.Name]; s != nil {
		if s.Kind == RoundRobin {
			t.serve(t.rosters[r.Name], m)
		}
		return
	}
	if _, ok := t.targets[r.Name]; !ok && len(r.Owners) > 0 {
		t.left = append(t.left, m)
	}
}

// serve adds an address of a round-robin name to its node.
func (t *tree) serve(ro *roster, m member) {
	r := m.record
	ro.Records++
	n := t.nodeOfRecord(ro, m)
	if same := ro.nodes[n.owner()]; n.Ref.ID != "" && len(same) > 0 {
		n = same[0]
		n.Records = append(n.Records, r)
	} else {
		ro.add(n)
	}
	n.has(r)
	if r.InWeightedSet() {
		n.Weighted = true
	}
}

// nodeOfRecord makes the node that a record at the name of a service belongs to.
func (t *tree) nodeOfRecord(ro *roster, m member) *NodeView {
	r := m.record
	n := &NodeView{Service: ro.Name, Records: []*providers.Record{r}, node: m.node}
	switch o, owned := r.Owner(); {
	case owned:
		t.belongs(n, o)
	case !marked(r) && m.node >= 0:
		n.Instance = t.index.nodes[m.node].inst
		n.Ref = t.ref(n.Instance)
	}
	return n
}

// belongs gives a node to the owner that a marker names.
func (t *tree) belongs(n *NodeView, o providers.Owner) {
	n.Ref = providers.InstanceRef{Key: o.Cloud, ID: o.Instance, Name: o.Instance}
	if t.foreignFleet(o) {
		n.fleet = o.Fleet
	}
	if o.Host() {
		n.Ref.Name = strings.TrimPrefix(o.Instance, providers.HostPrefix)
		return
	}
	n.Ref.Cloud = t.cloudLabel(o.Cloud)
	if i := t.instance(o.Cloud, o.Instance); i != nil && !t.foreignFleet(o) {
		n.Instance, n.Ref = i, t.ref(i)
	}
}

// has notes an address that a record leads to.
func (n *NodeView) has(r *providers.Record) {
	if a, ok := r.Addr(); ok && !slices.Contains(n.Addresses, a) {
		n.Addresses = append(n.Addresses, a)
	}
}

// owner is whose a node is. What another fleet calls its own is no node of ours, though
// it may name the same instance; no id has a space.
func (n *NodeView) owner() instanceKey {
	if n.fleet != "" {
		return instanceKey{n.Ref.Key, n.fleet + " " + n.Ref.ID}
	}
	return instanceKey{n.Ref.Key, n.Ref.ID}
}

func (r *roster) add(n *NodeView) {
	r.Nodes = append(r.Nodes, n)
	r.nodes[n.owner()] = append(r.nodes[n.owner()], n)
	if n.fleet != "" {
		r.others = append(r.others, n)
	}
}
