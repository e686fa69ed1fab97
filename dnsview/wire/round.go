package wire

import (
	"context"
	"sync"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// roundTimeout limits the duration of Round: some 18,000 names in each zone.
const roundTimeout = 3 * time.Minute

// Round queries all names of a snapshot once, with zones in parallel, for one-shot commands. Names whose servers
// disagree are queried again until they agree or grace has passed, which is how long name servers may take to show a
// change; before that it is unknown whether something is wrong. Unasked returns what was not queried.
func (s *Scheduler) Round(ctx context.Context, snap *providers.Snapshot, grace time.Duration) {
	s.SetSnapshot(snap)
	bounded, cancel := context.WithTimeout(ctx, roundTimeout+grace)
	defer cancel()
	var wg sync.WaitGroup
	for _, name := range s.names {
		wg.Go(func() { s.roundOfZone(bounded, name, grace) })
	}
	wg.Wait()
}

// Estimate returns the approximate duration of Round. Zones are queried in parallel, and the names of each at the
// configured rate.
func (s *Scheduler) Estimate(snap *providers.Snapshot) time.Duration {
	s.SetSnapshot(snap)
	s.mu.Lock()
	defer s.mu.Unlock()
	most := 0
	for _, z := range s.zones {
		most = max(most, len(z.questions))
	}
	return time.Duration(float64(most) / s.o.Rate * float64(time.Second))
}

// Zones queries for the name servers of each zone of a snapshot, and for no names.
func (s *Scheduler) Zones(ctx context.Context, snap *providers.Snapshot) {
	s.SetSnapshot(snap)
	var wg sync.WaitGroup
	for _, name := range s.names {
		s.mu.Lock()
		zone := s.zones[name].zone
		s.mu.Unlock()
		if zone.Name == "" {
			continue
		}
		wg.Go(func() {
			if r := s.checker.Zone(ctx, zone); ctx.Err() == nil {
				s.recordZone(name, &r)
			}
		})
	}
	wg.Wait()
}

func (s *Scheduler) roundOfZone(ctx context.Context, name string, grace time.Duration) {
	s.mu.Lock()
	z := s.zones[name]
	zone, questions := z.zone, z.questions
	s.mu.Unlock()
	if questions == nil {
		return // its API has not answered, so its names are unknown
	}
	for ctx.Err() == nil {
		r := s.checker.Check(ctx, zone, questions, func(r Result) { s.recordAnswer(name, &r) })
		if ctx.Err() == nil {
			s.recordZone(name, &r)
		}
		var wait time.Duration
		if questions, wait = s.unsettled(name, grace); len(questions) == 0 || s.o.Sleep(ctx, wait) != nil {
			break
		}
	}
	s.mu.Lock()
	again := len(z.state.Unresolved) > 1 && !z.state.Confirmed
	s.mu.Unlock()
	if again && s.o.Sleep(ctx, RoundGap+roundMargin) == nil { // a second round confirms it
		if r := s.checker.Zone(ctx, zone); ctx.Err() == nil {
			s.recordZone(name, &r)
		}
	}
}

// roundMargin is a margin that makes a round count as separate.
const roundMargin = 100 * time.Millisecond

// unsettled returns the names of a zone whose servers may still come to agree, and how long to wait before querying
// them again.
func (s *Scheduler) unsettled(name string, grace time.Duration) (questions []Question, wait time.Duration) {
	now := s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	wait = unsettledLatest
	z := s.zones[name]
	for i := range z.questions {
		q := &z.questions[i]
		a, ok := z.answers[keyOf(q)]
		if !ok || a.state.State != index.WirePropagating && a.state.State != index.WireSplit {
			continue
		}
		left := a.state.Since.Add(grace).Sub(a.state.At)
		if left <= 0 {
			continue
		}
		questions = append(questions, *q)
		// The last query must come after the grace period, so it must not be early.
		wait = min(wait, max(unsettledSoonest, now.Sub(a.state.Since)), left+10*time.Millisecond)
	}
	return questions, max(wait, 0)
}

// Unasked counts the names of a zone that were not queried or not answered.
type Unasked struct {
	Zone    string
	Private bool // no public name server answers for it, so none was queried
	Names   int  // in the zone
	Waiting int  // not queried in time
	Silent  int  // queried, but answered by no server
	Why     string
}

// Unasked returns, zone by zone, what Round left unknown. It omits zones of which everything is known.
func (s *Scheduler) Unasked() []Unasked {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Unasked
	for _, name := range s.names {
		z := s.zones[name]
		u := Unasked{Zone: name, Private: z.zone.Private, Names: len(z.questions)}
		for i := range z.questions {
			if u.Private {
				break
			}
			a, ok := z.answers[keyOf(&z.questions[i])]
			switch {
			case !ok:
				u.Waiting++
			case a.state.Silent() && !z.state.Confirmed: // failing resolvers are a result, not an unknown
				if u.Silent++; u.Why == "" {
					u.Why = a.state.Reason
				}
			}
		}
		if u.Private || u.Waiting+u.Silent > 0 {
			out = append(out, u)
		}
	}
	return out
}
