package dnsserver

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// maxAliasChain is the most CNAMEs that one answer follows.
const maxAliasChain = 16

// answer is a reply under construction.
type answer struct {
	s *Server
	m *dns.Msg
}

// zone is a zone as seen by one of its name servers.
type zone struct {
	*world.Zone
	second bool
}

func (z zone) served(name string) (sets map[string]world.ServedSet, exists bool) {
	if z.second {
		return z.ServedBySecond(name)
	}
	return z.Served(name)
}

// resolve answers q from z by RFC 1034 section 4.3.2, with wildcards of RFC 4592 and the status of a chain of aliases
// of RFC 6604.
func (a *answer) resolve(z zone, q dns.Question) {
	name := q.Name
	for range maxAliasChain {
		if cut, ns, ok := delegation(z, name); ok && (q.Qtype != dns.TypeDS || !providers.SameName(cut, name)) {
			a.refer(cut, ns)
			return
		}
		sets, exists := lookup(z, name)
		if !exists {
			a.m.Rcode = dns.RcodeNameError
			a.negative(z)
			return
		}
		if cname, ok := sets["CNAME"]; ok && q.Qtype != dns.TypeCNAME && q.Qtype != dns.TypeANY {
			rrs := a.s.records(name, cname)
			if len(rrs) == 0 {
				a.m.Rcode = dns.RcodeServerFailure
				return
			}
			a.m.Answer = append(a.m.Answer, rrs[0])
			target := rrs[0].(*dns.CNAME).Target
			if next, ok := a.s.world.ZoneOf(target); ok && !a.answered(target) {
				z, name = zone{next, a.s.second}, target
				continue
			}
			return
		}
		n := len(a.m.Answer)
		for _, t := range slices.Sorted(maps.Keys(sets)) {
			if q.Qtype == dns.TypeANY || dns.TypeToString[q.Qtype] == t {
				a.m.Answer = append(a.m.Answer, a.s.records(name, a.chosen(sets[t], maxAliasChain))...)
			}
		}
		if len(a.m.Answer) == n {
			a.negative(z) // NODATA
			return
		}
		a.additional(a.m.Answer[n:])
		return
	}
	a.m.Rcode = dns.RcodeServerFailure // a loop of aliases, or a chain that is too long
}

// maxMultivalue is the most values of a multivalue answer.
const maxMultivalue = 8

// elsewhere holds the addresses of names outside the simulated zones.
var elsewhere = map[string]string{"A": "192.0.2.200", "AAAA": "2001:db8::200"}

// chosen returns the values of this answer: for sets with a routing policy those of one set, as Route 53 chooses if all
// health checks pass, and for an alias those of its target.
func (a *answer) chosen(set world.ServedSet, depth int) world.ServedSet {
	out := world.ServedSet{Type: set.Type, TTL: set.TTL, Values: set.Values}
	follow := set.Follow
	if len(set.Routed) > 0 {
		var r world.RoutedSet
		r, out.Values = a.routed(set.Routed)
		follow = r.Follow
	}
	if follow == "" || depth == 0 {
		return out
	}
	out.Values = nil
	z, ok := a.s.world.ZoneOf(follow)
	if !ok {
		if v := elsewhere[set.Type]; v != "" {
			out.Values = []string{v}
		}
		return out
	}
	sets, _ := lookup(zone{z, a.s.second}, follow)
	if c, ok := sets["CNAME"]; ok && len(c.Values) > 0 {
		return a.chosen(world.ServedSet{Type: set.Type, TTL: set.TTL, Follow: providers.CanonicalName(c.Values[0])}, depth-1)
	}
	out.Values = a.chosen(sets[set.Type], depth-1).Values
	return out
}

// routed returns the chosen set and its values; both are empty if there is none.
func (a *answer) routed(sets []world.RoutedSet) (chosen world.RoutedSet, values []string) {
	turn := a.s.rotation.Add(1)
	switch sets[0].Policy {
	case "multivalue":
		for i := range sets {
			values = append(values, sets[(int(turn)+i)%len(sets)].Values...)
		}
		return world.RoutedSet{}, values[:min(len(values), maxMultivalue)]
	case "weighted":
		chosen = byWeight(sets, turn)
	case "geo": // this machine has no location
		i := slices.IndexFunc(sets, func(r world.RoutedSet) bool { return r.Everywhere })
		if i < 0 {
			return world.RoutedSet{}, nil
		}
		chosen = sets[i]
	default:
		i := slices.IndexFunc(sets, func(r world.RoutedSet) bool { return r.First })
		chosen = sets[max(i, 0)]
	}
	return chosen, chosen.Values
}

// byWeight returns the set for a turn. Each set has as many turns as its weight, or one if no set has a weight.
func byWeight(sets []world.RoutedSet, turn uint64) world.RoutedSet {
	total := int64(0)
	for i := range sets {
		total += sets[i].Weight
	}
	if total == 0 {
		return sets[turn%uint64(len(sets))]
	}
	at := int64(turn % uint64(total))
	for i := range sets {
		if at -= sets[i].Weight; at < 0 {
			return sets[i]
		}
	}
	return sets[len(sets)-1]
}

// answered reports whether the chain already contains name.
func (a *answer) answered(name string) bool {
	return slices.ContainsFunc(a.m.Answer, func(rr dns.RR) bool { return providers.SameName(rr.Header().Name, name) })
}

// lookup returns what is served for a name, if necessary by a wildcard.
func lookup(z zone, name string) (sets map[string]world.ServedSet, exists bool) {
	sets, exists = served(z, name)
	for up := name; !exists; {
		i, end := dns.NextLabel(up, 0)
		if end || !providers.InZone(up[i:], z.Name) {
			return nil, false
		}
		up = up[i:]
		if _, ok := served(z, up); ok { // the closest encloser
			return served(z, "*."+up)
		}
	}
	return sets, exists
}

// served returns what the zone serves for a name, with the apex's SOA and NS, which Cloudflare's API does not show as
// records.
func served(z zone, name string) (map[string]world.ServedSet, bool) {
	sets, exists := z.served(name)
	if !providers.SameName(name, z.Name) {
		return sets, exists
	}
	sets = maps.Clone(sets)
	if sets == nil {
		sets = map[string]world.ServedSet{}
	}
	if _, ok := sets["SOA"]; !ok {
		sets["SOA"] = world.ServedSet{Type: "SOA", TTL: 1800, Values: []string{
			fmt.Sprintf("%s. dns.%s %d 10000 2400 604800 1800", z.NameServers[0], parent(z.NameServers[0]), z.Serial()),
		}}
	}
	if _, ok := sets["NS"]; !ok {
		ns := world.ServedSet{Type: "NS", TTL: 86400}
		for _, n := range z.NameServers {
			ns.Values = append(ns.Values, n+".")
		}
		sets["NS"] = ns
	}
	return sets, true
}

// parent returns the last two labels of a name server's name, with the last dot.
func parent(name string) string {
	l := dns.SplitDomainName(name)
	return strings.Join(l[max(len(l)-2, 0):], ".") + "."
}

// delegation returns the highest NS set between the apex and name.
func delegation(z zone, name string) (cut string, ns world.ServedSet, ok bool) {
	for up := name; providers.InZone(up, z.Name) && !providers.SameName(up, z.Name); {
		if sets, _ := z.served(up); len(sets["NS"].Values) > 0 {
			cut, ns, ok = up, sets["NS"], true
		}
		i, end := dns.NextLabel(up, 0)
		if end {
			break
		}
		up = up[i:]
	}
	return cut, ns, ok
}

// refer answers with a referral to the name servers of a subzone.
func (a *answer) refer(cut string, ns world.ServedSet) {
	a.m.Authoritative = len(a.m.Answer) > 0
	a.m.Ns = a.s.records(cut, ns)
	a.additional(a.m.Ns)
}

// negative sets how long a negative answer may be cached (RFC 2308 section 3).
func (a *answer) negative(z zone) {
	sets, _ := served(z, z.Name)
	for _, rr := range a.s.records(z.Name+".", sets["SOA"]) {
		if soa, ok := rr.(*dns.SOA); ok {
			soa.Hdr.Ttl = min(soa.Hdr.Ttl, soa.Minttl)
			a.m.Ns = append(a.m.Ns, soa)
			return
		}
	}
}

// additional adds the addresses of names in the answer that this server knows.
func (a *answer) additional(rrs []dns.RR) {
	done := map[string]bool{}
	for _, rr := range rrs {
		var target string
		switch rr := rr.(type) {
		case *dns.SRV:
			target = rr.Target
		case *dns.MX:
			target = rr.Mx
		case *dns.NS:
			target = rr.Ns
		default:
			return // only answers to ANY mix types, and they need no additional records
		}
		if done[target] {
			continue
		}
		done[target] = true
		z, ok := a.s.world.ZoneOf(target)
		if !ok {
			continue
		}
		sets, _ := served(zone{z, a.s.second}, target)
		for _, t := range []string{"A", "AAAA"} {
			if set, ok := sets[t]; ok {
				a.m.Extra = append(a.m.Extra, a.s.records(target, a.chosen(set, maxAliasChain))...)
			}
		}
	}
}

// records returns the records of one set with owner name. It omits unreadable values, and rotates the values.
func (s *Server) records(name string, set world.ServedSet) []dns.RR {
	out := make([]dns.RR, 0, len(set.Values))
	for _, v := range set.Values {
		if rr := s.record(dns.Fqdn(name), set, v); rr != nil {
			out = append(out, rr)
		}
	}
	if n := uint64(len(out)); n > 1 {
		k := int(s.rotation.Add(1) % n)
		out = slices.Concat(out[k:], out[:k])
	}
	return out
}

func (s *Server) record(name string, set world.ServedSet, value string) dns.RR {
	typ, ok := dns.StringToType[set.Type]
	if !ok {
		return nil
	}
	hdr := dns.RR_Header{Name: name, Rrtype: typ, Class: dns.ClassINET, Ttl: set.TTL}
	switch typ { // most records need no parser
	case dns.TypeA, dns.TypeAAAA:
		ip, err := netip.ParseAddr(value)
		switch {
		case err != nil:
			return nil
		case typ == dns.TypeA && ip.Is4():
			return &dns.A{Hdr: hdr, A: net.IP(ip.AsSlice())}
		case typ == dns.TypeAAAA && ip.Is6():
			return &dns.AAAA{Hdr: hdr, AAAA: net.IP(ip.AsSlice())}
		}
		return nil
	}
	key := set.Type + " " + value
	known, ok := s.parsed.Load(key)
	if !ok {
		known, _ = s.parsed.LoadOrStore(key, parse(key))
	}
	rr, ok := known.(dns.RR)
	if !ok {
		return nil
	}
	rr = dns.Copy(rr)
	*rr.Header() = hdr
	return rr
}

// parse reads the type and value of a record. It returns nil for a value that cannot be read or sent.
func parse(text string) dns.RR {
	if strings.ContainsAny(text, "\n\r") {
		return nil
	}
	// The origin is the root, because Cloudflare's targets have no last dot.
	rr, err := dns.NewRR(". IN " + text)
	if err != nil || rr == nil {
		return nil
	}
	// A parsed value may still not pack, such as a fingerprint with an odd number of digits. It would prevent the whole
	// reply.
	if _, err := dns.PackRR(rr, make([]byte, 2*dns.Len(rr)+256), 0, nil, false); err != nil {
		return nil
	}
	return rr
}
