package plan

import (
	"net/netip"
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// Register plans the records that nodes lack: in the given service, even if it does not select them, or else in every
// declared service that selects them.
func Register(v *dnsview.View, service string, instances ...providers.InstanceRef) Plan {
	b := newBuilder(v, index.VerbRegister)
	if !b.hasFleet() {
		return b.end("")
	}
	for _, ref := range uniqueInstances(instances) {
		i := b.instance(ref)
		if i == nil {
			continue
		}
		found := false
		for _, s := range v.Index.Services {
			name := providers.CanonicalName(s.Name)
			if service == "" && !s.Selects(i) || service != "" && name != providers.CanonicalName(service) {
				continue
			}
			found = true
			b.register(s, i)
		}
		switch {
		case !found && service != "":
			b.skip("service " + index.Clean(service) + " is not declared")
		case !found:
			b.skip(index.Label(i) + ": no declared service selects it")
		}
	}
	return b.end("Register " + index.Plural(len(instances), "node", "nodes"))
}

// register plans the records that a node lacks in a service: PTR, TXT and address records, then the SRV value that
// leads clients to it.
func (b *builder) register(s *index.DeclaredService, i *providers.Instance) {
	x := b.v.Index
	name := providers.CanonicalName(s.Name)
	want := index.WantedAddresses(nil, s.Service, s.ReadZone, i)
	n := x.NumberOf(i)
	switch {
	case s.ReadZone == nil:
		b.skip(index.Label(i) + ": the zone of " + name + " is not read here")
		return
	case i.State != providers.StateRunning:
		b.skip(index.Label(i) + " is " + index.Clean(string(i.State)) + ", and only running nodes are registered")
		return
	case x.EvacuatedAt(x.KeyOf(i), name) != nil:
		b.skip(index.Label(i) + " stays out of " + name + ": " + i.Cloud + " is evacuated; rollcall return --cloud " + i.Cloud + " takes that back")
		return
	case len(want) == 0:
		b.skip(index.Label(i) + " has no " + string(s.ScopeIn(s.ReadZone)) + " address to register")
		return
	case services.MembershipOf(x, name, s.Records).Quiesced[n]:
		b.skip(index.Label(i) + " was taken out of " + name + " on purpose: return it instead")
		return
	}
	o := providers.Owner{Fleet: b.v.Options.Fleet, Cloud: x.KeyOf(i), Instance: i.ID, Registered: b.now(s.ReadZone.Name)}
	if o.Cloud == "" {
		b.skip(index.Label(i) + ": its cloud has not said who it is")
		return
	}
	if s.Kind == index.DNSSD {
		b.registerSRV(s, name, i, o, want)
		return
	}
	for _, set := range NodeSets(name, "", want, providers.SRV{}) {
		b.address(s, &set, i, o)
	}
}

// address plans the address record of a set and returns the step's id, or 0 if the record exists.
func (b *builder) address(s *index.DeclaredService, set *NodeSet, i *providers.Instance, o providers.Owner) int {
	present, stale, _ := set.compare(b.recordsAt(s.ReadZone, set.Name, set.Type), o)
	if len(present) > 0 {
		r := present[0]
		if !index.Marked(r) {
			b.skip(r.Label() + " is there already, " + b.v.Index.AdoptOr(r, "without a marker: adopt it"))
		}
		if why, hidden := b.v.Index.Occluded(s.ReadZone, r.Name, r.Type); hidden {
			b.skip(r.Label() + " is there already, and no client sees it: " + why + "; make the record there")
		}
		return 0
	}
	for _, r := range slices.Backward(stale) { // it has a place there, with the address that it had before
		if a, _ := r.Addr(); r.Owners[0].Quiesced || b.v.Index.Holds(i, a) && !b.v.Index.LeadsOut(r, i) {
			continue
		}
		n := len(b.plan.Steps)
		if b.planned[r.Identity()] == 0 {
			b.moveTo(r, r.Owners[0], i, dnsview.Moved)
		}
		if len(b.plan.Steps) > n {
			b.planned[r.Identity()] = len(b.plan.Steps)
		}
		return b.planned[r.Identity()]
	}
	return b.create(s, set, i, o)
}

// create plans, once, the missing record of a set and returns the step's id, or 0 if it cannot be created.
func (b *builder) create(s *index.DeclaredService, set *NodeSet, i *providers.Instance, o providers.Owner, needs ...int) int {
	r := providers.Record{Zone: s.ReadZone.Name, Name: set.Name, Type: set.Type, Value: set.Values[0]}
	b.setTTL(&r, s)
	r, err := r.WithOwner(b.v.Index.Traits(r.Zone).Markers, o)
	if err != nil {
		b.skip(index.Label(i) + ": " + index.Clean(err.Error()))
		return 0
	}
	if n, ok := b.planned[r.Identity()]; ok {
		return n // another finding asked for it already
	}
	if !b.hasRoom(&r) {
		return 0
	}
	ref := b.v.Index.Ref(i)
	n := b.change(providers.Change{Op: providers.OpCreate, After: r}, "Create "+r.Label()+" for "+index.Label(i), dnsview.Missing, &ref, needs...)
	b.planned[r.Identity()] = n
	return n
}

// setTTL sets the TTL and the proxying of a record: those that its service declares, else those that it had, else those of
// its name, else the default. All values of a record set have one TTL.
func (b *builder) setTTL(r *providers.Record, s *index.DeclaredService) {
	had := r.TTL > 0
	if !had {
		r.TTL = defaultTTL
	}
	declared := uint32(0)
	if s != nil {
		declared = s.TTL
	}
	for _, same := range b.recordsAt(b.v.Index.ZonesByName[r.Zone], r.Name, r.Type) {
		if same.SetID == r.SetID && (!had || b.v.Index.Traits(r.Zone).Sets != nil) {
			r.TTL, r.AutoTTL, r.Proxied = same.TTL, same.AutoTTL, same.Proxied
			break
		}
	}
	if declared > 0 {
		r.TTL, r.AutoTTL = declared, false
	}
	if !b.v.Index.Traits(r.Zone).CanProxy(r.Type) {
		r.Proxied = false
		return
	}
	if s != nil && s.Proxied != nil {
		r.Proxied = *s.Proxied
	}
	if r.Proxied {
		r.TTL, r.AutoTTL = 300, true // a proxied record has no other TTL
	}
}

// recordsAt returns the records of one name and type in a zone, in stable order.
func (b *builder) recordsAt(z *index.ZoneState, name, typ string) []*providers.Record {
	if z == nil {
		return nil
	}
	out := index.RecordsAt(z.View.Records, name, typ)
	slices.SortFunc(out, index.CompareRecords)
	return out
}

func (b *builder) registerSRV(s *index.DeclaredService, name string, i *providers.Instance, o providers.Owner, want []netip.Addr) {
	needs := b.incarnation(s)
	var hosts []string // where its SRV values lead to
	for _, r := range b.recordsAt(s.ReadZone, name, "SRV") {
		if r.OwnedBy(o) {
			if v, ok := providers.ParseSRV(r.Value); ok && v.Target != "." && !slices.Contains(hosts, v.Target) {
				hosts = append(hosts, v.Target)
			}
		}
	}
	led := len(hosts) > 0
	if !led {
		hosts = []string{b.hostName(s.ReadZone, i, o)}
	}
	for _, host := range hosts {
		elsewhere := b.v.Index.ZoneOf(host) != s.ReadZone
		if elsewhere {
			b.skip(index.Label(i) + ": its host name " + index.Clean(host) + " does not lie in " + s.ReadZone.Name)
		}
		for _, set := range NodeSets(name, host, want, providers.SRV{Priority: s.Priority, Weight: s.WeightOfNew(), Port: s.Port}) {
			switch isAddress := set.Type != "SRV"; {
			case isAddress && elsewhere, !isAddress && led:
			case isAddress:
				if id := b.address(s, &set, i, o); id > 0 {
					needs = append(needs, id)
				}
			case s.Port == 0:
				b.skip(name + " declares no port")
			default:
				b.create(s, &set, i, o, needs...)
			}
		}
	}
}

// hostName returns the host name of a node in the zone: the node's name, or its id if another node has that name.
func (b *builder) hostName(z *index.ZoneState, i *providers.Instance, o providers.Owner) string {
	name := index.HostLabel(i.Name) + "." + z.Name
	if index.HostLabel(i.Name) == "" {
		return providers.CanonicalName(i.ID + "." + z.Name)
	}
	for _, typ := range []string{"A", "AAAA", "CNAME"} {
		for _, r := range b.recordsAt(z, name, typ) {
			a, isAddr := r.Addr()
			if r.OwnedBy(o) || !index.Marked(r) && isAddr && i.HasAddress(a) {
				continue
			}
			return providers.CanonicalName(i.ID + "." + z.Name)
		}
	}
	return providers.CanonicalName(name)
}

// incarnation plans the PTR and TXT records that an incarnation lacks, and returns the ids of the steps.
func (b *builder) incarnation(s *index.DeclaredService) (ids []int) {
	name := providers.CanonicalName(s.Name)
	if _, ok := providers.Parent(name); !ok || s.Kind != index.DNSSD || s.ReadZone == nil {
		return nil
	}
	records := announcement(s.ReadZone.Name, name, dnssd.FromMap(s.TXT))
	if !s.HasPTR {
		ids = append(ids, b.announce(records[1], dnsview.Half)...)
	}
	if !s.HasTXT {
		ids = append(ids, b.announce(records[0], dnsview.Half)...)
	}
	return ids
}

// announce plans, once, a record of an incarnation or a service type, which no node owns, and returns the step's id.
func (b *builder) announce(r providers.Record, why dnsview.Class) []int {
	if n, ok := b.planned[r.Identity()]; ok {
		return []int{n}
	}
	if !b.hasRoom(&r) {
		return nil
	}
	b.setTTL(&r, nil)
	what := "the incarnation"
	if why == dnsview.TypeNotListed {
		what = "the service type"
	}
	n := b.change(providers.Change{Op: providers.OpCreate, After: r}, "Create "+r.Label()+", which belongs to "+what, why, nil)
	b.planned[r.Identity()] = n
	return []int{n}
}
