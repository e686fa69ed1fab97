package apply

import (
	"context"
	"slices"

	"rollcall/dnsview/plan"
)

// check evaluates the guards of every step on fresh evidence, and changes nothing.
func (r *run) check(ctx context.Context) *Report {
	r.checkPower(ctx)
	r.checkLaunches(ctx)
	return r.checkRest(ctx)
}

// checkRest is check after checkPower.
func (r *run) checkRest(ctx context.Context) *Report {
	r.checkWork()
	var steps []int
	for i := range r.plan.Steps {
		switch rep := &r.report.Steps[i]; {
		case rep.State != "": // the cloud would refuse to change this node
		case rep.Step.Kind == plan.StepChange:
			steps = append(steps, i)
		case rep.Step.Kind == plan.StepWait && r.waitIsPointless(i):
			rep.State, rep.Why = StepSkipped, pointlessWait
		case rep.Step.Kind == plan.StepLaunch && r.waitIsPointless(i):
			rep.State, rep.Why = StepSkipped, pointlessLaunch
		default:
			rep.State = StepReady
		}
	}
	for at := 0; at < len(steps); at += group {
		some, ahead := chunk(steps, at)
		for n, a := range r.askGuards(ctx, some, ahead, true) {
			rep := &r.report.Steps[some[n]]
			rep.Guards = a.guards
			rep.State = StepReady
			if !a.pass {
				rep.State, rep.Why = StepRefused, failing(a.guards)
			}
		}
	}
	// A step that needs a refused step cannot run either.
	for i := range r.report.Steps {
		rep := &r.report.Steps[i]
		if rep.State == StepReady && slices.ContainsFunc(rep.Step.Needs, func(id int) bool {
			at, ok := r.byID[id]
			return !ok || r.report.Steps[at].State != StepReady
		}) {
			rep.State, rep.Why = StepSkipped, "it needs another step that is refused"
		}
	}
	for i := range r.report.Steps {
		switch rep := &r.report.Steps[i]; {
		case rep.State != StepReady || !r.waitIsPointless(i):
		case rep.Step.Kind == plan.StepLaunch:
			rep.State, rep.Why = StepSkipped, pointlessLaunch
		case rep.Step.Kind == plan.StepWait:
			rep.State, rep.Why = StepSkipped, pointlessWait
		}
	}
	r.report.Ended = r.engine.o.Now()
	return r.report
}
