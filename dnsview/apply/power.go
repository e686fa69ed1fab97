package apply

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// pointlessWait is the reason for skipping a wait if every step that needs it is refused.
const pointlessWait = "every step that needs this wait is refused, so there is nothing to wait for"

// askPower asks the cloud of a power step for its identity, for the instance, and whether it would carry out the step.
// already is why there is nothing to do, or "".
func (r *run) askPower(ctx context.Context, s *plan.Step) (t *CloudTarget, guards []index.GuardResult, already string) {
	t, g, state := r.powerGuard(ctx, s)
	already = alreadyIn(state, s.Action)
	if g.Pass && already != "" {
		g.Why += ", so there is nothing to do"
	}
	guards = []index.GuardResult{g}
	if g.Pass && already == "" {
		guards = append(guards, r.permitted(ctx, t, s))
	}
	return t, guards, already
}

// alreadyIn returns, of an instance that is where an action would bring it, or on its way there, that it is; else "".
func alreadyIn(state providers.InstanceState, action plan.PowerAction) string {
	switch {
	case action == plan.PowerTerminate && state == providers.StateTerminated:
		return "it is terminated already"
	case action == plan.PowerStart && state == providers.StateRunning, action == plan.PowerStop && state == providers.StateStopped,
		action == plan.PowerStart && state == providers.StatePending, action == plan.PowerStop && state == providers.StateStopping:
		return "nothing to do: it is " + string(state) + " already"
	}
	return ""
}

// permitted is the first half of guard 10: the cloud will carry out a power step. What the credentials may not ask
// counts neither for nor against the step, and is noted in the report. A step that would end the last healthy target of a
// load balancer is held back too.
func (r *run) permitted(ctx context.Context, t *CloudTarget, s *plan.Step) index.GuardResult {
	const g = index.GuardPower
	ctx, cancel := context.WithTimeout(ctx, r.engine.o.Timeout)
	defer cancel()
	said, err := t.Power.CheckPower(ctx, s.Instance.ID, s.Action)
	switch {
	case err != nil:
		return index.GuardResult{
			Guard: g, NoEvidence: true, Satisfy: "an answer from " + t.Name,
			Why: t.Name + " did not say whether it would " + string(s.Action) + " it: " + index.Clean(err.Error()),
		}
	case said.Refused != "":
		return index.GuardResult{Guard: g, Why: index.Clean(said.Refused), Satisfy: index.Clean(said.Satisfy)}
	}
	targets := r.targets(ctx, t, s)
	if targets.Unknown != "" {
		said.Unchecked = append(said.Unchecked, t.Name+": target groups unknown: "+targets.Unknown)
	}
	r.note(said.Unchecked)
	if len(targets.Groups) > 0 {
		says, held := guard.CheckTargets(targets.Groups, s.Instance.ID, s.Action, r.endsWith(s))
		switch {
		case held.Pass:
			said.Notices = append(said.Notices, says...)
		case r.awaitsLaunch(s):
			said.Notices = append(said.Notices, held.Why+", which is asked again once the node in its place is in DNS, and before this one leaves it")
		default:
			return held
		}
	}
	if len(said.Unchecked) > 0 {
		return noticed(said, "nothing that "+t.Name+" could be asked speaks against it; not all could be asked")
	}
	return noticed(said, t.Name+" would "+string(s.Action)+" it")
}

// noticed returns that the cloud permits a step, with what it says of the instance, to be read before.
func noticed(said providers.PowerCheck, why string) index.GuardResult {
	out := index.GuardResult{Guard: index.GuardPower, Pass: true}
	for _, n := range said.Notices {
		out.Notices = append(out.Notices, index.Clean(n))
	}
	out.Why = strings.Join(append([]string{why}, out.Notices...), "; ")
	return out
}

// noteLost notes which public addresses a stop loses. The view may be nil.
func (r *run) noteLost(s *plan.Step, v *dnsview.View) {
	if v == nil {
		return
	}
	if text := v.LostByStop(s.Instance); text != "" {
		r.note([]string{text})
	}
}

// note adds sentences to the report, each once.
func (r *run) note(sentences []string) {
	r.notifying.Lock()
	defer r.notifying.Unlock()
	for _, s := range sentences {
		if s = index.Clean(s); !slices.Contains(r.report.Notes, s) {
			r.report.Notes = append(r.report.Notes, s)
			slices.Sort(r.report.Notes)
		}
	}
}

// checkPower checks the power steps of a plan concurrently, before anything is done. A step whose guards fail is
// refused, and with it every change that only it needs: a node that its cloud will not terminate stays in DNS. It
// returns the refused steps.
func (r *run) checkPower(ctx context.Context) (refused []int) {
	var v *dnsview.View
	var why string
	for i := range r.plan.Steps {
		if v == nil && why == "" && (r.followsChanges(&r.plan.Steps[i]) || r.isOwnStop(&r.plan.Steps[i])) {
			v, why = r.readAllZones(ctx)
		}
	}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range r.plan.Steps {
		if s := &r.plan.Steps[i]; s.Kind == plan.StepPower {
			g.Go(func() error {
				rep := &r.report.Steps[i]
				_, guards, already := r.askPower(ctx, s)
				if already == "" && r.followsChanges(s) {
					guards = append(guards, r.dnsCleanLater(ctx, i, v, why))
				}
				if already == "" && r.isOwnStop(s) {
					guards = append(guards, r.dnsShown(s, v, why))
					r.acceptTyped(guards)
					r.noteLost(s, v)
				}
				rep.Guards, rep.Already = guards, already != ""
				return nil
			})
		}
	}
	_ = g.Wait() // errors are in the guards
	return r.refusePower()
}

// refusePower marks as refused the power steps that have not ended and whose guards fail, and every change that only they
// need. It returns these steps.
func (r *run) refusePower() (refused []int) {
	fails := func(i int) bool {
		rep := &r.report.Steps[i]
		return rep.Step.Kind == plan.StepPower && !rep.Already && !allPass(rep.Guards)
	}
	going := map[int]bool{}
	for i := range r.plan.Steps {
		if r.plan.Steps[i].Kind == plan.StepPower && !fails(i) {
			held := false // it comes after a refused one, as the next node that is replaced
			r.eachNeed(i, func(n int) { held = held || fails(n) })
			if !held {
				r.eachNeed(i, func(n int) { going[n] = true })
			}
		}
	}
	for i := range r.plan.Steps {
		rep := &r.report.Steps[i]
		if rep.State != "" || !fails(i) {
			continue
		}
		rep.State, rep.Why = StepRefused, failing(rep.Guards)
		refused = append(refused, i)
		r.eachNeed(i, func(n int) {
			if change := &r.report.Steps[n]; change.Step.Kind == plan.StepChange && change.State == "" && !going[n] {
				change.Guards, change.State = []index.GuardResult{staysInDNS(rep)}, StepRefused
				change.Why = failing(change.Guards)
				refused = append(refused, n)
			}
		})
	}
	slices.Sort(refused)
	return refused
}

// staysInDNS returns the failed guard of a change that only a refused power step needs. That step says what would
// satisfy it.
func staysInDNS(power *StepReport) index.GuardResult {
	g := index.GuardResult{Guard: index.GuardPower, NoEvidence: true, Why: "the node stays in DNS, since a later step is refused: " + power.Step.Sentence}
	for _, of := range power.Guards {
		g.NoEvidence = g.NoEvidence && (of.Pass || of.NoEvidence)
	}
	if i := slices.IndexFunc(power.Guards, func(of index.GuardResult) bool { return !of.Pass }); i >= 0 {
		g.Why += ": " + power.Guards[i].Why
	}
	return g
}

// eachNeed calls f with the index of every step that a step needs, directly or indirectly.
func (r *run) eachNeed(i int, f func(n int)) {
	seen := map[int]bool{}
	var walk func(i int)
	walk = func(i int) {
		for _, id := range r.plan.Steps[i].Needs {
			if n, ok := r.byID[id]; ok && !seen[n] {
				seen[n] = true
				f(n)
				walk(n)
			}
		}
	}
	walk(i)
}

// waitIsPointless reports whether all steps that need a wait have ended without being done.
func (r *run) waitIsPointless(i int) bool {
	needed := false
	for n := range r.plan.Steps {
		if !slices.Contains(r.plan.Steps[n].Needs, r.plan.Steps[i].ID) {
			continue
		}
		needed = true
		if s := r.report.Steps[n].State; s != StepRefused && s != StepFailed && s != StepSkipped {
			return false
		}
	}
	return needed
}

// listed reports whether the cloud's list shows an instance that is not terminated. A new instance may be listed before
// it is found by its id.
func (r *run) listed(ctx context.Context, ref providers.InstanceRef) bool {
	v := cloudView(r.evidence(ctx).snap, ref.Cloud)
	return v != nil && slices.ContainsFunc(v.Instances, func(i providers.Instance) bool { return i.ID == ref.ID && !i.State.Dead() })
}

// powerGuard queries the cloud for its identity and for the instance. The state is "" if it is not known.
func (r *run) powerGuard(ctx context.Context, s *plan.Step) (t *CloudTarget, g index.GuardResult, state providers.InstanceState) {
	e := r.engine
	g = index.GuardResult{Guard: index.GuardInstance}
	if t = e.cloud(s.Instance.Cloud); t == nil || t.Err != nil || t.Power == nil {
		g.NoEvidence, g.Why = true, "cloud "+index.Clean(s.Instance.Cloud)+" is not configured, or could not be set up"
		return nil, g, ""
	}
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	l, err := e.lookUpInstance(ctx, t.Name, s.Instance.ID)
	switch {
	case err != nil:
		g.NoEvidence, g.Why = true, t.Name+" does not say which account it is: "+index.Clean(err.Error())
		return t, g, ""
	case l.Key != s.Instance.Key:
		g.Why, g.Satisfy = "the credentials of "+t.Name+" belong to another account than the instance", "the credentials of its account"
		return t, g, ""
	case l.Gone && l.Instance == nil && !l.Final && r.listed(ctx, s.Instance):
		g.NoEvidence, g.Why = true, t.Name+" does not find it by its id, and its list shows it"
		return t, g, ""
	case l.Gone:
		g.Why = t.Name + " says that it is gone"
		return t, g, providers.StateTerminated
	case providers.KindOf(l.Err) == providers.KindNotFound:
		g.NoEvidence, g.Why = true, t.Name+" "+providers.NotSeen
		return t, g, ""
	case l.Err != nil:
		g.NoEvidence, g.Why = true, t.Name+" gave no answer about it: "+index.Clean(l.Err.Error())
		return t, g, ""
	}
	g.Pass, g.Why = true, t.Name+" shows it as "+index.Clean(string(l.Instance.State))+" just now"
	return t, g, l.Instance.State
}
