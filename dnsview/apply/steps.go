package apply

import (
	"context"
	"errors"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

var errNoJournal = errors.New("there is no journal, and nothing is changed without one")

// entry returns the journal entry of a step.
func (r *run) entry(i int) journal.Entry {
	s := &r.report.Steps[i]
	e := journal.Entry{
		Run: r.report.Run, Who: r.engine.o.Who, Verb: string(r.plan.Verb), Title: r.plan.Title, Checksum: r.checksum(), Step: s.Step.ID,
		Kind: string(s.Step.Kind), Sentence: s.Step.Sentence, Zone: s.Step.Zone, Change: s.Step.Change, Action: string(s.Step.Action),
		Reason: string(s.Step.Reason), Undoes: s.Step.Undoes,
	}
	if s.Step.Instance.ID != "" {
		ref := s.Step.Instance
		e.Instance = &ref
	}
	for _, g := range s.Guards {
		j := journal.Guard{Guard: string(g.Guard), Pass: g.Pass, Why: g.Why}
		if g.Pass && g.Confirm != "" {
			j.Typed = g.Confirm
		}
		e.Guards = append(e.Guards, j)
	}
	return e
}

// finish writes the outcomes of entries. If this fails, the changes are still made; the entries stay begun, and each
// step says so.
func (r *run) finish(outcomes []journal.Outcome) {
	err := r.engine.o.Journal.End(outcomes...)
	if err == nil {
		return
	}
	for _, o := range outcomes {
		for i := range r.report.Steps {
			if s := &r.report.Steps[i]; s.Entry == o.ID {
				s.Why = "the journal could not be told how it ended: " + index.Clean(err.Error())
			}
		}
	}
}

// refuse records steps whose guards fail, also in the journal.
func (r *run) refuse(ctx context.Context, steps []int) {
	var entries []journal.Entry
	for _, i := range steps {
		e := r.entry(i)
		e.Note = r.halfWay(ctx, r.report.Steps[i].Step.Instance)
		entries = append(entries, e)
	}
	if len(entries) > 0 && r.engine.o.Journal != nil {
		if written, err := r.engine.o.Journal.Refuse(entries...); err == nil {
			for n, i := range steps {
				r.report.Steps[i].Entry = written[n].ID
			}
		}
	}
	for _, i := range steps {
		r.end(i, StepRefused, failing(r.report.Steps[i].Guards))
	}
}

// power starts, stops, reboots or terminates an instance, only at the cloud with the key in the plan.
func (r *run) power(ctx context.Context, i int) {
	s := &r.plan.Steps[i]
	rep := &r.report.Steps[i]
	var clean []index.GuardResult
	if own := r.isOwnStop(s); own || r.followsChanges(s) {
		switch _, g, state := r.powerGuard(ctx, s); {
		case !g.Pass || alreadyIn(state, s.Action) != "": // there is nothing to wait for
		case own:
			clean = append(clean, r.dnsCleanForStop(ctx, i))
			r.acceptTyped(clean)
			r.noteLost(s, r.zonesView)
		default:
			clean = append(clean, r.dnsClean(ctx, i))
		}
	}
	t, guards, already := r.askPower(ctx, s)
	guards = append(guards, clean...)
	rep.Guards = guards
	switch {
	case ctx.Err() != nil:
		r.end(i, StepSkipped, "the run was stopped before this step")
		return
	case already != "" && s.Undoes == "":
		rep.Already = true
		r.end(i, StepDone, already)
		return
	case !allPass(guards):
		r.refuse(ctx, []int{i})
		return
	}
	entries, err := r.begin(ctx, []journal.Entry{r.entry(i)}, r.claimNode(s))
	if r.endClaimed(ctx, i, err) {
		return
	}
	if err != nil {
		rep.Guards = append(rep.Guards, r.journalGuard(guard.Evidence{}, err))
		r.end(i, StepRefused, noJournal(err))
		return
	}
	rep.Entry = entries[0].ID
	r.emit(Event{Kind: EventBegun, Step: s.ID, Text: s.Sentence})
	act := map[plan.PowerAction]func(context.Context, string) error{
		plan.PowerStart: t.Power.Start, plan.PowerStop: t.Power.Stop, plan.PowerReboot: t.Power.Reboot, plan.PowerTerminate: t.Power.Terminate,
	}[s.Action]
	rep.Already, rep.Why = already != "", already // what an undo finds done is journalled, since the next undo takes another change
	if !rep.Already {
		err = act(ctx, s.Instance.ID)
	}
	o := journal.Outcome{ID: rep.Entry, State: journal.Done, Time: r.engine.o.Now(), Already: rep.Already, Note: already}
	rep.State = StepDone
	if err != nil {
		rep.Err, rep.State, o.State = err, StepFailed, journal.Failed
		o.Error = index.Clean(err.Error())
		rep.Why = o.Error
		if providers.KindOf(err).MayHaveHappened() {
			r.lookUpInstance(ctx, s, rep, &o)
		}
	}
	if rep.State != StepDone {
		o.Note = joinSentences(o.Note, r.halfWay(ctx, s.Instance))
	}
	r.finish([]journal.Outcome{o})
	r.emit(Event{Kind: EventEnded, Step: s.ID, State: rep.State, Text: rep.Why})
}

// lookUpInstance finds the outcome of an action whose answer was lost.
func (r *run) lookUpInstance(ctx context.Context, s *plan.Step, rep *StepReport, o *journal.Outcome) {
	outcome, why, err := r.powerNow(ctx, s)
	if err == nil && outcome == index.NotMade { // it may still be on its way, and reads may lag behind
		if err = r.engine.o.Sleep(ctx, r.engine.o.Quiet); err == nil {
			outcome, why, err = r.powerNow(ctx, s)
		}
	}
	if err != nil {
		rep.lookedUp(o, index.CannotTell, "whether it happened could not be told: "+index.Clean(err.Error()))
		return
	}
	o.LookedUp = true
	rep.lookedUp(o, outcome, "it was looked up, and "+why)
}

// powerNow returns whether the state of an instance shows that an action was carried out.
func (r *run) powerNow(ctx context.Context, s *plan.Step) (outcome index.Outcome, why string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.engine.o.Timeout)
	defer cancel()
	state, gone, err := r.engine.stateOf(ctx, s.Instance)
	outcome, why = powerOutcome(s.Action, state, gone)
	return outcome, why, err
}
