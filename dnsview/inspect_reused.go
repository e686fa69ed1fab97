package dnsview

import (
	"net/netip"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// addressHolder says who has an address that should be no one's.
type addressHolder struct {
	what string // for a sentence; empty when no one has it
	inst *providers.Instance
	own  bool // what is left of the owner itself holds it
}

func (in *inspector) holderOf(a netip.Addr, o providers.Owner) addressHolder {
	h, held := in.HolderOf(a)
	switch {
	case held && h.Instance != nil:
		return addressHolder{what: index.Label(h.Instance), inst: h.Instance}
	case held:
		return addressHolder{what: index.AddressLabel(h.Address), own: h.Address.Instance == o.Instance}
	}
	if p, ok := in.Allowed(a); ok {
		return addressHolder{what: "the allow-list (" + p.String() + ")"}
	}
	return addressHolder{}
}

// reused is for an address that is another's now. It is never deleted blindly.
func (in *inspector) reused(f Finding, r *providers.Record, a netip.Addr, t addressHolder, gone, missing string) {
	in.readsOthers = true
	advice, retarget := in.ReusedAdvice(r, a)
	f.Class, f.Severity, f.Remedy, f.OneKey = Reused, Critical, NoRemedy, false
	if retarget {
		f.Remedy = RemedyRetarget
	}
	f.Reason = r.Label() + " no longer leads to its owner: " + gone + ", and " + a.String() + " now belongs to " + t.what
	f.Evidence = append(f.Evidence, Evidence{Source: "inventory", Fact: a.String() + " belongs to " + t.what, At: in.Options.Now})
	switch {
	case t.own:
		f.Class, f.Severity, f.Remedy = InFlight, Info, NoRemedy
		f.Reason = r.Label() + ": " + gone + ", and " + t.what + " still has its address"
		in.add(f)
		return
	case t.inst == nil:
		f.Severity, f.Remedy = High, NoRemedy
	}
	f.Reason += ": " + advice
	in.addOrUnknown(missing, f)
}
