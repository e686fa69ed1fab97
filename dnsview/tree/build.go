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

// addDeclared begins with what the config declares.
func (t *builder) addDeclared() {
	for _, s := range t.Index.Services {
		mb := t.membersOf(providers.CanonicalName(s.Name), s.Kind)
		mb.state, mb.Declared, mb.Minimum, mb.Kind = s, s.Service, s.Minimum, s.Kind
		if s.ReadZone != nil {
			mb.Zone = s.ReadZone.Name
		}
	}
}

// indexFindings puts the findings and the outcomes of health checks where they are found by name.
func (t *builder) indexFindings() {
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
	if mb := t.members[name]; mb != nil {
		return mb
	}
	mb := &memberBuilder{nodes: map[index.InstanceKey][]*Node{}}
	if typ, ok := dnssd.TypeOf(name); ok && kind == index.DNSSD {
		mb.service = t.service(typ, kind)
		label := name
		if labels := providers.SplitName(name); len(labels) > 0 {
			label = labels[0]
		}
		mb.incarnation = &Incarnation{Label: label}
		mb.Members = &mb.incarnation.Members
		mb.Name, mb.Kind, mb.Zone = name, kind, t.zoneNamed(name)
		mb.service.Incarnations = append(mb.service.Incarnations, mb.incarnation)
	} else {
		mb.service = t.service(name, kind)
		mb.Members = &mb.service.Members
	}
	t.members[name] = mb
	t.order = append(t.order, mb)
	return mb
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

// addRecords looks at every record once.
func (t *builder) addRecords() {
	for _, z := range t.Zones {
		for i := range z.View.Records {
			r := &z.View.Records[i]
			m := index.Member{Node: z.Nodes[i], Record: r}
			switch r.Type {
			case "SRV":
				t.addSRV(m)
			case "PTR":
				t.addPTR(r)
			case "TXT":
				if !r.IsMarker() {
					t.addTXT(r)
				}
			case "A", "AAAA":
				t.addAddress(m)
			}
		}
	}
}

func (t *builder) addSRV(m index.Member) {
	r := m.Record
	mb := t.membersOf(r.Name, index.DNSSD)
	mb.Records++
	srv, ok := providers.ParseSRV(r.Value)
	if services.IsClosed(r) {
		if mb.incarnation != nil {
			mb.incarnation.Closed = true
		}
		return
	}
	n := t.nodeOfRecord(mb, m)
	n.SRV, n.HasSRV, n.Host = srv, ok, srv.Target
	for _, h := range t.Hosts[srv.Target] {
		n.Hosts = append(n.Hosts, h)
		n.addAddress(h)
	}
	mb.Records += len(n.Hosts)
	mb.add(n)
}

func (t *builder) addPTR(r *providers.Record) {
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
	mb := t.membersOf(target, index.DNSSD)
	if mb.incarnation != nil {
		mb.incarnation.PTR = append(mb.incarnation.PTR, r)
		mb.Records++
	}
}

func (t *builder) addTXT(r *providers.Record) {
	if _, ok := dnssd.TypeOf(r.Name); !ok {
		return
	}
	mb := t.membersOf(r.Name, index.DNSSD)
	if i := mb.incarnation; i != nil && (i.TXT == nil || index.CompareRecords(r, i.TXT) < 0) {
		i.TXT = r
	}
	mb.Records++
}

func (t *builder) addAddress(m index.Member) {
	r := m.Record
	if r.Alias {
		return
	}
	if s := t.ServicesByName[r.Name]; s != nil {
		if s.Kind == index.RoundRobin {
			t.addServed(t.members[r.Name], m)
		}
		return
	}
	if _, ok := t.Targets[r.Name]; !ok && len(r.Owners) > 0 {
		t.left = append(t.left, m)
	}
}

// addServed adds an address of a round-robin name to its node.
func (t *builder) addServed(mb *memberBuilder, m index.Member) {
	r := m.Record
	mb.Records++
	n := t.nodeOfRecord(mb, m)
	if same := mb.nodes[n.owner()]; n.Ref.ID != "" && len(same) > 0 {
		n = same[0]
		n.Records = append(n.Records, r)
	} else {
		mb.add(n)
	}
	n.addAddress(r)
	if r.InWeightedSet() {
		n.Weighted = true
	}
}

// nodeOfRecord makes the node that a record at the name of a service belongs to.
func (t *builder) nodeOfRecord(mb *memberBuilder, m index.Member) *Node {
	r := m.Record
	n := &Node{Service: mb.Name, Records: []*providers.Record{r}, node: m.Node}
	switch o, owned := r.Owner(); {
	case owned:
		t.setOwner(n, o)
	case !index.Marked(r) && m.Node >= 0:
		n.Instance = t.Index.Nodes[m.Node].Instance
		n.Ref = t.Ref(n.Instance)
	}
	return n
}

// setOwner names the owner of a marker as the instance of a node.
func (t *builder) setOwner(n *Node, o providers.Owner) {
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

// addAddress notes an address that a record leads to.
func (n *Node) addAddress(r *providers.Record) {
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

func (mb *memberBuilder) add(n *Node) {
	mb.Nodes = append(mb.Nodes, n)
	mb.nodes[n.owner()] = append(mb.nodes[n.owner()], n)
	if n.Fleet != "" {
		mb.others = append(mb.others, n)
	}
}
