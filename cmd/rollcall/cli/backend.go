package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/journal"
	"rollcall/ui/common"
	"rollcall/userdata"
)

// backend implements the console's access to clouds and DNS.
type backend struct {
	s         *launcher.Launcher
	templates *userdata.Templates

	updates   chan struct{}
	questions chan common.Question

	mu   sync.Mutex
	last *dnsview.View // of the newest inspected snapshot
	cost time.Duration // of the last inspection

	remembering sync.Mutex // held while the history is written
}

var _ common.Backend = (*backend)(nil)

func newBackend(s *app.Session) *backend {
	l := launcher.New(s)
	l.AssumeTemplate = true
	return &backend{s: l, templates: launcher.TemplatesOf(s.Program), updates: make(chan struct{}, 1), questions: make(chan common.Question)}
}

// What the console builds in the background costs a share of one CPU at most: the pause between two builds is this many
// times as long as the last inspection took, up to longestPause.
const (
	pausePerBuild = 30
	longestPause  = 5 * time.Second
)

// run passes on changes of sources, name servers and nodes until ctx ends. It passes on changed rows and states of
// sources at once, and everything else, such as the start of a read, after the pause between two builds.
func (b *backend) run(ctx context.Context) {
	var passedOn *providers.Snapshot
	var at time.Time
	pause := time.NewTimer(longestPause)
	defer pause.Stop()
	for {
		due := false
		select {
		case <-b.s.Fleet.Updates():
		case <-b.s.Observer.Changes:
		case <-pause.C:
			due = true
		case <-ctx.Done():
			return
		}
		snap := b.s.Fleet.Snapshot()
		if wait := b.pause() - time.Since(at); !due && wait > 0 && passedOn != nil && sameRows(passedOn, snap) {
			pause.Reset(wait)
			continue
		}
		pause.Stop()
		passedOn, at = snap, time.Now()
		b.changed()
	}
}

// changed has the console build what it shows.
func (b *backend) changed() {
	select {
	case b.updates <- struct{}{}:
	default:
	}
}

// pause returns the time between two builds that show no changed rows.
func (b *backend) pause() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return min(pausePerBuild*b.cost, longestPause)
}

// sameRows reports whether two snapshots share their rows, and their sources are in the same states.
func sameRows(a, b *providers.Snapshot) bool {
	return slices.Equal(a.Forgotten, b.Forgotten) && slices.EqualFunc(a.Clouds, b.Clouds, func(a, b providers.CloudView) bool {
		return providers.ShareRows(a.Instances, b.Instances) && providers.ShareRows(a.Addresses, b.Addresses) && len(a.Lookups) == len(b.Lookups) && a.Coverage.State == b.Coverage.State
	}) && slices.EqualFunc(a.Zones, b.Zones, func(a, b providers.ZoneView) bool {
		return providers.ShareRows(a.Records, b.Records) && a.Coverage.State == b.Coverage.State
	})
}

func (b *backend) Snapshot() *providers.Snapshot { return b.s.Fleet.Snapshot() }

func (b *backend) Updates() <-chan struct{} { return b.updates }

func (b *backend) Inspect(snap *providers.Snapshot) *dnsview.View {
	b.mu.Lock()
	last := b.last
	b.mu.Unlock()
	began := time.Now()
	v := b.s.UpdateFrom(last, snap)
	b.mu.Lock()
	defer b.mu.Unlock()
	if v != last {
		b.cost = time.Since(began)
	}
	if b.last == nil || v.Snapshot.Seq >= b.last.Snapshot.Seq {
		b.last = v
	}
	return v
}

func (b *backend) Files() map[string]error {
	out := map[string]error{}
	if err := b.s.RangesErr(); err != nil {
		out[app.RangesSource] = err
	}
	if err := b.s.AnnotationsErr(); err != nil {
		out["snoozes and notes"] = err
	}
	return out
}

func (b *backend) LogErr() error { return b.s.Program.Calls.FileErr() }

func (b *backend) Visible(records []providers.Identity) { b.s.Observer.Prioritize(records) }

// view returns a view of the latest snapshot itself, with the times of its reads.
func (b *backend) view() *dnsview.View {
	b.s.Fleet.LoadLast()
	snap := b.s.Fleet.Snapshot()
	if v := b.Inspect(snap); v.Snapshot == snap {
		return v
	}
	return b.s.Update(snap)
}

func (b *backend) Refresh(ctx context.Context, sources ...string) {
	b.s.Program.AskAgain()
	if len(sources) == 0 {
		b.s.Observer.AskAgain()
	}
	b.s.Fleet.Refresh(ctx, sources...)
}

func (b *backend) SetPaused(paused bool) { b.s.Fleet.SetPaused(paused) }

func (b *backend) Plan(ctx context.Context, w common.ChangeRequest) (plan.Plan, error) {
	v := b.view()
	if len(w.Findings) > 0 {
		return plan.ForFindings(v, w.Findings...), nil
	}
	switch w.Verb {
	case index.VerbDeregister:
		return plan.Deregister(v, w.Records...), nil
	case index.VerbRegister:
		return plan.Register(v, "", w.Instances...), nil
	case index.VerbQuiesce:
		if len(w.Records) > 0 {
			return plan.QuiesceRecords(v, w.Records...), nil
		}
		return plan.Quiesce(v, w.Instances...), nil
	case index.VerbEvacuate:
		return plan.Evacuate(v, plan.Evacuation{Cloud: w.Cloud}), nil
	case index.VerbReturn:
		if w.Cloud != "" {
			return plan.ReturnCloud(v, w.Cloud, ""), nil
		}
		return plan.Return(v, w.Instances...), nil
	case index.VerbDrain:
		return plan.Terminate(v, w.NoDrain, w.Instances...), nil
	case index.VerbReplace:
		if _, err := b.s.Engine(ctx); err != nil { // what was left open, such as a launch, is known after that
			return plan.Plan{}, err
		}
		return b.s.PlanReplace(ctx, v, w.Replacements...)
	case index.VerbRetarget:
		if len(w.Instances) == 1 && len(w.Records) == 1 {
			return plan.RetargetTo(v, w.Records[0], w.Instances[0]), nil
		}
		return plan.Retarget(v, w.Records...), nil
	case index.VerbUpdate:
		return plan.Update(v, w.Records...), nil
	case index.VerbAdopt:
		return plan.Adopt(v, w.Records...), nil
	case index.VerbBalance:
		return plan.BalanceNodes(v, w.Records, w.Priority, w.Weight)
	case index.VerbCreate, index.VerbRetire:
		return b.planIncarnation(v, w)
	case index.VerbPower:
		return plan.Power(v, w.Action, w.Instances...), nil
	case index.VerbUndo, index.VerbRedo:
		e, err := b.s.Engine(ctx)
		if err != nil {
			return plan.Plan{}, err
		}
		var p plan.Plan
		if w.Verb == index.VerbRedo {
			p, err = e.RedoPlan()
		} else {
			p, err = e.UndoPlan(w.Run)
		}
		if err != nil {
			return p, fmt.Errorf("plan the %s: %w", w.Verb, err)
		}
		return p, nil
	}
	return plan.Plan{}, fmt.Errorf("there is no plan for %q", w.Verb)
}

func (b *backend) Check(ctx context.Context, p plan.Plan) *apply.Report {
	e, err := b.s.Engine(ctx)
	if err != nil {
		return refused(p, err)
	}
	return b.s.WithoutShownNotes(e.LaunchWith(b.s).Check(ctx, p))
}

func (b *backend) Run(ctx context.Context, p plan.Plan, c apply.Confirm, progress func(apply.Event)) *apply.Report {
	e, err := b.s.Engine(ctx)
	if err != nil {
		return refused(p, err)
	}
	event, done := working(b.s.Session, &p)
	steps := map[int]*plan.Step{}
	for i := range p.Steps {
		steps[p.Steps[i].ID] = &p.Steps[i]
	}
	r := b.s.WithoutShownNotes(e.LaunchWith(b.s).Run(ctx, p, c, func(ev apply.Event) {
		event(ev)
		progress(ev)
		if s := steps[ev.Step]; s != nil && (ev.Kind == apply.EventEnded && mayHaveChanged(ev.State) || ev.Kind == apply.EventLaunch) {
			b.s.Fleet.ReadSoon(sourceOf(s)) // the panes show what was done while the rest is under way
		}
	}))
	done()
	if names := touched(r); len(names) > 0 {
		// The report does not wait for a slow source to be read again.
		go b.s.Fleet.Refresh(context.WithoutCancel(ctx), names...)
	}
	return r
}

// sourceOf returns the source that a step changes, or "".
func sourceOf(s *plan.Step) string {
	if s.Launch != nil {
		return s.Launch.Cloud
	}
	return cmp.Or(s.Zone, s.Instance.Cloud)
}

// touched returns the sources that a plan may have changed.
func touched(r *apply.Report) []string {
	var names []string
	for i := range r.Steps {
		st := &r.Steps[i]
		if !mayHaveChanged(st.State) {
			continue
		}
		for _, n := range []string{st.Step.Zone, sourceOf(&st.Step)} {
			if n != "" && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// mayHaveChanged reports whether a step that ended so may have changed something.
func mayHaveChanged(s apply.StepState) bool { return s != apply.StepRefused && s != apply.StepSkipped }

// refused returns the report of a plan that could not be checked.
func refused(p plan.Plan, err error) *apply.Report {
	r := &apply.Report{Plan: p}
	for _, st := range p.Steps {
		r.Steps = append(r.Steps, apply.StepReport{Step: st, State: apply.StepFailed, Why: err.Error(), Err: err})
	}
	return r
}

func (b *backend) Forget(_ context.Context, cloud providers.CloudKey) error {
	snap := b.s.Fleet.Snapshot()
	i := slices.IndexFunc(snap.Clouds, func(c providers.CloudView) bool { return c.Unconfigured && c.Cloud.Key == cloud })
	if i < 0 {
		return fmt.Errorf("no cloud with the key %s left the config: it is in the config again, or was forgotten meanwhile", cloud)
	}
	return b.s.Forget(&snap.Clouds[i])
}

func (b *backend) Journal(_ context.Context, limit int) (common.JournalPage, error) {
	j, err := b.s.OpenJournal()
	if err != nil {
		return common.JournalPage{}, err
	}
	entries, err := j.Entries()
	if err != nil {
		return common.JournalPage{}, fmt.Errorf("read the journal: %w", err)
	}
	slices.Reverse(entries)
	if limit > 0 && len(entries) > limit {
		entries = entries[:limit]
	}
	problems := j.Problems()
	if away := j.Away(); away != nil {
		problems = append(problems, journal.Problem{Why: "the store of the team cannot be used now, so this is what this machine has read before: " + away.Error()})
	}
	return common.JournalPage{Entries: entries, Problems: problems}, nil
}

// Timeline implements common.Reader.
func (b *backend) Timeline(_ context.Context, name string) ([]rows.Event, error) {
	j, err := b.s.OpenJournal()
	if err != nil {
		return nil, err
	}
	entries, err := j.Entries()
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	return app.Timeline(b.s.State, name, entries, b.s.Program.Now().Add(-24*time.Hour))
}

// Calls implements common.Reader.
func (b *backend) Calls() []rows.Call { return b.s.Program.Calls.Calls() }

func (b *backend) SourceAPI(name string) common.SourceAPI {
	api := b.s.API(name)
	out := common.SourceAPI{Endpoint: api.Endpoint, Account: api.Account}
	if api.Counted {
		out.Budget = budgetText(api.Budget, b.s.Program.Now())
	}
	return out
}

// budgetText returns the state of a budget in words.
func budgetText(s budget.State, now time.Time) string {
	text := providers.CountOf(s.Left, "call") + " can be sent at once"
	switch {
	case s.Left < 0:
		text = "calls are not limited here"
	case !s.BlockedUntil.IsZero():
		text = "no call for " + rows.Age(s.BlockedUntil.Sub(now)) + ", as the provider asked"
	case s.Left == 0:
		text = "the next call waits"
	}
	text += fmt.Sprintf("; %s since the start", providers.CountOf(int(s.Calls), "call"))
	if s.Throttles > 0 {
		text += fmt.Sprintf(", %d throttled", s.Throttles)
	}
	if n := s.Failures; n > 0 {
		text += fmt.Sprintf(", %d without an answer or failed", n)
	}
	if s.Withheld > 0 {
		text += fmt.Sprintf(", %d held back", s.Withheld)
	}
	return text
}

func (b *backend) RecoverJournal(ctx context.Context) ([]string, error) {
	return b.s.RecoverJournal(ctx)
}

func (b *backend) UnfinishedDrains(context.Context) ([]common.UnfinishedDrain, error) {
	drains, err := b.s.UnfinishedDrains()
	var out []common.UnfinishedDrain
	for _, u := range drains {
		out = append(out, common.UnfinishedDrain{Unfinished: u, Text: app.UnfinishedText(u, b.s.Program.Now())})
	}
	return out, err
}

func (b *backend) LeaveDrained(_ context.Context, drains []journal.Unfinished) error {
	return b.s.LeaveDrained(drains...)
}
