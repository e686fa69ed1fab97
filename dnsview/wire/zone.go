package wire

import (
	"context"
	"slices"
	"strconv"

	"github.com/miekg/dns"
	"golang.org/x/sync/errgroup"

	"rollcall/providers"
)

// Zone finds the delegation of a zone and queries every authoritative server whether it serves the zone.
func (c *Checker) Zone(ctx context.Context, zone providers.Zone) ZoneResult {
	s := c.session()
	defer s.close()
	z := s.zone(ctx, zone)
	return z
}

func (s *session) zone(ctx context.Context, zone providers.Zone) ZoneResult {
	name := providers.CanonicalName(zone.Name)
	z := ZoneResult{Zone: name, Provider: canonical(zone.NameServers), At: s.c.o.Now()}
	if why := whyUncheckable(zone); why != "" {
		z.State, z.Reason = ZoneUnchecked, why
		return z
	}
	d := s.delegation(ctx, zone)
	z.From, z.Delegation, z.Problems = d.from, d.names, slices.Clone(d.problems)
	z.Servers = s.soa(ctx, name, d.servers, true)
	if d.from != FromConfig {
		s.apex(ctx, &z)
	}
	if ctx.Err() != nil {
		z.State, z.Reason = ZoneUnchecked, "stopped before every server was asked"
		return z
	}
	setZoneState(&z, d)
	if !zone.Pending {
		s.resolvers(ctx, &z)
	}
	return z
}

// whyUncheckable returns why a zone cannot be queried at all, or "".
func whyUncheckable(zone providers.Zone) string {
	name := providers.CanonicalName(zone.Name)
	switch _, ok := dns.IsDomainName(name); {
	case !ok || zone.Name == "":
		return "its name is no domain name"
	case zone.Private:
		return "it is a private zone, which no public name server answers for"
	}
	return ""
}

// soa queries servers concurrently for the zone's SOA.
func (s *session) soa(ctx context.Context, zone string, servers []Server, delegated bool) []ZoneServer {
	out := make([]ZoneServer, len(servers))
	var g errgroup.Group
	for i, v := range servers {
		g.Go(func() error {
			out[i].Delegated = delegated
			if v.Addr == "" {
				out[i].Answer = Answer{Server: v, Outcome: NoRoute, Detail: "it has no address", At: s.c.o.Now()}
				return nil
			}
			q := Question{Name: zone, Type: "SOA"}
			a := s.answer(ctx, v, zone, &q)
			if a.Outcome == NoData || a.Outcome == NoName {
				a.Outcome, a.Detail = OtherZone, "it does not know the zone"
			}
			a.Agrees = a.Outcome == Answered
			if a.Agrees {
				out[i].Serial = serialOf(a.Values[0])
			}
			out[i].Answer = a
			return nil
		})
	}
	_ = g.Wait() // failures are outcomes
	return out
}

// serialOf returns the serial of an SOA (RFC 1035 section 3.3.13), or 0.
func serialOf(soa string) uint32 {
	rr, err := dns.NewRR(". 0 IN SOA " + soa)
	if err != nil {
		return 0
	}
	v, ok := rr.(*dns.SOA)
	if !ok {
		return 0
	}
	return v.Serial
}

// apex queries for the zone's own NS records, and adds those servers that are not in the delegation, because resolvers
// query them too.
func (s *session) apex(ctx context.Context, z *ZoneResult) {
	for i := range z.Servers {
		v := &z.Servers[i]
		if v.Outcome != Answered {
			continue
		}
		r := s.ask(ctx, v.Server.Addr, query{zone: z.Zone, name: z.Zone, qtype: dns.TypeNS})
		if r.msg == nil {
			continue
		}
		names, glue := nsOf(r.msg.Answer, r.msg.Extra, z.Zone)
		z.Apex = canonical(names)
		extra := without(z.Apex, z.Delegation)
		known := map[string]bool{}
		for _, k := range z.Servers {
			known[k.Server.Addr] = true
		}
		more := slices.DeleteFunc(s.addresses(ctx, extra, glue), func(v Server) bool { return v.Addr == "" || known[v.Addr] })
		z.Servers = append(z.Servers, s.soa(ctx, z.Zone, more, false)...)
		return
	}
}

// setZoneState sets the state of the zone from its servers and its delegation.
func setZoneState(z *ZoneResult, d *delegation) {
	var asked, good, silent, foreign int
	var bad []*Answer
	for i := range z.Servers {
		a := &z.Servers[i].Answer
		if a.Server.Addr == "" && len(z.Servers) > 1 && d.noServers == "" {
			z.Problems = append(z.Problems, "the name server "+a.Server.Name+" has no address")
			continue
		}
		if a.Outcome == NoRoute {
			continue
		}
		asked++
		switch {
		case a.Outcome == Answered:
			good++
			continue
		case a.Outcome.Silent():
			silent++
		case a.Outcome == NoAuth || a.Outcome == OtherZone || a.Outcome == Refused:
			foreign++
		}
		bad = append(bad, a)
	}
	for _, a := range bad {
		z.Problems = append(z.Problems, a.Server.String()+": "+failureOf(a))
	}
	switch {
	case d.lame != "":
		z.State, z.Reason = ZoneLame, d.lame
	case d.noServers != "":
		z.State, z.Reason = ZoneUnreachable, d.noServers
	case asked == 0:
		z.State, z.Reason = ZoneUnreachable, "this machine has no way to any of its name servers"
	case good == asked:
		z.State, z.Reason = ZoneInSync, providers.CountOf(good, "authoritative server")+" "+verb(good, "serves", "serve")+" it"
	case good > 0:
		z.State, z.Reason = ZonePartial, strconv.Itoa(good)+" of "+strconv.Itoa(asked)+" authoritative servers serve it; "+failures(bad)
	case foreign > 0 && foreign+silent == asked:
		z.State, z.Reason = ZoneLame, "the servers that the zone is delegated to do not serve it: "+failures(bad)
	case silent == asked:
		z.State, z.Reason = ZoneUnreachable, "no authoritative server replies: "+failures(bad)
	default:
		z.State, z.Reason = ZoneBroken, "no authoritative server gives an answer: "+failures(bad)
	}
}
