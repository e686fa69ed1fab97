package tree

import (
	"cmp"
	"slices"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// builder collects the services of a view and their members.
type builder struct {
	*index.Index
	view     *dnsview.View
	services map[string]*Service           // by the name of a round-robin service or a service type
	members  map[string]*memberBuilder     // by the name that nodes serve under
	order    []*memberBuilder              // as they were found, declared ones first
	found    map[string][]*dnsview.Finding // by what they are about
	health   map[healthKey]*index.HealthState
	named    map[string][]hosted   // nodes of DNS-SD by their host name
	left     []index.Member        // owned addresses at names that no declaration and no SRV value knows
	rank     map[dnsview.Class]int // of classes that are equally severe
	at       map[string]int        // of clouds in the config
}

type healthKey struct {
	service string
	index.InstanceKey
}

// memberBuilder collects the members of one name.
type memberBuilder struct {
	*Members
	service     *Service
	incarnation *Incarnation           // nil for a name that has no incarnations
	state       *index.DeclaredService // nil when it is not declared
	nodes       map[index.InstanceKey][]*Node
	others      []*Node              // those of other fleets
	membership  *services.Membership // once every record was looked at
}

// declare begins with what the config declares.
func (t *builder) declare() {
	for _, s := range t.Index.Services {
		r := t.membersOf(providers.CanonicalName(s.Name), s.Kind)
		r.state, r.Declared, r.Minimum, r.Kind = s, s.Service, s.Minimum, s.Kind
		if s.ReadZone != nil {
			r.Zone = s.ReadZone.Name
		}
	}
}

// note puts the findings and the outcomes of health checks where they are found by name.
func (t *builder) note() {
	for i := range t.view.Findings {
		f := &t.view.Findings[i]
		if name := cmp.Or(f.Service, f.Name); name != "" {
			t.found[name] = append(t.found[name], f)
		}
	}
	for i := range t.Options.Health {
		h := &t.Options.Health[i]
		name := providers.CanonicalName(h.Service)
		if s := t.ServicesByName[name]; s != nil && !t.Outdated(s, h) {
			t.health[healthKey{name, index.InstanceKey{Cloud: h.Key, ID: h.ID}}] = h
		}
	}
}

// membersOf returns the members of a name, and begins with none for a new one.
func (t *builder) membersOf(name string, kind index.ServiceKind) *memberBuilder {
	if r := t.members[name]; r != nil {
		return r
	}
	r := &memberBuilder{nodes: map[index.InstanceKey][]*Node{}}
	if typ, ok := dnssd.TypeOf(name); ok && kind == index.DNSSD {
		r.service = t.service(typ, kind)
		label := name
		if labels := providers.SplitName(name); len(labels) > 0 {
			label = labels[0]
		}
		r.incarnation = &Incarnation{Label: label}
		r.Members = &r.incarnation.Members
		r.Name, r.Kind, r.Zone = name, kind, t.zoneNamed(name)
		r.service.Incarnations = append(r.service.Incarnations, r.incarnation)
	} else {
		r.service = t.service(name, kind)
		r.Members = &r.service.Members
	}
	t.members[name] = r
	t.order = append(t.order, r)
	return r
}

func (t *builder) service(name string, kind index.ServiceKind) *Service {
	s := t.services[name]
	if s == nil {
		s = &Service{Members: Members{Name: name, Kind: kind, Zone: t.zoneNamed(name)}}
		t.services[name] = s
	}
	return s
}

func (t *builder) zoneNamed(name string) string {
	if z := t.ZoneOf(name); z != nil {
		return z.Name
	}
	return ""
}

// records looks at every record once.
func (t *builder) records() {
	for _, z := range t.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			m := index.Member{Node: z.Nodes[i], Record: r}
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

func (t *builder) srv(m index.Member) {
	r := m.Record
	ro := t.membersOf(r.Name, index.DNSSD)
	ro.Records++
	srv, ok := providers.ParseSRV(r.Value)
	if services.IsClosed(r) {
		if ro.incarnation != nil {
			ro.incarnation.Closed = true
		}
		return
	}
	n := t.nodeOfRecord(ro, m)
	n.SRV, n.HasSRV, n.Host = srv, ok, srv.Target
	for _, h := range t.Hosts[srv.Target] {
		n.Hosts = append(n.Hosts, h)
		n.has(h)
	}
	ro.Records += len(n.Hosts)
	ro.add(n)
}

func (t *builder) ptr(r *providers.Record) {
	target := providers.FoldValue("PTR", r.Value)
	if domain, ok := strings.CutPrefix(r.Name, "_services._dns-sd._udp."); ok {
		if providers.InZone(target, domain) && dnssd.IsType(target) {
			t.service(target, index.DNSSD).Listed = true
		}
		return
	}
	typ, ok := dnssd.TypeOf(target)
	if !ok || typ != r.Name && !strings.HasSuffix(r.Name, "._sub."+typ) {
		return
	}
	ro := t.membersOf(target, index.DNSSD)
	if ro.incarnation != nil {
		ro.incarnation.PTR = append(ro.incarnation.PTR, r)
		ro.Records++
	}
}

func (t *builder) txt(r *providers.Record) {
	if _, ok := dnssd.TypeOf(r.Name); !ok {
		return
	}
	ro := t.membersOf(r.Name, index.DNSSD)
	if i := ro.incarnation; i != nil && (i.TXT == nil || index.CompareRecords(r, i.TXT) < 0) {
		i.TXT = r
	}
	ro.Records++
}

func (t *builder) address(m index.Member) {
	r := m.Record
	if r.Alias {
		return
	}
	if s := t.ServicesByName[r.Name]; s != nil {
		if s.Kind == index.RoundRobin {
			t.serve(t.members[r.Name], m)
		}
		return
	}
	if _, ok := t.Targets[r.Name]; !ok && len(r.Owners) > 0 {
		t.left = append(t.left, m)
	}
}

// serve adds an address of a round-robin name to its node.
func (t *builder) serve(ro *memberBuilder, m index.Member) {
	r := m.Record
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
func (t *builder) nodeOfRecord(ro *memberBuilder, m index.Member) *Node {
	r := m.Record
	n := &Node{Service: ro.Name, Records: []*providers.Record{r}, node: m.Node}
	switch o, owned := r.Owner(); {
	case owned:
		t.belongs(n, o)
	case !index.Marked(r) && m.Node >= 0:
		n.Instance = t.Index.Nodes[m.Node].Instance
		n.Ref = t.Ref(n.Instance)
	}
	return n
}

// belongs names the owner of a marker as the instance of a node.
func (t *builder) belongs(n *Node, o providers.Owner) {
	n.Ref = providers.InstanceRef{Key: o.Cloud, ID: o.Instance, Name: o.Instance}
	if t.ForeignFleet(o) {
		n.Fleet = o.Fleet
	}
	if o.Host() {
		n.Ref.Name = strings.TrimPrefix(o.Instance, providers.HostPrefix)
		return
	}
	n.Ref.Cloud = t.CloudLabel(o.Cloud)
	if i := t.Instance(o.Cloud, o.Instance); i != nil && !t.ForeignFleet(o) {
		n.Instance, n.Ref = i, t.Ref(i)
	}
}

// has notes an address that a record leads to.
func (n *Node) has(r *providers.Record) {
	if a, ok := r.Addr(); ok && !slices.Contains(n.Addresses, a) {
		n.Addresses = append(n.Addresses, a)
	}
}

// owner is whose a node is. What another fleet calls its own is no node of ours, though
// it may name the same instance; no id has a space.
func (n *Node) owner() index.InstanceKey {
	if n.Fleet != "" {
		return index.InstanceKey{Cloud: n.Ref.Key, ID: n.Fleet + " " + n.Ref.ID}
	}
	return index.InstanceKey{Cloud: n.Ref.Key, ID: n.Ref.ID}
}

func (r *memberBuilder) add(n *Node) {
	r.Nodes = append(r.Nodes, n)
	r.nodes[n.owner()] = append(r.nodes[n.owner()], n)
	if n.Fleet != "" {
		r.others = append(r.others, n)
	}
}
