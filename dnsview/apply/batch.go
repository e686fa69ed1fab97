package apply

import (
	"context"
	"errors"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// readyChange is a change that has passed its guards and waits for the others of its batch.
type readyChange struct {
	step   int
	change providers.Change // with Before as just read
	known  int              // number of entries of the journal that its guards have seen
}

// batch carries out independent changes of one zone in as few calls as its provider allows. It evaluates their guards
// group by group. Changes that pass wait for the others, unless their evidence would grow old.
func (r *run) batch(ctx context.Context, zone string, steps []int) {
	var ready []readyChange
	var already []int
	var since time.Time // when the guards of the first waiting change were evaluated
	for at := 0; at < len(steps); at += group {
		some, ahead := chunk(steps, at)
		r.askAboutDead(ctx, some, ahead)
		now := r.engine.o.Now()
		if len(ready) > 0 && now.Sub(since) > r.engine.age()/holdShare {
			r.commit(ctx, zone, ready)
			ready = nil
		}
		if len(ready) == 0 {
			since = now
			r.forgetAnswers()
		}
		pass, nothing := r.guarded(ctx, some, ahead)
		ready, already = append(ready, pass...), append(already, nothing...)
	}
	r.commit(ctx, zone, ready)
	if len(already) > 0 {
		r.endAlready(ctx, zone, already)
	}
}

// chunk returns the steps from at whose guards are evaluated together, and those that follow.
func chunk(steps []int, at int) (some, ahead []int) {
	end := min(at+group, len(steps))
	return steps[at:end], steps[end:min(end+lookAhead, len(steps))]
}

// guarded evaluates the guards of steps and ends refused ones. It returns those that pass, and those with nothing to
// do.
func (r *run) guarded(ctx context.Context, steps, ahead []int) (ready []readyChange, already []int) {
	asked := r.askGuards(ctx, steps, ahead, false)
	var refused []int
	for n, i := range steps {
		s := &r.report.Steps[i]
		s.Guards = asked[n].guards
		switch {
		case asked[n].already:
			already = append(already, i)
		case asked[n].pass:
			ready = append(ready, readyChange{i, asked[n].change, len(r.book)})
		default:
			refused = append(refused, i)
		}
	}
	r.refuse(ctx, refused)
	return ready, already
}

// askAgain evaluates the guards of changes again, with what another member has done meanwhile, and carries out those that
// still pass.
func (r *run) askAgain(ctx context.Context, zone string, before []readyChange) {
	steps := make([]int, len(before))
	for n, p := range before {
		steps[n] = p.step
		delete(r.removed, p.change.Before.Identity())
	}
	r.forgetAnswers()
	ready, already := r.guarded(ctx, steps, nil)
	r.commit(ctx, zone, ready)
	if len(already) > 0 {
		r.endAlready(ctx, zone, already)
	}
}

// commit records changes in the journal and carries them out in one call.
func (r *run) commit(ctx context.Context, zone string, ready []readyChange) {
	if len(ready) == 0 {
		return
	}
	if ctx.Err() != nil {
		for _, p := range ready {
			r.end(p.step, StepSkipped, "the run was stopped before this step")
		}
		return
	}
	var entries []journal.Entry
	var changes []providers.Change
	for _, p := range ready {
		e := r.entry(p.step)
		c := p.change
		e.Change = &c
		e.MayPutBack = mayPutBack(&c)
		entries = append(entries, e)
		changes = append(changes, c)
	}
	entries, err := r.begin(ctx, entries, r.stillPass(zone, ready))
	if errors.Is(err, errOthers) {
		r.askAgain(ctx, zone, ready)
		return
	}
	if r.endClaimed(ctx, ready[0].step, err) {
		return
	}
	if err != nil {
		for _, p := range ready {
			s := &r.report.Steps[p.step]
			s.Guards = append(s.Guards, r.journalGuard(guard.Evidence{}, err))
			r.end(p.step, StepRefused, noJournal(err))
		}
		return
	}
	for n, p := range ready {
		s := &r.report.Steps[p.step]
		s.Entry = entries[n].ID
		s.Guards = append(s.Guards, (&guard.Evidence{}).CheckJournal())
		r.emit(Event{Kind: EventBegun, Step: s.Step.ID, Text: s.Step.Sentence})
	}
	t := r.engine.zone(zone)
	results := r.applyConfirmed(ctx, t, ready, changes, func(n int, was providers.Record) error {
		return r.engine.o.Journal.NotePutBack(entries[n].ID, was)
	})
	r.wrote[providers.CanonicalName(zone)] = r.engine.o.Now()
	outcomes := make([]journal.Outcome, len(changes))
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.engine.o.Timeout) // the journal must be completed even if the run was stopped
	defer cancel()
	list := r.engine.listOnce(late, t)
	for n := range changes {
		outcomes[n] = r.recordOutcome(ctx, t, ready[n].step, &changes[n], results[n], list)
		outcomes[n].ID = entries[n].ID
	}
	for n := range outcomes { // only after all outcomes are known
		if s := &r.report.Steps[ready[n].step]; s.State != StepDone {
			outcomes[n].Note = joinSentences(outcomes[n].Note, r.halfWay(ctx, s.Step.Instance))
		}
	}
	r.finish(outcomes)
	for n, p := range ready {
		s := &r.report.Steps[p.step]
		if s.State == StepDone && (!s.Already || changes[n].Op != providers.OpDelete) {
			r.asked[zone] = append(r.asked[zone], changes[n])
		}
		r.emit(Event{Kind: EventEnded, Step: s.Step.ID, State: s.State, Text: s.Why})
	}
}
