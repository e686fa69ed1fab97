package apply

import (
	"context"
	"slices"
	"strconv"
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// wait lets resolvers forget. It is left out when nothing was taken out of DNS before it.
func (r *run) wait(ctx context.Context, i int) {
	s := &r.plan.Steps[i]
	left, taken := r.toWait(i)
	switch {
	case r.forNothing(i):
		r.end(i, StepSkipped, waitsForNothing)
		return
	case !taken:
		r.end(i, StepSkipped, "nothing was taken out of DNS, so there is nothing to wait for")
		return
	case left <= 0:
		r.end(i, StepDone, "it was taken out long enough ago that no resolver can still hold it")
		return
	}
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
			r.end(i, StepDone, "")
			return
		}
		r.emit(Event{Kind: EventWaiting, Step: s.ID, Left: left, Total: s.Wait, Text: "waiting " + strconv.Itoa(int((left+time.Second-1)/time.Second)) + " s for resolvers to forget"})
		if err := e.o.Sleep(ctx, min(left, time.Second)); err != nil || ctx.Err() != nil {
			select {
			case <-skipped:
				r.end(i, StepDone, "the wait was cut short: some clients may still be sent to what was taken out")
			default:
				r.end(i, StepSkipped, "the run was stopped during the wait")
			}
			return
		}
	}
}

// toWait tells how long a wait still is, and whether anything was taken out that it is for:
// by this run, or by an earlier one, whose time the journal knows.
func (r *run) toWait(i int) (left time.Duration, taken bool) {
	s := &r.plan.Steps[i]
	for n := range i {
		if p := &r.report.Steps[n]; p.Step.Change != nil && p.Step.Change.Op == providers.OpDelete && p.State == StepDone {
			return s.Wait, true
		}
	}
	entries, err := r.entries()
	for n := range r.plan.Steps {
		p := &r.plan.Steps[n]
		own := func(id int) bool { at, ok := r.byID[id]; return ok && at != i }
		if p.Kind != dnsview.StepPower || !slices.Contains(p.Needs, s.ID) || slices.ContainsFunc(p.Needs, own) {
			continue // it waits for nothing, or for a step of this run that was refused
		}
		taken = true
		out, known := takenOut(entries, p.Instance)
		if err != nil || !known {
			return s.Wait, true
		}
		left = max(left, s.Wait-r.engine.o.Now().Sub(out))
	}
	return left, taken
}

// takenOut is when an instance was last taken out of DNS, as far as the journal knows.
func takenOut(entries []journal.Entry, i providers.InstanceRef) (at time.Time, known bool) {
	for n := range entries {
		e := &entries[n]
		if e.State == journal.Done && e.Change != nil && e.Change.Op == providers.OpDelete && !e.Change.Before.IsMarker() &&
			e.Instance != nil && e.Instance.Key == i.Key && e.Instance.ID == i.ID && e.Ended.After(at) {
			at, known = e.Ended, true
		}
	}
	return at, known
}
