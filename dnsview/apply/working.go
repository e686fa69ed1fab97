package apply

import (
	"context"
	"errors"
	"slices"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// A node is terminated by one run. A run of this machine claims its nodes at its beginning, so that no other one waits for the same node. Of
// members on several machines, the first entry about the termination of a node claims it.

// terminates returns the nodes that the plan terminates.
func (r *run) terminates() (refs []providers.InstanceRef) {
	for i := range r.plan.Steps {
		s := &r.plan.Steps[i]
		same := func(o providers.InstanceRef) bool { return o.Key == s.Instance.Key && o.ID == s.Instance.ID }
		if s.Kind == plan.StepPower && s.Action == plan.PowerTerminate && !slices.ContainsFunc(refs, same) {
			refs = append(refs, s.Instance)
		}
	}
	return refs
}

// beginWork claims the nodes that the plan terminates until end is called. If another run works on one of them, the whole plan
// is refused.
func (r *run) beginWork(ctx context.Context) (end func()) {
	j, refs := r.engine.o.Journal, r.terminates()
	if j == nil || len(refs) == 0 {
		return func() {}
	}
	w, err := j.BeginWork(r.engine.o.Who, refs...)
	if err != nil {
		r.refuseWorkedOn(ctx, err)
		return func() {}
	}
	return func() { _ = w.End() } // what remains is a file that no process has locked
}

// refuseWorkedOn refuses the plan, since its nodes could not be claimed.
func (r *run) refuseWorkedOn(ctx context.Context, err error) {
	g := index.Failed(index.GuardUnchanged, index.Clean(err.Error()), "wait until that has ended, or stop it")
	var refused []int
	for i := range r.plan.Steps {
		s := &r.report.Steps[i]
		switch {
		case s.State != "":
		case s.Step.Kind == plan.StepChange, s.Step.Kind == plan.StepPower:
			s.Guards = append(s.Guards, g)
			refused = append(refused, i)
		default:
			r.end(i, StepSkipped, g.Why)
		}
	}
	r.refuse(ctx, refused)
}

// endedError means that another run has ended the node.
type endedError struct{ by journal.Entry }

func (e *endedError) Error() string {
	return "it was ended already by entry " + e.by.ID + " of " + index.Clean(e.by.Who)
}

// endingError means that another run ends the node now.
type endingError struct{ by journal.Entry }

func (e *endingError) Error() string {
	return "entry " + e.by.ID + " of " + index.Clean(e.by.Who) + " ends it now"
}

// claimNode returns a check that no other run ends the node of a step or has just done so. An entry whose process has died
// claims nothing.
func (r *run) claimNode(s *plan.Step, check func([]journal.Entry) error) func([]journal.Entry) error {
	if s.Action != plan.PowerTerminate || r.engine.o.Journal == nil {
		return check
	}
	dead := map[string]bool{}
	abandoned, _ := r.engine.o.Journal.Abandoned(0) // else all are taken to live
	for i := range abandoned {
		dead[abandoned[i].ID] = true
	}
	return func(before []journal.Entry) error {
		if err := r.endedBy(s.Instance, before, dead, r.engine.o.Now()); err != nil {
			return err
		}
		if check == nil {
			return nil
		}
		return check(before)
	}
}

// endedBy returns an *endedError or an *endingError if an entry of another run has just ended the node, or does so now.
func (r *run) endedBy(ref providers.InstanceRef, entries []journal.Entry, dead map[string]bool, now time.Time) error {
	for i := range slices.Backward(entries) {
		e := &entries[i]
		if e.Kind != journal.KindPower || e.Action != string(plan.PowerTerminate) || e.Run == r.report.Run || e.Age(now) >= underWay ||
			e.Instance == nil || e.Instance.Key != ref.Key || e.Instance.ID != ref.ID {
			continue
		}
		switch {
		case e.State == journal.Done:
			return &endedError{*e}
		case e.State == journal.Begun && !dead[e.ID]:
			return &endingError{*e}
		}
	}
	return nil
}

// endedByOther ends a step whose node another run ends, or has ended, if err says so.
func (r *run) endedByOther(ctx context.Context, i int, err error) bool {
	s := &r.report.Steps[i]
	if ended, ok := errors.AsType[*endedError](err); ok {
		s.Already = true
		r.end(i, StepDone, ended.Error())
		return true
	}
	ending, ok := errors.AsType[*endingError](err)
	if ok {
		s.Guards = append(s.Guards, index.Failed(index.GuardUnchanged, ending.Error(), "the end of that entry"))
		r.refuse(ctx, []int{i})
	}
	return ok
}
