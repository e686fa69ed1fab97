package apply

import (
	"context"
	"errors"
	"fmt"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// wasLookedUp is the note of a change that was made although its answer was lost.
const wasLookedUp = "the answer was lost; it was looked up, and was made"

// recordOutcome records the result of one change. It looks the change up if the provider's answer does not say whether
// it was made.
func (r *run) recordOutcome(ctx context.Context, t *ZoneTarget, i int, c *providers.Change, res providers.Result, list func() providers.ZoneView) journal.Outcome {
	s := &r.report.Steps[i]
	o := journal.Outcome{Time: r.engine.o.Now(), Ticket: res.Ticket, Already: res.Already, LookedUp: res.LookedUp}
	s.Already, s.Err = res.Already, res.Err
	if res.Err == nil {
		s.State, o.State = StepDone, journal.Done
		switch {
		case res.LookedUp:
			o.Note = wasLookedUp
			s.Why = o.Note
		case res.Already && c.Op == providers.OpCreate:
			o.Note = "it was there already" + r.byWhom(c)
			s.Why = o.Note
		}
		if c.Op != providers.OpDelete {
			rec := res.Record
			s.Record, o.Result = &rec, &rec
			r.made[keyOf(&rec)] = rec
		}
		return o
	}
	o.Error = index.Clean(res.Err.Error())
	s.Why = o.Error
	s.State, o.State = StepFailed, journal.Failed
	if _, ok := errors.AsType[*unconfirmed](res.Err); ok {
		s.State, o.State, s.Already, o.Already = StepUnknown, journal.Unknown, false, false
		if res.LookedUp && c.Op == providers.OpCreate {
			o.Result = &res.Record
		}
		return o
	}
	if o.PutBack = res.PutBack; res.PutBack != nil {
		if providers.KindOf(res.Err) != providers.KindConflict { // it was not restored
			s.State, o.State = StepUnknown, journal.Unknown
		}
		return o
	}
	if !providers.KindOf(res.Err).MayHaveHappened() {
		return o
	}
	now, outcome, note, err := r.lookUpChange(ctx, t, c, list)
	if err != nil {
		note = index.Clean(err.Error())
	}
	o.LookedUp = o.LookedUp || err == nil
	s.lookedUp(&o, outcome, note)
	if outcome == index.Made && now != nil {
		s.Record, o.Result = now, now
		r.made[keyOf(now)] = *now
	}
	return o
}

// lookedUp records what a look-up found of a step whose answer was lost.
func (s *StepReport) lookedUp(o *journal.Outcome, outcome index.Outcome, note string) {
	o.Note, s.Why = note, o.Error+"; "+note
	switch outcome {
	case index.Made:
		s.State, o.State, s.Err, s.Why = StepDone, journal.Done, nil, note
	case index.NotMade: // it failed, as the provider said
	default:
		s.State, o.State = StepUnknown, journal.Unknown
	}
}

// lookUpChange returns whether a change was made whose answer was lost, with a note, and the record that it has left. It does so even if
// the run was stopped. With an error, which says all that is known, the outcome is index.CannotTell.
func (r *run) lookUpChange(ctx context.Context, t *ZoneTarget, c *providers.Change, list func() providers.ZoneView) (now *providers.Record, outcome index.Outcome, note string, err error) {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.engine.o.Timeout)
	defer cancel()
	rec := c.Record()
	found, err := t.DNS.Lookup(look, t.Zone, rec.Name, rec.Type)
	if err != nil {
		return nil, index.CannotTell, "", fmt.Errorf("it could not be looked up whether it was made: %w", err)
	}
	now, outcome, why := index.OutcomeOf(found, c)
	switch outcome {
	case index.Made:
	case index.NotMade:
		return now, outcome, "it was looked up, and was not made", nil
	default:
		return now, outcome, "it was looked up, and " + why, nil
	}
	if c.Op == providers.OpDelete {
		if err := absent(t, list, c); err != nil {
			return nil, index.CannotTell, "", fmt.Errorf("it could not be told whether it was made: %w", err)
		}
	}
	if err := r.engine.goneByIt(look, t, c, mayPutBack(c)); err != nil {
		return nil, index.CannotTell, "", fmt.Errorf("it was looked up, and is gone, but %w", err)
	}
	if err := r.confirmMade(ctx, t, []providers.Change{*c}, []int{0}, nil)[0]; err != nil {
		return nil, index.CannotTell, "", fmt.Errorf("it was looked up, and is said to be made, which could not be confirmed: %w", err)
	}
	return now, outcome, wasLookedUp, nil
}
