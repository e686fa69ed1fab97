package apply

import (
	"context"
	"slices"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/providers"
)

// evacuationWireWait limits how long an evacuation follows the name servers.
const evacuationWireWait = 2 * time.Minute

// wireWait returns how long to wait for the authoritative answers. An evacuation is done only when no server answers with
// its nodes any more.
func (r *run) wireWait() time.Duration {
	if r.plan.Evacuated != nil {
		return max(r.engine.o.WireWait, evacuationWireWait)
	}
	return r.engine.o.WireWait
}

// isEvacuated reports whether the plan evacuates the cloud with this name. It is not read for the guards, which do not
// need it (guard 12): it may take long to answer, or not answer at all.
func (r *run) isEvacuated(name string) bool {
	return r.plan.Evacuated != nil && r.plan.Evacuated.Cloud == name
}

// refuseEvacuation refuses an evacuation as a whole if a person must type its text and has not, or if guards keep all its
// values: else its nodes would stay in DNS and those that boot would stay out. That holds for the redo of an evacuation and
// the undo of a return too.
func (r *run) refuseEvacuation(ctx context.Context) {
	if !r.plan.Evacuates() {
		return
	}
	check := newRun(r.engine, r.plan, Confirm{Typed: r.confirm.Typed}, nil)
	check.working = r.working
	text, why := r.plan.Confirm(), "nothing of an evacuation is done while none of its values can be taken out"
	if !slices.Contains(r.confirm.Typed, text) && slices.ContainsFunc(check.check(ctx).Asks(), func(a Ask) bool { return a.Text == text }) {
		why = "nothing of an evacuation is done before its text is typed"
	} else if check.anyTakenOut(ctx) {
		r.ev, r.report.Sources = check.ev, check.report.Sources
		return
	}
	if ctx.Err() != nil {
		return
	}
	var refused []int
	for i := range check.report.Steps {
		if s := &check.report.Steps[i]; s.State == StepRefused {
			r.report.Steps[i].Guards = s.Guards
			refused = append(refused, i)
		}
	}
	r.refuse(ctx, refused)
	for i := range r.report.Steps {
		if r.report.Steps[i].State == "" {
			r.end(i, StepSkipped, why)
		}
	}
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
