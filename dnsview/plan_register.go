package dnsview

import (
	"net/netip"
	"slices"
	"strings"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

// PlanRegister plans the records that nodes lack, in every declared service
// that selects them. With a service name, in that service only, whether it selects them or not.
func PlanRegister(v *View, service string, instances ...providers.InstanceRef) Plan {
	b := newBuilder(v, VerbRegister)
	if !b.fleet() {
		return b.end("")
	}
	for _, ref := range onceEach(instances) {
		i := b.instance(ref)
		if i == nil {
			continue
		}
		found := false
		for _, s := range v.index.services {
			name := providers.CanonicalName(s.Name)
			if service == "" && !s.Selects(i) || service != "" && name != providers.CanonicalName(service) {
				continue
			}
			found = true
			b.register(s, i)
		}
		switch {
		case !found && service != "":
			b.skip("service " + Clean(service) + " is not declared")
		case !found:
			b.skip(label(i) + ": no declared service selects it")
		}
	}
	return b.end("Register " + plural(len(instances), "node", "nodes"))
}

// register plans what one node lacks in one service: first what leads nowhere
// by itself (PTR, TXT, addresses), then the SRV value that leads clients to it.
func (b *builder) register(s *serviceState, i *providers.Instance) {
	x := b.v.index
	name := providers.CanonicalName(s.Name)
	want := wantedAddresses(nil, s.Service, i)
	n := x.numberOf(i)
	switch {
	case s.zone == nil:
		b.skip(label(i) + ": the zone of " + name + " is not read here")
		return
	case i.State != providers.StateRunning:
		b.skip(label(i) + " is " + Clean(string(i.State)) + ", and only running nodes are registered")
		return
	case len(want) == 0:
		b.skip(label(i) + " has no public address to register")
		return
	case x.membershipOf(name, s.records).quiesced[n]:
		b.skip(label(i) + " was taken out of " + name + " on purpose: return it instead")
		return
	}
	o := providers.Owner{Fleet: b.v.Options.Fleet, Cloud: x.keyOf(i), Instance: i.ID, Registered: b.now(s.zone.name)}
	if o.Cloud == "" {
		b.skip(label(i) + ": its cloud has not said who it is")
		return
	}
	if s.Kind == DNSSD {
		b.registerSRV(s, name, i, o, want)
		return
	}
	for _, a := range want {
		b.address(s, name, a, i, o)
	}
}

// address plans one address record, and returns the step's id; 0 when it is there already.
func (b *builder) address(s *serviceState, name string, a netip.Addr, i *providers.Instance, o providers.Owner) int {
	typ := typeOf(a)
	var moved *providers.Record
	for _, r := range b.at(s.zone, name, typ) {
		v, ok := r.Addr()
		if own, mine := r.Owner(); ok && mine && own.Same(o) && !own.Quiesced && !b.v.index.holds(i, v) {
			moved = r
		}
		if !ok || v != a {
			continue
		}
		if !marked(r) {
			b.skip(r.Label() + " is there already, " + b.v.index.adoptOr(r, "without a marker: adopt it"))
		}
		if why, hidden := b.v.index.occluded(s.zone, name, typ); hidden {
			b.skip(r.Label() + " is there already, and no client sees it: " + why + "; make the record there")
		}
		return 0
	}
	if moved != nil { // it has a place there, with the address that it had before
		n := len(b.plan.Steps)
		if own, _ := moved.Owner(); b.done[moved.Identity()] == 0 {
			b.moveTo(moved, own, i, Moved)
		}
		if len(b.plan.Steps) == n {
			return b.done[moved.Identity()]
		}
		b.done[moved.Identity()] = len(b.plan.Steps)
		return len(b.plan.Steps)
	}
	r := providers.Record{Zone: s.zone.name, Name: name, Type: typ, Value: a.String()}
	b.setTTL(&r, s)
	r, err := r.WithOwner(b.provider(r.Zone), o)
	if err != nil {
		b.skip(label(i) + ": " + Clean(err.Error()))
		return 0
	}
	if n, ok := b.done[r.Identity()]; ok {
		return n // another finding asked for it already
	}
	if !b.fits(&r) {
		return 0
	}
	ref := b.v.index.ref(i)
	n := b.change(providers.Change{Op: providers.OpCreate, After: r}, "Create "+r.Label()+" for "+label(i), Missing, &ref)
	b.done[r.Identity()] = n
	return n
}

// setTTL gives a new record the TTL and the proxying that its service
// declares, else the ones of its name, else the default.
func (b *builder) setTTL(r *providers.Record, s *serviceState) {
	r.TTL = defaultTTL
	declared := uint32(0)
	if s != nil {
		declared = s.TTL
	}
	if same := b.at(b.v.index.zoneName[r.Zone], r.Name, r.Type); len(same) > 0 {
		r.TTL, r.AutoTTL, r.Proxied = same[0].TTL, same[0].AutoTTL, same[0].Proxied
	}
	if declared > 0 {
		r.TTL, r.AutoTTL = declared, false
	}
	if b.provider(r.Zone) != providers.Cloudflare || r.Type != "A" && r.Type != "AAAA" && r.Type != "CNAME" {
		r.Proxied = false
		return
	}
	if s != nil && s.Proxied != nil {
		r.Proxied = *s.Proxied
	}
	if r.Proxied {
		r.TTL, r.AutoTTL = 300, true // Cloudflare allows no other TTL on a proxied record
	}
}

// at gives the records of one name and type in a zone, in stable order.
func (b *builder) at(z *zoneState, name, typ string) []*providers.Record {
	if z == nil {
		return nil
	}
	var out []*providers.Record
	for i := range z.view.Records {
		if r := &z.view.Records[i]; r.Name == name && r.Type == typ {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, compareRecords)
	return out
}

func (b *builder) registerSRV(s *serviceState, name string, i *providers.Instance, o providers.Owner, want []netip.Addr) {
	x := b.v.index
	needs := b.incarnation(s)
	var hosts []string // where its SRV values lead to
	for _, r := range b.at(s.zone, name, "SRV") {
		if own, ok := r.Owner(); ok && own.Same(o) {
			if v, ok := providers.ParseSRV(r.Value); ok && v.Target != "." && !slices.Contains(hosts, v.Target) {
				hosts = append(hosts, v.Target)
			}
		}
	}
	led := len(hosts) > 0
	if !led {
		hosts = []string{b.hostName(s.zone, i, o)}
	}
	for _, host := range hosts {
		if z := x.zoneOf(host); z != s.zone {
			b.skip(label(i) + ": its host name " + Clean(host) + " does not lie in " + s.zone.name)
			continue
		}
		for _, a := range want {
			if id := b.address(s, host, a, i, o); id > 0 {
				needs = append(needs, id)
			}
		}
	}
	if led {
		return
	}
	host := hosts[0]
	if s.Port == 0 {
		b.skip(name + " declares no port")
		return
	}
	value := providers.SRV{Priority: s.Priority, Weight: s.Weight, Port: s.Port, Target: host}.String()
	r := providers.Record{Zone: s.zone.name, Name: name, Type: "SRV", Value: value}
	b.setTTL(&r, s)
	r, err := r.WithOwner(b.provider(r.Zone), o)
	if err != nil {
		b.skip(label(i) + ": " + Clean(err.Error()))
		return
	}
	if _, ok := b.done[r.Identity()]; ok || !b.fits(&r) {
		return
	}
	ref := x.ref(i)
	b.done[r.Identity()] = b.change(providers.Change{Op: providers.OpCreate, After: r}, "Create "+r.Label()+" for "+label(i), Missing, &ref, needs...)
}

// hostName returns the host name of a node: its own name below the zone, or its id
// when another node has that name.
func (b *builder) hostName(z *zoneState, i *providers.Instance, o providers.Owner) string {
	name := hostLabel(i.Name) + "." + z.name
	if hostLabel(i.Name) == "" {
		return providers.CanonicalName(i.ID + "." + z.name)
	}
	for _, typ := range []string{"A", "AAAA", "CNAME"} {
		for _, r := range b.at(z, name, typ) {
			own, ok := r.Owner()
			a, isAddr := r.Addr()
			if ok && own.Same(o) || !marked(r) && isAddr && i.HasAddress(a) {
				continue
			}
			return providers.CanonicalName(i.ID + "." + z.name)
		}
	}
	return providers.CanonicalName(name)
}

// hostLabel makes one label of a host name (RFC 952: letters, digits, hyphens) of an instance's name.
func hostLabel(name string) string {
	l := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == '_' || r == '.' || r == ' ':
			return '-'
		}
		return -1
	}, name)
	return strings.Trim(l[:min(len(l), 63)], "-")
}

// incarnation plans the PTR and TXT records that an incarnation lacks, and gives the ids of the steps.
func (b *builder) incarnation(s *serviceState) []int {
	if s.Kind != DNSSD || s.zone == nil {
		return nil
	}
	name := providers.CanonicalName(s.Name)
	parent, ok := providers.Parent(name)
	if !ok {
		return nil
	}
	var ids []int
	if !s.ptr {
		ids = append(ids, b.ofIncarnation(providers.Record{Zone: s.zone.name, Name: parent, Type: "PTR", Value: name}, Half)...)
	}
	if !s.txt {
		ids = append(ids, b.ofIncarnation(providers.Record{Zone: s.zone.name, Name: name, Type: "TXT", Value: dnssd.FromMap(s.TXT).Value()}, Half)...)
	}
	return ids
}

// ofIncarnation plans a record that belongs to an incarnation or a service type and to no
// node, once, and gives the id of its step.
func (b *builder) ofIncarnation(r providers.Record, why Class) []int {
	if n, ok := b.done[r.Identity()]; ok {
		return []int{n}
	}
	if !b.fits(&r) {
		return nil
	}
	b.setTTL(&r, nil)
	what := "the incarnation"
	if why == TypeNotListed {
		what = "the service type"
	}
	n := b.change(providers.Change{Op: providers.OpCreate, After: r}, "Create "+r.Label()+", which belongs to "+what, why, nil)
	b.done[r.Identity()] = n
	return []int{n}
}
