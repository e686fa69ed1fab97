package apply

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// removalAnswers holds the answers of name servers and DNS providers about values that were removed.
type removalAnswers struct {
	contradicting []string // servers that still return a value
	pending       []string // changes that are still pending at the provider
	unasked       []string // servers and providers that could not be asked, with the reason
	inSync        int      // changes that the provider reports as in sync
	servers       int      // answers without the removed values

	unanswered map[recordKey]bool // removals with an unanswered query
	repeated   bool               // queried more than once
	refuse     string             // why the step is held back; askAll sets it if waiting does not help
}

// waitReason returns what is waited for because it could not be asked.
func (c *removalAnswers) waitReason() string {
	if len(c.unasked) == 0 {
		return "until no resolver can still hold what was taken out"
	}
	return strings.Join(firstFew(c.unasked), "; ")
}

// passReason returns why the guard passes.
func (c *removalAnswers) passReason(taken int, waits bool) string {
	why := "every zone was read again, and no record leads to it"
	if taken == 0 {
		return why
	}
	if c.servers > 0 {
		why += ", and the name servers that could be asked answer without it"
	}
	if c.inSync > 0 {
		why += ", and its DNS provider says that the change has reached all servers"
	}
	switch {
	case len(c.unasked) == 0:
	case waits:
		why += "; what could not be asked was waited out: " + strings.Join(firstFew(c.unasked), "; ")
	default:
		why += "; no wait was asked for, though " + strings.Join(firstFew(c.unasked), "; ")
	}
	return why
}

// firstFew returns the first few sentences and the number of the others.
func firstFew(all []string) []string {
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) > 3 {
		return append(slices.Clone(all[:3]), "and "+strconv.Itoa(len(all)-3)+" more")
	}
	return all
}

// awaitClean asks name servers and DNS providers until none of them contradicts, or until the time is up.
func (r *run) awaitClean(ctx context.Context, s *plan.Step, out []removal) *removalAnswers {
	polled := false
	for {
		c := r.askAll(ctx, out)
		c.repeated = polled
		now := r.engine.o.Now()
		var wait time.Duration
		what := c.contradicting
		switch {
		case c.refuse != "":
			return c
		case len(c.contradicting) > 0:
			wait = r.contradictionDeadline(out, 1).Sub(now)
		case len(c.pending) > 0:
			wait, what = r.contradictionDeadline(out, pendingFactor).Sub(now), c.pending
		default:
			return c
		}
		why := strings.Join(firstFew(what), "; ")
		if wait <= 0 {
			c.refuse = "what was taken out is still handed out: " + why
			if len(c.contradicting) == 0 {
				c.refuse = why
			}
			return c
		}
		if !polled {
			polled = true
			r.emit(Event{Kind: EventWire, Step: s.ID, Text: "before " + index.Clean(s.Sentence) + ": " + why + "; asking again for up to " + seconds(wait)})
		}
		if r.engine.o.Sleep(ctx, min(wait, time.Second)) != nil {
			c.refuse = "the run was stopped while it was waited for: " + why
			return c
		}
	}
}

// contradictionDeadline returns until when to wait for servers that contradict: times the propagation time after the
// last change, plus the time until a change becomes visible.
func (r *run) contradictionDeadline(out []removal, times int) time.Time {
	var last time.Time
	for n := range out {
		at := r.since(&out[n])
		if t := r.engine.zone(out[n].record.Zone); t != nil {
			at = at.Add(time.Duration(times) * providers.Propagation)
		}
		if at.After(last) {
			last = at
		}
	}
	return last.Add(r.engine.o.WireWait)
}

// since returns when a value was removed; if that is unknown, the start of this run.
func (r *run) since(m *removal) time.Time {
	if m.at.IsZero() {
		return r.report.Started
	}
	return m.at
}

// askAll queries the name servers for every name of a removed value, and the DNS providers for the changes.
func (r *run) askAll(ctx context.Context, out []removal) *removalAnswers {
	c := &removalAnswers{unanswered: map[recordKey]bool{}}
	bySet := map[index.SetKey][]*removal{}
	var order []index.SetKey
	for n := range out {
		k := index.SetKeyOf(&out[n].record)
		if bySet[k] == nil {
			order = append(order, k)
		}
		bySet[k] = append(bySet[k], &out[n])
	}
	says := make([]*nameAnswers, len(order))
	asked := make([]laggingName, len(order))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for n, k := range order {
		g.Go(func() error {
			q := laggingName{want: map[string]bool{}}
			for _, m := range bySet[k] {
				q.want[providers.FoldValue(k.Type, m.record.Value)] = false
				q.records = append(q.records, &m.record)
			}
			says[n], asked[n] = r.onWire(ctx, k, q.want, q.records...), q
			return nil
		})
	}
	_ = g.Wait() // failed queries are part of the answers
	for n, k := range order {
		c.servers += says[n].agreeing
		for _, a := range says[n].contradicting {
			c.contradicting = append(c.contradicting, a.String()+" for "+k.String())
		}
		if !slices.ContainsFunc(bySet[k], func(m *removal) bool { return !m.unlisted }) {
			if len(says[n].contradicting) > 0 {
				c.refuse = "no list shows what name servers hand out: " + list(says[n].contradicting) + " for " + k.String()
			}
			continue
		}
		for _, a := range says[n].unasked {
			c.unasked = append(c.unasked, a.String()+" could not be asked for "+k.String())
		}
		r.observe(says[n], asked[n].want, asked[n].records)
		if says[n].state() == servedUnasked {
			for _, m := range bySet[k] {
				c.unanswered[keyOf(&m.record)] = true
			}
		}
	}
	for n := range out {
		r.askProvider(ctx, &out[n], c)
	}
	return c
}

// askProvider asks the DNS provider, if possible, whether a change has reached all its servers.
func (r *run) askProvider(ctx context.Context, m *removal, c *removalAnswers) {
	t := r.engine.zone(m.record.Zone)
	if t == nil || m.unlisted {
		return
	}
	p, ok := t.DNS.(providers.Propagator)
	if !ok {
		return // only the name servers can be asked
	}
	unasked := func(why string) {
		c.unasked = append(c.unasked, index.Clean(t.Zone.Name)+" "+why)
		c.unanswered[keyOf(&m.record)] = true
	}
	if m.ticket == "" {
		unasked("gave no id of the change of " + index.SetKeyOf(&m.record).String())
		return
	}
	known := [2]string{t.Zone.Name, m.ticket}
	if r.inSync[known] {
		c.inSync++
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.engine.o.Timeout)
	defer cancel()
	switch reached, err := p.Propagated(ctx, m.ticket); {
	case reached:
		r.inSync[known] = true
		c.inSync++
	case err == nil:
		c.pending = append(c.pending, index.Clean(t.Zone.Name)+": the change "+index.Clean(m.ticket)+" has not reached every name server yet, as the provider says")
	case providers.KindOf(err) == providers.KindAuth:
		unasked("may not be asked how far a change has got")
		r.note([]string{t.Zone.Name + ": these credentials may not ask how far a change has got, so rollcall waits longer instead: " + err.Error() + "; rollcall policy aws prints the permission that it takes"})
	default:
		unasked("did not say how far the change has got: " + index.Clean(err.Error()))
	}
}

// cleanAt returns when no resolver can have the removed values any more, as far as is known: after the plan's wait,
// counted from the removal or from the change of the last lagging server, plus the propagation time if something could
// not be asked, and not before a longer TTL that it had is over. It is zero for a plan without waits.
func (r *run) cleanAt(i int, out []removal, c *removalAnswers) time.Time {
	var wait time.Duration
	var until time.Time
	for _, id := range r.plan.Steps[i].Needs {
		if at, ok := r.byID[id]; ok {
			wait = max(wait, r.plan.Steps[at].Wait)
			if u := r.plan.Steps[at].Until; u.After(until) {
				until = u
			}
		}
	}
	var last time.Time
	if wait == 0 {
		return last
	}
	entries, _ := r.entries() // with an unreadable journal the changes were refused before
	held := Held(entries, r.zonesView.Snapshot.Zones, r.engine.o.Now())
	for n := range out {
		m := &out[n]
		at := r.since(m)
		if m.unlisted {
			continue
		}
		if clean := r.cleanFrom[index.SetKeyOf(&m.record)]; clean.After(at) {
			at = clean
		}
		if at = at.Add(wait); until.After(at) {
			at = until
		}
		if u := heldUntil(held, &m.record); u.After(at) {
			at = u
		}
		if t := r.engine.zone(m.record.Zone); t != nil && c.unanswered[keyOf(&m.record)] {
			at = at.Add(providers.Propagation)
		}
		if at.After(last) {
			last = at
		}
	}
	return last
}
