package apply

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// Launcher starts nodes. It is safe for concurrent use.
type Launcher interface {
	// Launch starts the node of a launch step, under the launch id of the step and so at most once, and returns it once it
	// runs, its health check passes and it is registered. Before it asks the cloud it writes entry to the journal, with
	// the whole request and Replaces, by journal.Place; of a node that was launched before it writes none. It returns the id of the entry,
	// and the instance, if there is one, with an error too. An error of kind providers.KindUncertain means that the cloud may have
	// started the node. progress may be called from any goroutine; stage is that of Event.
	Launch(ctx context.Context, l *plan.Launch, entry journal.Entry, progress func(stage, text string)) (i providers.Instance, id string, err error)
}

// LaunchChecker is a Launcher that can ask the cloud of a launch whether it would start the node. CheckLaunch starts nothing;
// its texts begin with the cloud.
type LaunchChecker interface {
	CheckLaunch(ctx context.Context, l *plan.Launch) (providers.LaunchCheck, error)
}

// LaunchWith returns an engine that carries out launch steps by l.
func (e *Engine) LaunchWith(l Launcher) *Engine {
	with := *e
	with.o.Launcher = l
	return &with
}

var errNoLauncher = errors.New("nothing here launches nodes")

// pointlessLaunch is the reason for skipping a launch if every step that needs it is refused.
const pointlessLaunch = "the node that it replaces stays, since every step that takes it out is refused, so nothing is launched"

// launches carries out the launch steps from i to end at the same time.
func (r *run) launches(ctx context.Context, i, end int) {
	var g errgroup.Group
	started := make([]providers.Instance, end-i)
	for n := i; n < end; n++ {
		why, ok := r.needed(n)
		switch {
		case r.report.Steps[n].State != "":
		case ctx.Err() != nil:
			r.end(n, StepSkipped, "the run was stopped before this step")
		case !ok:
			r.end(n, StepSkipped, why)
		case r.waitIsPointless(n):
			r.end(n, StepSkipped, pointlessLaunch)
		case r.engine.o.Launcher == nil:
			r.end(n, StepFailed, errNoLauncher.Error())
		default:
			g.Go(func() error {
				started[n-i] = r.launch(ctx, n)
				return nil
			})
		}
	}
	_ = g.Wait() // errors are in the report
	r.notBefore, r.ev, r.zonesView = r.engine.o.Now(), nil, nil
	var v *dnsview.View
	for n := i; n < end; n++ {
		if inst := &started[n-i]; inst.ID != "" {
			if v == nil {
				v = r.evidence(ctx).view
			}
			r.endLaunch(ctx, n, v, inst)
		}
	}
	if v != nil {
		r.refuseLastTargets(ctx, i, end)
	}
}

// checkLaunches asks the clouds, each once for launches that differ by name only, whether they would start the nodes of the plan.
// It refuses the launches that they would refuse, and returns them. A launch that was begun before is gone on with.
func (r *run) checkLaunches(ctx context.Context) (refused []int) {
	checker, ok := r.engine.o.Launcher.(LaunchChecker)
	if !ok {
		return nil
	}
	entries, _ := r.entries() // an error is refused by the guard of the journal
	said := map[[6]string]index.GuardResult{}
	for i := range r.report.Steps {
		l := r.report.Steps[i].Step.Launch
		if l == nil || l.Started != "" || slices.ContainsFunc(entries, func(e journal.Entry) bool { return e.Launch != nil && e.Launch.ID == l.ID }) {
			continue
		}
		key := [...]string{l.Cloud, l.Image, l.Size, l.Network, l.KeyPair, l.Profile}
		g, again := said[key]
		if !again {
			got, err := checker.CheckLaunch(ctx, l)
			g = index.Passed(index.GuardPower, index.Clean(l.Cloud)+" has nothing against it")
			switch {
			case err != nil:
				g.Why = "launching is not held back by a cloud that does not answer"
				got.Unchecked = append(got.Unchecked, err.Error())
			case len(got.Refused) > 0:
				g = index.Failed(index.GuardPower, index.Clean(strings.Join(got.Refused, "; ")), "")
			}
			r.note(got.Unchecked)
			said[key] = g
		}
		r.report.Steps[i].Guards = []index.GuardResult{g}
		if !g.Pass {
			r.report.Steps[i].State, r.report.Steps[i].Why = StepRefused, failing(r.report.Steps[i].Guards)
			refused = append(refused, i)
		}
	}
	return refused
}

// joining returns how many nodes the plan brings into DNS, before step i, at the name of the record that it changes. Those
// that an earlier run has brought there are not among them.
func (r *run) joining(v *dnsview.View, i int, c *providers.Change) (n int) {
	rec := c.Record()
	for _, s := range r.plan.Steps[:i] {
		if s.Kind == plan.StepLaunch && providers.SameName(s.Launch.Service, rec.Name) && (s.Launch.Started == "" || len(v.RecordsOf(s.Launch.Key, s.Launch.Started)) == 0) {
			n++
		}
	}
	return n
}

// launch carries out one launch step. It returns the instance if it is registered, and ends the step if not.
func (r *run) launch(ctx context.Context, i int) providers.Instance {
	s := &r.report.Steps[i]
	r.emit(Event{Kind: EventBegun, Step: s.Step.ID, Text: s.Step.Sentence})
	inst, id, err := r.engine.o.Launcher.Launch(ctx, s.Step.Launch, r.launchEntry(i), func(stage, text string) {
		r.emit(Event{Kind: EventLaunch, Step: s.Step.ID, Stage: stage, Text: index.Clean(text)})
	})
	s.Entry = id
	if err == nil {
		return inst
	}
	s.Err = err
	state, why := StepFailed, index.Clean(err.Error())
	switch {
	case providers.KindOf(err) == providers.KindUncertain:
		state = StepUnknown
	case inst.ID != "":
		why += "; " + index.Clean(inst.ID) + " was launched and is left as it is, and so is " + r.replaced(i) + "; the same command again goes on with it, rollcall terminate " + index.Clean(inst.ID) + " ends it"
	}
	r.end(i, state, why)
	return providers.Instance{}
}

// launchEntry returns the journal entry of a launch step, without the request.
func (r *run) launchEntry(i int) journal.Entry {
	e := r.entry(i)
	l := r.report.Steps[i].Step.Launch
	e.Kind = journal.KindLaunch
	e.Launch = &journal.Launch{Replaces: &journal.Replaces{Old: l.Old, Queue: l.Queue, MaxOut: l.MaxOut}}
	return e
}

// replaced returns the name of the node that a launch step replaces.
func (r *run) replaced(i int) string { return index.Clean(nodeName(r.report.Steps[i].Step.Launch.Old)) }

// endLaunch ends a launch step whose node is registered, once the authoritative servers answer with the node. It waits for
// servers that do not yet, within limits, and for the propagation time of the provider if some cannot be asked.
func (r *run) endLaunch(ctx context.Context, i int, v *dnsview.View, inst *providers.Instance) {
	s := &r.report.Steps[i]
	who := index.Clean(inst.ID)
	r.emit(Event{Kind: EventLaunch, Step: s.Step.ID, Stage: "propagating", Text: who + " is registered; asking the name servers"})
	groups := map[index.SetKey][]*providers.Record{}
	for _, rec := range v.RecordsOf(inst.Key, inst.ID) {
		if rec.Type == "A" || rec.Type == "AAAA" || rec.Type == "SRV" {
			groups[index.SetKeyOf(rec)] = append(groups[index.SetKeyOf(rec)], rec)
		}
	}
	if len(groups) == 0 {
		r.end(i, StepFailed, who+" is registered, and a fresh read of DNS shows no record of it: "+r.replaced(i)+" stays")
		return
	}
	until := r.engine.o.Now().Add(r.wireWait() + providers.Propagation)
	unasked := time.Duration(0)
	var keys []index.SetKey
	for k := range groups {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b index.SetKey) int { return index.CompareRecords(groups[a][0], groups[b][0]) })
	for _, k := range keys {
		want := map[string]bool{}
		for _, rec := range groups[k] {
			want[providers.FoldValue(rec.Type, rec.Value)] = true
		}
		for {
			says := r.onWire(ctx, k, want, groups[k]...)
			if says.state() != servedContradicted {
				s.Wire = says.text(0, false)
				if says.state() == servedUnasked {
					unasked = providers.Propagation
				}
				break
			}
			if !r.engine.o.Now().Before(until) {
				r.end(i, StepFailed, who+" is registered, and not on the wire: "+says.text(r.wireWait()+providers.Propagation, false)+"; "+r.replaced(i)+" stays")
				return
			}
			if r.engine.o.Sleep(ctx, pollPause) != nil {
				r.end(i, StepSkipped, "the run was stopped while name servers did not all answer with "+who)
				return
			}
		}
	}
	if unasked > 0 {
		if _, stopped := r.countDown(ctx, s.Step.ID, unasked, unasked, nil, func(left string) string { return "waiting " + left + ": " + s.Wire }); stopped {
			r.end(i, StepSkipped, "the run was stopped while name servers that cannot be asked may not answer with "+who)
			return
		}
	}
	r.end(i, StepDone, who+" is in DNS")
}
