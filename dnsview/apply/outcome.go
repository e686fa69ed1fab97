package apply

import (
	"context"
	"errors"

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
	// It may have happened. The journal must say so, even if the run was stopped meanwhile.
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.engine.o.Timeout)
	defer cancel()
	rec := c.Record()
	found, err := t.DNS.Lookup(look, t.Zone, rec.Name, rec.Type)
	if err != nil {
		s.State, o.State = StepUnknown, journal.Unknown
		o.Note = "it could not be looked up whether it was made: " + index.Clean(err.Error())
		s.Why = o.Error + "; " + o.Note
		return o
	}
	now, outcome, why := index.OutcomeOf(found, c)
	if outcome == index.Made && c.Op == providers.OpDelete {
		if err := absent(t, list, c); err != nil {
			s.State, o.State = StepUnknown, journal.Unknown
			o.Note = "it could not be told whether it was made: " + index.Clean(err.Error())
			s.Why = o.Error + "; " + o.Note
			return o
		}
	}
	if outcome == index.Made {
		if err := marked(look, t.DNS.Lookup, t.Zone, c); err != nil {
			s.State, o.State = StepUnknown, journal.Unknown
			o.Note = "it was looked up, and is gone, but " + index.Clean(err.Error())
			s.Why = o.Error + "; " + o.Note
			return o
		}
	}
	if outcome == index.Made && mayPutBack(c) {
		if err := r.engine.notTakenOver(look, t, c); err != nil {
			s.State, o.State = StepUnknown, journal.Unknown
			o.Note = "it was looked up, and is gone, but " + index.Clean(err.Error())
			s.Why = o.Error + "; " + o.Note
			return o
		}
	}
	if outcome == index.Made {
		if err := r.confirmMade(ctx, t, []providers.Change{*c}, []int{0}, nil)[0]; err != nil {
			s.State, o.State = StepUnknown, journal.Unknown
			o.Note = "it was looked up, and is said to be made, which could not be confirmed: " + index.Clean(err.Error())
			s.Why = o.Error + "; " + o.Note
			return o
		}
	}
	o.LookedUp = true
	switch outcome {
	case index.Made:
	case index.NotMade:
		o.Note = "it was looked up, and was not made"
		s.Why = o.Error + "; " + o.Note
		return o
	default:
		s.State, o.State = StepUnknown, journal.Unknown
		o.Note = "it was looked up, and " + why
		s.Why = o.Error + "; " + o.Note
		return o
	}
	s.State, o.State, s.Err = StepDone, journal.Done, nil
	o.Note = wasLookedUp
	s.Why = o.Note
	if now != nil {
		s.Record, o.Result = now, now
		r.made[keyOf(now)] = *now
	}
	return o
}
