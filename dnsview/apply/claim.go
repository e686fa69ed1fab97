package apply

import (
	"context"
	"errors"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers/journal"
)

// An undo, and a redo, is carried out by one member as a whole: the first entry that is written claims what the plan takes
// back. Otherwise two members who undo one run at the same time would each undo half of it, and redo half.

// claimedError means that another run takes back what this plan takes back, or has done so.
type claimedError struct{ by journal.Entry }

func (e *claimedError) Error() string {
	return "another member takes this back" + wasFirst(&e.by)
}

// claim returns check, with the check that no other run has begun to take back what this plan takes back.
func (r *run) claim(check func(before []journal.Entry) error) func(before []journal.Entry) error {
	mine := r.undoes()
	if len(mine) == 0 {
		return check
	}
	return func(before []journal.Entry) error {
		if e := r.claimedBy(mine, before, r.engine.o.Now()); e != nil {
			return &claimedError{*e}
		}
		if check == nil {
			return nil
		}
		return check(before)
	}
}

// undoes returns the ids of the entries that the plan takes back; none without a team.
func (r *run) undoes() map[string]bool {
	if !r.isTeam() {
		return nil
	}
	ids := map[string]bool{}
	for i := range r.plan.Steps {
		if id := r.plan.Steps[i].Undoes; id != "" {
			ids[id] = true
		}
	}
	return ids
}

// claimedBy returns the first entry of another run that takes back one of these entries and is in effect or under way, or
// nil.
func (r *run) claimedBy(ids map[string]bool, entries []journal.Entry, now time.Time) *journal.Entry {
	var history *journal.History
	for i := range entries {
		e := &entries[i]
		if !ids[e.Undoes] || e.Run == r.report.Run || e.Already {
			continue
		}
		switch e.State {
		case journal.Done:
			if history == nil {
				history = journal.NewHistory(entries)
			}
			if history.UndoneBy(e.ID) == "" {
				return e
			}
		case journal.Begun, journal.Unknown:
			if e.Age(now) < underWay {
				return e
			}
		}
	}
	return nil
}

// refuseClaimed refuses all that is left of an undo that another run carries out.
func (r *run) refuseClaimed(ctx context.Context, err *claimedError) {
	var rest []int
	for i := range r.plan.Steps {
		if s := &r.report.Steps[i]; s.State == "" {
			s.Guards = append(s.Guards, index.Failed(index.GuardUnchanged, err.Error(), "look again: undo takes back what is left"))
			rest = append(rest, i)
		}
	}
	r.refuse(ctx, rest)
}

// refuseTakenBack refuses an undo that another run carries out, before anything is asked.
func (r *run) refuseTakenBack(ctx context.Context) {
	ids := r.undoes()
	if len(ids) == 0 {
		return
	}
	entries, err := r.entries()
	if err != nil {
		return // the guard of the journal refuses the steps
	}
	if e := r.claimedBy(ids, entries, r.engine.o.Now()); e != nil {
		r.refuseClaimed(ctx, &claimedError{*e})
	}
}

// refusedByClaim refuses the rest of the plan if err is that of claim, and reports whether it is.
func (r *run) refusedByClaim(ctx context.Context, err error) bool {
	claimed, ok := errors.AsType[*claimedError](err)
	if ok {
		r.refuseClaimed(ctx, claimed)
	}
	return ok
}
