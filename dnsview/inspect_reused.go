package dnsview

import (
	"net/netip"
	"slices"

	"rollcall/providers"
)

// taken says who has an address that should be no one's.
type taken struct {
	what string // for a sentence; empty when no one has it
	inst *providers.Instance
	own  bool // what is left of the owner itself holds it
}

func (in *inspector) taken(a netip.Addr, o providers.Owner) taken {
	h, held := in.holders[a]
	switch {
	case held && h.inst != nil:
		return taken{what: label(h.inst), inst: h.inst}
	case held:
		return taken{what: addressLabel(h.addr), own: h.addr.Instance == o.Instance}
	}
	if p, ok := in.allowed(a); ok {
		return taken{what: "the allow-list (" + p.String() + ")"}
	}
	return taken{}
}

// reused is for an address that is another's now. It is never deleted blindly.
func (in *inspector) reused(f Finding, r *providers.Record, a netip.Addr, t taken, gone, lack string) {
	f.Class, f.Severity, f.Remedy, f.OneKey = Reused, Critical, RemedyRetarget, false
	f.Reason = r.Label() + " leads to somebody else: " + gone + ", and " + a.String() + " now belongs to " + t.what
	f.Evidence = append(f.Evidence, Evidence{Source: "inventory", Fact: a.String() + " belongs to " + t.what, At: in.o.Now})
	switch {
	case t.own:
		f.Class, f.Severity, f.Remedy = InFlight, Info, NoRemedy
		f.Reason = r.Label() + ": " + gone + ", and " + t.what + " still has its address"
		in.add(f)
		return
	case t.inst == nil:
		f.Severity, f.Remedy = High, NoRemedy
	}
	f.Reason += ": " + in.whatOfReused(r, a)
	in.addOr(lack, f)
}

// whatOfReused says what can be done about a record whose address is another's now. Who
// has it may become the owner when it is a node of the service; what is no node is not made one.
func (x *index) whatOfReused(r *providers.Record, a netip.Addr) string {
	o, _ := r.Owner()
	i := x.instance(o.Cloud, o.Instance)
	h, held := x.holders[a]
	running := i != nil && i.State == providers.StateRunning
	switch {
	case !held:
		return "take the address off the allow-list of the config if the entry is to go"
	case running && x.freeAddress(r, o, i):
		return "retarget it to what its owner has"
	case !x.noNodeOf(h, r) && r.Type == "SRV" && x.heirOf(r) == nil:
		return "retarget its host name"
	case !x.noNodeOf(h, r):
		return "retarget it"
	case x.mayGo(r):
		return "deregister it, which asks for its name to be typed, or retarget it to a node by name"
	case running && r.Type != "SRV":
		if to, ok := addressFor(i, r.Family()); ok && x.hasOwn(r, o, to) {
			return "retarget it, which removes it, as the name has " + to.String() + " of its owner too"
		}
	}
	return "quiesce it, which asks for its name to be typed"
}

// mayGo reports whether a record whose address is another's now may be removed once a person has typed its
// name: its owner is gone, and no one who has the address is a running node of the service.
func (x *index) mayGo(r *providers.Record) bool {
	o, ok := r.Owner()
	if i := x.instance(o.Cloud, o.Instance); !ok || i != nil && !i.State.Dead() {
		return false
	}
	hosts, known := x.addressesOf(r)
	return known && !slices.ContainsFunc(hosts, func(s *providers.Record) bool {
		a, ok := s.Addr()
		h, held := x.holders[a]
		_, allowed := x.allowed(a)
		return !ok || allowed && !held || held && !x.noNodeOf(h, r)
	})
}

// freeAddress reports whether the owner of an address record has an address for it that its name does not hold yet.
func (x *index) freeAddress(r *providers.Record, o providers.Owner, i *providers.Instance) bool {
	_, isAddr := r.Addr()
	to, ok := x.addressOwed(r, i)
	return isAddr && ok && !slices.ContainsFunc(x.records(r.Zone, r.Name, r.Type), func(s *providers.Record) bool {
		b, isAddr := s.Addr()
		return isAddr && b == to
	})
}

// records returns those of one name and type in a zone, as they were read.
func (x *index) records(zone, name, typ string) []*providers.Record {
	z := x.zoneName[zone]
	if z == nil {
		return nil
	}
	var out []*providers.Record
	for i := range z.view.Records {
		if r := &z.view.Records[i]; r.Name == name && r.Type == typ {
			out = append(out, r)
		}
	}
	return out
}

// noNodeOf reports whether who has an address cannot be given the entry: it is no running node of the
// service, has no address for it, or is in the name with that already.
func (x *index) noNodeOf(h holder, r *providers.Record) bool {
	if h.inst == nil || h.inst.State != providers.StateRunning || !slices.Contains(x.servicesOf(h.inst), x.serviceOf(r)) {
		return true
	}
	old, isAddr := r.Addr()
	if !isAddr {
		return slices.ContainsFunc(x.records(r.Zone, r.Name, r.Type), func(s *providers.Record) bool {
			o, ok := s.Owner()
			return ok && s.Identity() != r.Identity() && o.Instance == h.inst.ID && o.Cloud == x.keyOf(h.inst)
		})
	}
	to, ok := x.addressOwed(r, h.inst)
	return !ok || to != old && !x.freeAddress(r, providers.Owner{}, h.inst)
}

// heirOf returns the running node of the service to which an SRV value leads by a host name that is that node's own
// or unmarked, and that has no value there yet; or nil.
func (x *index) heirOf(r *providers.Record) *providers.Instance {
	hosts, known := x.addressesOf(r)
	if r.Type != "SRV" || !known {
		return nil
	}
	var heir *providers.Instance
	for _, s := range hosts {
		a, _ := s.Addr()
		h, held := x.holders[a]
		if !held || x.noNodeOf(h, r) || s.Alias {
			continue
		}
		o, owned := s.Owner()
		own := owned && o.Instance == h.inst.ID && o.Cloud == x.keyOf(h.inst)
		if (own || !marked(s)) && (heir == nil || h.inst.ID < heir.ID) {
			heir = h.inst
		}
	}
	return heir
}
