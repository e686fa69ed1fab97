package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

const (
	resolvConf    = "/etc/resolv.conf"
	askTimeout    = 3 * time.Second // for one question to one server
	askRounds     = 2
	ednsSize      = 1232
	maxAliasChain = 8
)

// resolver asks name servers what a client sees. It is safe for concurrent use.
type resolver struct{ servers []string }

// openResolver finds the name servers to ask: those of the config, of the environment,
// or of the system.
func (a *app) openResolver(ctx context.Context) (*resolver, error) {
	c, err := a.loadConfig(ctx)
	if err != nil {
		return nil, err
	}
	servers, err := resolversOf(c)
	if err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		system, err := dns.ClientConfigFromFile(resolvConf)
		if err != nil || len(system.Servers) == 0 {
			return nil, fmt.Errorf("there is no name server to ask: set resolvers in the config, or ROLLCALL_RESOLVERS (%s has none)", resolvConf)
		}
		for _, s := range system.Servers {
			servers = append(servers, net.JoinHostPort(s, system.Port))
		}
	}
	return &resolver{servers: servers}, nil
}

// Ask implements dnssd.Resolver. A server that fails is passed over for the next.
func (r *resolver) Ask(ctx context.Context, name, typ string) (dnssd.Answer, error) {
	var last error
	for range askRounds {
		for _, s := range r.servers {
			in, err := r.exchange(ctx, s, name, dns.StringToType[typ])
			if err == nil {
				return answerOf(in, name, typ), nil
			}
			last = err
			if ctx.Err() != nil {
				return dnssd.Answer{}, fmt.Errorf("ask for %s %s: %w", clean(name), typ, ctx.Err())
			}
		}
	}
	return dnssd.Answer{}, fmt.Errorf("ask for %s %s: %w", clean(name), typ, last)
}

// errNotServed says that a name server has nothing to do with a domain: asked
// again it says the same.
var errNotServed = errors.New("it does not answer for that domain: name another server in resolvers of the config, or in ROLLCALL_RESOLVERS")

func (r *resolver) exchange(ctx context.Context, server, name string, qtype uint16) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), qtype)
	m.SetEdns0(ednsSize, false)
	c := &dns.Client{Net: "udp", Timeout: askTimeout}
	in, _, err := c.ExchangeContext(ctx, m, server)
	if err == nil && in.Truncated {
		c.Net = "tcp"
		in, _, err = c.ExchangeContext(ctx, m, server)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", server, err)
	case in.Rcode == dns.RcodeRefused:
		return nil, fmt.Errorf("%s answers REFUSED: %w", server, errNotServed)
	case in.Rcode != dns.RcodeSuccess && in.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("%s answers %s", server, dns.RcodeToString[in.Rcode])
	case !in.Authoritative && !in.RecursionAvailable && len(in.Answer) == 0:
		return nil, fmt.Errorf("%s: %w", server, errNotServed)
	}
	return in, nil
}

// answerOf reads an answer, through aliases where there are any.
func answerOf(in *dns.Msg, name, typ string) dnssd.Answer {
	a := dnssd.Answer{Exists: in.Rcode == dns.RcodeSuccess}
	at := dns.Fqdn(name)
	for range maxAliasChain {
		next := ""
		for _, rr := range in.Answer {
			if c, ok := rr.(*dns.CNAME); ok && typ != "CNAME" && providers.SameName(c.Hdr.Name, at) {
				next, a.Alias = c.Target, true
			}
		}
		if next == "" {
			break
		}
		at = next
	}
	for _, rr := range in.Answer {
		h := rr.Header()
		if h.Rrtype != dns.StringToType[typ] || !providers.SameName(h.Name, at) {
			continue
		}
		a.Values = append(a.Values, providers.CanonicalValue(typ, strings.TrimPrefix(rr.String(), h.String())))
		if a.TTL == 0 || h.Ttl < a.TTL {
			a.TTL = h.Ttl
		}
	}
	return a
}
