package wire

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// answer sends one question about a zone to one server and returns the answer.
func (s *session) answer(ctx context.Context, sv Server, zone string, q *Question) Answer {
	a := s.typed(ctx, sv, zone, q, askedType(q))
	if (q.Mode == Resolves || q.Mode == Flattened) && a.Outcome == NoData && askedType(q) == dns.TypeA && q.Type != "A" {
		a = s.typed(ctx, sv, zone, q, dns.TypeAAAA)
	}
	if q.Type == "CNAME" && q.Mode != Exact && len(q.Want) == 1 && (a.Outcome == NoData || a.Outcome == NoName) && len(a.Aliases) == 0 {
		a.noTarget = s.hasNoAddress(ctx, q.Want[0])
	}
	return a
}

// hasNoAddress reports whether the finders say that a name has no address.
func (s *session) hasNoAddress(ctx context.Context, name string) bool {
	for _, t := range []uint16{dns.TypeA, dns.TypeAAAA} {
		r := s.lookup(ctx, name, t)
		if r.msg == nil || r.msg.Rcode != dns.RcodeSuccess && r.msg.Rcode != dns.RcodeNameError {
			return false
		}
		for _, rr := range r.msg.Answer {
			if _, ok := addrOf(rr); ok {
				return false
			}
		}
	}
	return true
}

// askedType returns the type to query. For an alias it is that of its address: every server then also returns the CNAME
// and its target.
func askedType(q *Question) uint16 {
	if q.Type == "CNAME" {
		return dns.TypeA
	}
	return dns.StringToType[q.Type]
}

func (s *session) typed(ctx context.Context, sv Server, zone string, q *Question, qtype uint16) Answer {
	r := s.ask(ctx, sv.Addr, query{zone: zone, name: q.Name, qtype: qtype, recurse: sv.Resolver})
	a := Answer{Server: sv, Outcome: r.outcome, Detail: r.detail, At: r.at, Took: r.took, TCP: r.tcp, EDNS: r.edns}
	if r.msg == nil {
		return a
	}
	wanted := dns.StringToType[q.Type]
	if q.Mode == Resolves {
		wanted = qtype
	}
	reading{msg: r.msg, zone: zone, name: q.Name, wanted: wanted, follow: q.Mode == Resolves, resolver: sv.Resolver}.into(&a)
	if q.Mode == Flattened && a.Outcome == NoData && len(a.Aliases) == 0 {
		reading{msg: r.msg, zone: zone, name: q.Name, wanted: qtype, resolver: sv.Resolver}.into(&a)
	}
	s.c.server(sv.Addr).note(zone, a.Outcome, a.Detail, a.At)
	return a
}

// reading is a reply with what is needed to interpret it.
type reading struct {
	msg      *dns.Msg
	zone     string // canonical
	name     string
	wanted   uint16 // record type of the values
	follow   bool   // count values at the end of a chain of aliases
	resolver bool   // the reply need not be authoritative
}

// into stores the meaning of the reply in a.
func (r reading) into(a *Answer) {
	if loops := r.chain(a); loops {
		a.Outcome, a.Detail = Loop, "the aliases lead back to "+a.Aliases[len(a.Aliases)-1]
		return
	}
	if a.Outcome, a.Detail = r.refusal(); a.Outcome != "" {
		return
	}
	section := r.msg.Answer
	if r.refersToChild() {
		section = r.msg.Ns
	}
	owner := providers.CanonicalName(r.name)
	if r.follow && len(a.Aliases) > 0 {
		owner = a.Aliases[len(a.Aliases)-1]
	}
	for _, rr := range section {
		h := rr.Header()
		if h.Rrtype != r.wanted || !providers.SameName(h.Name, owner) {
			continue
		}
		if len(a.Values) == 0 || h.Ttl < a.TTL {
			a.TTL = h.Ttl
		}
		a.Values = append(a.Values, valueOf(rr))
	}
	slices.Sort(a.Values)
	a.Values = slices.Compact(a.Values)
	switch {
	case len(a.Values) > 0:
		a.Outcome = Answered
	case len(a.Aliases) > 0 && !r.follow:
		a.Outcome, a.Detail = NoData, "it is an alias of "+a.Aliases[0]
	case r.msg.Rcode == dns.RcodeNameError && len(a.Aliases) == 0:
		a.Outcome = NoName
	default:
		a.Outcome = NoData
	}
	if len(a.Values) == 0 {
		a.TTL = r.negativeTTL()
	}
}

// chain follows the aliases in the reply, and reports whether they form a loop.
func (r reading) chain(a *Answer) (loops bool) {
	next := map[string]string{}
	for _, rr := range r.msg.Answer {
		if c, ok := rr.(*dns.CNAME); ok {
			next[providers.CanonicalName(c.Hdr.Name)] = providers.CanonicalName(c.Target)
		}
	}
	at := providers.CanonicalName(r.name)
	seen := map[string]bool{at: true}
	for range len(next) {
		to, ok := next[at]
		if !ok {
			break
		}
		a.Aliases = append(a.Aliases, index.Clean(to))
		if seen[to] {
			return true
		}
		seen[to] = true
		at = to
	}
	return false
}

// refusal returns why the reply is not an answer; an empty outcome if it is one.
func (r reading) refusal() (Outcome, string) {
	m := r.msg
	switch m.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
	case dns.RcodeServerFailure:
		return ServFail, "it answers SERVFAIL"
	case dns.RcodeRefused:
		return Refused, "it answers REFUSED"
	case dns.RcodeNotAuth:
		return NoAuth, "it answers NOTAUTH"
	default:
		code, ok := dns.RcodeToString[m.Rcode]
		if !ok {
			code = "an unknown error code"
		}
		return NotImpl, "it answers " + code
	}
	ns, soa := r.authority()
	switch {
	case r.resolver:
		if !m.Authoritative && !m.RecursionAvailable && len(m.Answer) == 0 && soa == "" {
			return NoAuth, "it does not resolve"
		}
	case m.Authoritative:
		if len(m.Answer) == 0 && soa != "" && !providers.InZone(soa, r.zone) {
			return OtherZone, "it answers for " + index.Clean(soa)
		}
	case r.refersToChild():
	case len(m.Answer) == 0 && ns != "" && providers.InZone(ns, r.zone):
		return NoAuth, "it refers to others for " + index.Clean(ns)
	case len(m.Answer) == 0 && ns != "":
		return OtherZone, "it refers to " + index.Clean(ns)
	default:
		return NoAuth, "it answers without authority"
	}
	return "", ""
}

// refersToChild reports whether the reply is an authoritative server's referral for the NS records of a delegated
// subzone.
func (r reading) refersToChild() bool {
	ns, _ := r.authority()
	return r.wanted == dns.TypeNS && !r.msg.Authoritative && len(r.msg.Answer) == 0 && ns != "" &&
		providers.SameName(ns, r.name) && !providers.SameName(r.name, r.zone)
}

// authority returns the owners of the NS and the SOA records in the authority section, or "". ns is "." for the root.
func (r reading) authority() (ns, soa string) {
	for _, rr := range r.msg.Ns {
		switch rr.(type) {
		case *dns.NS:
			ns = providers.CanonicalName(rr.Header().Name)
		case *dns.SOA:
			soa = providers.CanonicalName(rr.Header().Name)
		}
	}
	return ns, soa
}

// negativeTTL returns how long a cache may keep the negative answer (RFC 2308 section 5).
func (r reading) negativeTTL() uint32 {
	for _, rr := range r.msg.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(soa.Hdr.Ttl, soa.Minttl)
		}
	}
	return 0
}

// valueOf returns the value of a record in rollcall's spelling.
func valueOf(rr dns.RR) string {
	var v string
	switch x := rr.(type) {
	case *dns.PTR:
		v = providers.SpellName(x.Ptr)
	case *dns.NS:
		v = providers.SpellName(x.Ns)
	case *dns.CNAME:
		v = providers.SpellName(x.Target)
	case *dns.DNAME:
		v = providers.SpellName(x.Target)
	case *dns.MX:
		v = strconv.Itoa(int(x.Preference)) + " " + providers.SpellName(x.Mx)
	case *dns.SRV:
		v = strconv.Itoa(int(x.Priority)) + " " + strconv.Itoa(int(x.Weight)) + " " + strconv.Itoa(int(x.Port)) + " " + providers.SpellName(x.Target)
	default:
		h := rr.Header()
		v = providers.CanonicalValue(dns.TypeToString[h.Rrtype], strings.TrimPrefix(rr.String(), h.String()))
	}
	return index.Clean(v)
}

// fold returns the form in which values of the API and of servers are compared.
func fold(typ, value string) string {
	switch typ {
	case "TXT", "SPF":
		// Providers split long texts into strings differently.
		if parts, ok := providers.ParseTXT(value); ok {
			return strings.Join(parts, "")
		}
	case "A", "AAAA", "CNAME", "NS", "PTR", "DNAME", "MX", "SRV":
	default:
		// The library has one spelling for each type, whatever the API's is.
		if rr, err := dns.NewRR(". 0 IN " + typ + " " + value); err == nil && rr != nil {
			return strings.ToLower(strings.TrimPrefix(rr.String(), rr.Header().String()))
		}
	}
	return providers.FoldValue(typ, value)
}

// folded returns a set of values in the form in which they are compared.
func folded(typ string, values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fold(typ, v)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
