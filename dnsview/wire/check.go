package wire

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// target is one server to query for names.
type target struct {
	Server
	// verdict is the answer for every name, for a server that failed for the zone as a whole. Querying it for each name
	// would be a nuisance without news.
	verdict *Answer
	// same is the index of the authoritative server with the same address, so that a resolver that serves the zone is
	// queried once; -1 for none.
	same int
}

// Check queries all servers of a zone, and the resolvers, for names in the given order; put visible names first. It
// passes each result to each as soon as it is complete, from the goroutine of the caller; each may be nil. When ctx
// ends, names with incomplete answers have no result.
func (c *Checker) Check(ctx context.Context, zone providers.Zone, questions []Question, each func(Result)) ZoneResult {
	if each == nil {
		each = func(Result) {}
	}
	s := c.session()
	defer s.close()
	z := s.zone(ctx, zone)
	var possible []Question
	for _, q := range questions {
		if why := whyUnaskable(&z, &q); why != "" {
			now := c.o.Now()
			each(Result{Zone: z.Zone, Question: q, State: Unchecked, Reason: why, At: now, Since: now})
			continue
		}
		possible = append(possible, q)
	}
	if len(possible) > 0 && ctx.Err() == nil {
		s.names(ctx, &z, possible, s.targets(ctx, &z), each)
	}
	c.prune()
	return z
}

// whyUnaskable returns why a name cannot be queried, or "".
func whyUnaskable(z *ZoneResult, q *Question) string {
	t, known := dns.StringToType[q.Type]
	_, ok := dns.IsDomainName(q.Name)
	switch {
	case z.State == ZoneUnchecked:
		return z.Reason
	case !ok || q.Name == "":
		return "it is no domain name"
	case !known || t == dns.TypeOPT || t == dns.TypeTSIG || t == dns.TypeANY || t == dns.TypeAXFR || t == dns.TypeIXFR:
		return "the type " + index.Clean(q.Type) + " cannot be asked for"
	case !providers.InZone(q.Name, z.Zone):
		return "the name is not in the zone"
	}
	return ""
}

// targets returns the servers to query: the authoritative ones with their SOA answers, then the resolvers, whose SOA
// answer is queried first.
func (s *session) targets(ctx context.Context, z *ZoneResult) []target {
	var out []target
	for i := range z.Servers {
		a := &z.Servers[i].Answer
		if a.Server.Addr == "" {
			continue
		}
		t := target{Server: a.Server, same: -1}
		if a.Outcome != Answered {
			t.verdict = a
		}
		out = append(out, t)
	}
	n := len(out)
	var wg sync.WaitGroup
	for _, addr := range s.c.o.Resolvers {
		t := target{Server: Server{Addr: addr, Resolver: true}, same: -1}
		t.same = slices.IndexFunc(out[:n], func(o target) bool { return o.Addr == addr })
		out = append(out, t)
	}
	for i := n; i < len(out); i++ {
		t := &out[i]
		if t.same >= 0 {
			continue
		}
		wg.Go(func() {
			q := Question{Name: z.Zone, Type: "SOA"}
			if a := s.answer(ctx, t.Server, z.Zone, &q); a.Outcome.Silent() || a.Outcome == Refused {
				t.verdict = &a
			}
		})
	}
	wg.Wait()
	return out
}

// partialResult is one server's answer to one question.
type partialResult struct {
	question, target int
	answer           Answer
}

// names queries every target for every name. Each target is queried in order and at its own pace. A result is complete
// with its last answer.
func (s *session) names(ctx context.Context, z *ZoneResult, questions []Question, targets []target, each func(Result)) {
	pieces := make(chan partialResult, len(targets)*s.c.o.AtOnce+1)
	var wg sync.WaitGroup
	asked := 0
	for ti := range targets {
		t := &targets[ti]
		if t.verdict != nil || t.same >= 0 {
			continue
		}
		asked++
		var next atomic.Int64
		for range min(s.c.o.AtOnce, len(questions)) {
			wg.Go(func() {
				for ctx.Err() == nil {
					qi := int(next.Add(1)) - 1
					if qi >= len(questions) {
						return
					}
					pieces <- partialResult{qi, ti, s.answer(ctx, t.Server, z.Zone, &questions[qi])}
				}
			})
		}
	}
	go func() {
		wg.Wait()
		close(pieces)
	}()
	answers := make(map[int][]Answer)
	left := make(map[int]int)
	if asked == 0 {
		for qi := range questions {
			each(s.c.result(z, &questions[qi], targets, make([]Answer, len(targets))))
		}
	}
	for p := range pieces {
		if p.answer.Outcome == NotAsked {
			continue // ctx has ended
		}
		if answers[p.question] == nil {
			answers[p.question] = make([]Answer, len(targets))
			left[p.question] = asked
		}
		answers[p.question][p.target] = p.answer
		if left[p.question]--; left[p.question] == 0 {
			each(s.c.result(z, &questions[p.question], targets, answers[p.question]))
			delete(answers, p.question)
			delete(left, p.question)
		}
	}
}

// result combines the answers of all targets about one name.
func (c *Checker) result(z *ZoneResult, q *Question, targets []target, answers []Answer) Result {
	for i := range targets {
		switch t := &targets[i]; {
		case t.same >= 0:
			answers[i] = answers[t.same]
			answers[i].Server = t.Server
		case t.verdict != nil:
			answers[i] = *t.verdict
			answers[i].Values, answers[i].TTL = nil, 0
		}
	}
	r := Result{Zone: z.Zone, Question: *q, Answers: answers, At: c.o.Now()}
	setState(&r, z)
	c.remember(&r)
	return r
}

// remember sets the time since when a name is in its state.
func (c *Checker) remember(r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := seenKey{r.Zone, r.Name, r.Type}
	v, ok := c.seen[k]
	if !ok || v.state != r.State || r.State == Propagating && !slices.Equal(v.want, r.Want) {
		v = seen{state: r.State, since: r.At} // the next change has its own time to propagate
	}
	v.last, v.want = r.At, r.Want
	c.seen[k] = v
	r.Since = v.since
}

// forgetAfter is how long the state of a name is kept without queries.
const forgetAfter = time.Hour

// prune removes names that have not been queried for forgetAfter.
func (c *Checker) prune() {
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, v := range c.seen {
		if now.Sub(v.last) > forgetAfter {
			delete(c.seen, k)
		}
	}
}
