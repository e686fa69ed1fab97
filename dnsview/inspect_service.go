package dnsview

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// nodesOfServices looks, for each declared service, for the records that its nodes should have.
func (in *inspector) nodesOfServices() {
	nodes := in.nodesDiffer()
	what := kept
	if in.unwell = in.unwellNodes(); in.last != nil && !maps.Equal(in.unwell, in.last.unwell) {
		what = anew
	}
	for n, s := range in.Services {
		tables := in.tablesOfLast(n)
		members := sync.OnceValue(func() *memberRecords {
			if tables == nil {
				tables = in.memberTables(s)
			}
			return &memberRecords{&services.Membership{Index: in.Index, Name: providers.CanonicalName(s.Name), Records: s.Records, Quiesced: tables.quiesced}, tables}
		})
		in.split(what, len(in.Nodes), nodesOfPart, nodes, func(part *inspector, from, to int) {
			part.unwell = in.unwell
			part.nodesOfService(s, members(), from, to)
			part.unwell = nil
		})
		in.split(kept, 1, 1, func(int) bool { return in.membersDiffer(s) }, func(part *inspector, _, _ int) {
			part.incarnation(s)
			part.hiddenService(s, members().Name)
			part.declared(s)
			part.members(s, members())
		})
		in.tables = append(in.tables, tables)
	}
}

// unwellNode is a node that fails the health check of a service.
type unwellNode struct {
	service string
	cloud   providers.CloudKey
	id      string
}

func (in *inspector) unwellNodes() map[unwellNode]bool {
	out := map[unwellNode]bool{}
	for i := range in.Options.Health {
		if h := &in.Options.Health[i]; in.Failing(h) != nil {
			out[unwellNode{providers.CanonicalName(h.Service), h.Key, h.ID}] = true
		}
	}
	return out
}

// nodesOfPart is how many nodes are looked at as one part.
var nodesOfPart = 4096

// nodesOfService looks at the nodes with these numbers.
func (in *inspector) nodesOfService(s *index.DeclaredService, ms *memberRecords, from, to int) {
	owned, _ := slices.BinarySearchFunc(ms.owned, int32(from), func(r ownedRecord, n int32) int { return cmp.Compare(r.node, n) })
	var own []index.Member
	for n := from; n < to; n++ {
		own = own[:0]
		for ; owned < len(ms.owned) && ms.owned[owned].node == int32(n); owned++ {
			own = append(own, index.Member{Node: int32(n), Record: in.At(ms.owned[owned].place)})
		}
		i := in.Nodes[n].Instance
		if i == nil || i.State.Dead() {
			continue
		}
		if selected := s.Selects(i); selected || len(own) > 0 {
			in.nodeOfService(s, ms, int32(n), i, own, selected)
		}
	}
}

// hostTakenOut returns the host name that a node was taken out of on purpose, in the zone of a service that it is not in; ""
// if there is none. A quiesce that was stopped, and an agent that left, can leave that.
func (in *inspector) hostTakenOut(ref providers.InstanceRef, service string) string {
	for i := range in.QuiescedMarkers {
		m := &in.QuiescedMarkers[i]
		if m.Of() == (index.InstanceKey{Cloud: ref.Key, ID: ref.ID}) && in.ServicesByName[m.Name] == nil && providers.InZone(service, m.Zone.Name) {
			return m.Name
		}
	}
	return ""
}

// nodeOfService checks one node of a service.
func (in *inspector) nodeOfService(s *index.DeclaredService, ms *memberRecords, n int32, i *providers.Instance, own []index.Member, selected bool) {
	if ms.Quiesced[n] {
		return // reported by its marker, and never missing
	}
	var buf [2]netip.Addr
	want := index.WantedAddresses(buf[:0], s.Service, s.ReadZone, i)
	have, lacks, unsure := in.recordsOfNode(s, ms, n, i, own, want)
	if lacks == "" {
		return
	}
	ref := in.Ref(i)
	cs := in.cloudOf(i)
	f := Finding{Instance: in.refs.Put(ref), Cloud: ref.Cloud, Service: ms.Name, Zone: zoneNameOf(s), RestsOn: in.serviceBasis(cs, s)}
	label := in.text.Instance(i)
	if cs != nil {
		f.Evidence = in.evidence.List(0, Evidence{
			Source: cs.Name, Fact: in.text.Join("shows ", label, " as ", index.Clean(string(i.State)), " with ", in.text.Addresses(i, s.ScopeIn(s.ReadZone))), At: cs.View.RowsFrom,
		})
	}
	evacuated := in.EvacuatedAt(in.KeyOf(i), ms.Name) != nil
	switch {
	case have:
		if i.State != providers.StateRunning {
			return
		}
		f.Class, f.Severity, f.Remedy = Half, High, RemedyComplete
		f.Reason = in.text.Join(label, " is only half in ", ms.Name, ": ", lacks)
		if evacuated {
			f.Remedy = NoRemedy
			f.Reason += "; " + ref.Cloud + " is evacuated, so nothing is added"
		}
	case !selected, evacuated:
		return
	case i.State == providers.StatePending:
		f.Class, f.Severity = InFlight, Info
		f.Reason = in.text.Join(label, " is pending, and is not in ", ms.Name, " yet")
		in.add(f)
		return
	case i.State != providers.StateRunning:
		return
	case !i.Launched.IsZero() && !in.Passed(in.launched(i).Add(in.Options.BootGrace)):
		f.Class, f.Severity = InFlight, Info
		f.Reason = in.text.Join(label, " was started ", in.Since(in.launched(i)), " ago, and is not in ", ms.Name, " yet")
		in.add(f)
		return
	default:
		f.Class, f.Severity, f.Remedy = Missing, High, RemedyRegister
		f.Reason = in.text.Join(label, " runs, and is missing from ", ms.Name)
		if host := in.hostTakenOut(ref, ms.Name); host != "" {
			if s.Kind == index.DNSSD { // the return of a host name puts no one into a round-robin name
				f.Remedy = RemedyReturn
			}
			f.Reason = in.text.Join(f.Reason, "; it was taken out of its host name ", index.Clean(host), " on purpose")
		}
	}
	if f.Class == Missing && in.unwell[unwellNode{ms.Name, ref.Key, ref.ID}] {
		f.Remedy = NoRemedy
		f.Reason += "; it fails its health check"
	}
	if len(want) > 0 {
		f.Address = in.text.Address(want[0])
	} else {
		f.Remedy = NoRemedy
		f.Reason += "; it has no " + string(s.ScopeIn(s.ReadZone)) + " address"
	}
	missing := index.MissingEvidenceOf(cs, s.ReadZone)
	switch {
	case unsure != nil:
		f.RestsOn = append(f.RestsOn, unsure.Basis)
		if was, ok := in.standing(f); ok {
			in.add(was)
		}
		return
	case s.ReadZone == nil:
		missing = index.JoinWhys(append(nonEmpty(missing), "the zone of "+ms.Name+" is not read here"))
	case cs == nil:
		missing = index.JoinWhys(append(nonEmpty(missing), "its cloud has not said who it is"))
	}
	in.addOrUnknown(missing, f)
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func zoneNameOf(s *index.DeclaredService) string {
	if s.ReadZone != nil {
		return s.ReadZone.Name
	}
	return providers.CanonicalName(s.Zone)
}

func (in *inspector) serviceBasis(cs *index.CloudState, s *index.DeclaredService) []index.Basis {
	switch {
	case cs != nil && s.ReadZone != nil:
		return in.bases.List(0, cs.Basis, s.ReadZone.Basis)
	case cs != nil:
		return in.bases.List(0, cs.Basis)
	case s.ReadZone != nil:
		return in.bases.List(0, s.ReadZone.Basis)
	}
	return nil
}

func (in *inspector) cloudOf(i *providers.Instance) *index.CloudState {
	return in.CloudsByKey[in.KeyOf(i)]
}

// recordsOfNode reports whether a node has any of the records that it should have, and says
// what it lacks, if anything. If all that it seems to lack lies in a zone that was not read completely, it returns that zone.
func (in *inspector) recordsOfNode(s *index.DeclaredService, ms *memberRecords, n int32, i *providers.Instance, own []index.Member, want []netip.Addr) (have bool, lacks string, unsure *index.ZoneState) {
	if s.Kind == index.DNSSD {
		return in.srvOfNode(ms, n, i, own, want)
	}
	have = len(own) > 0 || servesAny(ms.values.has, i, netip.Addr.IsValid)
	if len(want) == 0 && !have {
		return false, "an address", nil
	}
	for _, a := range want {
		typ := index.TypeOf(a)
		if slices.ContainsFunc(own, func(m index.Member) bool { return m.Record.Type == typ }) ||
			servesAny(ms.values.has, i, func(b netip.Addr) bool { return b.Is4() == a.Is4() }) {
			continue
		}
		switch what := lacksRecord[typ]; lacks {
		case "":
			lacks = what
		default:
			lacks += " and " + what
		}
	}
	return have, lacks, nil
}

var lacksRecord = map[string]string{"A": "its A record is not there", "AAAA": "its AAAA record is not there"}

// servesAny reports whether an address of the instance that match is true for is served.
func servesAny(isServed func(netip.Addr) bool, i *providers.Instance, match func(netip.Addr) bool) bool {
	served := func(a netip.Addr) bool { return match(a) && isServed(a) }
	return slices.ContainsFunc(i.PublicIPs, served) || slices.ContainsFunc(i.PrivateIPs, served)
}

func (in *inspector) srvOfNode(ms *memberRecords, n int32, i *providers.Instance, own []index.Member, want []netip.Addr) (have bool, lacks string, unsure *index.ZoneState) {
	if len(own) == 0 {
		if servesAny(ms.byAddr.has, i, netip.Addr.IsValid) {
			return true, "", nil
		}
		// The host name may be there without the SRV value.
		for l := in.Nodes[n].FirstLink; l >= 0; l = in.Links[l].Next {
			r := in.Links[l].Record
			if (r.Type == "A" || r.Type == "AAAA") && len(r.Owners) == 1 && in.ServicesByName[r.Name] == nil && in.hostOf(r.Name) == nil {
				return true, "its SRV record is not there", nil
			}
		}
		return false, "its SRV record is not there", nil
	}
	own = slices.SortedFunc(slices.Values(own), func(a, b index.Member) int { return index.CompareRecords(a.Record, b.Record) })
	seems := ""
	for _, m := range own {
		srv, ok := providers.ParseSRV(m.Record.Value)
		if !ok || srv.Target == "." {
			continue
		}
		z := in.ZoneOf(srv.Target)
		if z == nil {
			continue // what is there cannot be reported from here
		}
		into := &lacks
		if z.State != providers.CoverageComplete {
			into = &seems
		}
		for _, a := range want {
			typ := index.TypeOf(a)
			if !slices.ContainsFunc(in.Hosts[srv.Target], func(h *providers.Record) bool { return h.Type == typ || h.Type == "CNAME" || h.Alias }) {
				if *into != "" {
					*into += " and "
				}
				*into += "its target " + index.Clean(srv.Target) + " has no " + typ + " record"
				if into == &seems {
					unsure = z
				}
			}
		}
	}
	if lacks != "" {
		return true, lacks, nil
	}
	return true, seems, unsure
}

// hostOf returns the declared service whose SRV records lead to a host name, or nil.
func (in *inspector) hostOf(host string) *index.DeclaredService {
	return in.ServicesByName[in.Targets[host]]
}

// incarnation checks the PTR and TXT records that an incarnation with nodes should have.
func (in *inspector) incarnation(s *index.DeclaredService) {
	if s.Kind != index.DNSSD || s.HasPTR && s.HasTXT {
		return
	}
	nodes := 0
	for _, m := range s.Records {
		if !services.IsClosed(m.Record) {
			nodes++
		}
	}
	if nodes == 0 {
		return
	}
	name := providers.CanonicalName(s.Name)
	lacks := "its PTR record is not there"
	switch {
	case !s.HasPTR && !s.HasTXT:
		lacks = "its PTR and TXT records are not there"
	case !s.HasTXT:
		lacks = "its TXT record is not there"
	}
	f := Finding{
		Class: Half, Severity: High, Service: name, Zone: zoneNameOf(s), Remedy: RemedyComplete, RestsOn: in.serviceBasis(nil, s),
		Reason: name + " has " + index.Plural(nodes, "node", "nodes") + ", but " + lacks,
	}
	in.addOrUnknown(index.MissingEvidenceOf(nil, s.ReadZone), f)
}
