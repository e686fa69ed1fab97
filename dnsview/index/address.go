package index

import (
	"cmp"
	"net/netip"
	"slices"

	"rollcall/providers"
)

// Holds reports whether an instance has an address, by its own row or by an
// elastic address or interface that is attached to it.
func (x *Index) Holds(i *providers.Instance, a netip.Addr) bool {
	if i.HasAddress(a) {
		return true
	}
	h, ok := x.HolderOf(a)
	return ok && h.Instance != nil && (h.Instance == i || h.Instance.ID == i.ID && x.KeyOf(h.Instance) == x.KeyOf(i))
}

// LosesAddress reports whether an instance of a cloud does not keep the address when it is stopped.
func (x *Index) LosesAddress(cs *CloudState, i *providers.Instance, a netip.Addr) bool {
	if !cs.View.Cloud.Traits.StopReleases || slices.Contains(i.ElasticIPs, a) || slices.Contains(i.PrivateIPs, a) {
		return false
	}
	h, _ := x.HolderOf(a)
	return h.Address == nil || h.Address.Kind != providers.AddressElastic
}

// HasOwn reports whether the name and type of a record have an address of its owner already, as its own.
func (x *Index) HasOwn(r *providers.Record, o providers.Owner, a netip.Addr) bool {
	return slices.ContainsFunc(x.RecordsOf(o.Cloud, o.Instance), func(s *providers.Record) bool {
		b, isAddr := s.Addr()
		return s.Zone == r.Zone && s.Name == r.Name && s.Type == r.Type && s.OwnedBy(o) && isAddr && a == b
	})
}

// AddressList returns the addresses of an instance in a scope, for a sentence.
func AddressList(i *providers.Instance, scope AddressScope) string {
	s := ""
	for n, a := range scope.of(i) {
		if n > 0 {
			s += ", "
		}
		s += a.String()
	}
	return cmp.Or(s, "no "+string(scope)+" address")
}

// Unreachable reports whether no one outside can reach an address: private (RFC
// 1918, RFC 4193), loopback, link-local, or shared address space behind a
// carrier's NAT (RFC 6598).
func Unreachable(a netip.Addr) bool {
	if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return true
	}
	b := a.As16()
	return a.Is4() && b[12] == 100 && b[13]&0xc0 == 64
}

// AddressKind names the kind of an address that no one outside can reach, for a sentence.
func AddressKind(a netip.Addr) string {
	switch {
	case a.IsLoopback():
		return "a loopback address"
	case a.IsLinkLocalUnicast():
		return "a link-local address"
	case a.IsPrivate():
		return "a private address"
	}
	return "an address of a carrier's NAT"
}

// GlueAdvice is what is done about glue, which no verb changes.
const GlueAdvice = "change the delegation and its glue at the provider"

// ReusedAdvice says what can be done about a record whose address is another's now, and whether that is a retarget of it. Who
// has it may become the owner when it is a node of the service; what is no node is not made one.
func (x *Index) ReusedAdvice(r *providers.Record, a netip.Addr) (advice string, retarget bool) {
	o, _ := r.Owner()
	i := x.Instance(o.Cloud, o.Instance)
	h, held := x.HolderOf(a)
	running := i != nil && i.State == providers.StateRunning
	_, hidden := x.Occluded(x.ZonesByName[r.Zone], r.Name, r.Type)
	switch {
	case x.IsGlue(r):
		return GlueAdvice, false
	case held && hidden:
		return "quiesce it, which asks for its name to be typed", false
	case !held:
		return "take the address off the allow-list of the config if the entry is to go", false
	case running && x.FreeAddress(r, o, i):
		return "retarget it to what its owner has", true
	case !x.HeldByNoNode(h, r) && r.Type == "SRV" && (running || x.NewHolder(r) == nil):
		return "retarget its host name", false
	case !x.HeldByNoNode(h, r):
		return "retarget it", true
	case x.MayDelete(r):
		return "deregister it, which asks for its name to be typed, or retarget it to a node by name", false
	case running:
		if to, ok := x.Superseded(r, o, i); ok {
			return "retarget it, which removes it, as the name has " + to.String() + " of its owner too", true
		}
	}
	return "quiesce it, which asks for its name to be typed", false
}

// MayDelete reports whether a record whose address is another's now may be removed once a person has typed its
// name: its owner is gone, and no one who has the address is a running node of the service.
func (x *Index) MayDelete(r *providers.Record) bool {
	o, ok := r.Owner()
	if i := x.Instance(o.Cloud, o.Instance); !ok || i != nil && !i.State.Dead() {
		return false
	}
	hosts, known := x.AddressesOf(r)
	return known && !slices.ContainsFunc(hosts, func(s *providers.Record) bool {
		a, ok := s.Addr()
		h, held := x.HolderOf(a)
		_, allowed := x.Allowed(a)
		return !ok || allowed && !held || held && !x.HeldByNoNode(h, r)
	})
}

// FreeAddress reports whether the owner of an address record has an address for it that its name does not hold yet.
func (x *Index) FreeAddress(r *providers.Record, o providers.Owner, i *providers.Instance) bool {
	_, isAddr := r.Addr()
	to, ok := x.AddressFor(r, i)
	return isAddr && ok && !slices.ContainsFunc(x.Records(r.Zone, r.Name, r.Type), func(s *providers.Record) bool {
		b, isAddr := s.Addr()
		return isAddr && b == to
	})
}

// Records returns those of one name and type in a zone, as they were read.
func (x *Index) Records(zone, name, typ string) []*providers.Record {
	if z := x.ZonesByName[zone]; z != nil {
		return RecordsAt(z.View.Records, name, typ)
	}
	return nil
}

// RecordsAt returns those of one name and type among records, in their order.
func RecordsAt(records []providers.Record, name, typ string) (out []*providers.Record) {
	for i := range records {
		if r := &records[i]; r.Name == name && r.Type == typ {
			out = append(out, r)
		}
	}
	return out
}

// HeldByNoNode reports whether who has an address cannot be given the entry: it is no running node of the
// service, has no address for it, or is in the name with that already, or nothing is written at the name.
func (x *Index) HeldByNoNode(h Holder, r *providers.Record) bool {
	if _, hidden := x.Occluded(x.ZonesByName[r.Zone], r.Name, r.Type); hidden || h.Instance == nil || h.Instance.State != providers.StateRunning || !slices.Contains(x.ServicesOf(h.Instance), x.ServiceOf(r)) {
		return true
	}
	old, isAddr := r.Addr()
	if !isAddr {
		return slices.ContainsFunc(x.Records(r.Zone, r.Name, r.Type), func(s *providers.Record) bool {
			o, ok := s.Owner()
			return ok && s.Identity() != r.Identity() && o.Instance == h.Instance.ID && o.Cloud == x.KeyOf(h.Instance)
		})
	}
	to, ok := x.AddressFor(r, h.Instance)
	return !ok || to != old && !x.FreeAddress(r, providers.Owner{}, h.Instance)
}

// NewHolder returns the running node of the service to which an SRV value leads by a host name that is that node's own
// or unmarked, and that has no value there yet; or nil.
func (x *Index) NewHolder(r *providers.Record) *providers.Instance {
	hosts, known := x.AddressesOf(r)
	if r.Type != "SRV" || !known {
		return nil
	}
	var heir *providers.Instance
	for _, s := range hosts {
		a, _ := s.Addr()
		h, held := x.HolderOf(a)
		if !held || x.HeldByNoNode(h, r) || s.Alias {
			continue
		}
		o, owned := s.Owner()
		own := owned && o.Instance == h.Instance.ID && o.Cloud == x.KeyOf(h.Instance)
		if (own || !Marked(s)) && (heir == nil || h.Instance.ID < heir.ID) {
			heir = h.Instance
		}
	}
	return heir
}

// TypeOf returns the record type of an address: A or AAAA.
func TypeOf(a netip.Addr) string {
	if a.Is4() {
		return "A"
	}
	return "AAAA"
}

// IsOurs reports whether a record belongs to this fleet, and clearly so.
func (x *Index) IsOurs(r *providers.Record) bool {
	o, ok := r.Owner()
	return ok && o.Fleet == x.Options.Fleet
}

// HeldByAnother reports whether something else than the instance of o has the address of a record.
func (x *Index) HeldByAnother(r *providers.Record, o providers.Owner) bool {
	a, ok := r.Addr()
	h, held := x.HolderOf(a)
	switch {
	case !ok || !held:
		return false
	case h.Instance != nil:
		return h.Instance.ID != o.Instance || x.KeyOf(h.Instance) != o.Cloud
	}
	return h.Address.Instance != o.Instance
}
