// Package wire asks real name servers what they answer.
package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"rollcall/providers"
)

// Asker asks the authoritative servers of a zone. It is safe for concurrent use.
type Asker struct {
	// Resolvers are host:port of servers that are tried first; one that answers with
	// authority is believed. The others find the addresses of name servers.
	// Without any the system's resolver does.
	Resolvers []string
	// Timeout bounds one question to one server; default 2 s.
	Timeout time.Duration
}

// errNoAuthority says that nobody with authority could be asked.
var errNoAuthority = errors.New("no authoritative server of the zone could be asked")

// Values gives the values of one name and type that the zone's authoritative
// servers answer now, in the spelling of providers.CanonicalValue: every value that any of
// them still answers. The error says that none could be asked.
func (a *Asker) Values(ctx context.Context, zone providers.Zone, name, typ string) ([]string, error) {
	qtype, ok := dns.StringToType[typ]
	if !ok {
		return nil, fmt.Errorf("ask for %s %s: unknown type", name, typ)
	}
	var last error
	var values []string
	answered := false
	ask := func(server string) bool {
		v, err := a.ask(ctx, server, name, qtype)
		if err != nil {
			last = err
			return false
		}
		answered = true
		values = append(values, v...)
		return true
	}
	for _, r := range a.Resolvers {
		if ask(r) {
			break
		}
	}
	if !answered {
		for _, ns := range zone.NameServers {
			if addr, err := a.address(ctx, ns); err == nil {
				ask(addr)
			} else {
				last = err
			}
		}
	}
	if !answered {
		return nil, fmt.Errorf("ask for %s %s: %w", name, typ, errors.Join(errNoAuthority, last))
	}
	slices.Sort(values)
	return slices.Compact(values), nil
}

// ask asks one server one question, over TCP when the answer does not fit.
func (a *Asker) ask(ctx context.Context, server, name string, qtype uint16) ([]string, error) {
	in, err := a.exchange(ctx, server, name, qtype)
	if err != nil {
		return nil, err
	}
	switch {
	case !in.Authoritative:
		return nil, fmt.Errorf("%s answers without authority (%s)", server, dns.RcodeToString[in.Rcode])
	case in.Rcode != dns.RcodeSuccess && in.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("%s answers %s", server, dns.RcodeToString[in.Rcode])
	}
	var out []string
	for _, rr := range in.Answer {
		if h := rr.Header(); h.Rrtype == qtype && providers.SameName(h.Name, name) {
			out = append(out, providers.CanonicalValue(dns.TypeToString[qtype], strings.TrimPrefix(rr.String(), h.String())))
		}
	}
	return out, nil
}

func (a *Asker) exchange(ctx context.Context, server, name string, qtype uint16) (*dns.Msg, error) {
	timeout := a.Timeout
	if timeout == 0 {
		timeout = 2 * time.Second
	}
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(name), qtype)
	m.SetEdns0(1232, false)
	c := &dns.Client{Net: "udp", Timeout: timeout}
	in, _, err := c.ExchangeContext(ctx, m, server)
	if err == nil && in.Truncated {
		c.Net = "tcp"
		in, _, err = c.ExchangeContext(ctx, m, server)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", server, err)
	}
	return in, nil
}

// address finds where a name server listens.
func (a *Asker) address(ctx context.Context, ns string) (string, error) {
	for _, r := range a.Resolvers {
		in, err := a.exchange(ctx, r, ns, dns.TypeA)
		if err != nil {
			continue
		}
		for _, rr := range in.Answer {
			if v, ok := rr.(*dns.A); ok {
				return net.JoinHostPort(v.A.String(), "53"), nil
			}
		}
	}
	if len(a.Resolvers) > 0 {
		return "", fmt.Errorf("no address of the name server %s", ns)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", ns)
	if err != nil || len(ips) == 0 {
		return "", fmt.Errorf("no address of the name server %s: %w", ns, err)
	}
	return net.JoinHostPort(ips[0].String(), "53"), nil
}
