package ui_test

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"sync"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/userdata"
)

const fleetID = "7f3a9c1e"

// epoch is the moment at which the fake world stands.
func epoch() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

// fake is a backend in memory: a small world of four clouds and two zones.
type fake struct {
	calls     []rows.Call
	events    []rows.Event
	eventsErr error

	mu      sync.Mutex
	snap    *providers.Snapshot
	updates chan struct{}
	asks    chan common.Question
	now     func() time.Time

	plans     []common.ChangeRequest
	runs      []plan.Plan
	typed     [][]string
	refreshes int
	paused    bool
	entries   []journal.Entry
	problems  []journal.Problem // of the journal
	leftOpen  []string          // what RecoverJournal returns
	sums      []string          // checksums that runs were given
	launches  []launch.Spec
	relaunch  []string

	refuse  index.GuardID // this guard refuses every change
	notices []string      // of the guard of a power step
	ask     string        // that guard can be answered by typing this
	planErr error
	// realPlans makes the plan of a deregister as the program does.
	realPlans bool
	logs      map[string]string // console logs by instance id
	logErr    error
	lints     map[string][]userdata.LintFinding // by cloud
	lintErr   error
	last      common.LastLaunch
	linted    []string // clouds and ports that were linted
	missing   []string // what a profile takes to create
	made      []string // profiles that were created
	makeErr   error
	comes     chan string   // stages of launches; closed, a launch is done. If nil, launches are done at once
	hold      chan struct{} // while set, Run and Launch wait for it to be closed after their first event
	fail      bool          // launches fail for one node
	skipped   int
	services  []index.Service
	wire      []*index.WireState
	zones     []index.WireZone
	visible   [][]providers.Identity
	health    []index.HealthState
	files     map[string]error
	logFull   error

	unfinishedFake
	annotations  *index.Annotations
	seen         map[string]time.Time // findings of earlier scans
	opened       []string             // pages
	programs     [][]string
	typedBefore  map[common.Prompt]common.History
	remembered   []string
	lastHour     []byte
	condition    map[string]providers.Condition
	conditionErr error
	conditions   int           // that were asked
	looksUp      chan struct{} // if set, Program waits for it, as for a slow folder of PATH

	team    *common.Team
	journal fakeJournal

	forgotten []providers.CloudKey
	forgetErr error
}

func newFake(now func() time.Time) *fake {
	f := &fake{updates: make(chan struct{}, 1), asks: make(chan common.Question, 4), now: now}
	f.services = []index.Service{
		{Name: "www.scalability.expert", Kind: index.RoundRobin, Zone: "scalability.expert", TTL: 60, Select: map[string]string{"service": "www"}, Minimum: 2},
		{Name: "v1._theservice._tcp.unilans.net", Kind: index.DNSSD, Zone: "unilans.net", TTL: 60, Port: 4218},
	}
	f.snap = world(epoch())
	return f
}

func (f *fake) Snapshot() *providers.Snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snap
}

func (f *fake) Team() *common.Team {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.team
}

func (f *fake) Files() map[string]error { return f.files }

func (f *fake) LogErr() error { return f.logFull }

func (f *fake) Forget(_ context.Context, cloud providers.CloudKey) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forgetErr == nil {
		f.forgotten = append(f.forgotten, cloud)
	}
	return f.forgetErr
}

func (f *fake) Questions() <-chan common.Question { return f.asks }

func (f *fake) Updates() <-chan struct{} { return f.updates }

// publish shows another snapshot.
func (f *fake) publish(change func(s *providers.Snapshot)) {
	f.mu.Lock()
	s := clone(f.snap)
	change(s)
	s.Seq++
	f.snap = s
	f.mu.Unlock()
	select {
	case f.updates <- struct{}{}:
	default:
	}
}

func clone(s *providers.Snapshot) *providers.Snapshot {
	n := *s
	n.Clouds, n.Zones = slices.Clone(s.Clouds), slices.Clone(s.Zones)
	for i := range n.Clouds {
		n.Clouds[i].Instances = slices.Clone(n.Clouds[i].Instances)
	}
	for i := range n.Zones {
		n.Zones[i].Records = slices.Clone(n.Zones[i].Records)
	}
	return &n
}

func (f *fake) Visible(records []providers.Identity) {
	f.mu.Lock()
	f.visible = append(f.visible, records)
	f.mu.Unlock()
}

func (f *fake) Inspect(s *providers.Snapshot) *dnsview.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.inspect(s)
}

func (f *fake) inspect(s *providers.Snapshot) *dnsview.View {
	return dnsview.Inspect(s, index.Options{
		Fleet: fleetID, Services: f.services, Now: epoch(), MaxAge: 10 * time.Minute,
		BootGrace: 5 * time.Minute, CreateGrace: 10 * time.Minute, Wire: f.wire, WireZones: f.zones, Health: f.health, Annotations: f.annotations, Seen: f.seen,
	})
}

func (f *fake) Refresh(context.Context, ...string) {
	f.mu.Lock()
	f.refreshes++
	f.mu.Unlock()
}

func (f *fake) SetPaused(p bool) {
	f.mu.Lock()
	f.paused = p
	f.mu.Unlock()
}

func (f *fake) Shell(_ context.Context, i providers.Instance) (*exec.Cmd, error) {
	return nil, fmt.Errorf("no shell on %s in a test", i.Name)
}

// Plan makes one step for each record or instance of the request.
func (f *fake) Plan(_ context.Context, w common.ChangeRequest) (plan.Plan, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans = append(f.plans, w)
	if f.planErr != nil {
		return plan.Plan{}, f.planErr
	}
	p := plan.Plan{Verb: w.Verb}
	step := func(s plan.Step) {
		s.ID = len(p.Steps) + 1
		p.Steps = append(p.Steps, s)
	}
	remove := func(r providers.Record) {
		step(plan.Step{
			Kind: plan.StepChange, Zone: r.Zone, Sentence: fmt.Sprintf("delete %s %s %s", r.Name, r.Type, r.Value),
			Change: &providers.Change{Op: providers.OpDelete, Before: r}, Reason: dnsview.Dead,
		})
	}
	for _, n := range w.Findings {
		if n.Record != nil && n.Remedy == dnsview.RemedyDelete {
			p.Verb = index.VerbDeregister
			remove(*n.Record)
		} else {
			p.Skipped = append(p.Skipped, "the fake knows no remedy "+string(n.Remedy))
		}
	}
	switch w.Verb {
	case index.VerbUndo:
		for _, e := range f.entries {
			if e.Verb == string(index.VerbDeregister) {
				r := e.Change.Before
				step(plan.Step{
					Kind: plan.StepChange, Zone: r.Zone, Sentence: fmt.Sprintf("restore %s %s %s with its marker", r.Name, r.Type, r.Value),
					Change: &providers.Change{Op: providers.OpCreate, After: r},
				})
				break
			}
		}
	case index.VerbRedo:
		for _, e := range f.entries {
			if e.Verb == string(index.VerbUndo) {
				r := e.Change.After
				step(plan.Step{
					Kind: plan.StepChange, Zone: r.Zone, Sentence: fmt.Sprintf("delete %s %s %s again", r.Name, r.Type, r.Value),
					Change: &providers.Change{Op: providers.OpDelete, Before: r},
				})
				break
			}
		}
	case index.VerbQuiesce:
		return plan.Quiesce(f.inspect(f.snap), w.Instances...), nil
	case index.VerbReturn:
		if w.Cloud != "" {
			return plan.ReturnCloud(f.inspect(f.snap), w.Cloud, ""), nil
		}
		return plan.Return(f.inspect(f.snap), w.Instances...), nil
	case index.VerbEvacuate:
		return plan.Evacuate(f.inspect(f.snap), plan.Evacuation{Cloud: w.Cloud}), nil
	case index.VerbBalance:
		for _, id := range w.Records {
			r := *f.record(id)
			after := r
			srv, _ := providers.ParseSRV(r.Value)
			if w.Priority != nil {
				srv.Priority = *w.Priority
			}
			if w.Weight != nil {
				srv.Weight = *w.Weight
			}
			after.Value = srv.String()
			step(plan.Step{
				Kind: plan.StepChange, Zone: r.Zone, Sentence: "change " + r.Value + " to " + after.Value,
				Change: &providers.Change{Op: providers.OpUpdate, Before: r, After: after},
			})
		}
	case index.VerbCreate, index.VerbRetire:
		step(plan.Step{Kind: plan.StepChange, Sentence: string(w.Verb) + " " + w.Name, Change: &providers.Change{Op: providers.OpCreate}})
	case index.VerbDeregister:
		if f.realPlans {
			return plan.Deregister(f.inspect(f.snap), w.Records...), nil
		}
		for _, id := range w.Records {
			if r := f.record(id); r != nil {
				remove(*r)
			}
		}
	case index.VerbReplace:
		return f.planReplace(w), nil
	case index.VerbDrain:
		for _, ref := range w.Instances {
			step(plan.Step{Kind: plan.StepChange, Sentence: "take " + ref.Name + " out of DNS", Change: &providers.Change{Op: providers.OpDelete}})
			step(plan.Step{Kind: plan.StepWait, Wait: time.Minute, Lingers: f.services[0].Linger > 0, Sentence: "wait 60s until no resolver can still hold the address"})
			step(plan.Step{Kind: plan.StepPower, Sentence: "terminate " + ref.Name, Action: plan.PowerTerminate, Instance: ref})
		}
	}
	return p, nil
}

func (f *fake) record(id providers.Identity) *providers.Record {
	for i := range f.snap.Zones {
		for k := range f.snap.Zones[i].Records {
			if r := &f.snap.Zones[i].Records[k]; r.Identity() == id {
				return r
			}
		}
	}
	return nil
}

func (f *fake) guards() []index.GuardResult {
	var out []index.GuardResult
	for _, g := range []index.GuardID{index.GuardCoverage, index.GuardOwner, index.GuardInstance, index.GuardAddress, index.GuardUnchanged, index.GuardGrace, index.GuardMinimum, index.GuardThreshold, index.GuardJournal} {
		r := index.GuardResult{Guard: g, Pass: g != f.refuse, Why: "the " + string(g) + " guard is content"}
		if !r.Pass {
			r.Why, r.Satisfy, r.Confirm = "joyent-ams answered with an error", "wait until joyent-ams answers", f.ask
		}
		out = append(out, r)
	}
	return out
}

func (f *fake) Check(_ context.Context, p plan.Plan) *apply.Report {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.report(p, apply.StepReady, nil)
}

func (f *fake) report(p plan.Plan, good apply.StepState, typed []string) *apply.Report {
	r := &apply.Report{Plan: p}
	for _, s := range p.Steps {
		sr := apply.StepReport{Step: s, State: good, Guards: f.guards()}
		if s.Kind == plan.StepPower && len(f.notices) > 0 {
			sr.Guards = append(sr.Guards, index.GuardResult{Guard: index.GuardPower, Pass: true, Why: "aws-use1 would terminate it", Notices: f.notices})
		}
		if f.refuse != "" && (f.ask == "" || !slices.Contains(typed, f.ask)) {
			sr.State, sr.Why = apply.StepRefused, "a guard refused"
		}
		r.Steps = append(r.Steps, sr)
	}
	return r
}

func (f *fake) Run(ctx context.Context, p plan.Plan, c apply.Confirm, progress func(apply.Event)) *apply.Report {
	f.mu.Lock()
	f.runs, f.typed, f.sums = append(f.runs, p), append(f.typed, c.Typed), append(f.sums, c.Checksum)
	hold := f.hold
	f.mu.Unlock()
	progress(apply.Event{Kind: apply.EventEvidence, Text: "asking joyent-ams"})
	for _, s := range p.Steps {
		progress(apply.Event{Kind: apply.EventBegun, Step: s.ID})
		if s.Kind == plan.StepLaunch && !f.launchNode(ctx, s, progress) {
			return f.stoppedAt(p, s.ID)
		}
		if s.Kind == plan.StepWait {
			progress(apply.Event{Kind: apply.EventWaiting, Step: s.ID, Left: 42 * time.Second, Total: s.Wait, At: f.now()})
			select {
			case <-c.SkipWait:
				f.mu.Lock()
				f.skipped++
				f.mu.Unlock()
			case <-hold:
			case <-ctx.Done():
				return f.stoppedAt(p, s.ID)
			}
		} else if hold != nil && len(p.Steps) == 1 {
			select {
			case <-hold:
			case <-ctx.Done():
			}
		}
		progress(apply.Event{Kind: apply.EventEnded, Step: s.ID, State: apply.StepDone})
	}
	f.mu.Lock()
	r := f.report(p, apply.StepDone, c.Typed)
	ok := r.OK()
	if ok {
		r.Run = fmt.Sprintf("run%d", len(f.runs))
		for _, s := range p.Steps {
			f.entries = append([]journal.Entry{{
				ID: fmt.Sprint(len(f.entries) + 1), Run: r.Run, Time: f.now(), Who: "ops@desk", Verb: string(p.Verb),
				Kind: string(s.Kind), Sentence: s.Sentence, Change: s.Change, State: journal.Done,
			}}, f.entries...)
		}
	}
	f.mu.Unlock()
	if ok {
		f.publish(func(s *providers.Snapshot) { carryOut(s, p) })
	}
	return r
}

// carryOut changes the world as the plan says.
func carryOut(s *providers.Snapshot, p plan.Plan) {
	for _, st := range p.Steps {
		switch {
		case st.Kind == plan.StepPower:
			for i := range s.Clouds {
				for k := range s.Clouds[i].Instances {
					if n := &s.Clouds[i].Instances[k]; n.ID == st.Instance.ID {
						n.State = providers.StateTerminated
					}
				}
			}
		case st.Change == nil:
		default:
			for i := range s.Zones {
				z := &s.Zones[i]
				if z.Zone.Name != st.Zone {
					continue
				}
				id := st.Change.Before.Identity() // of a create, the marker whose place it takes
				z.Records = slices.DeleteFunc(z.Records, func(r providers.Record) bool { return r.Identity() == id })
				if st.Change.Op == providers.OpCreate {
					z.Records = append(z.Records, st.Change.After)
					continue
				}
				if st.Change.Op == providers.OpUpdate {
					z.Records = append(z.Records, st.Change.After)
				}
				for _, o := range st.Change.After.Owners { // what was quiesced is remembered, as Route 53 does in the same batch
					text, err := o.Encode()
					if err == nil && o.Quiesced && st.Change.Op == providers.OpDelete {
						z.Records = append(z.Records, providers.Record{
							Zone: z.Zone.Name, Name: providers.MarkerName(o.Instance, id.Name), Type: "TXT", TTL: 300, Value: providers.FormatTXT([]string{text}),
						})
					}
				}
			}
		}
	}
}

func (f *fake) RecoverJournal(context.Context) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leftOpen, nil
}

func (f *fake) Journal(context.Context, int) (common.JournalPage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return common.JournalPage{Entries: slices.Clone(f.entries), Problems: f.problems}, nil
}
