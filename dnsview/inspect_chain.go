package dnsview

import (
	"net/netip"
	"strings"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/dnsview/services"
	"rollcall/providers"
)

// srvRow is an SRV record that nothing was found about yet.
type srvRow struct {
	place index.Place
	node  int32
}

// chains follows what leads clients of DNS-SD from the list of service types to
// addresses (RFC 6763 sections 4, 6 and 9, RFC 2782).
func (in *inspector) chains() {
	for _, s := range in.srvs {
		in.target(s)
	}
	types := map[string]*typeState{}
	incs := map[string]*incarnationState{}
	for _, z := range in.Zones {
		in.collectChains(z, types, incs)
	}
	for name, i := range incs {
		in.incarnationChain(name, i)
	}
	for name, t := range types {
		in.typeListed(name, t)
	}
}

// typeState is a service type, such as _http._tcp.example.com.
type typeState struct {
	ptr    *providers.Record // the first of its PTR records
	zone   *index.ZoneState
	listed bool // in the enumeration of its domain
}

// incarnationState is what one name of an incarnation has.
type incarnationState struct {
	parent string
	srv    *providers.Record // the first of its SRV records that lead to a host
	nodes  int
	owned  bool // one of them is ours
	closed bool // an SRV record says that the service is decidedly not available
	ptr    *providers.Record
	ptrIn  *index.ZoneState
	txt    bool
}

// collectChains collects the SRV, PTR and TXT records of one zone that belong to DNS-SD.
func (in *inspector) collectChains(z *index.ZoneState, types map[string]*typeState, incs map[string]*incarnationState) {
	inc := func(name string) *incarnationState {
		if i := incs[name]; i != nil {
			return i
		}
		parent, ok := dnssd.TypeOf(name)
		if !ok {
			return nil
		}
		i := &incarnationState{parent: parent}
		incs[name] = i
		return i
	}
	typ := func(name string) *typeState {
		t := types[name]
		if t == nil {
			t = &typeState{}
			types[name] = t
		}
		return t
	}
	for n := range z.View.Records {
		r := &z.View.Records[n]
		switch r.Type {
		case "SRV":
			i := inc(r.Name)
			switch {
			case i == nil:
			case services.IsClosed(r):
				i.closed = true
			default:
				i.nodes++
				if o, ok := r.Owner(); ok && !in.ForeignFleet(o) {
					i.owned = true
				}
				if i.srv == nil || index.CompareRecords(r, i.srv) < 0 {
					i.srv = r
				}
			}
		case "PTR":
			target := providers.FoldValue("PTR", r.Value)
			if domain, ok := strings.CutPrefix(r.Name, "_services._dns-sd._udp."); ok {
				if providers.InZone(target, domain) && dnssd.IsType(target) {
					typ(target).listed = true
				}
				continue
			}
			if !dnssd.IsType(r.Name) {
				continue
			}
			t := typ(r.Name)
			if t.ptr == nil || index.CompareRecords(r, t.ptr) < 0 {
				t.ptr, t.zone = r, z
			}
			if parent, ok := dnssd.TypeOf(target); ok && parent == r.Name {
				if i := inc(target); i.ptr == nil || index.CompareRecords(r, i.ptr) < 0 {
					i.ptr, i.ptrIn = r, z
				}
			}
		case "TXT":
			// The names of markers have a label more, so that they are no incarnations.
			if strings.Contains(r.Name, "._tcp.") || strings.Contains(r.Name, "._udp.") {
				if i := inc(r.Name); i != nil {
					i.txt = true
				}
			}
		}
	}
}

// declaredIncarnation returns the declaration of an incarnation, or nil.
func (in *inspector) declaredIncarnation(name string) *index.DeclaredService {
	if s := in.ServicesByName[name]; s != nil && s.Kind == index.DNSSD {
		return s
	}
	return nil
}

// incarnationChain looks whether PTR, SRV and TXT records of an incarnation are all there.
func (in *inspector) incarnationChain(name string, i *incarnationState) {
	s := in.declaredIncarnation(name)
	z := in.ZoneOf(name)
	switch {
	case i.nodes > 0:
		remedy, why := in.mayComplete(s, i)
		if pz := in.ZoneOf(i.parent); i.ptr == nil && pz != nil {
			in.addOrUnknown(index.MissingEvidenceOf(nil, pz), Finding{
				Class: SRVNoPTR, Severity: Medium, Record: i.srv, Zone: pz.Name, Service: name, RestsOn: []index.Basis{pz.Basis}, Remedy: remedy, Name: i.parent,
				Reason:   index.Clean(name) + " has " + index.Plural(i.nodes, "SRV record", "SRV records") + " and no PTR record at " + index.Clean(i.parent) + ": clients that browse do not find it" + why,
				Evidence: []Evidence{{Source: pz.Name, Fact: "has no " + index.Clean(i.parent) + " PTR " + index.Clean(name), At: pz.View.RowsFrom}},
			})
		}
		if !i.txt && z != nil {
			in.addOrUnknown(index.MissingEvidenceOf(nil, z), Finding{
				Class: SRVNoTXT, Severity: Medium, Record: i.srv, Zone: z.Name, Service: name, RestsOn: []index.Basis{z.Basis}, Remedy: remedy,
				Reason:   index.Clean(name) + " has " + index.Plural(i.nodes, "SRV record", "SRV records") + " and no TXT record, which RFC 6763 asks for even when it says nothing" + why,
				Evidence: []Evidence{{Source: z.Name, Fact: "has no TXT record at " + index.Clean(name), At: z.View.RowsFrom}},
			})
		}
	case i.ptr != nil && !i.closed && z != nil:
		f := Finding{
			Class: PTRNoSRV, Severity: Medium, Record: i.ptr, Zone: i.ptrIn.Name, Service: name, RestsOn: []index.Basis{z.Basis},
			Reason:   index.Clean(i.ptr.Name) + " leads to " + index.Clean(name) + ", which has no SRV record: retire it, or register a node",
			Evidence: []Evidence{{Source: z.Name, Fact: "has no SRV record at " + index.Clean(name), At: z.View.RowsFrom}},
		}
		switch {
		case s != nil && i.txt:
			f.Severity = Info
			f.Reason = index.Clean(name) + " is declared and has no nodes yet"
		case s != nil:
			f.Severity = Info
			f.Reason = index.Clean(name) + " is declared, and has neither nodes nor a TXT record yet"
		}
		in.addOrUnknown(index.MissingEvidenceOf(nil, z), f)
	}
}

// mayComplete says whether the chain of an incarnation may be completed from
// here: it is declared, or a node of it is ours.
func (in *inspector) mayComplete(s *index.DeclaredService, i *incarnationState) (r Remedy, why string) {
	if s != nil || i.owned {
		return RemedyComplete, ""
	}
	return NoRemedy, "; it is not declared here, and none of its nodes is ours"
}

// typeListed looks whether a service type stands in the enumeration of its domain.
func (in *inspector) typeListed(name string, t *typeState) {
	if t.listed || t.ptr == nil {
		return
	}
	list := dnssd.EnumerationOf(name)
	z := in.ZoneOf(list)
	if z == nil {
		return
	}
	f := Finding{
		Class: TypeNotListed, Severity: Info, Record: t.ptr, Zone: z.Name, Name: name, RestsOn: []index.Basis{z.Basis},
		Reason:   index.Clean(name) + " is not listed at " + index.Clean(list) + ": who browses for service types does not find it",
		Evidence: []Evidence{{Source: z.Name, Fact: "has no " + index.Clean(list) + " PTR " + index.Clean(name), At: z.View.RowsFrom}},
	}
	if in.Parents[name] {
		f.Remedy = RemedyComplete
	} else {
		f.Reason += "; it is not declared here"
	}
	in.addOrUnknown(index.MissingEvidenceOf(nil, z), f)
}

// target looks where an SRV record leads that nothing else was found about.
func (in *inspector) target(s srvRow) {
	r := in.At(s.place)
	srv, ok := providers.ParseSRV(r.Value)
	if !ok || srv.Target == "." {
		return
	}
	z := in.ZoneOf(srv.Target)
	if z == nil {
		return // whether it has an address is another's zone to say
	}
	f := Finding{Record: r, Zone: in.Zones[s.place.Zone].Name, Service: in.ServiceOf(r), RestsOn: []index.Basis{z.Basis}}
	o, owned := r.Owner()
	var i *providers.Instance
	if s.node >= 0 {
		i = in.Nodes[s.node].Instance
	}
	if i != nil {
		ref := in.Ref(i)
		f.Instance, f.Cloud = &ref, i.Cloud
	}
	for _, h := range in.Hosts[srv.Target] {
		if h.Type != "CNAME" {
			return
		}
		f.Class, f.Severity = SRVAlias, Medium
		f.Reason = r.Label() + " leads to an alias: " + h.Label() + ", where RFC 2782 wants a name with an address; remove the alias, and the address can be restored"
		f.Evidence = []Evidence{{Source: z.Name, Fact: "holds " + h.Label(), At: z.View.RowsFrom}}
	}
	if f.Class == SRVAlias {
		in.add(f)
		return
	}
	if in.mayResolveElsewhere(z, srv.Target) {
		return
	}
	f.Class, f.Severity = SRVNoAddress, High
	f.Reason = r.Label() + " leads to " + index.Clean(srv.Target) + ", which has no address"
	f.Evidence = []Evidence{{Source: z.Name, Fact: "has neither A nor AAAA records at " + index.Clean(srv.Target), At: z.View.RowsFrom}}
	d := in.declaredOr(r.Name)
	var want []netip.Addr
	if i != nil {
		want = index.WantedAddresses(nil, d, z, i)
	}
	switch {
	case !owned:
		f.Reason += "; it has no owner marker, and rollcall changes only what it owns"
	case o.Host():
		f.Reason += "; " + index.ShortID(o.Instance) + " joined by hand, and has to join again"
	case i == nil || i.State != providers.StateRunning:
		f.Reason += "; its node does not run"
	case len(want) == 0:
		f.Reason += "; its node " + index.Label(i) + " has no " + string(d.ScopeIn(z)) + " address"
	default:
		f.Remedy, f.Address = RemedyComplete, want[0].String()
		if cs := in.cloudOf(i); cs != nil {
			f.RestsOn = []index.Basis{cs.Basis, z.Basis}
			in.addOrUnknown(index.MissingEvidenceOf(cs, z), f)
			return
		}
	}
	in.addOrUnknown(index.MissingEvidenceOf(nil, z), f)
}

// declaredOr returns the declaration of a service, or one that says nothing.
func (in *inspector) declaredOr(name string) *index.Service {
	if s := in.ServicesByName[name]; s != nil {
		return s.Service
	}
	return &index.Service{}
}

// mayResolveElsewhere reports whether a name may have an address though no record bears it: by a
// wildcard (RFC 4592), by a DNAME, or in a zone that is delegated further.
func (in *inspector) mayResolveElsewhere(z *index.ZoneState, name string) bool {
	if len(z.Named(name)) == 0 {
		for n := name; n != z.Name; {
			parent, ok := providers.Parent(n)
			if !ok {
				break
			}
			for _, r := range z.Named("*." + parent) {
				switch r.Type {
				case "A", "AAAA", "CNAME":
					return true
				}
			}
			if len(z.Named(parent)) > 0 {
				break // the closest name that exists decides
			}
			n = parent
		}
	}
	for n := name; n != z.Name; {
		for _, r := range z.Named(n) {
			if r.Type == "NS" || r.Type == "DNAME" {
				return true
			}
		}
		parent, ok := providers.Parent(n)
		if !ok {
			break
		}
		n = parent
	}
	return false
}
