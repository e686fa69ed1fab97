package apply

import (
	"context"
	"slices"
	"time"
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

// refuseUntyped refuses an evacuation as a whole if a person must type its text and has not: else its nodes would stay in DNS
// and those that boot would stay out.
func (r *run) refuseUntyped(ctx context.Context) {
	text := r.plan.Confirm()
	if text == "" || slices.Contains(r.confirm.Typed, text) {
		return
	}
	check := newRun(r.engine, r.plan, Confirm{Typed: r.confirm.Typed}, nil).check(ctx)
	if !slices.ContainsFunc(check.Asks(), func(a Ask) bool { return a.Text == text }) {
		return
	}
	var refused []int
	for i := range check.Steps {
		if s := &check.Steps[i]; s.State == StepRefused {
			r.report.Steps[i].Guards = s.Guards
			refused = append(refused, i)
		}
	}
	r.refuse(ctx, refused)
	for i := range r.report.Steps {
		if r.report.Steps[i].State == "" {
			r.end(i, StepSkipped, "nothing of an evacuation is done before its text is typed")
		}
	}
}
