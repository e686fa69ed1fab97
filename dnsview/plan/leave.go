package plan

import (
	"context"
	"slices"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// ReadForLeave reads the names that Leave needs: those of the node, the SRV values of the other incarnations of the
// domain, which may lead to the same host, and, if the host has no value, the markers of quiesced ones.
func (z *Zone) ReadForLeave(ctx context.Context, g Getter, n Node) error {
	host, o, err := n.check(z)
	if err != nil {
		return err
	}
	names := []string{n.serviceName()}
	if n.RoundRobin == "" {
		names = append(names, host, dnssd.Enumeration(n.Service.Domain).Canonical(), n.Service.Type().Canonical())
	}
	if err := z.Read(ctx, g, names...); err != nil {
		return err
	}
	if !z.hasValue(n.serviceName(), o) {
		if err := z.verifyAbsent(ctx, g, o); err != nil {
			return err
		}
		markers := []string{providers.MarkerName(o.Instance, n.serviceName())}
		if n.RoundRobin == "" {
			markers = append(markers, providers.MarkerName(o.Instance, host))
		}
		if err := z.Read(ctx, g, markers...); err != nil {
			return err
		}
	}
	if n.RoundRobin != "" {
		return nil
	}
	return z.readSiblings(ctx, g, n, names)
}

// verifyAbsent returns an error if the lookups found no value of a host but the list of the whole zone, if there is
// one, shows a value, is empty or incomplete. Otherwise an API that returns empty lists would make a host seem to have
// left.
func (z *Zone) verifyAbsent(ctx context.Context, g Getter, o providers.Owner) error {
	l, ok := g.(providers.RecordLister)
	if !ok {
		return nil
	}
	var all []providers.Record
	v := l.Records(ctx, z.Zone, func(p []providers.Record) { all = append(all, p...) })
	switch {
	case v.State == providers.CoverageNone: // it cannot be listed
		return nil
	case !v.Complete():
		return providers.Errorf(providers.KindIncomplete, "look for "+o.Instance, "it was not found by its names, and the list of %s is not complete: %w", z.Zone.Name, v.Err)
	case len(all) == 0:
		return providers.Errorf(providers.KindIncomplete, "look for "+o.Instance, "it was not found by its names, and %s shows no record at all", z.Zone.Name)
	}
	providers.AttachOwners(all)
	for i := range all {
		r := &all[i]
		known := slices.ContainsFunc(z.Records, func(have providers.Record) bool { return have.Identity() == r.Identity() })
		if r.OwnedBy(o) && !known && slices.Contains(z.asked, r.Name) {
			return providers.Errorf(providers.KindIncomplete, "look for "+o.Instance, "a lookup did not find it, and the list of %s shows %s", z.Zone.Name, r.Label())
		}
	}
	return nil
}

// readSiblings reads the other incarnations of the domain, of every type.
func (z *Zone) readSiblings(ctx context.Context, g Getter, n Node, have []string) error {
	seen := map[string]bool{}
	for _, name := range have {
		seen[name] = true
	}
	next := func(from string) []string {
		var out []string
		for _, r := range z.recordsAt(from, "PTR") {
			if to := providers.CanonicalName(r.Value); !seen[to] && providers.InZone(to, z.Zone.Name) {
				seen[to] = true
				out = append(out, to)
			}
		}
		return out
	}
	types := next(dnssd.Enumeration(n.Service.Domain).Canonical())
	if err := z.Read(ctx, g, types...); err != nil {
		return err
	}
	var incarnations []string
	for _, t := range append(types, n.Service.Type().Canonical()) {
		incarnations = append(incarnations, next(t)...)
	}
	return z.Read(ctx, g, incarnations...)
}

// hasValue reports whether the owner has a value at a name.
func (z *Zone) hasValue(name string, o providers.Owner) bool {
	return slices.ContainsFunc(z.Records, func(r providers.Record) bool { return r.Name == name && r.OwnedBy(o) })
}

// Leave plans to remove a host from a service: first its SRV value, then its addresses, unless another SRV value leads
// to them. Records that the host does not own are skipped.
func Leave(z Zone, n Node) (Planned, error) {
	host, o, err := n.check(&z)
	if err != nil {
		return Planned{}, err
	}
	m := z.plan(index.VerbLeave)
	title := "Let " + host + " leave " + providers.Clean(n.serviceName())
	if n.RoundRobin != "" {
		m.deleteAddresses(n.serviceName(), o)
		m.deleteQuiescedMarkers(o, n.serviceName())
		return m.end(title), nil
	}
	name := n.Service.Canonical()
	var needs []int
	for _, r := range z.recordsAt(name, "SRV") {
		s, ok := providers.ParseSRV(r.Value)
		switch {
		case r.OwnedBy(o):
			needs = append(needs, m.step(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label()))
		case ok && s.Target == host:
			m.skip(r.Label() + " " + ownership(r) + ", and stays")
		}
	}
	if by := z.otherLeadingTo(host, name); by != "" {
		m.note(host + " stays, as " + providers.Clean(by) + " leads there too")
		m.deleteQuiescedMarkers(o, name)
	} else if len(m.Plan.Skipped) == 0 {
		m.deleteAddresses(host, o, needs...)
		m.deleteQuiescedMarkers(o, name, host)
	}
	return m.end(title), nil
}

func (m *planner) skip(s string) { m.Plan.Skipped = append(m.Plan.Skipped, s) }

// otherLeadingTo returns another incarnation with an SRV value that leads to the host, or "".
func (z *Zone) otherLeadingTo(host, but string) string {
	for i := range z.Records {
		r := &z.Records[i]
		if r.Type != "SRV" || r.Name == but {
			continue
		}
		if s, ok := providers.ParseSRV(r.Value); ok && s.Target == host {
			return r.Name
		}
	}
	return ""
}

func (m *planner) deleteAddresses(name string, o providers.Owner, needs ...int) {
	for _, typ := range []string{"A", "AAAA"} {
		for _, r := range m.z.recordsAt(name, typ) {
			if r.OwnedBy(o) {
				m.step(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label(), needs...)
			}
		}
	}
}

// deleteQuiescedMarkers plans to delete the markers of quiesced values.
func (m *planner) deleteQuiescedMarkers(o providers.Owner, names ...string) {
	for i := range m.z.Records {
		r := &m.z.Records[i]
		if own, ok := markerOf(r, o, names...); ok && own.Quiesced {
			m.step(providers.Change{Op: providers.OpDelete, Before: *r}, "Forget "+providers.Clean(r.Name))
		}
	}
}
