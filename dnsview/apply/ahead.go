package apply

import (
	"context"
	"slices"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// refuseAhead refuses, before anything is done, what a check of the plan says would leave nodes half way: power steps that their cloud or
// DNS refuses, with the changes that only they need; launches in the place of nodes that stay; and a whole evacuation that can take
// nothing out. A plan whose power steps need nothing is only checked right before each of them.
func (r *run) refuseAhead(ctx context.Context) {
	isAny := func(f func(s plan.Step) bool) bool { return slices.ContainsFunc(r.plan.Steps, f) }
	launches := isAny(func(s plan.Step) bool { return s.Kind == plan.StepLaunch })
	if !launches && !r.plan.Evacuates() && !isAny(func(s plan.Step) bool { return s.Kind == plan.StepPower && len(s.Needs) > 0 }) {
		return
	}
	checked := newRun(r.engine, r.plan, r.confirm, r.notify)
	checked.working = r.working
	refused, skipped, why := checked.checkPower(ctx), []int(nil), ""
	checked.notify = nil // the guards of changes are reported at their steps
	switch {
	case r.plan.Evacuates():
		if why = checked.whyNotEvacuated(ctx); why != "" && ctx.Err() == nil {
			for i := range checked.report.Steps {
				if skipped = append(skipped, i); checked.report.Steps[i].State == StepRefused {
					refused = append(refused, i)
				}
			}
		}
	case launches:
		refused = append(refused, checked.checkLaunches(ctx)...)
		if checked.checkRest(ctx); ctx.Err() == nil {
			var kept []int
			kept, skipped = checked.pointless()
			refused, why = append(refused, kept...), pointlessLaunch
		}
	}
	if checked.ev != nil {
		r.ev, r.report.Sources = checked.ev, checked.report.Sources
	}
	r.note(checked.report.Notes)
	slices.Sort(refused)
	refused = slices.DeleteFunc(slices.Compact(refused), func(i int) bool { return r.report.Steps[i].State != "" })
	for _, i := range refused {
		r.report.Steps[i].Guards = checked.report.Steps[i].Guards
	}
	r.refuse(ctx, refused)
	for _, i := range skipped {
		if r.report.Steps[i].State == "" {
			r.end(i, StepSkipped, why)
		}
	}
}

// refuseHalfUndone refuses, before anything is done, deletes of an undo or a redo that guards refuse, with the steps that only they
// need, such as the marker of a value that then stays.
func (r *run) refuseHalfUndone(ctx context.Context) {
	if !r.plan.Verb.TakesBack() || !slices.ContainsFunc(r.plan.Steps, func(s plan.Step) bool {
		return s.Change != nil && s.Change.Op == providers.OpDelete && len(s.Needs) > 0
	}) {
		return
	}
	checked := newRun(r.engine, r.plan, r.confirm, nil)
	checked.check(ctx)
	going, refused := map[int]bool{}, map[int][]index.GuardResult{}
	for i := range checked.report.Steps {
		if s := &checked.report.Steps[i]; s.State != StepRefused {
			if s.State == StepReady {
				r.eachNeed(i, func(n int) { going[n] = true })
			}
			continue
		}
		failed := checked.report.Steps[i].Guards
		refused[i] = failed
		r.eachNeed(i, func(n int) {
			refused[n] = slices.DeleteFunc(slices.Clone(failed), func(g index.GuardResult) bool { return g.Pass })
		})
	}
	var steps []int
	for i, guards := range refused {
		if rep := &r.report.Steps[i]; rep.State == "" && !going[i] {
			rep.Guards = guards
			steps = append(steps, i)
		}
	}
	slices.Sort(steps)
	if ctx.Err() == nil {
		r.refuse(ctx, steps)
	}
}

// pointless returns the launches that a check found pointless, and the steps that it refused and that need them.
func (r *run) pointless() (kept, launches []int) {
	for i := range r.report.Steps {
		l := &r.report.Steps[i]
		if l.Step.Kind != plan.StepLaunch || l.State != StepSkipped || l.Why != pointlessLaunch {
			continue
		}
		launches = append(launches, i)
		for n := range r.report.Steps {
			if s := &r.report.Steps[n]; s.State == StepRefused && slices.Contains(s.Step.Needs, l.Step.ID) {
				kept = append(kept, n)
			}
		}
	}
	return kept, launches
}

// whyNotEvacuated checks an evacuation, which the redo of one and the undo of a return are too, until it is known why it is not begun, or
// that it is, and returns "". Of one without its text, or without effect, the nodes would stay in DNS and those that boot would stay out.
func (r *run) whyNotEvacuated(ctx context.Context) string {
	text := r.plan.Confirm()
	switch {
	case !slices.Contains(r.confirm.Typed, text) && slices.ContainsFunc(r.checkRest(ctx).Asks(), func(a Ask) bool { return a.Text == text }):
		return "nothing of an evacuation is done before its text is typed"
	case !r.anyTakenOut(ctx):
		return "nothing of an evacuation is done while none of its values can be taken out"
	}
	return ""
}

// anyTakenOut evaluates the guards of the steps that take values out of DNS, if they were not yet, until they pass for one. It
// reports whether they do for any, or the plan has no such steps, and changes nothing.
func (r *run) anyTakenOut(ctx context.Context) bool {
	var steps []int
	none := true
	for i := range r.plan.Steps {
		c := r.plan.Steps[i].Change
		if c == nil || c.Op != providers.OpDelete || guard.ModeOf(r.plan.Verb, c) != guard.ModeTakeOut {
			continue
		}
		none = false
		switch r.report.Steps[i].State {
		case StepReady:
			return true
		case "":
			steps = append(steps, i)
		}
	}
	for at := 0; at < len(steps); at += group {
		some, ahead := chunk(steps, at)
		for n, a := range r.askGuards(ctx, some, ahead, true) {
			if a.pass {
				return true
			}
			rep := &r.report.Steps[some[n]]
			rep.State, rep.Guards = StepRefused, a.guards
		}
	}
	return none
}
