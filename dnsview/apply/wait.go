package apply

import (
	"context"
	"slices"
	"strconv"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// laggingPause is the pause between queries to lagging name servers during a wait.
const laggingPause = 5 * time.Second

// wait waits until resolvers have dropped removed values. It is skipped if nothing was removed from DNS before it.
func (r *run) wait(ctx context.Context, i int) {
	s := &r.plan.Steps[i]
	left, taken := r.remainingWait(i)
	switch {
	case r.waitIsPointless(i):
		r.end(i, StepSkipped, pointlessWait)
		return
	case !taken:
		r.end(i, StepSkipped, "nothing was taken out of DNS, so there is nothing to wait for")
		return
	case left <= 0:
		r.end(i, StepDone, "it was taken out long enough ago that no resolver can still hold it")
		return
	}
	asked := r.engine.o.Now()
	ask := func() {
		if now := r.engine.o.Now(); len(r.lagging) > 0 && now.Sub(asked) >= laggingPause {
			asked = now
			r.askLagging(ctx)
		}
	}
	until := " for resolvers to forget"
	if s.Lingers {
		until += " and open connections to end"
	}
	cut, stopped := r.countDown(ctx, s.ID, left, max(left, s.Wait), ask, func(left string) string { return "waiting " + left + until })
	r.skipWaits = r.skipWaits || cut
	r.notBefore = r.engine.o.Now() // reads from before the wait may be outdated
	switch {
	case stopped:
		r.end(i, StepSkipped, "the run was stopped during the wait")
	case cut:
		r.end(i, StepDone, "the wait was cut short: some clients may still be sent to what was taken out")
	default:
		if why := r.reappeared(ctx, i); why != "" {
			r.end(i, StepFailed, why)
			return
		}
		r.end(i, StepDone, "")
	}
}

// reappeared reads every zone again after a wait that no power step needs; power steps do this themselves. It returns
// what this run has removed and is there again, or what could not be read, or "".
func (r *run) reappeared(ctx context.Context, i int) string {
	if slices.ContainsFunc(r.plan.Steps, func(s plan.Step) bool {
		return s.Kind == plan.StepPower && slices.Contains(s.Needs, r.plan.Steps[i].ID)
	}) {
		return ""
	}
	v, why := r.reread(ctx)
	if why != "" {
		return why
	}
	for n := range i {
		if s := &r.report.Steps[n]; s.Step.Change != nil && s.State == StepDone {
			if rec, gone := removed(s.Step.Change); gone && v.Holds(&rec) {
				return index.Clean(rec.String()) + " came back during the wait"
			}
		}
	}
	return ""
}

// countDown waits. It reports the remaining time every second and calls each, which may be nil. cut means that the
// operator cut the wait short, stopped that the run was stopped.
func (r *run) countDown(ctx context.Context, step int, left, total time.Duration, each func(), text func(left string) string) (cut, stopped bool) {
	e := r.engine
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	skipped := make(chan struct{})
	if r.confirm.SkipWait != nil {
		go func(done <-chan struct{}) {
			select {
			case <-r.confirm.SkipWait:
				close(skipped)
				cancel()
			case <-done:
			}
		}(ctx.Done())
	}
	for deadline := e.o.Now().Add(left); ; {
		left = deadline.Sub(e.o.Now())
		if left <= 0 {
			return false, false
		}
		if each != nil {
			each()
		}
		r.emit(Event{Kind: EventWaiting, Step: step, Left: left, Total: total, Text: text(seconds(left))})
		if err := e.o.Sleep(ctx, min(left, time.Second)); err != nil || ctx.Err() != nil {
			select {
			case <-skipped:
				return true, false
			default:
				return false, true
			}
		}
	}
}

// seconds returns a duration in whole seconds, rounded up.
func seconds(d time.Duration) string { return strconv.Itoa(int((d+time.Second-1)/time.Second)) + " s" }

// remainingWait returns the rest of a wait. taken reports whether this run, or by the journal an earlier one, removed
// something that the wait is for.
func (r *run) remainingWait(i int) (left time.Duration, taken bool) {
	s := &r.plan.Steps[i]
	longer := s.Until.Sub(r.engine.o.Now()) // negative if the present TTL counts alone
	for n := range i {
		if p := &r.report.Steps[n]; p.Step.Change != nil && p.Step.Change.Op == providers.OpDelete && p.State == StepDone {
			return max(s.Wait, longer), true
		}
	}
	entries, err := r.entries()
	for n := range r.plan.Steps {
		p := &r.plan.Steps[n]
		own := func(id int) bool {
			at, ok := r.byID[id]
			return ok && at != i && r.plan.Steps[at].Kind != plan.StepLaunch
		}
		if p.Kind != plan.StepPower || !slices.Contains(p.Needs, s.ID) || slices.ContainsFunc(p.Needs, own) {
			continue // it waits for nothing, or for a refused step of this run
		}
		taken = true
		out, known := takenOut(entries, p.Instance)
		if err != nil || !known {
			return max(s.Wait, longer), true
		}
		left = max(left, s.Wait-r.engine.o.Now().Sub(out), longer)
	}
	return left, taken
}

// takenOut returns when an instance was last removed from DNS, as far as the journal knows. It is not known if a value was
// put back since: then another machine has removed it.
func takenOut(entries []journal.Entry, i providers.InstanceRef) (at time.Time, known bool) {
	for _, m := range removals(entries, i) {
		if m.at.IsZero() {
			return time.Time{}, false
		}
		if m.at.After(at) {
			at, known = m.at, true
		}
	}
	return at, known
}
