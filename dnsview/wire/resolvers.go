package wire

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
)

// RoundGap is the shortest time between two rounds of queries to resolvers that are counted separately.
const RoundGap = 2 * time.Second

// How many resolvers must fail, in how many consecutive rounds, before a zone is confirmed as unresolvable.
const (
	confirmedBy     = 2
	confirmedRounds = 2
)

// failing counts the consecutive rounds in which resolvers failed to resolve a zone.
type failing struct {
	rounds map[string]int // by address
	last   time.Time
}

// resolvers queries the resolvers for the zone itself if its own servers answer for it. Resolvers that answer SERVFAIL
// or NXDOMAIN cannot resolve any name of the zone.
func (s *session) resolvers(ctx context.Context, z *ZoneResult) {
	own := s.servingAnswers(ctx, z)
	if len(own) == 0 || len(s.c.o.Resolvers) == 0 {
		return
	}
	answers := make([]Answer, 0, len(s.c.o.Resolvers))
	for _, addr := range s.c.o.Resolvers {
		known := func(a Answer) bool { return a.Server.Addr == addr }
		if !slices.ContainsFunc(own, known) && !slices.ContainsFunc(answers, known) {
			answers = append(answers, Answer{Server: Server{Addr: addr, Resolver: true}})
		}
	}
	validates := make([]bool, len(answers))
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { validates[i] = s.resolvesZone(ctx, z.Zone, &answers[i]) })
	}
	wg.Wait()
	if ctx.Err() != nil {
		return
	}
	for i := range answers {
		switch a := &answers[i]; a.Outcome {
		case ServFail, NoName:
			z.Unresolved = append(z.Unresolved, *a)
		case Answered:
			z.Resolving++
		}
	}
	z.Confirmed = s.c.countRound(z)
	if len(z.Unresolved) > 0 {
		z.Facts = s.facts(ctx, z, own, answers, validates)
	}
}

// servingAnswers returns the answers of the servers that serve the zone. If the parent zone names none, those of the
// DNS provider are queried.
func (s *session) servingAnswers(ctx context.Context, z *ZoneResult) []Answer {
	var out []Answer
	servers := z.Servers
	if len(servers) == 0 && len(z.Provider) > 0 {
		servers = s.soa(ctx, z.Zone, s.addresses(ctx, z.Provider, nil), false)
	}
	for i := range servers {
		if servers[i].Outcome == Answered {
			out = append(out, servers[i].Answer)
		}
	}
	return out
}

// resolvesZone queries one resolver for the SOA of a zone. onlyUnchecked reports that the query fails with validation
// but succeeds without.
func (s *session) resolvesZone(ctx context.Context, zone string, a *Answer) (onlyUnchecked bool) {
	// Failures for single names must not pause this query.
	q := query{zone: "the zone " + zone, name: zone, qtype: dns.TypeSOA, recurse: true, do: true}
	r := s.ask(ctx, a.Server.Addr, q)
	a.Outcome, a.Detail, a.At = r.outcome, r.detail, r.at
	if r.msg == nil {
		return false
	}
	s.c.server(a.Server.Addr).note(q.zone, NoData, "", r.at)
	switch r.msg.Rcode {
	case dns.RcodeServerFailure:
		a.Outcome, a.Detail = ServFail, "answers SERVFAIL"
	case dns.RcodeNameError:
		a.Outcome, a.Detail = NoName, "answers that there is no such name"
	case dns.RcodeRefused:
		a.Outcome, a.Detail = Refused, "answers REFUSED"
	default:
		a.Outcome = Answered
	}
	if a.Outcome != ServFail {
		return false
	}
	q.cd = true
	u := s.ask(ctx, a.Server.Addr, q)
	return u.msg != nil && u.msg.Rcode == dns.RcodeSuccess
}

// countRound counts the consecutive rounds in which each resolver failed, and reports whether enough resolvers failed
// in enough rounds. Rounds in quick succession count as one.
func (c *Checker) countRound(z *ZoneResult) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.failing[z.Zone]
	if f == nil {
		f = &failing{}
		c.failing[z.Zone] = f
	}
	now := c.o.Now()
	another := f.last.IsZero() || now.Sub(f.last) >= RoundGap
	rounds := map[string]int{}
	for i := range z.Unresolved {
		addr := z.Unresolved[i].Server.Addr
		rounds[addr] = max(f.rounds[addr], 1)
		if another {
			rounds[addr] = f.rounds[addr] + 1
		}
	}
	f.rounds = rounds
	if another {
		f.last = now
	}
	n := 0
	for _, r := range rounds {
		if r >= confirmedRounds {
			n++
		}
	}
	return n >= confirmedBy
}

// facts returns observations of the delegation, the signatures and the servers of an unresolvable zone, one sentence
// each.
func (s *session) facts(ctx context.Context, z *ZoneResult, own, answers []Answer, validates []bool) []string {
	var out []string
	for i := range answers {
		if validates[i] {
			out = append(out, answers[i].Server.String()+" answers when it is told not to validate, so DNSSEC is what fails")
		}
	}
	out = append(out, s.dnssec(ctx, z.Zone, own)...)
	switch {
	case z.State == ZoneLame:
		out = append(out, z.Reason)
	case len(z.Delegation) > 0:
		what := "delegation: the " + string(z.From) + " says " + list(z.Delegation)
		if len(z.Apex) > 0 {
			what += ", the zone itself " + list(z.Apex)
		}
		out = append(out, what)
	}
	for i := range own[:min(len(own), 4)] {
		a := &own[i]
		if len(a.Values) > 0 {
			out = append(out, "SOA: "+a.Server.String()+" answers with serial "+strconv.FormatUint(uint64(serialOf(a.Values[0])), 10))
		}
	}
	return out
}

// dnssec compares the DS records of the parent zone with the zone's keys (RFC 4034 section 5), and reports expired
// signatures.
func (s *session) dnssec(ctx context.Context, zone string, own []Answer) []string {
	parents, known := s.delegationSigners(ctx, zone)
	r := s.ask(ctx, own[0].Server.Addr, query{zone: zone, name: zone, qtype: dns.TypeDNSKEY, do: true})
	var keys []*dns.DNSKEY
	var out []string
	if r.msg != nil {
		for _, rr := range r.msg.Answer {
			switch v := rr.(type) {
			case *dns.DNSKEY:
				keys = append(keys, v)
			case *dns.RRSIG:
				if !v.ValidityPeriod(s.c.o.Now()) {
					out = append(out, "DNSSEC: the signature of its keys by key "+strconv.Itoa(int(v.KeyTag))+" is valid from "+dns.TimeToString(v.Inception)+" to "+dns.TimeToString(v.Expiration)+" only")
				}
			}
		}
	}
	var tags, signers []string
	for _, k := range keys {
		tags = append(tags, strconv.Itoa(int(k.KeyTag())))
	}
	match := false
	for _, ds := range parents {
		signers = append(signers, strconv.Itoa(int(ds.KeyTag))+" (algorithm "+strconv.Itoa(int(ds.Algorithm))+", digest type "+strconv.Itoa(int(ds.DigestType))+")")
		match = match || slices.ContainsFunc(keys, func(k *dns.DNSKEY) bool {
			d := k.ToDS(ds.DigestType)
			return d != nil && d.KeyTag == ds.KeyTag && d.Algorithm == ds.Algorithm && strings.EqualFold(d.Digest, ds.Digest)
		})
	}
	what := "DNSKEY: the zone serves no keys"
	if r.msg == nil {
		what = "DNSKEY: " + own[0].Server.String() + " gives no answer"
	} else if len(tags) > 0 {
		what = "DNSKEY: the zone serves the keys " + list(tags)
	}
	switch {
	case !known:
		out = append(out, "DS: whether the parent zone holds any is not known")
	case len(parents) == 0:
		out = append(out, "DS: the parent zone holds none, so nothing is validated")
	case match:
		out = append(out, "DS: the parent zone holds "+list(signers)+", and a key of the zone matches")
	default:
		out = append(out, "DS: the parent zone holds "+list(signers)+", and no key of the zone matches: validating resolvers refuse every answer")
	}
	return append(out, what)
}

// delegationSigners queries the finders, without validation, for the DS records of a zone. known is false if none
// answers.
func (s *session) delegationSigners(ctx context.Context, zone string) (found []*dns.DS, known bool) {
	for _, f := range s.finders() {
		r := s.ask(ctx, f, query{zone: "the signers of " + zone, name: zone, qtype: dns.TypeDS, recurse: true, cd: true})
		if r.msg == nil || r.msg.Rcode != dns.RcodeSuccess && r.msg.Rcode != dns.RcodeNameError {
			continue
		}
		known = true
		for _, rr := range r.msg.Answer {
			if ds, ok := rr.(*dns.DS); ok && providers.SameName(ds.Hdr.Name, zone) {
				found = append(found, ds)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	return found, known
}
