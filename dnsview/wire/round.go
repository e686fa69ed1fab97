package wire

import (
	"context"
	"sync"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// roundFor bounds what Round asks: some 18,000 names of each zone.
const roundFor = 3 * time.Minute

// Round asks for all names of a snapshot once, zones side by side, for commands that end. Names
// whose servers do not agree yet are asked for again until they do or have had the time grace
// that name servers may take to show a change: before that no one can say whether something is
// wrong. What could not be asked is in Unasked.
func (s *Scheduler) Round(ctx context.Context, snap *providers.Snapshot, grace time.Duration) {
	s.SetSnapshot(snap)
	bounded, cancel := context.WithTimeout(ctx, roundFor+grace)
	defer cancel()
	var wg sync.WaitGroup
	for _, name := range s.names {
		wg.Go(func() { s.roundOfZone(bounded, name, grace) })
	}
	wg.Wait()
}

// Estimate returns about how long Round takes: zones are asked side by side, and the names of
// one after the other at the rate of the options.
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

// Zones asks what the name servers of each zone of a snapshot are, and for no names.
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
		return // its API has not answered, so its names are not known
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
	if again && s.o.Sleep(ctx, RoundGap+soon) == nil { // a second round makes it certain
		if r := s.checker.Zone(ctx, zone); ctx.Err() == nil {
			s.recordZone(name, &r)
		}
	}
}

// soon is by how much a round comes later than it could.
const soon = 100 * time.Millisecond

// unsettled returns the names of a zone whose servers do not agree yet and that have time left
// for that, and how long to wait before they are asked again.
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
		// Not a moment too early: the last question must lie behind the grace.
		wait = min(wait, max(unsettledSoonest, now.Sub(a.state.Since)), left+10*time.Millisecond)
	}
	return questions, max(wait, 0)
}

// Unasked is what the name servers of one zone were not asked for, or did not answer.
type Unasked struct {
	Zone    string
	Private bool // no public name server answers for it, so none was asked
	Names   int  // of the zone
	Waiting int  // names that were not asked for in time
	Silent  int  // names that no server answered for
	Why     string
}

// Unasked returns, zone by zone, what is not known after Round. Zones of which everything is
// known are left out.
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
			case a.state.Silent() && !z.state.Confirmed: // that its resolvers fail is known, not unknown
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
