package apply

import (
	"context"
	"slices"
	"sync"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// targetRead is what the load balancers of a cloud have last said of the nodes that a plan ends there.
type targetRead struct {
	sync.Mutex // held while they are asked: steps that are checked at once share one read
	at         time.Time
	said       providers.TargetGroups
}

// ends reports whether a step stops or terminates a node.
func ends(s *plan.Step) bool {
	return s.Kind == plan.StepPower && (s.Action == plan.PowerStop || s.Action == plan.PowerTerminate)
}

// targets returns what the load balancers of a cloud say of the nodes that the plan ends there, by a read of at most half the
// guard age. It is empty for a step that ends no node, and for a cloud without load balancers.
func (r *run) targets(ctx context.Context, t *CloudTarget, s *plan.Step) providers.TargetGroups {
	reader, ok := t.Power.(providers.TargetReader)
	if !ok || !ends(s) {
		return providers.TargetGroups{}
	}
	kept, _ := r.targetReads.LoadOrStore(t.Name, &targetRead{})
	read := kept.(*targetRead)
	read.Lock()
	defer read.Unlock()
	now := r.engine.o.Now()
	if !read.at.IsZero() && now.Sub(read.at) <= r.engine.age()/2 {
		return read.said
	}
	var ids []string
	for i := range r.plan.Steps {
		if o := &r.plan.Steps[i]; ends(o) && o.Instance.Cloud == t.Name && !slices.Contains(ids, o.Instance.ID) {
			ids = append(ids, o.Instance.ID)
		}
	}
	read.at, read.said = now, reader.TargetGroups(ctx, ids)
	return read.said
}

// awaitsLaunch reports whether a step comes after a launch in the place of its node that has not been made yet.
func (r *run) awaitsLaunch(s *plan.Step) bool {
	return slices.ContainsFunc(s.Needs, func(id int) bool {
		n, ok := r.byID[id]
		return ok && r.plan.Steps[n].Kind == plan.StepLaunch && r.report.Steps[n].State != StepDone
	})
}

// refuseLastTargets asks the load balancers again about the nodes in whose place the launch steps from i to end have launched
// one, before they leave DNS. It refuses to end the last healthy target of a group, and what only that step needs.
func (r *run) refuseLastTargets(ctx context.Context, i, end int) {
	r.targetReads.Clear()
	for n := range r.report.Steps {
		s, rep := &r.plan.Steps[n], &r.report.Steps[n]
		t := r.engine.cloud(s.Instance.Cloud)
		if !ends(s) || rep.State != "" || t == nil || t.Err != nil || t.Power == nil || !slices.ContainsFunc(s.Needs, func(id int) bool {
			l, ok := r.byID[id]
			return ok && l >= i && l < end && r.report.Steps[l].State == StepDone
		}) {
			continue
		}
		if _, held := guard.CheckTargets(r.targets(ctx, t, s).Groups, s.Instance.ID, s.Action, r.endsWith(s)); !held.Pass {
			rep.Guards = []index.GuardResult{held}
		}
	}
	r.refuse(ctx, r.refusePower())
}

// endsWith returns the instances that the plan ends with that of a step, or has ended before. One that it ends only after that, as
// the next node that is replaced, is left out, and is checked when its turn comes.
func (r *run) endsWith(s *plan.Step) map[string]bool {
	with := map[string]bool{}
	after := map[int]bool{s.ID: true} // steps that need it; each comes behind those that it needs
	for i := range r.plan.Steps {
		o := &r.plan.Steps[i]
		if slices.ContainsFunc(o.Needs, func(id int) bool { return after[id] }) {
			after[o.ID] = true
		} else if ends(o) && o.Instance.Key == s.Instance.Key {
			with[o.Instance.ID] = true
		}
	}
	return with
}
