package wire

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Asker returns the answers of a zone's authoritative servers without evaluating them. It is safe for concurrent use.
type Asker struct {
	// Resolvers are the servers (host:port) that find the addresses of name servers; see the package's documentation.
	// The default is the system's.
	Resolvers []string
	// Servers is as in Options.
	Servers map[string][]string
	// Timeout limits one query to one server; default 2 s.
	Timeout time.Duration

	once    sync.Once
	checker *Checker
}

// Answers is Checker.Answers.
func (a *Asker) Answers(ctx context.Context, zone providers.Zone, name, typ string, samples int) ([]index.WireAnswer, error) {
	// Waiting for a change of many names needs more queries in a short time than browsing does.
	a.once.Do(func() {
		a.checker = New(Options{Resolvers: a.Resolvers, Servers: a.Servers, Timeout: a.Timeout, Rate: 200, Burst: 50, AtOnce: 16})
	})
	return a.checker.Answers(ctx, zone, name, typ, samples)
}

// Answers queries every authoritative server of a zone for one name and type, samples times each. It returns one answer
// per server, in a fixed order, with all values of all samples, sorted and spelled as by providers.CanonicalValue; for
// addresses, those at the end of a chain of aliases are included. Failure says why a server could not be queried. An
// unreachable address is omitted if another address of the same server was queried. The error means that there is no
// server to query.
func (c *Checker) Answers(ctx context.Context, zone providers.Zone, name, typ string, samples int) ([]index.WireAnswer, error) {
	fail := func(why string) ([]index.WireAnswer, error) {
		return nil, fmt.Errorf("ask for %s %s: %s", index.Clean(name), index.Clean(typ), why)
	}
	if _, ok := dns.StringToType[typ]; !ok {
		return fail("the type is not known")
	}
	if why := whyUncheckable(zone); why != "" {
		return fail(why)
	}
	s := c.session()
	defer s.close()
	d := s.delegation(ctx, zone)
	servers := slices.Concat(d.servers, s.undelegatedServers(ctx, zone, d))
	q := Question{Name: providers.CanonicalName(name), Type: typ}
	if typ == "A" || typ == "AAAA" {
		q.Mode = Resolves
	}
	answers := make([]Answer, len(servers))
	var wg sync.WaitGroup
	for i, v := range servers {
		if v.Addr == "" {
			answers[i] = Answer{Server: v, Outcome: NoRoute, Detail: "it has no address"}
			continue
		}
		wg.Go(func() { answers[i] = s.sampled(ctx, v, providers.CanonicalName(zone.Name), &q, samples) })
	}
	wg.Wait()
	switch {
	case ctx.Err() != nil:
		return fail(ctx.Err().Error())
	case len(answers) == 0 && d.lame != "":
		return fail(d.lame)
	case len(answers) == 0:
		return fail(d.noServers)
	}
	var out []index.WireAnswer
	for i := range answers {
		if !answeredElsewhere(answers, i) {
			out = append(out, answers[i].view(nil))
		}
	}
	return out, nil
}

// sampled queries one server several times and returns one answer with all values. It is a failure only if every sample
// is.
func (s *session) sampled(ctx context.Context, sv Server, zone string, q *Question, samples int) Answer {
	a := s.answer(ctx, sv, zone, q)
	for range samples - 1 {
		b := s.answer(ctx, sv, zone, q)
		switch {
		case !b.Outcome.OK():
			continue
		case !a.Outcome.OK():
			a = b
			continue
		}
		a.Values = append(a.Values, b.Values...)
		a.TTL = max(a.TTL, b.TTL)
	}
	slices.Sort(a.Values)
	a.Values = slices.Compact(a.Values)
	return a
}

// answeredElsewhere reports whether the address of an answer is unreachable but another address of the same server has
// answered.
func answeredElsewhere(answers []Answer, i int) bool {
	a := &answers[i]
	return a.Outcome == NoRoute && a.Server.Name != "" && slices.ContainsFunc(answers, func(b Answer) bool {
		return b.Server.Name == a.Server.Name && b.Outcome.OK()
	})
}

// undelegatedServers returns the servers in the zone's own NS records that are not in the delegation, because resolvers
// query them too.
func (s *session) undelegatedServers(ctx context.Context, zone providers.Zone, d *delegation) []Server {
	if d.from == FromConfig {
		return nil
	}
	s.c.mu.Lock()
	known, found := d.extra, d.extraFound
	s.c.mu.Unlock()
	if found {
		return known
	}
	name := providers.CanonicalName(zone.Name)
	for _, v := range s.addressed(d.servers) {
		r := s.ask(ctx, v.Addr, query{zone: name, name: name, qtype: dns.TypeNS})
		if r.msg == nil || !r.msg.Authoritative {
			continue
		}
		names, glue := nsOf(r.msg.Answer, r.msg.Extra, name)
		extra := slices.DeleteFunc(s.addressed(s.addresses(ctx, without(canonical(names), d.names), glue)), func(v Server) bool {
			return slices.ContainsFunc(d.servers, func(k Server) bool { return k.Addr == v.Addr })
		})
		if ctx.Err() == nil {
			s.c.mu.Lock()
			d.extra, d.extraFound = extra, true
			s.c.mu.Unlock()
		}
		return extra
	}
	return nil
}
