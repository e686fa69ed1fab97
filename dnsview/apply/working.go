package apply

import (
	"context"
	"errors"
	"slices"

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
		if ref.ID != "" && !slices.ContainsFunc(refs, func(o providers.InstanceRef) bool { return sameInstance(o, ref) }) {
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
		r.refuse(ctx, r.refuseRest(workedOn(err)))
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
	for _, i := range r.refuseRest(workedOn(here[0])) {
		s := &r.report.Steps[i]
		s.State, s.Why = StepRefused, failing(s.Guards)
	}
}

// workedOn returns the failed guard of steps on nodes on which other runs work, or that could not be claimed beside the journal.
func workedOn(err error) index.GuardResult {
	if _, ok := errors.AsType[*journal.WorkedOnError](err); !ok {
		return index.Unproven(index.GuardJournal, index.Clean(err.Error()), "a journal that can be written to")
	}
	return index.Failed(index.GuardUnchanged, index.Clean(err.Error()), "wait until that has ended, or stop it")
}
