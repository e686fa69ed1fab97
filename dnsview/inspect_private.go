package dnsview

import (
	"slices"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// private finds addresses that no one outside can reach where public ones are meant. What is
// on the allow-list is meant so.
func (in *inspector) private(z *index.ZoneState, r *providers.Record, n int32) {
	a, ok := r.Addr()
	if !ok || in.reportedOf(r) == reportedLeaving || !in.OutOfReach(r) {
		return
	}
	if _, ok := in.Allowed(a); ok {
		return
	}
	where := " in a public zone: it cannot be reached from outside"
	if z.View.Zone.Private {
		where = ", where public ones are declared"
	}
	f := Finding{
		Class: Private, Severity: High, Record: r, Zone: z.Name, Service: in.ServiceOf(r), RestsOn: []index.Basis{z.Basis},
		Reason:   r.Label() + " is " + index.AddressKind(a) + where,
		Evidence: []Evidence{{Source: z.Name, Fact: "holds " + r.Label(), At: z.View.RowsFrom}},
	}
	in.replacement(&f, z, n)
	in.add(f)
}

// replacement offers the public address of the owner, or says why there is none to offer.
func (in *inspector) replacement(f *Finding, z *index.ZoneState, n int32) {
	in.readsOthers = true
	r := f.Record
	o, owned := r.Owner()
	var i *providers.Instance
	if n >= 0 {
		i = in.Nodes[n].Instance
	}
	if i != nil {
		ref := in.Ref(i)
		f.Instance, f.Cloud = &ref, i.Cloud
	}
	switch {
	case !owned && index.Marked(r), in.reportedOf(r) == reportedOther && owned:
		f.Reason += "; what else was found about it comes first"
		return
	case !owned:
		f.Reason += "; it has no owner marker, and rollcall changes only what it owns"
		return
	case o.Host():
		f.Reason += "; " + index.ShortID(o.Instance) + " joined by hand, and has to join again with a public address"
		return
	case i == nil || i.State != providers.StateRunning:
		f.Reason += "; its owner does not run, so there is no address to replace it with"
		return
	}
	to, ok := in.AddressFor(r, i)
	if !ok {
		f.Reason += "; its owner " + index.Label(i) + " has no public address of that kind"
		return
	}
	cs := in.cloudOf(i)
	missing := index.MissingEvidenceOf(cs, z)
	there := slices.ContainsFunc(z.Named(r.Name), func(s *providers.Record) bool {
		b, ok := s.Addr()
		return ok && b == to && !s.Alias
	})
	if there { // then the private one is taken away, like all that is taken away only when all is known
		missing = in.MissingEvidence(z)
	}
	if cs != nil {
		f.RestsOn = []index.Basis{cs.Basis, z.Basis}
		f.Evidence = append(f.Evidence, Evidence{Source: cs.Name, Fact: index.Label(i) + " has " + index.AddressList(i, index.ScopePublic), At: cs.View.RowsFrom})
	}
	if missing != "" {
		f.Reason += "; what to replace it with is not certain: " + missing
		return
	}
	f.Remedy, f.Address = RemedyReplace, to.String()
	f.Reason += "; its owner " + index.Label(i) + " has " + to.String()
}
