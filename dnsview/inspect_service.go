package dnsview

import (
	"cmp"
	"net/netip"
	"slices"

	"rollcall/providers"
)

// nodesOfServices looks, for each declared service, for the records that its nodes should have.
func (in *inspector) nodesOfServices() {
	for _, s := range in.services {
		sv := in.survey(s)
		for n := range in.nodes {
			i := in.nodes[n].inst
			if i == nil || i.State.Dead() {
				continue
			}
			selected := s.Selects(i)
			own := sv.of(int32(n))
			if selected || len(own) > 0 {
				in.nodeOfService(s, sv, int32(n), i, own, selected)
			}
		}
		in.incarnation(s)
		in.hiddenService(s, sv.name)
		in.declared(s)
		in.members(s, sv)
	}
}

// survey is the membership of a service with what the findings about single nodes need.
type survey struct {
	*membership
	owned  []member            // records of nodes of ours, sorted by node
	values map[netip.Addr]bool // round-robin: addresses that are served
	byAddr map[netip.Addr]bool // DNS-SD: addresses that SRV records lead to
}

func (in *inspector) survey(s *serviceState) *survey {
	sv := &survey{
		membership: in.membershipOf(providers.CanonicalName(s.Name), s.records), owned: make([]member, 0, len(s.records)),
		values: make(map[netip.Addr]bool, len(s.records)), byAddr: map[netip.Addr]bool{},
	}
	for _, m := range s.records {
		if _, ok := m.record.Owner(); ok && m.node >= 0 {
			sv.owned = append(sv.owned, m)
		}
		if a, ok := m.record.Addr(); ok {
			sv.values[a] = true
			continue
		}
		srv, ok := providers.ParseSRV(m.record.Value)
		if !ok {
			continue
		}
		for _, h := range in.hosts[srv.Target] {
			if a, ok := h.Addr(); ok {
				sv.byAddr[a] = true
			}
		}
	}
	slices.SortFunc(sv.owned, func(a, b member) int { return cmp.Compare(a.node, b.node) })
	return sv
}

// of gives the records that one node owns at the name of the service.
func (sv *survey) of(n int32) []member {
	at, _ := slices.BinarySearchFunc(sv.owned, n, func(m member, n int32) int { return cmp.Compare(m.node, n) })
	end := at
	for end < len(sv.owned) && sv.owned[end].node == n {
		end++
	}
	return sv.owned[at:end]
}

// nodeOfService checks one node of a service.
func (in *inspector) nodeOfService(s *serviceState, sv *survey, n int32, i *providers.Instance, own []member, selected bool) {
	if sv.quiesced[n] {
		return // reported by its marker, and never missing
	}
	var buf [2]netip.Addr
	want := wantedAddresses(buf[:0], s.Service, i)
	have, lacks := in.has(s, sv, n, i, own, want)
	if lacks == "" {
		return
	}
	ref := in.ref(i)
	cs := in.cloudOf(i)
	f := Finding{Instance: &ref, Cloud: ref.Cloud, Service: sv.name, Zone: zoneNameOf(s), RestsOn: in.serviceBasis(cs, s)}
	if cs != nil {
		f.Evidence = []Evidence{{Source: cs.name, Fact: "shows " + label(i) + " as " + Clean(string(i.State)) + " with " + addressList(i), At: cs.view.RowsFrom}}
	}
	switch {
	case have:
		if i.State != providers.StateRunning {
			return
		}
		f.Class, f.Severity, f.Remedy = Half, High, RemedyComplete
		f.Reason = label(i) + " is only half in " + sv.name + ": " + lacks
	case !selected:
		return
	case i.State == providers.StatePending:
		f.Class, f.Severity = InFlight, Info
		f.Reason = label(i) + " is pending, and is not in " + sv.name + " yet"
		in.add(f)
		return
	case i.State != providers.StateRunning:
		return
	case in.launchedFor(i) < in.o.BootGrace && !i.Launched.IsZero():
		f.Class, f.Severity = InFlight, Info
		f.Reason = label(i) + " was started " + ago(in.launchedFor(i)) + " ago, and is not in " + sv.name + " yet"
		in.add(f)
		return
	default:
		f.Class, f.Severity, f.Remedy = Missing, High, RemedyRegister
		f.Reason = label(i) + " runs, and is missing from " + sv.name
	}
	if len(want) > 0 {
		f.Address = want[0].String()
	} else {
		f.Remedy = NoRemedy
		f.Reason += "; it has no public address"
	}
	lack := lackingOf(cs, s.zone)
	switch {
	case s.zone == nil:
		lack = joinWhys(append(nonEmpty(lack), "the zone of "+sv.name+" is not read here"))
	case cs == nil:
		lack = joinWhys(append(nonEmpty(lack), "its cloud has not said who it is"))
	}
	in.addOr(lack, f)
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func zoneNameOf(s *serviceState) string {
	if s.zone != nil {
		return s.zone.name
	}
	return providers.CanonicalName(s.Zone)
}

func (in *inspector) serviceBasis(cs *cloudState, s *serviceState) []Basis {
	var b []Basis
	if cs != nil {
		b = append(b, cs.basis)
	}
	if s.zone != nil {
		b = append(b, s.zone.basis)
	}
	return b
}

func (in *inspector) cloudOf(i *providers.Instance) *cloudState { return in.byKey[in.keyOf(i)] }

// wantedAddresses are the addresses that a node should be found under: one of
// each family that the service wants and the node has.
func wantedAddresses(out []netip.Addr, s *Service, i *providers.Instance) []netip.Addr {
	if a, ok := addressFor(i, netip.IPv4Unspecified()); ok {
		out = append(out, a)
	}
	if s.IPv6 || len(out) == 0 {
		if a, ok := addressFor(i, netip.IPv6Unspecified()); ok {
			out = append(out, a)
		}
	}
	return out
}

// has reports whether a node has any of the records that it should have, and says
// what it lacks, if anything.
func (in *inspector) has(s *serviceState, sv *survey, n int32, i *providers.Instance, own []member, want []netip.Addr) (have bool, lacks string) {
	if s.Kind == DNSSD {
		return in.hasSRV(sv, n, i, own, want)
	}
	if len(want) == 0 {
		if len(own) > 0 {
			return true, ""
		}
		return false, "an address"
	}
	for _, a := range want {
		typ := typeOf(a)
		there := slices.ContainsFunc(own, func(m member) bool { return m.record.Type == typ })
		if there || in.servesAny(sv.values, i, a) {
			have = true
			continue
		}
		if lacks != "" {
			lacks += " and "
		}
		lacks += "its " + typ + " record is not there"
	}
	return have, lacks
}

// servesAny reports whether any address of the instance, of the family of a, is served.
func (in *inspector) servesAny(values map[netip.Addr]bool, i *providers.Instance, a netip.Addr) bool {
	for _, list := range [][]netip.Addr{i.PublicIPs, i.PrivateIPs} {
		for _, b := range list {
			if b.Is4() == a.Is4() && values[b] {
				return true
			}
		}
	}
	return false
}

func typeOf(a netip.Addr) string {
	if a.Is4() {
		return "A"
	}
	return "AAAA"
}

func (in *inspector) hasSRV(sv *survey, n int32, i *providers.Instance, own []member, want []netip.Addr) (have bool, lacks string) {
	if len(own) == 0 {
		for _, list := range [][]netip.Addr{i.PublicIPs, i.PrivateIPs} {
			for _, a := range list {
				if sv.byAddr[a] {
					return true, ""
				}
			}
		}
		// The host name may be there without the SRV value.
		for l := in.nodes[n].head; l >= 0; l = in.links[l].next {
			r := in.links[l].record
			if (r.Type == "A" || r.Type == "AAAA") && len(r.Owners) == 1 && in.byName[r.Name] == nil && in.hostOf(r.Name) == nil {
				return true, "its SRV record is not there"
			}
		}
		return false, "its SRV record is not there"
	}
	own = slices.SortedFunc(slices.Values(own), func(a, b member) int { return compareRecords(a.record, b.record) })
	for _, m := range own {
		srv, ok := providers.ParseSRV(m.record.Value)
		if !ok || srv.Target == "." {
			continue
		}
		z := in.zoneOf(srv.Target)
		if z == nil || z.state != providers.CoverageComplete {
			continue // what is there cannot be reported from here
		}
		for _, a := range want {
			typ := typeOf(a)
			if !slices.ContainsFunc(in.hosts[srv.Target], func(h *providers.Record) bool { return h.Type == typ || h.Type == "CNAME" || h.Alias }) {
				if lacks != "" {
					lacks += " and "
				}
				lacks += "its target " + Clean(srv.Target) + " has no " + typ + " record"
			}
		}
	}
	return true, lacks
}

// hostOf returns the declared service whose SRV records lead to a host name, or nil.
func (in *inspector) hostOf(host string) *serviceState { return in.byName[in.targets[host]] }

// incarnation checks the PTR and TXT records that an incarnation with nodes should have.
func (in *inspector) incarnation(s *serviceState) {
	nodes := 0
	for _, m := range s.records {
		if !isClosed(m.record) {
			nodes++
		}
	}
	if s.Kind != DNSSD || nodes == 0 || (s.ptr && s.txt) {
		return
	}
	name := providers.CanonicalName(s.Name)
	lacks := "its PTR record is not there"
	switch {
	case !s.ptr && !s.txt:
		lacks = "its PTR and TXT records are not there"
	case !s.txt:
		lacks = "its TXT record is not there"
	}
	f := Finding{
		Class: Half, Severity: High, Service: name, Zone: zoneNameOf(s), Remedy: RemedyComplete, RestsOn: in.serviceBasis(nil, s),
		Reason: name + " has " + plural(nodes, "node", "nodes") + ", but " + lacks,
	}
	in.addOr(lackingOf(nil, s.zone), f)
}
