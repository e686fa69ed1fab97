package dnsview

import (
	"net/netip"
	"slices"

	"rollcall/providers"
)

// unreachable reports whether no one outside can reach an address: private (RFC
// 1918, RFC 4193), loopback, link-local, or shared address space behind a
// carrier's NAT (RFC 6598).
func unreachable(a netip.Addr) bool {
	if a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return true
	}
	b := a.As16()
	return a.Is4() && b[12] == 100 && b[13]&0xc0 == 64
}

// addressKind names the kind of an address that no one outside can reach, for a sentence.
func addressKind(a netip.Addr) string {
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

// private finds addresses in a public zone that no one outside can reach. What is on the
// allow-list is meant so.
func (in *inspector) private(z *zoneState, r *providers.Record, n int32) {
	a, ok := r.Addr()
	if !ok || z.view.Zone.Private || !unreachable(a) || in.told[r] == toldLeaving {
		return
	}
	if _, ok := in.allowed(a); ok {
		return
	}
	f := Finding{
		Class: Private, Severity: High, Record: r, Zone: z.name, Service: in.serviceOf(r), RestsOn: []Basis{z.basis},
		Reason:   r.Label() + " is " + addressKind(a) + " in a public zone: nobody outside can reach it",
		Evidence: []Evidence{{Source: z.name, Fact: "holds " + r.Label(), At: z.view.RowsFrom}},
	}
	in.replacement(&f, z, a, n)
	in.add(f)
}

// replacement offers the public address of the owner, or says why there is none to offer.
func (in *inspector) replacement(f *Finding, z *zoneState, a netip.Addr, n int32) {
	r := f.Record
	o, owned := r.Owner()
	var i *providers.Instance
	if n >= 0 {
		i = in.nodes[n].inst
	}
	if i != nil {
		ref := in.ref(i)
		f.Instance, f.Cloud = &ref, i.Cloud
	}
	switch {
	case !owned && marked(r), in.told[r] == toldOther && owned:
		f.Reason += "; what else was found about it comes first"
		return
	case !owned:
		f.Reason += "; it has no owner marker, and rollcall changes only what it owns"
		return
	case o.Host():
		f.Reason += "; " + shortID(o.Instance) + " joined by hand, and has to join again with a public address"
		return
	case i == nil || i.State != providers.StateRunning:
		f.Reason += "; its owner does not run, so there is no address to replace it with"
		return
	}
	to, ok := publicFor(i, r.Family())
	if !ok {
		f.Reason += "; its owner " + label(i) + " has no public address of that kind"
		return
	}
	cs := in.cloudOf(i)
	lack := lackingOf(cs, z)
	there := slices.ContainsFunc(z.named(r.Name), func(s *providers.Record) bool {
		b, ok := s.Addr()
		return ok && b == to && !s.Alias
	})
	if there { // then the private one is taken away, like all that is taken away only when all is known
		lack = in.lacking(z)
	}
	if cs != nil {
		f.RestsOn = []Basis{cs.basis, z.basis}
		f.Evidence = append(f.Evidence, Evidence{Source: cs.name, Fact: label(i) + " has " + addressList(i), At: cs.view.RowsFrom})
	}
	if lack != "" {
		f.Reason += "; what to replace it with is not certain: " + lack
		return
	}
	f.Remedy, f.Address = RemedyReplace, to.String()
	f.Reason += "; its owner " + label(i) + " has " + to.String()
}

// publicFor chooses the address of an instance that can stand in place of one that
// no one outside can reach: of the same family, elastic first.
func publicFor(i *providers.Instance, old netip.Addr) (netip.Addr, bool) {
	for _, pool := range [][]netip.Addr{i.ElasticIPs, i.PublicIPs} {
		for _, a := range pool {
			if a.Is4() == old.Is4() && slices.Contains(i.PublicIPs, a) && !unreachable(a) {
				return a, true
			}
		}
	}
	return netip.Addr{}, false
}
