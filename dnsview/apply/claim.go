package apply

import (
	"context"
	"errors"
	"slices"
	"sync"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers/journal"
)

// The first entry that is written claims what it is about: of an undo, and a redo, all that it takes back, since otherwise two members
// who undo one run at the same time would each undo half of it, and redo half; of a termination, the node.

// claimedError means that another run does what this run is about to do, or has done so.
type claimedError struct {
	text, satisfy string
	whole         bool // it is all that the plan is about
	ended         bool // it is a node, which is terminated
}

func (e *claimedError) Error() string { return e.text }

// entryCheck is a check of the entries that stand before new ones, at the moment when these are written. May be nil.
type entryCheck func(before []journal.Entry) error

// allOf returns the check of several, in this order.
func allOf(checks ...entryCheck) entryCheck {
	return func(before []journal.Entry) error {
		for _, check := range checks {
			if check != nil {
				if err := check(before); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// endClaimed ends step i, or all that is left of the plan, if another run claims it by err, and reports whether it does.
func (r *run) endClaimed(ctx context.Context, i int, err error) bool {
	claimed, ok := errors.AsType[*claimedError](err)
	if !ok {
		return false
	}
	g := index.Failed(index.GuardUnchanged, claimed.text, claimed.satisfy)
	s := &r.report.Steps[i]
	switch {
	case claimed.whole:
		r.refuse(ctx, r.refuseRest(g))
	case claimed.ended:
		s.Already = true
		r.end(i, StepDone, claimed.text)
	default:
		s.Guards = append(s.Guards, g)
		r.refuse(ctx, []int{i})
	}
	return true
}

// refuseRest adds a failed guard to the changes and power steps that are left, and returns them. It skips the other steps.
func (r *run) refuseRest(g index.GuardResult) (refused []int) {
	for i := range r.plan.Steps {
		switch s := &r.report.Steps[i]; {
		case s.State != "":
		case s.Step.Kind == plan.StepChange, s.Step.Kind == plan.StepPower:
			s.Guards = append(s.Guards, g)
			refused = append(refused, i)
		default:
			r.end(i, StepSkipped, g.Why)
		}
	}
	return refused
}

// refuseTakenBack refuses an undo that another run carries out, before anything is asked.
func (r *run) refuseTakenBack(ctx context.Context) {
	check := r.claimTakenBack()
	if entries, err := r.entries(); err == nil && check != nil { // else the guard of the journal refuses the steps
		r.endClaimed(ctx, 0, check(entries))
	}
}

// claimTakenBack returns the check that no other run has taken back, or takes back now, an entry that the plan takes back; nil without a team.
func (r *run) claimTakenBack() entryCheck {
	ids := map[string]bool{}
	for i := range r.plan.Steps {
		if id := r.plan.Steps[i].Undoes; id != "" {
			ids[id] = true
		}
	}
	if !r.isTeam() || len(ids) == 0 {
		return nil
	}
	return func(before []journal.Entry) error {
		history := sync.OnceValue(func() *journal.History { return journal.NewHistory(before) })
		for i := range before {
			e := &before[i]
			if !ids[e.Undoes] || e.Run == r.report.Run || e.Already {
				continue
			}
			if e.State == journal.Done && history().UndoneBy(e.ID) == "" || (e.State == journal.Begun || e.State == journal.Unknown) && e.Age(r.engine.o.Now()) < underWay {
				return &claimedError{text: "another member takes this back" + wasFirst(e), satisfy: "look again: undo takes back what is left", whole: true}
			}
		}
		return nil
	}
}

// claimNode returns the check that no other run terminates the node of a step or has just done so; nil for another step. An entry whose
// process has died claims nothing.
func (r *run) claimNode(s *plan.Step) entryCheck {
	if s.Action != plan.PowerTerminate || r.engine.o.Journal == nil {
		return nil
	}
	abandoned, _ := r.engine.o.Journal.Abandoned(0) // else all are taken to live
	return func(before []journal.Entry) error {
		for i := range slices.Backward(before) {
			e := &before[i]
			if e.Kind != journal.KindPower || e.Action != string(plan.PowerTerminate) || e.Run == r.report.Run || e.Age(r.engine.o.Now()) >= underWay ||
				e.Instance == nil || !sameInstance(*e.Instance, s.Instance) {
				continue
			}
			by := "by entry " + e.ID + " of " + index.Clean(e.Who)
			switch {
			case e.State == journal.Done:
				return &claimedError{text: "it was ended already " + by, ended: true}
			case e.State == journal.Begun && !slices.ContainsFunc(abandoned, func(a journal.Entry) bool { return a.ID == e.ID }):
				return &claimedError{text: "entry " + e.ID + " of " + index.Clean(e.Who) + " ends it now", satisfy: "the end of that entry"}
			}
		}
		return nil
	}
}
