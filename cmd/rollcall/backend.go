package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/launch"
	"rollcall/ui"
	"rollcall/userdata"
)

// backend is what the console reaches the clouds through.
type backend struct {
	s         *launcher
	templates *userdata.Templates

	updates chan struct{}

	mu      sync.Mutex
	last    *dnsview.View // of the newest snapshot that was inspected
	lastGen uint64        // of what was observed then
}

var _ ui.Backend = (*backend)(nil)

func newBackend(s *session) *backend {
	return &backend{s: newLauncher(s), templates: templatesOf(s.app), updates: make(chan struct{}, 1)}
}

// run passes on that sources, name servers or nodes say something else than before, until ctx ends.
func (b *backend) run(ctx context.Context) {
	for {
		select {
		case <-b.s.fleet.Updates():
		case <-b.s.observer.changes:
		case <-ctx.Done():
			return
		}
		select {
		case b.updates <- struct{}{}:
		default:
		}
	}
}

func (b *backend) Snapshot() *providers.Snapshot { return b.s.fleet.Snapshot() }

func (b *backend) Updates() <-chan struct{} { return b.updates }

func (b *backend) Inspect(snap *providers.Snapshot) *dnsview.View {
	gen := b.s.observer.generation()
	v := b.s.update(snap)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last == nil || snap.Seq >= b.last.Snapshot.Seq {
		b.last, b.lastGen = v, gen
	}
	return v
}

func (b *backend) Files() map[string]error {
	err := b.s.rangesErr()
	if err == nil {
		return nil
	}
	return map[string]error{rangesSource: err}
}

func (b *backend) Visible(records []providers.Identity) { b.s.observer.prioritize(records) }

// view inspects the latest snapshot, or returns what was made of it already.
func (b *backend) view() *dnsview.View {
	snap, gen := b.s.fleet.Snapshot(), b.s.observer.generation()
	b.mu.Lock()
	last, lastGen := b.last, b.lastGen
	b.mu.Unlock()
	if last != nil && last.Snapshot == snap && lastGen == gen {
		return last
	}
	return b.Inspect(snap)
}

func (b *backend) Refresh(ctx context.Context, sources ...string) {
	b.s.fleet.Refresh(ctx, sources...)
}

func (b *backend) SetPaused(paused bool) { b.s.fleet.SetPaused(paused) }

func (b *backend) Plan(ctx context.Context, w ui.ChangeRequest) (dnsview.Plan, error) {
	v := b.view()
	if len(w.Findings) > 0 {
		return dnsview.PlanRemedy(v, w.Findings...), nil
	}
	switch w.Verb {
	case dnsview.VerbDeregister:
		return dnsview.PlanDeregister(v, w.Records...), nil
	case dnsview.VerbRegister:
		return dnsview.PlanRegister(v, "", w.Instances...), nil
	case dnsview.VerbQuiesce:
		if len(w.Records) > 0 {
			return dnsview.PlanQuiesceRecords(v, w.Records...), nil
		}
		return dnsview.PlanQuiesce(v, w.Instances...), nil
	case dnsview.VerbReturn:
		return dnsview.PlanReturn(v, w.Instances...), nil
	case dnsview.VerbDrain:
		return plan.Terminate(v, w.NoDrain, w.Instances...), nil
	case dnsview.VerbRetarget:
		if len(w.Instances) == 1 && len(w.Records) == 1 {
			return dnsview.PlanRetargetTo(v, w.Records[0], w.Instances[0]), nil
		}
		return dnsview.PlanRetarget(v, w.Records...), nil
	case dnsview.VerbUpdate:
		return dnsview.PlanUpdate(v, w.Records...), nil
	case dnsview.VerbAdopt:
		return dnsview.PlanAdopt(v, w.Records...), nil
	case dnsview.VerbBalance:
		return plan.BalanceNodes(v, w.Records, w.Priority, w.Weight)
	case dnsview.VerbCreate, dnsview.VerbRetire:
		return b.planIncarnation(v, w)
	case dnsview.VerbPower:
		return dnsview.PlanPower(v, w.Action, w.Instances...), nil
	case dnsview.VerbUndo, dnsview.VerbRedo:
		e, err := b.s.engine(ctx)
		if err != nil {
			return dnsview.Plan{}, err
		}
		var p dnsview.Plan
		if w.Verb == dnsview.VerbRedo {
			p, err = e.RedoPlan()
		} else {
			p, err = e.UndoPlan(w.Run)
		}
		if err != nil {
			return p, fmt.Errorf("plan the %s: %w", w.Verb, err)
		}
		return p, nil
	}
	return dnsview.Plan{}, fmt.Errorf("there is no plan for %q", w.Verb)
}

func (b *backend) Check(ctx context.Context, p dnsview.Plan) *apply.Report {
	e, err := b.s.engine(ctx)
	if err != nil {
		return refused(p, err)
	}
	return b.s.notedOnce(e.Check(ctx, p))
}

func (b *backend) Run(ctx context.Context, p dnsview.Plan, c apply.Confirm, progress func(apply.Event)) *apply.Report {
	e, err := b.s.engine(ctx)
	if err != nil {
		return refused(p, err)
	}
	r := b.s.notedOnce(e.Run(ctx, p, c, progress))
	if names := touched(r); len(names) > 0 {
		// The report does not wait for a source that is slow to be read again.
		go b.s.fleet.Refresh(context.WithoutCancel(ctx), names...)
	}
	return r
}

// touched names the sources that a plan may have changed.
func touched(r *apply.Report) []string {
	var names []string
	for i := range r.Steps {
		st := &r.Steps[i]
		if st.State == apply.StepRefused || st.State == apply.StepSkipped {
			continue
		}
		for _, n := range []string{st.Step.Zone, st.Step.Instance.Cloud} {
			if n != "" && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// refused is the report of a plan that could not even be looked at.
func refused(p dnsview.Plan, err error) *apply.Report {
	r := &apply.Report{Plan: p}
	for _, st := range p.Steps {
		r.Steps = append(r.Steps, apply.StepReport{Step: st, State: apply.StepFailed, Why: err.Error(), Err: err})
	}
	return r
}

func (b *backend) Journal(_ context.Context, limit int) (ui.JournalPage, error) {
	j, err := b.s.openJournal()
	if err != nil {
		return ui.JournalPage{}, err
	}
	entries, err := j.Entries()
	if err != nil {
		return ui.JournalPage{}, fmt.Errorf("read the journal: %w", err)
	}
	slices.Reverse(entries)
	if limit > 0 && len(entries) > limit {
		entries = entries[:limit]
	}
	return ui.JournalPage{Entries: entries, Problems: j.Problems()}, nil
}

func (b *backend) Settle(ctx context.Context) ([]string, error) { return b.s.settleNow(ctx) }

func (b *backend) Services() []dnsview.Service { return b.s.config.DeclaredServices() }

func (b *backend) Templates() []userdata.Template { return b.templates.List() }

func (b *backend) Defaults(_ context.Context, service string) ui.LaunchDefaults {
	return b.s.launchDefaults(b.view(), b.templates, service)
}

func (b *backend) Catalogue(ctx context.Context, cloud string) (providers.Catalogue, error) {
	c, ok := b.s.cloud(cloud)
	switch {
	case !ok:
		return providers.Catalogue{}, fmt.Errorf("there is no cloud %s", cloud)
	case c.err != nil:
		return providers.Catalogue{}, c.err
	}
	return c.compute.Catalogue(ctx)
}

func (b *backend) Render(_ context.Context, r ui.RenderRequest) (userdata.Rendered, error) {
	return b.s.render(b.view(), b.templates, r)
}

func (b *backend) Lint(ctx context.Context, r ui.RenderRequest, text userdata.Rendered) (userdata.LintReport, error) {
	return b.s.lint(ctx, b.templates, r.Template, r.Cloud, &text)
}

func (b *backend) Profiles(ctx context.Context, spec launch.Spec, name string) ([]ui.ProfilePlan, error) {
	if !iamName.MatchString(name) {
		return nil, fmt.Errorf("profile %q: IAM takes letters, digits and +=,.@_-, at most 64", name)
	}
	profiles, err := b.s.profilesToMake(ctx, &spec, name)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "--create-profile: ")) // there is no flag here
	}
	var out []ui.ProfilePlan
	for _, p := range profiles {
		out = append(out, ui.ProfilePlan{Account: p.account, Name: p.profile.Name, Missing: p.missing, Policy: p.profile.Policy})
	}
	return out, nil
}

func (b *backend) MakeProfiles(ctx context.Context, spec launch.Spec, name string) (launch.Spec, error) {
	profiles, err := b.s.profilesToMake(ctx, &spec, name)
	if err != nil {
		return spec, err
	}
	for i := range profiles {
		if err := b.s.makeProfile(ctx, &profiles[i]); err != nil {
			return spec, err
		}
	}
	return spec, nil
}

func (b *backend) Launch(ctx context.Context, spec launch.Spec, progress func(launch.Progress)) launch.Report {
	spec, err := b.s.withMetadata(b.s.ours(spec), nil)
	if err != nil {
		return launch.Report{Spec: spec, Problems: launch.Problems{err.Error()}}
	}
	if err := b.s.refuseHeld(ctx, &spec, nil); err != nil {
		return launch.Report{Spec: spec, Problems: launch.Problems{err.Error()}}
	}
	if v := b.view(); v != nil {
		if why := v.WhyServiceHidden(spec.Service); why != "" {
			return launch.Report{Spec: spec, Problems: launch.Problems{"a node of " + words.Clean(spec.Service) + " could not be registered: " + why}}
		}
	}
	return launch.Run(ctx, spec, b.s.launchClouds(), b.s.follow(&spec), b.watch(ctx, spec.Service, progress))
}

func (b *backend) Relaunch(ctx context.Context, r launch.Report, progress func(launch.Progress)) launch.Report {
	return launch.Retry(ctx, r, b.s.launchClouds(), b.s.follow(&r.Spec), b.watch(ctx, r.Spec.Service, progress))
}

// watch has the sources of a launch read again as its nodes come further, so
// that the panes show what the launch tells.
func (b *backend) watch(ctx context.Context, service string, progress func(launch.Progress)) func(launch.Progress) {
	zone := ""
	if d := b.s.config.Declared(service); d != nil {
		zone = d.Zone
	}
	return func(p launch.Progress) {
		progress(p)
		switch p.Node.Stage {
		case launch.StagePending, launch.StageRunning, launch.StageFailed:
			go b.s.fleet.Refresh(context.WithoutCancel(ctx), p.Node.Cloud)
		case launch.StageRegistered:
			go b.s.fleet.Refresh(context.WithoutCancel(ctx), p.Node.Cloud, zone)
		}
	}
}

// Shell opens ssh. Which user and which key is what the operator's ssh config says.
func (b *backend) Shell(ctx context.Context, i providers.Instance) (*exec.Cmd, error) {
	addresses := append(slices.Clone(i.PublicIPs), i.PrivateIPs...)
	if len(addresses) == 0 {
		return nil, fmt.Errorf("%s has no address to connect to", cmp.Or(i.Name, i.ID))
	}
	return exec.CommandContext(ctx, "ssh", addresses[0].String()), nil
}

// ConsoleLog reads the tail of an instance's console log.
func (b *backend) ConsoleLog(ctx context.Context, i providers.InstanceRef) (string, error) {
	return b.s.consoleLog(ctx, i.Cloud, i.ID)
}
