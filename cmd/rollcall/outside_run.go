package main

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/wire"
	"rollcall/providers"
)

// Pauses of what goes on in the background.
const (
	tellEvery  = 500 * time.Millisecond // between two words that something has changed: each costs the console a build
	probeEvery = time.Second            // between two looks at which nodes are due
	idlePause  = time.Second            // after a go that brought nothing
)

// run asks name servers and looks at nodes until ctx ends.
func (o *outside) run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() { o.tell(ctx) })
	if o.wire != nil {
		for _, name := range o.names {
			wg.Go(func() { o.ask(ctx, name) })
		}
	}
	if !o.prober.On() {
		return
	}
	wg.Go(func() {
		for sleep(ctx, probeEvery) {
			o.probeAll(ctx)
		}
	})
}

// sleep reports whether ctx is still there afterwards.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// tell passes on that something has changed, with a pause between two: a first
// round of answers is thousands of changes.
func (o *outside) tell(ctx context.Context) {
	for {
		select {
		case <-o.told:
		case <-ctx.Done():
			return
		}
		select {
		case o.changes <- struct{}{}:
		default:
		}
		if !sleep(ctx, tellEvery) {
			return
		}
	}
}

// ask goes through the names of one zone, again and again.
func (o *outside) ask(ctx context.Context, name string) {
	for ctx.Err() == nil {
		o.mu.Lock()
		z := o.zones[name]
		zone := z.zone
		questions, wait := z.due(o.visible, o.now())
		o.mu.Unlock()
		if len(questions) == 0 && wait > 0 {
			t := time.NewTimer(wait)
			select {
			case <-t.C:
			case <-z.wake:
			case <-ctx.Done():
			}
			t.Stop()
			continue
		}
		got := 0
		r := o.wire.Check(ctx, zone, questions, func(r wire.Result) {
			got++
			o.answered(name, &r)
		})
		if ctx.Err() != nil {
			return
		}
		o.judged(name, &r)
		if got < len(questions) && !sleep(ctx, idlePause) {
			return
		}
	}
}

// roundFor bounds what a one-shot command asks: some 18,000 names of each zone.
const roundFor = 3 * time.Minute

// round asks for all names of a snapshot once, zones side by side. With settle it
// asks for names that are on the move again, until they have come to rest or have had the time
// that name servers may take to show a change: before that nobody can say
// whether something is wrong. What
// could not be asked, unasked tells.
func (o *outside) round(ctx context.Context, snap *providers.Snapshot, settle time.Duration) {
	o.feed(snap)
	bounded, cancel := context.WithTimeout(ctx, roundFor+settle)
	defer cancel()
	var wg sync.WaitGroup
	for _, name := range o.names {
		wg.Go(func() { o.roundOf(bounded, name, settle) })
	}
	wg.Wait()
}

// estimate is about how long a round takes at its rate: zones are asked side by
// side, and the names of one after the other.
func (o *outside) estimate(snap *providers.Snapshot) time.Duration {
	o.feed(snap)
	o.mu.Lock()
	defer o.mu.Unlock()
	most := 0
	for _, z := range o.zones {
		most = max(most, len(z.questions))
	}
	return time.Duration(most) * time.Second / roundRate
}

// zonesOnly asks what the name servers of each zone are, and for no names.
func (o *outside) zonesOnly(ctx context.Context, snap *providers.Snapshot) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	o.feed(snap)
	var wg sync.WaitGroup
	for _, name := range o.names {
		o.mu.Lock()
		zone := o.zones[name].zone
		o.mu.Unlock()
		if zone.Name == "" {
			continue
		}
		wg.Go(func() {
			if r := o.wire.Zone(ctx, zone); ctx.Err() == nil {
				o.judged(name, &r)
			}
		})
	}
	wg.Wait()
}

func (o *outside) roundOf(ctx context.Context, name string, settle time.Duration) {
	o.mu.Lock()
	z := o.zones[name]
	zone, questions := z.zone, z.questions
	o.mu.Unlock()
	if questions == nil {
		return // its API has not answered, so nobody knows its names
	}
	for ctx.Err() == nil {
		r := o.wire.Check(ctx, zone, questions, func(r wire.Result) { o.answered(name, &r) })
		if ctx.Err() == nil {
			o.judged(name, &r)
		}
		var wait time.Duration
		if questions, wait = o.moving(name, settle); len(questions) == 0 || !sleep(ctx, wait) {
			break
		}
	}
	o.mu.Lock()
	again := len(z.state.Unresolved) > 1 && !z.state.Confirmed
	o.mu.Unlock()
	if again && sleep(ctx, wire.RoundGap+soon) { // a second round makes it certain
		if r := o.wire.Zone(ctx, zone); ctx.Err() == nil {
			o.judged(name, &r)
		}
	}
}

// soon is by how much a round comes later than it could.
const soon = 100 * time.Millisecond

// moving gives the names of a zone whose servers do not agree yet and that have
// time left for that, and how long to wait before they are asked again.
func (o *outside) moving(name string, settle time.Duration) (questions []wire.Question, wait time.Duration) {
	now := o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	wait = latest
	z := o.zones[name]
	for i := range z.questions {
		q := &z.questions[i]
		a, ok := z.answers[keyOf(q)]
		if !ok || a.state.State != dnsview.WirePropagating && a.state.State != dnsview.WireSplit {
			continue
		}
		left := a.state.Since.Add(settle).Sub(a.state.At)
		if left <= 0 {
			continue
		}
		questions = append(questions, *q)
		// Not a moment too early: the last look must lie behind the grace.
		wait = min(wait, max(soonest, now.Sub(a.state.Since)), left+10*time.Millisecond)
	}
	return questions, max(wait, 0)
}

// unasked says, zone by zone, what name servers were not asked for or did not
// answer, and whether that leaves something unknown.
func (o *outside) unasked() (lines []string, unknown bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, name := range o.names {
		z := o.zones[name]
		if z.zone.Private {
			lines = append(lines, name+" is a private zone: no public name server answers for it, so none was asked")
			continue
		}
		waiting, silent, why := 0, 0, ""
		for i := range z.questions {
			a, ok := z.answers[keyOf(&z.questions[i])]
			switch {
			case !ok:
				waiting++
			case a.state.Silent() && !z.state.Confirmed: // that its resolvers fail is known, not unknown
				silent++
				why = cmp.Or(why, a.state.Reason)
			}
		}
		if waiting > 0 {
			lines = append(lines, fmt.Sprintf("name servers of %s: %s of %d not asked in time: what they answer is unknown", name, plural(waiting, "name"), len(z.questions)))
		}
		if silent > 0 {
			lines = append(lines, fmt.Sprintf("name servers of %s: no answer for %s: %s", name, plural(silent, "name"), clean(why)))
		}
		unknown = unknown || waiting+silent > 0
	}
	return lines, unknown
}
