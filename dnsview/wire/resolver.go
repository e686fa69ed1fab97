package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// ErrNotServed means that a name server is not responsible for a domain; a retry gets the same answer.
var ErrNotServed = errors.New("it does not answer for that domain: name another server in resolvers of the config, or in ROLLCALL_RESOLVERS")

const (
	askRounds     = 2
	maxAliasChain = 8
)

// Resolver queries name servers for what clients see. It is safe for concurrent use.
type Resolver struct {
	servers []string
	checker *Checker
}

var _ dnssd.Resolver = (*Resolver)(nil)

// NewResolver returns a resolver with these servers (host:port). It does no I/O.
func NewResolver(servers []string) *Resolver {
	return &Resolver{servers: servers, checker: New(Options{Rate: 200, Burst: 50, Tries: 1})}
}

// Servers returns the servers to query.
func (r *Resolver) Servers() []string { return r.servers }

// SystemServers returns the resolvers of this machine, or nil.
func SystemServers(resolvConf string) []string {
	cfg, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return nil
	}
	var out []string
	for _, s := range cfg.Servers {
		out = append(out, net.JoinHostPort(s, cfg.Port))
	}
	return out
}

// Ask implements dnssd.Resolver. If a server fails, it queries the next one.
func (r *Resolver) Ask(ctx context.Context, name, typ string) (dnssd.Answer, error) {
	s := r.checker.session()
	defer s.close()
	var last error
	for range askRounds {
		for _, server := range r.servers {
			in, err := s.recurse(ctx, server, name, dns.StringToType[typ])
			if err == nil {
				return answerOf(in, name, typ), nil
			}
			last = err
			if ctx.Err() != nil {
				return dnssd.Answer{}, fmt.Errorf("ask for %s %s: %w", index.Clean(name), typ, context.Cause(ctx))
			}
		}
	}
	return dnssd.Answer{}, fmt.Errorf("ask for %s %s: %w", index.Clean(name), typ, last)
}

// recurse sends one recursive query to one server.
func (s *session) recurse(ctx context.Context, server, name string, qtype uint16) (*dns.Msg, error) {
	r := s.ask(ctx, server, query{zone: ".", name: name, qtype: qtype, recurse: true})
	switch in := r.msg; {
	case in == nil:
		return nil, fmt.Errorf("%s: %s", server, r.detail)
	case in.Rcode == dns.RcodeRefused:
		return nil, fmt.Errorf("%s answers REFUSED: %w", server, ErrNotServed)
	case in.Rcode != dns.RcodeSuccess && in.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("%s answers %s", server, dns.RcodeToString[in.Rcode])
	case !in.Authoritative && !in.RecursionAvailable && len(in.Answer) == 0:
		return nil, fmt.Errorf("%s: %w", server, ErrNotServed)
	default:
		return in, nil
	}
}

// answerOf returns the answer in a reply, at the end of aliases if there are any.
func answerOf(in *dns.Msg, name, typ string) dnssd.Answer {
	var a dnssd.Answer
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
