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

// A node is terminated, or replaced, by one run. A run of this machine claims its nodes at its beginning, so that no other one waits for the same
// node. Of members on several machines, the first entry about the termination of a node, or the launch in its place, claims it.

// worksOn returns the nodes that the plan terminates or replaces, and those in their places that an earlier run has launched.
func (r *run) worksOn() (refs []providers.InstanceRef) {
	add := func(ref providers.InstanceRef) {
		if ref.ID != "" && !slices.ContainsFunc(refs, func(o providers.InstanceRef) bool { return o.Key == ref.Key && o.ID == ref.ID }) {
			refs = append(refs, ref)
		}
	}
	for i := range r.plan.Steps {
		switch s := &r.plan.Steps[i]; {
		case s.Kind == plan.StepPower && s.Action == plan.PowerTerminate:
			add(s.Instance)
		case s.Launch != nil:
			add(s.Launch.Old)
			add(providers.InstanceRef{Cloud: s.Launch.Cloud, Key: s.Launch.Key, ID: s.Launch.Started})
		}
	}
	return refs
}

// beginWork claims the nodes that the plan works on until end is called. If another run works on one of them, the whole plan
// is refused.
func (r *run) beginWork(ctx context.Context) (end func()) {
	j, refs := r.engine.o.Journal, r.worksOn()
	if j == nil || len(refs) == 0 {
		return func() {}
	}
	w, err := j.BeginWork(r.engine.o.Who, refs...)
	if err != nil {
		r.refuseWorkedOn(ctx, err)
		return func() {}
	}
	r.working = true
	return func() { _ = w.End() } // what remains is a file that no process has locked
}

// checkWork is beginWork for a check: it claims nothing, and refuses the plan if another run of this machine works on one of its nodes. A
// run of another machine, which a run of this one may still be the first to end the node, is noted.
func (r *run) checkWork() {
	j, refs := r.engine.o.Journal, r.worksOn()
	if j == nil || len(refs) == 0 || r.working {
		return
	}
	here, elsewhere, err := j.WorkedOn(refs...)
	if err != nil {
		return // the guard of the journal fails
	}
	var notes []string
	for _, e := range elsewhere {
		notes = append(notes, e.Error()+", on another machine")
	}
	r.note(notes)
	if len(here) == 0 {
		return
	}
	for _, i := range r.refusedByWork(here[0]) {
		s := &r.report.Steps[i]
		s.State, s.Why = StepRefused, failing(s.Guards)
	}
}

// refuseWorkedOn refuses the plan, since its nodes could not be claimed.
func (r *run) refuseWorkedOn(ctx context.Context, err error) { r.refuse(ctx, r.refusedByWork(err)) }

// refusedByWork returns the steps to refuse, with the guard that fails, since other runs work on nodes of the plan. It skips the
// others.
func (r *run) refusedByWork(err error) (refused []int) {
	g := index.Failed(index.GuardUnchanged, index.Clean(err.Error()), "wait until that has ended, or stop it")
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
	return refused
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
