package tree

import (
	"cmp"
	"iter"
	"net/netip"
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
	names    index.Table[string]       // of round-robin services and service types
	services []*Service                // by the numbers of these
	numbers  index.Table[string]       // of the names that nodes serve under
	order    []*memberBuilder          // by these numbers: as they were found, declared ones first
	dnssd    map[string]*memberBuilder // those of DNS-SD, by name
	above    string                    // a name with the zone that it lies in: names next to each other often have one above
	zone     string
	found    map[string][]*dnsview.Finding // by what they are about
	health   map[healthKey]*index.HealthState
	named    map[string][]hosted // nodes of DNS-SD by their host name
	left     []index.Member      // owned addresses at names that no declaration and no SRV value knows
	at       map[string]int      // of clouds in the config
	alone    map[string][]string // a list of each cloud alone

	only     map[string]bool           // the names that are built, none of which is one of DNS-SD; nil for all
	parts    map[string]map[int32]bool // those of which only some nodes are built, with these
	declared []*memberBuilder          // of the declared services, in their order; nil for one that is not built

	spareNodes   index.Pool[Node]
	spareMembers index.Pool[memberBuilder]
	spareService index.Pool[Service]
	spareRecords index.Pool[*providers.Record]
	spareAddrs   index.Pool[netip.Addr]
	spareLists   index.Pool[*Node]
	spareFound   index.Pool[*dnsview.Finding]
}

func newBuilder(v *dnsview.View) *builder {
	t := &builder{
		Index: v.Index, view: v, names: index.NewTable(0, index.HashName), numbers: index.NewTable(0, index.HashName), dnssd: map[string]*memberBuilder{},
		found: map[string][]*dnsview.Finding{}, health: healthOf(v), at: map[string]int{}, alone: map[string][]string{},
	}
	for n := range v.Snapshot.Clouds {
		name := v.Snapshot.Clouds[n].Cloud.Name
		t.at[name], t.alone[name] = n, []string{name}
	}
	return t
}

// builds reports whether the members of a name are built.
func (t *builder) builds(name string) bool { return t.only == nil || t.only[name] }

// buildsNode reports whether the node with a number is built among the members of a name.
func (t *builder) buildsNode(name string, n int32) bool {
	nodes, inParts := t.parts[name]
	return t.builds(name) && (!inParts || nodes[n])
}

type healthKey struct {
	service string
	index.InstanceKey
}

// memberBuilder collects the members of one name.
type memberBuilder struct {
	*Members
	service     *Service
	incarnation *Incarnation                    // nil for a name that has no incarnations
	state       *index.DeclaredService          // nil when it is not declared
	byID        *index.Table[index.InstanceKey] // of Nodes; nil for few
	first       []*Node                         // by the numbers of byID
	others      []*Node                         // those of other fleets
	membership  services.Membership             // once every record was looked at
}

// addDeclared begins with what the config declares.
func (t *builder) addDeclared() {
	for _, s := range t.Index.Services {
		name := providers.CanonicalName(s.Name)
		if !t.builds(name) {
			t.declared = append(t.declared, nil)
			continue
		}
		mb := t.membersOf(name, s.Kind)
		t.declared = append(t.declared, mb)
		mb.state, mb.Declared, mb.Minimum, mb.Kind = s, s.Service, s.Minimum, s.Kind
		if s.ReadZone != nil {
			mb.Zone = s.ReadZone.Name
		}
		if s.Kind == index.DNSSD {
			t.dnssd[mb.Name] = mb
		}
	}
}

// indexFindings puts the findings where they are found by name.
func (t *builder) indexFindings() {
	for i := range t.view.Findings {
		f := &t.view.Findings[i]
		if name := cmp.Or(f.Service, f.Name); name != "" && t.builds(name) {
			t.found[name] = t.spareFound.Add(t.found[name], f)
		}
	}
}

// healthOf returns the outcomes of health checks that say something of now.
func healthOf(v *dnsview.View) map[healthKey]*index.HealthState {
	health := map[healthKey]*index.HealthState{}
	for i := range v.Options.Health {
		h := &v.Options.Health[i]
		name := providers.CanonicalName(h.Service)
		if s := v.Index.ServicesByName[name]; s != nil && !v.Index.Outdated(s, h) {
			health[healthKey{name, index.InstanceKey{Cloud: h.Key, ID: h.ID}}] = h
		}
	}
	return health
}

// membersOf returns the members of a name, and begins with none for a new one.
func (t *builder) membersOf(name string, kind index.ServiceKind) *memberBuilder {
	n, added := t.numbers.Add(name)
	if !added {
		return t.order[n]
	}
	mb := t.spareMembers.Put(memberBuilder{})
	t.order = append(t.order, mb)
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
	if mb.Kind == index.DNSSD {
		t.dnssd[name] = mb
	}
	return mb
}

// members returns those of a name that is known, or nil.
func (t *builder) members(name string) *memberBuilder {
	if n := t.numbers.Find(name); n >= 0 {
		return t.order[n]
	}
	return nil
}

func (t *builder) service(name string, kind index.ServiceKind) *Service {
	n, added := t.names.Add(name)
	if added {
		t.services = append(t.services, t.spareService.Put(Service{Members: Members{Name: name, Kind: kind, Zone: t.zoneNamed(name)}}))
	}
	return t.services[n]
}

func (t *builder) zoneNamed(name string) string {
	if t.ZonesByName[name] != nil {
		return name
	}
	above, ok := providers.Parent(name)
	if !ok {
		return ""
	}
	if t.zone == "" || above != t.above {
		t.above, t.zone = above, ""
		if z := t.ZoneOf(above); z != nil {
			t.zone = z.Name
		}
	}
	return t.zone
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

// addNamed looks at the addresses at the names that are built.
func (t *builder) addNamed() {
	for name := range t.only {
		if nodes, inParts := t.parts[name]; inParts {
			for n := range nodes {
				for l := t.Index.Nodes[n].FirstLink; l >= 0; l = t.Links[l].Next {
					if r := t.Links[l].Record; r.Name == name && (r.Type == "A" || r.Type == "AAAA") {
						t.addAddress(index.Member{Node: n, Record: r})
					}
				}
			}
			continue
		}
		for _, z := range t.Zones {
			for _, r := range z.Named(name) {
				if r.Type == "A" || r.Type == "AAAA" {
					t.addAddress(index.Member{Node: z.Nodes[index.Position(z.View.Records, r)], Record: r})
				}
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
		n.Hosts = t.spareRecords.Add(n.Hosts, h)
		t.addAddressTo(n, h)
	}
	mb.Records += len(n.Hosts)
	t.add(mb, n)
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
			t.addServed(t.members(r.Name), m)
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
	if same := mb.nodeOf(n.id(), n.Fleet); n.Ref.ID != "" && same != nil {
		n = same
		n.Records = append(n.Records, r)
	} else {
		t.add(mb, n)
	}
	t.addAddressTo(n, r)
	if r.InWeightedSet() {
		n.Weighted = true
	}
}

// nodeOfRecord makes the node that a record at the name of a service belongs to.
func (t *builder) nodeOfRecord(mb *memberBuilder, m index.Member) *Node {
	r := m.Record
	n := t.spareNodes.Put(Node{Service: mb.Name, Records: t.spareRecords.List(0, r), node: m.Node})
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
	switch {
	case t.ForeignFleet(o):
		n.Fleet = o.Fleet
	case n.node >= 0:
		n.Instance = t.Index.Nodes[n.node].Instance
	}
	switch {
	case o.Host():
		n.Ref.Name = strings.TrimPrefix(o.Instance, providers.HostPrefix)
	case n.Instance != nil:
		n.Ref = t.Ref(n.Instance)
	default:
		n.Ref.Cloud = t.CloudLabel(o.Cloud)
	}
}

// addAddressTo notes an address that a record of a node leads to.
func (t *builder) addAddressTo(n *Node, r *providers.Record) {
	if a, ok := r.Addr(); ok && !slices.Contains(n.Addresses, a) {
		n.Addresses = t.spareAddrs.Add(n.Addresses, a)
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

// fewNodes is up to how many nodes of a name are searched without a map.
const fewNodes = 8

// add adds a node whose owner is set, or else its target or value.
func (t *builder) add(mb *memberBuilder, n *Node) {
	if n.Fleet != "" {
		mb.others = append(mb.others, n)
	}
	mb.Nodes = t.spareLists.Add(mb.Nodes, n)
	more := mb.Nodes[len(mb.Nodes)-1:]
	if mb.byID == nil {
		if len(mb.Nodes) <= fewNodes {
			return
		}
		ids := index.NewTable(2*fewNodes, index.HashInstance)
		mb.byID, more = &ids, mb.Nodes
	}
	for _, n := range more {
		at, added := mb.byID.Add(n.id())
		if added {
			mb.first = append(mb.first, n)
			continue
		}
		last := mb.first[at]
		for last.next != nil {
			last = last.next
		}
		last.next = n
	}
}

// nodesOf yields the nodes of an id and a fleet, in the order in which they were found; the empty fleet is ours.
func (mb *memberBuilder) nodesOf(id index.InstanceKey, fleet string) iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if mb.byID == nil {
			for _, n := range mb.Nodes {
				if n.Fleet == fleet && n.id() == id && !yield(n) {
					return
				}
			}
			return
		}
		at := mb.byID.Find(id)
		if at < 0 {
			return
		}
		for n := mb.first[at]; n != nil; n = n.next {
			if n.Fleet == fleet && n.id() == id && !yield(n) {
				return
			}
		}
	}
}

// nodeOf returns the first of nodesOf, or nil.
func (mb *memberBuilder) nodeOf(id index.InstanceKey, fleet string) *Node {
	for n := range mb.nodesOf(id, fleet) {
		return n
	}
	return nil
}
