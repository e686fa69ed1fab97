package watcher

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

const (
	// DefaultPerHour is the most values that watches of a team remove in an hour if nothing else is said.
	DefaultPerHour = 20
	// standsFor is how long a finding must have stood, certain in each scan, before its entry is removed.
	standsFor = 10 * time.Minute
	// triedAgain is after how long a refused entry is tried again.
	triedAgain = 10 * time.Minute
	// PauseKey is the object that stops all remedies of the team while it is in the store.
	PauseKey = "pause"
)

// remedy removes entries of findings that are certain and have stood for a while.
type remedy struct {
	w       *watcher
	logf    func(string, ...any)
	classes []dnsview.Class
	runs    bool // it is no dry run
	perHour int
	after   time.Duration
	store   providers.Store

	lease  uint64 // under which the following was seen
	last   time.Time
	stands map[string]time.Time // since when findings stand, by key
	tried  map[string]time.Time // when their entries were refused, or said to be removable
	wg     sync.WaitGroup

	mu      sync.Mutex
	busy    bool
	stopped string // why it has stopped itself; "" while it works
	said    string // last line about a pause
	pending []HookEvent
	removed int
}

func newRemedy(a *app.Program, w *watcher, f *Options) (*remedy, error) {
	if w.team == nil {
		return nil, exit.Usagef("--remedy needs a team: in the config, whose store has the lease and the journal of all members")
	}
	if err := w.s.NeedFleet(); err != nil {
		return nil, err
	}
	return &remedy{w: w, logf: a.Logf, classes: f.Remedy, runs: f.RemedyRuns, perHour: f.PerHour, after: cmp.Or(f.StandsFor, standsFor), store: a.TeamStore(w.s.Config), stands: map[string]time.Time{}, tried: map[string]time.Time{}}, nil
}

// look notes what stands in the view of a scan, and removes in the background what has stood long enough.
func (r *remedy) look(ctx context.Context, v *dnsview.View) {
	if r == nil {
		return
	}
	number, held := r.w.team.lease.Held()
	due := r.due(v, number, held)
	if len(due) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = true
	r.wg.Go(func() {
		r.act(ctx, v, due)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.busy = false
	})
}

// due returns the findings that have stood long enough, and were not refused a short time ago. It returns none while
// others are removed, or once it has stopped itself.
func (r *remedy) due(v *dnsview.View, lease uint64, held bool) []*dnsview.Finding {
	now := v.Options.Now
	if gap := now.Sub(r.last); !held || lease != r.lease || gap > 2*r.w.s.Config.Refresh+time.Minute {
		clear(r.stands) // what was not seen by itself without a gap begins anew
	}
	r.lease, r.last = lease, now
	if !held {
		return nil
	}
	var due []*dnsview.Finding
	stands := map[string]time.Time{}
	for i := range v.Findings {
		f := &v.Findings[i]
		if !slices.Contains(r.classes, f.Class) || f.Record == nil || !f.Certain() || v.Snooze(f) != nil {
			continue
		}
		key := f.Key()
		since, ok := r.stands[key]
		if !ok {
			since = now
		}
		stands[key] = since
		if now.Sub(since) >= r.after && (r.tried[key].IsZero() || now.Sub(r.tried[key]) >= triedAgain) {
			due = append(due, f)
		}
	}
	r.stands = stands
	for key := range r.tried {
		if _, ok := stands[key]; !ok {
			delete(r.tried, key)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy || r.stopped != "" {
		return nil
	}
	for _, f := range due {
		r.tried[f.Key()] = now
	}
	return due
}

// act removes the entries of findings, as far as all guards pass.
func (r *remedy) act(ctx context.Context, v *dnsview.View, due []*dnsview.Finding) {
	if !r.mayAct(ctx) {
		return
	}
	e, j, err := r.w.s.RobotEngine(ctx, &apply.Robot{
		Lease: func(ctx context.Context) (uint64, error) {
			if err := r.paused(ctx); err != nil {
				return 0, err
			}
			return r.w.team.lease.Reread(ctx)
		},
		Held:    func() bool { _, ok := r.w.team.lease.Held(); return ok },
		PerHour: r.perHour,
	})
	if err != nil {
		r.say("nothing is removed: %s", err)
		return
	}
	p := plan.ForFindings(v, due...)
	checked := e.Check(ctx, p)
	if r.atThreshold(checked, due[0]) {
		return
	}
	ready := map[int]bool{}
	steps := p.Steps[:0:0]
	for i := range checked.Steps {
		s := &checked.Steps[i]
		ok := s.State == apply.StepReady && !slices.ContainsFunc(s.Step.Needs, func(id int) bool { return !ready[id] })
		if ready[s.Step.ID] = ok; ok {
			steps = append(steps, s.Step)
		} else {
			r.say("left alone: %s: %s", s.Step.Sentence, refusal(s))
		}
	}
	if len(steps) == 0 || ctx.Err() != nil {
		return
	}
	entries, err := j.Entries()
	if err != nil {
		r.say("nothing is removed: %s", err)
		return
	}
	if err := apply.MissingForRobots(j, r.w.s.Program.Now()); err != nil {
		r.stop(due[0], err.Error())
		return
	}
	if n := apply.RemovedByRobots(entries, r.w.s.Program.Now()); n+len(steps) > r.perHour {
		r.stop(due[0], fmt.Sprintf("watches of the team have removed %d values within the last hour, %d more wait, and --max-per-hour is %d", n, len(steps), r.perHour))
		return
	}
	if !r.runs {
		for i := range steps {
			r.say("would do (--dry-run): %s", steps[i].Sentence)
		}
		return
	}
	p.Steps = steps
	rep := e.Run(ctx, p, apply.Confirm{}, nil)
	for i := range rep.Steps {
		s := &rep.Steps[i]
		if s.State == apply.StepDone {
			r.say("done, entry %s: %s", s.Entry, s.Step.Sentence)
		} else {
			r.say("%s: %s: %s", s.State, s.Step.Sentence, refusal(s))
		}
	}
	r.mu.Lock()
	r.removed += rep.Count(apply.StepDone)
	r.mu.Unlock()
	if !r.atThreshold(rep, due[0]) && slices.ContainsFunc(rep.Steps, func(s apply.StepReport) bool { return strings.Contains(s.Why, apply.ErrPerHour.Error()) }) {
		r.stop(due[0], apply.ErrPerHour.Error())
	}
}

// mayAct reports whether no pause stops it, and says so when one does.
func (r *remedy) mayAct(ctx context.Context) bool {
	err := r.paused(ctx)
	line := ""
	if err != nil {
		line = err.Error()
	}
	r.mu.Lock()
	again := r.said == line
	r.said = line
	r.mu.Unlock()
	if err != nil && !again {
		r.say("nothing is removed: %s", err)
	}
	return err == nil
}

// paused returns why nothing may be removed now: the object pause is in the store, or whether it is cannot be known.
func (r *remedy) paused(ctx context.Context) error {
	o, err := r.store.Get(ctx, PauseKey)
	switch {
	case providers.KindOf(err) == providers.KindNotFound:
		return nil
	case err != nil:
		return fmt.Errorf("whether the team has paused it cannot be known: %w", err)
	}
	return fmt.Errorf("the team has paused it: %s", providers.Brief(providers.Clean(string(o.Data))))
}

// atThreshold stops if guard 8 refuses a step.
func (r *remedy) atThreshold(rep *apply.Report, f *dnsview.Finding) bool {
	for i := range rep.Steps {
		for _, g := range rep.Steps[i].Guards {
			if g.Guard == index.GuardThreshold && !g.Pass {
				r.stop(f, "the threshold is reached: "+g.Why)
				return true
			}
		}
	}
	return false
}

// stop ends all remedies of this run, and says so to people and hooks.
func (r *remedy) stop(f *dnsview.Finding, why string) {
	r.say("it has stopped removing entries, until an operator looks and starts it again: %s", why)
	now := r.w.s.Program.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = why
	r.pending = append(r.pending, HookEvent{
		Event: EventStopped, Time: now.UTC(), Since: now.UTC(), Fleet: r.w.s.Config.Fleet,
		Text: "rollcall watch has stopped removing entries: " + words.Clean(why),
	})
	r.pending[len(r.pending)-1].Finding.Class, r.pending[len(r.pending)-1].Finding.Severity = string(f.Class), f.Severity.String()
}

func (r *remedy) say(format string, args ...any) {
	r.logf("rollcall: remedy: %s", words.Clean(fmt.Sprintf(format, args...)))
}

// refusal returns why a step was not done.
func refusal(s *apply.StepReport) string {
	for _, g := range s.Guards {
		if !g.Pass {
			return g.Why
		}
	}
	return s.Why
}

// events returns what hooks are to be sent, once.
func (r *remedy) events() []HookEvent {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.pending
	r.pending = nil
	return out
}

// wait returns when nothing is being removed any more.
func (r *remedy) wait() {
	if r != nil {
		r.wg.Wait()
	}
}

// families returns the metrics.
func (r *remedy) families() []*family {
	if r == nil {
		return nil
	}
	stopped := gaugeFamily("remedy_stopped", "1 once this watch has stopped removing entries, because a threshold was reached.")
	removed := counterFamily("remedy_removed_total", "Values that this watch has removed.")
	r.mu.Lock()
	defer r.mu.Unlock()
	is := 0.0
	if r.stopped != "" {
		is = 1
	}
	stopped.gauge().Set(is)
	removed.counter().AddInt64(int64(r.removed))
	return []*family{stopped, removed}
}
