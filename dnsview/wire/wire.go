package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"rollcall/dnsview"
	"rollcall/providers"
)

// Asker asks the authoritative servers of a zone. It is safe for concurrent
// use. It is a Checker for those who want values and nothing else.
type Asker struct {
	// Resolvers are host:port of servers that find the addresses of name
	// servers; see the package's documentation. Without any the system's do.
	Resolvers []string
	// Servers is as in Options.
	Servers map[string][]string
	// Timeout bounds one question to one server; default 2 s.
	Timeout time.Duration

	once    sync.Once
	checker *Checker
}

// errNoAuthority says that nobody with authority could be asked.
var errNoAuthority = errors.New("no authoritative server of the zone could be asked")

// Values is Checker.Values.
func (a *Asker) Values(ctx context.Context, zone providers.Zone, name, typ string) ([]string, error) {
	// Who waits for a change of many names asks more in a short time than who looks on.
	a.once.Do(func() {
		a.checker = New(Options{Resolvers: a.Resolvers, Servers: a.Servers, Timeout: a.Timeout, Rate: 200, Burst: 50, AtOnce: 16})
	})
	return a.checker.Values(ctx, zone, name, typ)
}

// Values gives the values of one name and type that the zone's authoritative
// servers answer now, in the spelling of providers.CanonicalValue: every value that any of
// them still answers. The error says that none could be asked.
func (c *Checker) Values(ctx context.Context, zone providers.Zone, name, typ string) ([]string, error) {
	if _, ok := dns.StringToType[typ]; !ok {
		return nil, fmt.Errorf("ask for %s %s: unknown type", dnsview.Clean(name), dnsview.Clean(typ))
	}
	fail := func(why string) ([]string, error) {
		return nil, fmt.Errorf("ask for %s %s: %w: %s", dnsview.Clean(name), typ, errNoAuthority, why)
	}
	if why := uncheckable(zone); why != "" {
		return fail(why)
	}
	s := c.session()
	defer s.close()
	d := s.delegation(ctx, zone)
	q := Question{Name: providers.CanonicalName(name), Type: typ}
	answers := make([]Answer, len(d.servers))
	var wg sync.WaitGroup
	for i, v := range d.servers {
		if v.Addr == "" {
			answers[i] = Answer{Server: v, Outcome: NoRoute, Detail: "it has no address"}
			continue
		}
		wg.Go(func() { answers[i] = s.answer(ctx, v, providers.CanonicalName(zone.Name), &q) })
	}
	wg.Wait()
	var values []string
	var bad []*Answer
	for i := range answers {
		if a := &answers[i]; a.Outcome.OK() {
			values = append(values, a.Values...)
		} else {
			bad = append(bad, a)
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("ask for %s %s: %w", dnsview.Clean(name), typ, ctx.Err())
	case len(answers) == 0:
		if d.lame != "" {
			return fail(d.lame)
		}
		return fail(d.nobody)
	case len(bad) == len(answers):
		return fail(failures(bad))
	}
	slices.Sort(values)
	return slices.Compact(values), nil
}
