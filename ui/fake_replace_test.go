package ui_test

import (
	"context"
	"slices"
	"sync/atomic"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui/common"
)

// planReplace plans as the program does, with launches that it has made up.
func (f *fake) planReplace(w common.ChangeRequest) plan.Plan {
	v := f.inspect(f.snap)
	var parts []plan.Replacement
	for _, r := range w.Replacements {
		part := plan.Replacement{MaxOut: r.MaxOut}
		for _, ref := range r.Nodes {
			service := ""
			if i := v.Instance(ref.Key, ref.ID); i != nil {
				service = v.ServiceOfInstance(i)
			}
			part.Launches = append(part.Launches, plan.Launch{
				Cloud: ref.Cloud, Key: ref.Key, Service: service, Template: "nginx-roundrobin", ID: "0a1b2c3d4e5f", Name: "www-0a1b-01",
				Image: "ami-0b", Size: "t3.micro", Set: map[string]string{"greeting": "Ahoy"}, Old: ref,
			})
		}
		parts = append(parts, part)
	}
	return plan.Replace(v, parts...)
}

// launchNode carries out a launch step. It reports whether it was done.
func (f *fake) launchNode(ctx context.Context, s plan.Step, progress func(apply.Event)) bool {
	f.mu.Lock()
	comes := f.comes
	f.mu.Unlock()
	for comes != nil {
		select {
		case stage, more := <-comes:
			if !more {
				return true
			}
			progress(apply.Event{Kind: apply.EventLaunch, Step: s.ID, Stage: stage, Text: s.Launch.Name + " in " + s.Launch.Cloud + ": " + stage})
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// stoppedAt returns the report of a run that was stopped in a step.
func (f *fake) stoppedAt(p plan.Plan, step int) *apply.Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.report(p, apply.StepDone, nil)
	for i := range r.Steps {
		if r.Steps[i].Step.ID >= step {
			r.Steps[i].State, r.Steps[i].Why = apply.StepSkipped, "the run was stopped before this step"
		}
	}
	return r
}

// unreplaced returns a replacement of nodes of aws-use1 that a stopped rollcall has left, with the node that it launched
// last.
func unreplaced(f *fake, run string, maxOut int, launched providers.InstanceRef, nodes ...int) {
	for _, i := range nodes {
		n := &f.snap.Clouds[0].Instances[i]
		u := common.UnfinishedDrain{Text: n.Name + " in aws-use1 was being replaced at 02:14 by you"}
		u.Instance, u.Run, u.At, u.Replacement, u.MaxOut = n.Ref(), run, epoch(), true, maxOut
		if launched.ID != "" {
			one := launched
			u.Launched = &one
			launched = providers.InstanceRef{}
		}
		f.unfinished = append(f.unfinished, u)
	}
}

// unfinishedFake is what the journal holds that was not finished.
type unfinishedFake struct {
	unfinished     []common.UnfinishedDrain
	unfinishedErr  error        // of asking for it
	asksUnfinished atomic.Int64 // how often it was asked for
	leftDrained    []journal.Unfinished
}

func (f *fake) UnfinishedDrains(context.Context) ([]common.UnfinishedDrain, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.asksUnfinished.Add(1)
	if f.unfinishedErr != nil {
		return nil, f.unfinishedErr
	}
	return slices.Clone(f.unfinished), nil
}

func (f *fake) LeaveDrained(_ context.Context, drains []journal.Unfinished) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.leftDrained = append(f.leftDrained, drains...)
	return nil
}
