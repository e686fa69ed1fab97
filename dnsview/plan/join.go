package plan

import (
	"cmp"
	"context"
	"net/netip"
	"slices"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Node is a host that joins or leaves a service.
type Node struct {
	Service    dnssd.Name // an incarnation
	RoundRobin string     // in place of Service: the name to whose addresses the host adds its own
	Host       string     // as ParseHost reads it
	Addresses  []netip.Addr
	Priority   uint16
	Weight     uint16
	Port       uint16
	TTL        uint32    // seconds; 0 for what the names have, or 60
	TXT        dnssd.TXT // of the incarnation, when it has none yet
}

// serviceName returns the name of the service that the node joins.
func (n *Node) serviceName() string {
	if n.RoundRobin != "" {
		return providers.CanonicalName(n.RoundRobin)
	}
	return n.Service.Canonical()
}

// check returns the host's name and its owner, or a refusal if they can never be valid.
func (n *Node) check(z *Zone) (host string, o providers.Owner, err error) {
	if n.RoundRobin == "" {
		switch {
		case n.Service.Instance == "":
			return "", o, invalid("%s is no service instance: write INSTANCE.%s", n.Service, n.Service.Type())
		case z.inZone(n.Service) != nil:
			return "", o, z.inZone(n.Service)
		}
	} else if !providers.InZone(n.RoundRobin, z.Zone.Name) {
		return "", o, invalid("%s does not lie in the zone %s", providers.Clean(n.RoundRobin), z.Zone.Name)
	}
	host, short, err := dnssd.ParseHost(n.Host, z.Zone.Name)
	if err != nil {
		return "", o, err
	}
	o = z.HostOwner(short)
	for _, name := range []string{n.serviceName(), host} {
		marker := providers.MarkerName(o.Instance, name)
		if err := dnssd.CheckName(marker); err != nil {
			return "", o, invalid("the host name %s leaves no room for its owner marker: %s", dnssd.Quoted(n.Host), err)
		}
	}
	return host, o, nil
}

// ReadForJoin reads the names that Join needs. If the incarnation has a TXT record, its other records are not read: all
// were created in one step, and many hosts may join at once.
func (z *Zone) ReadForJoin(ctx context.Context, g Getter, n Node) error {
	host, o, err := n.check(z)
	if err != nil {
		return err
	}
	names := []string{n.serviceName(), providers.MarkerName(o.Instance, n.serviceName())}
	if n.RoundRobin == "" {
		names = append(names, host)
	}
	if err := z.Read(ctx, g, names...); err != nil {
		return err
	}
	if err := z.ReadAbove(ctx, g, n.serviceName(), host); err != nil || n.announced(z) {
		return err
	}
	return z.Read(ctx, g, n.Service.Type().String(), dnssd.Enumeration(n.Service.Domain).String())
}

// announced reports whether the incarnation has all records that announce it.
func (n *Node) announced(z *Zone) bool {
	return n.RoundRobin != "" || len(z.recordsAt(n.Service.Canonical(), "TXT")) > 0
}

// Join plans the records that a host lacks as a node of a service: its address records and its SRV value. Its own
// records with other values are updated. PTR and TXT records belong to the incarnation: missing ones are created,
// existing ones are not changed.
func Join(z Zone, n Node) (Planned, error) {
	host, o, err := n.check(&z)
	if err != nil {
		return Planned{}, err
	}
	if err := n.checkValues(); err != nil {
		return Planned{}, err
	}
	names := []string{n.serviceName()}
	if n.RoundRobin == "" {
		names = append(names, host)
	}
	if err := z.resolvable("A", names...); err != nil {
		return Planned{}, err
	}
	if z.quiesced(o, n.serviceName(), host) {
		return Planned{}, conflict("the host %s was taken out of %s on purpose: let it leave first if it shall come back", providers.Clean(n.Host), n.serviceName())
	}
	m := z.plan(index.VerbJoin)
	at := host
	if n.RoundRobin != "" {
		at = ""
	}
	for _, s := range NodeSets(n.serviceName(), at, n.Addresses, providers.SRV{Priority: n.Priority, Weight: n.Weight, Port: n.Port}) {
		if err := m.values(&n, &s, o); err != nil {
			return Planned{}, err
		}
	}
	if !n.announced(&z) {
		// Last, so that no record leads to an incarnation whose first node was refused.
		m.announce(Declaration{Name: n.Service, TXT: n.TXT}, m.ids()...)
		m.note(n.Service.String() + " was not announced yet: its PTR and TXT are made too")
	}
	for _, r := range z.recordsAt(n.Service.Canonical(), "TXT") {
		if n.TXT != nil && !dnssd.TXTOf(r.Value).Same(n.TXT) {
			m.note(n.Service.String() + " keeps its TXT record " + providers.Clean(r.Value))
		}
	}
	return m.endWhole("Let " + host + " join " + providers.Clean(n.serviceName()))
}

func (n *Node) checkValues() error {
	if n.RoundRobin == "" && n.Port == 0 {
		return invalid("the port 0 is none: write 1 to 65535")
	}
	if len(n.Addresses) == 0 {
		return invalid("the host has no address")
	}
	for _, a := range n.Addresses {
		if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.Zone() != "" {
			return invalid("%s is no address of a host", a)
		}
	}
	return n.TXT.Check()
}

// quiesced reports whether the host was quiesced.
func (z *Zone) quiesced(o providers.Owner, names ...string) bool {
	for i := range z.Records {
		r := &z.Records[i]
		if r.OwnedBy(o) && r.Owners[0].Quiesced {
			return true
		}
		if own, ok := markerOf(r, o, names...); ok && own.Quiesced {
			return true
		}
	}
	return false
}

// markerOf returns the owner in a marker record for one of names, if the record belongs to o.
func markerOf(r *providers.Record, o providers.Owner, names ...string) (providers.Owner, bool) {
	instance, name, ok := providers.SplitMarkerName(r.Name)
	if !ok || r.Type != "TXT" || instance != providers.CanonicalName(o.Instance) || !slices.Contains(names, name) {
		return providers.Owner{}, false
	}
	strs, ok := providers.ParseTXT(r.Value)
	if !ok || len(strs) == 0 {
		return providers.Owner{}, false
	}
	own, err := providers.DecodeOwner(strs[0])
	return own, err == nil && own.Same(o)
}

// checkHost returns a refusal if the host name is an alias or has an address of another owner.
func (m *planner) checkHost(n *Node, host string, o providers.Owner) error {
	for _, r := range m.z.recordsAt(host, "CNAME") {
		return conflict("%s is an alias of %s, and a target of SRV must not be one (RFC 2782)", host, providers.Clean(r.Value))
	}
	for _, typ := range []string{"A", "AAAA"} {
		for _, r := range m.z.recordsAt(host, typ) {
			if a, ok := r.Addr(); !ok || r.Alias || !r.OwnedBy(o) && !slices.Contains(n.Addresses, a) {
				return conflict("%s leads to %s already, which %s: give the host another name", host, providers.Clean(r.Value), ownership(r))
			}
		}
	}
	return nil
}

// checkSRV returns a refusal if the incarnation's name cannot hold an SRV value, or if another owner has the same
// target and port there.
func (m *planner) checkSRV(n *Node, value string, o providers.Owner) error {
	for _, r := range m.z.recordsAt(n.serviceName(), "CNAME") {
		return conflict("%s is an alias of %s", n.Service, providers.Clean(r.Value))
	}
	want, _ := providers.ParseSRV(value)
	for _, r := range m.z.recordsAt(n.serviceName(), "SRV") {
		s, ok := providers.ParseSRV(r.Value)
		switch {
		case r.Alias:
			return conflict("%s SRV is an alias, which is read-only", n.Service)
		case ok && s.Target == ".":
			return conflict("%s says with an SRV value of \".\" that it is not available (RFC 2782): remove that first", n.Service)
		case ok && s.Target == want.Target && s.Port == want.Port && !r.OwnedBy(o):
			return conflict("%s is there already, and %s", r.Label(), ownership(r))
		}
	}
	return nil
}

// values plans the values that the host lacks in a set. Its outdated values are updated; those that are left over are
// deleted.
func (m *planner) values(n *Node, s *NodeSet, o providers.Owner) (err error) {
	switch {
	case s.Type == "SRV":
		err = m.checkSRV(n, s.Values[0], o)
	case n.RoundRobin == "":
		err = m.checkHost(n, s.Name, o)
	}
	if err != nil {
		return err
	}
	present, stale, missing := s.compare(m.z.recordsAt(s.Name, s.Type), o)
	for _, r := range present {
		switch {
		case r.OwnedBy(o):
		case n.RoundRobin != "":
			return conflict("%s is there already, and %s", r.Label(), ownership(r))
		default:
			m.note(r.Label() + " is there already and " + ownership(r) + ": it stays as it is, also when the host leaves")
		}
	}
	for _, v := range missing {
		if len(stale) == 0 {
			err = m.add(s, v, cmp.Or(n.TTL, nodeTTL), o)
		} else {
			err = m.replace(stale[0], v)
			stale = stale[1:]
		}
		if err != nil {
			return err
		}
	}
	for _, r := range stale {
		m.step(providers.Change{Op: providers.OpDelete, Before: *r}, "Delete "+r.Label())
	}
	return nil
}

// replace plans to update a record of the host.
func (m *planner) replace(r *providers.Record, value string) error {
	after := *r
	after.Value = value
	after, err := after.WithOwner(m.z.Zone.Traits.Markers, r.Owners[0])
	if err != nil {
		return invalid("%s", err)
	}
	m.step(providers.Change{Op: providers.OpUpdate, Before: *r, After: after}, "Change "+r.Label()+" to "+value)
	return nil
}

// add plans to create a record of the host.
func (m *planner) add(s *NodeSet, value string, ttl uint32, o providers.Owner) error {
	r := providers.Record{Zone: m.z.Zone.Name, Name: s.Name, Type: s.Type, Value: value}
	m.z.setTTL(&r, ttl)
	r, err := r.WithOwner(m.z.Zone.Traits.Markers, o)
	if err != nil {
		return invalid("%s", err)
	}
	fit, err := CheckRoom(&m.z.Zone.Traits, m.z.recordsAt(s.Name, s.Type), &r)
	if err != nil {
		return err
	}
	m.Notes = append(m.Notes, fit.Notes(s.Name, s.Type)...)
	m.step(providers.Change{Op: providers.OpCreate, After: r}, "Create "+r.Label())
	return nil
}
