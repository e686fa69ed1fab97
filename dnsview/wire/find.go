package wire

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

const (
	maxNames     = 16 // name servers of one zone; more are not plausible
	maxParents   = 3  // servers of the parent zone to try
	maxReferrals = 4  // from the closest parent that the resolvers know, downwards
	missedKeep   = 10 * time.Second
)

// delegation holds the servers of a zone as found.
type delegation struct {
	from      From
	names     []string // name servers of the delegation, sorted
	servers   []Server // their addresses
	problems  []string
	noServers string // why there are no servers
	lame      string // why the delegation is wrong
	until     time.Time

	extra      []Server // see session.undelegatedServers
	extraFound bool
}

// delegation returns the servers of a zone, from the cache or by finding them.
func (s *session) delegation(ctx context.Context, zone providers.Zone) *delegation {
	c := s.c
	name := providers.CanonicalName(zone.Name)
	if own, ok := c.o.Servers[name]; ok {
		d := &delegation{from: FromConfig}
		for _, a := range own {
			d.servers = append(d.servers, Server{Addr: a})
		}
		if len(own) == 0 {
			d.noServers = "the config names no servers for it"
		}
		return d
	}
	now := c.o.Now()
	c.mu.Lock()
	old := c.zones[name]
	c.mu.Unlock()
	if old != nil && now.Before(old.until) {
		return old
	}
	d := s.find(ctx, name, zone.NameServers)
	if ctx.Err() != nil {
		return cmp.Or(old, d)
	}
	d.until = now.Add(c.o.Keep)
	if len(d.servers) == 0 && d.lame == "" {
		if old != nil && len(old.servers) > 0 { // the previous result is better than nothing
			c.mu.Lock()
			kept := *old
			c.mu.Unlock()
			kept.extra, kept.extraFound = nil, false
			d = &kept
		}
		d.until = now.Add(missedKeep)
	}
	c.mu.Lock()
	c.zones[name] = d
	c.mu.Unlock()
	return d
}

// find finds the servers of a zone in the order of the package's documentation.
func (s *session) find(ctx context.Context, zone string, provider []string) *delegation {
	d := new(delegation)
	names, glue, undelegated := s.parent(ctx, zone)
	d.from = FromParent
	if len(names) == 0 && !undelegated {
		names, glue = s.nameServers(ctx, zone)
		d.from = FromResolver
	}
	if len(names) == 0 && !undelegated {
		names, d.from = slices.Clone(provider), FromProvider
	}
	d.names = canonical(names)
	d.servers = s.addresses(ctx, d.names, glue)
	own := s.addressed(d.servers)
	var why string
	if len(own) == 0 {
		var r []Server
		if r, why = s.authoritativeResolvers(ctx, zone); len(r) > 0 {
			if undelegated {
				d.from = FromResolver
				d.problems = append(d.problems, "the parent zone does not delegate it, and "+r[0].Addr+" answers for it with authority")
			}
			d.servers = r
			return d
		}
	}
	switch {
	case undelegated:
		d.lame = "the zone is delegated to no name server: its parent zone does not name it"
	case len(d.names) == 0:
		d.from = FromNone
		d.noServers = "no server could be asked for its name servers" + why
	case len(own) == 0:
		d.noServers = "none of its name servers has an address: " + list(d.names) + why
	default:
		s.compare(ctx, d, canonical(provider))
	}
	return d
}

// addressed returns the servers that have an address.
func (s *session) addressed(in []Server) []Server {
	return slices.DeleteFunc(slices.Clone(in), func(v Server) bool { return v.Addr == "" })
}

// compare compares the delegation with the name servers that the DNS provider reports. Servers with equal addresses are
// the same, whatever their names.
func (s *session) compare(ctx context.Context, d *delegation, provider []string) {
	if len(provider) == 0 || d.from == FromProvider {
		return
	}
	missing := without(provider, d.names)
	extra := without(d.names, provider)
	if len(missing) == 0 && len(extra) == 0 {
		return
	}
	if len(extra) > 0 {
		theirs := s.addressed(s.addresses(ctx, missing, nil))
		of := map[string]bool{}
		for _, v := range theirs {
			of[v.Addr] = true
		}
		foreign := map[string]bool{}
		for _, v := range s.addressed(d.servers) {
			if slices.Contains(extra, v.Name) && !of[v.Addr] {
				foreign[v.Name] = true
			}
		}
		same := slices.DeleteFunc(slices.Clone(extra), func(n string) bool { return foreign[n] })
		extra = slices.DeleteFunc(extra, func(n string) bool { return !foreign[n] })
		if len(same) > 0 {
			missing = nil // vanity names
		}
	}
	if len(extra) == len(d.names) {
		d.lame = "the zone is delegated to " + list(d.names) + ", and the DNS provider serves it from " + list(provider)
		return
	}
	if len(extra) > 0 {
		d.problems = append(d.problems, "the zone is delegated to "+list(extra)+" too, which the DNS provider does not name")
	}
	if len(missing) > 0 {
		d.problems = append(d.problems, "the zone is not delegated to "+list(missing)+", which the DNS provider names")
	}
}

func without(all, these []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(n string) bool { return slices.Contains(these, n) })
}

func canonical(names []string) []string {
	var out []string
	for _, n := range names {
		out = append(out, index.Clean(providers.CanonicalName(n)))
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxNames)]
}

// parent queries the servers of the parent zone for the delegation of zone. undelegated means that they report none. If
// there are no names and undelegated is false, no server could be queried.
func (s *session) parent(ctx context.Context, zone string) (names []string, glue map[string][]netip.Addr, undelegated bool) {
	for up := zone; up != "."; {
		up = above(up)
		r := s.lookup(ctx, up, dns.TypeNS)
		if r.msg == nil {
			return nil, nil, false
		}
		if r.msg.Rcode != dns.RcodeSuccess && r.msg.Rcode != dns.RcodeNameError {
			return nil, nil, false // the finders do not resolve public names
		}
		servers, glue := nsOf(r.msg.Answer, r.msg.Extra, up)
		if len(servers) == 0 {
			continue
		}
		return s.descend(ctx, zone, canonical(servers), glue)
	}
	return nil, nil, false
}

// descend queries the servers of one zone, and then of its subzones, until it finds the delegation of zone.
func (s *session) descend(ctx context.Context, zone string, servers []string, glue map[string][]netip.Addr) ([]string, map[string][]netip.Addr, bool) {
referrals:
	for range maxReferrals {
		tried := 0
		for _, v := range s.addressed(s.addresses(ctx, servers, glue)) {
			if tried == maxParents || ctx.Err() != nil {
				break
			}
			tried++
			r := s.ask(ctx, v.Addr, query{zone: ".", name: zone, qtype: dns.TypeNS})
			if r.msg == nil || r.msg.Rcode != dns.RcodeSuccess && r.msg.Rcode != dns.RcodeNameError {
				continue
			}
			m := r.msg
			if m.Authoritative {
				if names, g := nsOf(m.Answer, m.Extra, zone); len(names) > 0 { // the server serves both zones
					return names, g, false
				}
				if len(m.Answer) == 0 {
					return nil, nil, true
				}
				continue
			}
			owner, _ := reading{msg: m}.authority()
			names, g := nsOf(m.Ns, m.Extra, owner)
			switch {
			case len(names) == 0:
			case providers.SameName(owner, zone):
				return names, g, false
			case providers.InZone(zone, owner) && owner != ".":
				servers, glue = canonical(names), g
				continue referrals
			}
		}
		break
	}
	return nil, nil, false
}

// above returns the name without its first label.
func above(name string) string {
	i, end := dns.NextLabel(name, 0)
	if end {
		return "."
	}
	return name[i:]
}

// nsOf returns the name servers of one owner, and their addresses in the additional section.
func nsOf(section, extra []dns.RR, owner string) (names []string, glue map[string][]netip.Addr) {
	for _, rr := range section {
		if ns, ok := rr.(*dns.NS); ok && providers.SameName(ns.Hdr.Name, owner) {
			names = append(names, ns.Ns)
		}
	}
	glue = map[string][]netip.Addr{}
	for _, rr := range extra {
		n := providers.CanonicalName(rr.Header().Name)
		if a, ok := addrOf(rr); ok {
			glue[n] = append(glue[n], a)
		}
	}
	return names, glue
}

func addrOf(rr dns.RR) (netip.Addr, bool) {
	switch v := rr.(type) {
	case *dns.A:
		a, ok := netip.AddrFromSlice(v.A)
		return a.Unmap(), ok
	case *dns.AAAA:
		return netip.AddrFromSlice(v.AAAA)
	}
	return netip.Addr{}, false
}

// nameServers queries the finders for the NS records of a zone.
func (s *session) nameServers(ctx context.Context, zone string) ([]string, map[string][]netip.Addr) {
	r := s.lookup(ctx, zone, dns.TypeNS)
	if r.msg == nil || r.msg.Rcode != dns.RcodeSuccess {
		return nil, nil
	}
	return nsOf(r.msg.Answer, r.msg.Extra, zone)
}

// lookup queries the finders one after the other until one answers. A finder that refuses may be the only one that
// knows other names.
func (s *session) lookup(ctx context.Context, name string, qtype uint16) reply {
	var last reply
	for _, f := range s.finders() {
		s.mu.Lock()
		silent := s.silent[f]
		s.mu.Unlock()
		if silent {
			continue
		}
		r := s.ask(ctx, f, query{zone: ".", name: name, qtype: qtype, recurse: true})
		if r.msg == nil {
			if r.outcome.Silent() && ctx.Err() == nil {
				s.mu.Lock()
				s.silent[f] = true
				s.mu.Unlock()
			}
			if last.msg == nil {
				last = r
			}
			continue
		}
		if r.msg.Rcode == dns.RcodeSuccess || r.msg.Rcode == dns.RcodeNameError {
			return r
		}
		last = r
	}
	return last
}

// finders returns the configured finders, else those of this machine.
func (s *session) finders() []string {
	if len(s.c.o.Finders) > 0 {
		return s.c.o.Finders
	}
	return SystemServers(s.c.o.ResolvConf)
}

// addresses returns name servers with their addresses, from the finders or else from the glue. A name without an
// address is included without one.
func (s *session) addresses(ctx context.Context, names []string, glue map[string][]netip.Addr) []Server {
	found := make([][]netip.Addr, len(names))
	var g errgroup.Group
	g.SetLimit(s.c.o.AtOnce)
	for i, n := range names {
		g.Go(func() error {
			for _, t := range []uint16{dns.TypeA, dns.TypeAAAA} {
				r := s.lookup(ctx, n, t)
				if r.msg == nil {
					continue
				}
				for _, rr := range r.msg.Answer {
					if a, ok := addrOf(rr); ok && rr.Header().Rrtype == t {
						found[i] = append(found[i], a)
					}
				}
			}
			return nil
		})
	}
	_ = g.Wait() // names that could not be looked up have no address
	var out []Server
	taken := map[string]bool{}
	for i, n := range names {
		addrs := found[i]
		if len(addrs) == 0 {
			addrs = glue[n]
		}
		slices.SortFunc(addrs, netip.Addr.Compare)
		have := false
		for _, a := range slices.Compact(addrs) {
			if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
				continue
			}
			addr := net.JoinHostPort(a.String(), s.c.o.Port)
			have = true
			if !taken[addr] {
				taken[addr] = true
				out = append(out, Server{Name: n, Addr: addr})
			}
		}
		if !have {
			out = append(out, Server{Name: n})
		}
	}
	return out
}

// authoritativeResolvers returns the resolvers that serve the zone themselves, and the failures of those that might.
func (s *session) authoritativeResolvers(ctx context.Context, zone string) (out []Server, why string) {
	for _, f := range s.finders() {
		q := Question{Name: zone, Type: "SOA"}
		switch a := s.answer(ctx, Server{Addr: f}, zone, &q); a.Outcome {
		case Answered:
			out = append(out, Server{Addr: f})
		case NoAuth, OtherZone, Refused, NoData, NoName: // an ordinary resolver
		default:
			why += "; " + f + ": " + failureOf(&a)
		}
	}
	return out, why
}
