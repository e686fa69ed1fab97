package index

import (
	"net/netip"
	"slices"

	"rollcall/providers"
)

// AddressScope is which addresses of a node its records hold.
type AddressScope string

// The scopes.
const (
	ScopePrivate AddressScope = "private"
	ScopePublic  AddressScope = "public"
)

// ScopeIn returns the scope of a service's records in a zone: the declared one, or else private in a private zone and
// public in any other. A service that is not declared and a zone that is not read are nil.
func (s *Service) ScopeIn(z *ZoneState) AddressScope {
	switch {
	case s != nil && s.Address != "":
		return s.Address
	case z != nil && z.View.Zone.Private:
		return ScopePrivate
	}
	return ScopePublic
}

// ScopeOf returns the scope of a record by its service and zone. i is its node or nil; the host name of a node may be
// without the SRV value that leads to the service.
func (x *Index) ScopeOf(r *providers.Record, i *providers.Instance) AddressScope {
	z := x.ZonesByName[r.Zone]
	if !x.declaresScope {
		return (*Service)(nil).ScopeIn(z)
	}
	s := x.ServicesByName[x.ServiceOf(r)]
	if s == nil {
		for _, name := range x.ServicesOf(i) {
			if of := x.ServicesByName[name]; of != nil && of.Kind == DNSSD && of.ReadZone == z {
				s = of
				break
			}
		}
	}
	if s == nil {
		return (*Service)(nil).ScopeIn(z)
	}
	return s.ScopeIn(z)
}

// OutOfReach reports whether a record has an address that no one outside can reach, and public ones are meant there.
func (x *Index) OutOfReach(r *providers.Record) bool {
	a, ok := r.Addr()
	return ok && Unreachable(a) && x.ScopeOf(r, x.InstanceOf(r)) == ScopePublic
}

// LeadsOut reports whether a record has a public address where private ones are meant, and its node i has a private one.
func (x *Index) LeadsOut(r *providers.Record, i *providers.Instance) bool {
	a, isAddr := r.Addr()
	if !isAddr || x.ScopeOf(r, i) != ScopePrivate || ScopePrivate.holds(i, a) {
		return false
	}
	_, ok := x.AddressFor(r, i)
	return ok
}

// AddressFor chooses the address of an instance that an address record shall have: its own if the instance has it and it
// is in the scope of the record, or else one of the same family in that scope.
func (x *Index) AddressFor(r *providers.Record, i *providers.Instance) (netip.Addr, bool) {
	old, _ := r.Addr()
	scope := x.ScopeOf(r, i)
	if i.HasAddress(old) && scope.holds(i, old) {
		return old, true
	}
	return scope.address(i, r.Family())
}

// Superseded returns the address that a record of an instance should have in place of its own, if its name has that
// already as the instance's own.
func (x *Index) Superseded(r *providers.Record, o providers.Owner, i *providers.Instance) (netip.Addr, bool) {
	old, isAddr := r.Addr()
	to, ok := x.AddressFor(r, i)
	return to, isAddr && ok && to != old && x.HasOwn(r, o, to)
}

// WantedAddresses appends the addresses under which a node of a service should be found in a zone: one of each family
// that the service wants and the node has.
func WantedAddresses(out []netip.Addr, s *Service, z *ZoneState, i *providers.Instance) []netip.Addr {
	scope := s.ScopeIn(z)
	if a, ok := scope.address(i, netip.IPv4Unspecified()); ok {
		out = append(out, a)
	}
	if s.IPv6 || len(out) == 0 {
		if a, ok := scope.address(i, netip.IPv6Unspecified()); ok {
			out = append(out, a)
		}
	}
	return out
}

// WantedAddress returns the first of WantedAddresses, or the zero Addr.
func WantedAddress(s *Service, z *ZoneState, i *providers.Instance) netip.Addr {
	var buf [2]netip.Addr
	if all := WantedAddresses(buf[:0], s, z, i); len(all) > 0 {
		return all[0]
	}
	return netip.Addr{}
}

// of returns the addresses of an instance in the scope.
func (s AddressScope) of(i *providers.Instance) []netip.Addr {
	if s == ScopePrivate {
		return i.PrivateIPs
	}
	return i.PublicIPs
}

// holds reports whether an address of an instance is in the scope. A private network may have addresses of any range.
func (s AddressScope) holds(i *providers.Instance, a netip.Addr) bool {
	if s == ScopePrivate {
		return Unreachable(a) || slices.Contains(i.PrivateIPs, a)
	}
	return !Unreachable(a)
}

// address chooses an address of an instance in the scope, of the family of another address: elastic first, and of the
// private ones none that is valid on the node or its link only.
func (s AddressScope) address(i *providers.Instance, family netip.Addr) (netip.Addr, bool) {
	all := s.of(i)
	for _, pool := range [][]netip.Addr{i.ElasticIPs, all} {
		for _, a := range pool {
			if a.Is4() == family.Is4() && slices.Contains(all, a) && s.holds(i, a) && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
				return a, true
			}
		}
	}
	return netip.Addr{}, false
}
