package apply

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/journal"
)

var errNoJournal = errors.New("there is no journal, and nothing is changed without one")

// entry makes the journal entry of a step.
func (r *run) entry(i int) journal.Entry {
	s := &r.report.Steps[i]
	e := journal.Entry{
		Run: r.report.Run, Who: r.engine.o.Who, Verb: string(r.plan.Verb), Title: r.plan.Title, Checksum: r.plan.Checksum(), Step: s.Step.ID,
		Kind: string(s.Step.Kind), Sentence: s.Step.Sentence, Zone: s.Step.Zone, Change: s.Step.Change, Action: string(s.Step.Action),
		Reason: string(s.Step.Reason), Undoes: s.Step.Undoes,
	}
	if s.Step.Instance.ID != "" {
		ref := s.Step.Instance
		e.Instance = &ref
	}
	for _, g := range s.Guards {
		j := journal.Guard{Guard: string(g.Guard), Pass: g.Pass, Why: g.Why}
		if g.Pass && g.Confirm != "" {
			j.Typed = g.Confirm
		}
		e.Guards = append(e.Guards, j)
	}
	return e
}

func (r *run) begin(entries []journal.Entry) ([]journal.Entry, error) {
	if r.engine.o.Journal == nil {
		return nil, errNoJournal
	}
	return r.engine.o.Journal.Begin(entries...)
}

// finish writes what became of entries. When even that fails the change was made all
// the same; the entry stays begun, and each step says so.
func (r *run) finish(outcomes []journal.Outcome) {
	err := r.engine.o.Journal.End(outcomes...)
	if err == nil {
		return
	}
	for _, o := range outcomes {
		for i := range r.report.Steps {
			if s := &r.report.Steps[i]; s.Entry == o.ID {
				s.Why = "the journal could not be told how it ended: " + dnsview.Clean(err.Error())
			}
		}
	}
}

// refuse notes steps whose guards fail, in the journal too.
func (r *run) refuse(steps []int) {
	var entries []journal.Entry
	for _, i := range steps {
		entries = append(entries, r.entry(i))
	}
	if len(entries) > 0 && r.engine.o.Journal != nil {
		if written, err := r.engine.o.Journal.Refuse(entries...); err == nil {
			for n, i := range steps {
				r.report.Steps[i].Entry = written[n].ID
			}
		}
	}
	for _, i := range steps {
		r.end(i, StepRefused, failing(r.report.Steps[i].Guards))
	}
}

// wait lets resolvers forget. It is left out when nothing was taken out of DNS before it.
func (r *run) wait(ctx context.Context, i int) {
	s := &r.plan.Steps[i]
	taken := false
	for n := range i {
		if p := &r.report.Steps[n]; p.Step.Change != nil && p.Step.Change.Op == providers.OpDelete && p.State == StepDone {
			taken = true
		}
	}
	if !taken {
		r.end(i, StepSkipped, "nothing was taken out of DNS, so there is nothing to wait for")
		return
	}
	e := r.engine
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	skipped := make(chan struct{})
	if r.confirm.SkipWait != nil {
		go func(done <-chan struct{}) {
			select {
			case <-r.confirm.SkipWait:
				close(skipped)
				cancel()
			case <-done:
			}
		}(ctx.Done())
	}
	for deadline := e.o.Now().Add(s.Wait); ; {
		left := deadline.Sub(e.o.Now())
		if left <= 0 {
			r.end(i, StepDone, "")
			return
		}
		r.emit(Event{Kind: EventWaiting, Step: s.ID, Left: left, Total: s.Wait, Text: "waiting " + strconv.Itoa(int((left+time.Second-1)/time.Second)) + " s for resolvers to forget"})
		if err := e.o.Sleep(ctx, min(left, time.Second)); err != nil || ctx.Err() != nil {
			select {
			case <-skipped:
				r.end(i, StepDone, "the wait was cut short: some clients may still be sent to what was taken out")
			default:
				r.end(i, StepSkipped, "the run was stopped during the wait")
			}
			return
		}
	}
}

// power starts, stops, reboots or terminates an instance, at the cloud whose
// key the plan names and nowhere else.
func (r *run) power(ctx context.Context, i int) {
	s := &r.plan.Steps[i]
	rep := &r.report.Steps[i]
	t, guard, gone := r.powerGuard(ctx, s)
	rep.Guards = []dnsview.GuardResult{guard}
	switch {
	case gone && s.Action == dnsview.PowerTerminate:
		rep.Already = true
		r.end(i, StepDone, "it is terminated already")
		return
	case !guard.Pass:
		r.refuse([]int{i})
		return
	}
	entries, err := r.begin([]journal.Entry{r.entry(i)})
	if err != nil {
		rep.Guards = append(rep.Guards, (&dnsview.GuardEvidence{JournalErr: err}).CheckJournal())
		r.end(i, StepRefused, "the journal cannot be written: "+dnsview.Clean(err.Error()))
		return
	}
	rep.Entry = entries[0].ID
	r.emit(Event{Kind: EventBegun, Step: s.ID, Text: s.Sentence})
	act := map[dnsview.PowerAction]func(context.Context, string) error{
		dnsview.PowerStart: t.Power.Start, dnsview.PowerStop: t.Power.Stop, dnsview.PowerReboot: t.Power.Reboot, dnsview.PowerTerminate: t.Power.Terminate,
	}[s.Action]
	err = act(ctx, s.Instance.ID)
	o := journal.Outcome{ID: rep.Entry, State: journal.Done, Time: r.engine.o.Now()}
	rep.State = StepDone
	if err != nil {
		rep.Err, rep.State, o.State = err, StepFailed, journal.Failed
		o.Error = dnsview.Clean(err.Error())
		rep.Why = o.Error
		switch providers.KindOf(err) {
		case providers.KindUncertain, providers.KindUnreachable, providers.KindOther:
			r.lookAtInstance(ctx, t, s, rep, &o)
		}
	}
	r.finish([]journal.Outcome{o})
	r.emit(Event{Kind: EventEnded, Step: s.ID, State: rep.State, Text: rep.Why})
}

// lookAtInstance finds out what became of an action whose answer was lost.
func (r *run) lookAtInstance(ctx context.Context, t *CloudTarget, s *dnsview.Step, rep *StepReport, o *journal.Outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.engine.o.Timeout)
	defer cancel()
	inst, err := t.Reader.Instance(ctx, s.Instance.ID)
	if err != nil && !providers.IsGone(err) {
		rep.State, o.State = StepUnknown, journal.Unknown
		o.Note = "whether it happened could not be told: " + dnsview.Clean(err.Error())
		rep.Why = o.Error + "; " + o.Note
		return
	}
	o.LookedUp = true
	verdict, why := judgePower(s.Action, inst.State, err != nil)
	o.Note = "it was looked up, and " + why
	rep.Why = o.Error + "; " + o.Note
	switch verdict {
	case dnsview.Made:
		rep.State, o.State, rep.Err = StepDone, journal.Done, nil
		rep.Why = o.Note
	case dnsview.NotMade: // it failed, as the provider said
	default:
		rep.State, o.State = StepUnknown, journal.Unknown
	}
}

// powerGuard asks the cloud who it is, and for the instance.
func (r *run) powerGuard(ctx context.Context, s *dnsview.Step) (t *CloudTarget, g dnsview.GuardResult, gone bool) {
	e := r.engine
	g = dnsview.GuardResult{Guard: dnsview.GuardInstance}
	for i := range e.o.Clouds {
		if e.o.Clouds[i].Name == s.Instance.Cloud {
			t = &e.o.Clouds[i]
		}
	}
	if t == nil || t.Reader == nil || t.Power == nil {
		g.NoEvidence, g.Why = true, "cloud "+dnsview.Clean(s.Instance.Cloud)+" is not configured, or could not be set up"
		return nil, g, false
	}
	ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
	defer cancel()
	who, err := t.Reader.Identify(ctx)
	switch {
	case err != nil:
		g.NoEvidence, g.Why = true, t.Name+" does not say which account it is: "+dnsview.Clean(err.Error())
		return t, g, false
	case who.Key != s.Instance.Key:
		g.Why, g.Satisfy = "the credentials of "+t.Name+" belong to another account than the instance", "the credentials of its account"
		return t, g, false
	}
	inst, err := t.Reader.Instance(ctx, s.Instance.ID)
	switch {
	case providers.IsGone(err) || err == nil && inst.State.Dead():
		g.Why = t.Name + " says that it is gone"
		return t, g, true
	case err != nil:
		g.NoEvidence, g.Why = true, t.Name+" gave no answer about it: "+dnsview.Clean(err.Error())
		return t, g, false
	}
	g.Pass, g.Why = true, t.Name+" shows it as "+dnsview.Clean(string(inst.State))+" just now"
	return t, g, false
}

// awaitWire waits, within bounds, until the authoritative servers answer as the
// changes made so far want it.
func (r *run) awaitWire(ctx context.Context) {
	e := r.engine
	pending := r.asked
	r.asked = map[string][]providers.Change{}
	if e.o.Wire == nil {
		return
	}
	type subject struct{ zone, name, typ string }
	groups := map[subject][]providers.Change{}
	for zone, changes := range pending {
		for _, c := range changes {
			rec := c.Record()
			if rec.IsMarker() || rec.Proxied || c.After.Proxied || c.Op == providers.OpUpdate && providers.FoldValue(c.Before.Type, c.Before.Value) == providers.FoldValue(c.After.Type, c.After.Value) {
				continue // a proxied name answers with the proxy's addresses
			}
			k := subject{zone, rec.Name, rec.Type}
			groups[k] = append(groups[k], c)
		}
	}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for k, changes := range groups {
		t := e.zone(k.zone)
		g.Go(func() error {
			text := r.watchName(ctx, t, k.name, k.typ, changes)
			r.telling.Lock()
			for i := range r.report.Steps {
				s := &r.report.Steps[i]
				if s.Step.Change == nil || s.State != StepDone || s.Already {
					continue
				}
				if rec := s.Step.Change.Record(); rec.Name == k.name && rec.Type == k.typ && s.Step.Zone == k.zone {
					s.Wire = text
				}
			}
			r.telling.Unlock()
			r.emit(Event{Kind: EventWire, Text: text})
			return nil
		})
	}
	_ = g.Wait() // what could not be asked stands in the report
}

func (r *run) watchName(ctx context.Context, t *ZoneTarget, name, typ string, changes []providers.Change) string {
	e := r.engine
	what := dnsview.Clean(name) + " " + typ
	deadline := e.o.Now().Add(e.o.WireWait)
	for {
		values, err := e.o.Wire.Values(ctx, t.Zone, name, typ)
		switch {
		case err != nil:
			return "the authoritative servers could not be asked for " + what + ": " + dnsview.Clean(err.Error())
		case answered(values, typ, changes):
			return "the authoritative servers show the change of " + what
		case !e.o.Now().Before(deadline):
			return fmt.Sprintf("the authoritative servers do not show the change of %s yet, after %s", what, e.o.WireWait)
		}
		if e.o.Sleep(ctx, 250*time.Millisecond) != nil {
			return "the authoritative servers did not show the change of " + what + " yet when the run was stopped"
		}
	}
}

// answered reports whether an answer shows all changes of a name.
func answered(values []string, typ string, changes []providers.Change) bool {
	there := map[string]bool{}
	for _, v := range values {
		there[providers.FoldValue(typ, v)] = true
	}
	want := map[string]bool{}
	for _, c := range changes {
		if c.Op != providers.OpCreate {
			want[providers.FoldValue(typ, c.Before.Value)] = false
		}
		if c.Op != providers.OpDelete {
			want[providers.FoldValue(typ, c.After.Value)] = true
		}
	}
	for v, w := range want {
		if there[v] != w {
			return false
		}
	}
	return true
}
