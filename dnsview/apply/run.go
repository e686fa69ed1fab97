package apply

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// recordKey names a value over its provider's ids, which change when it is made anew.
type recordKey struct{ zone, name, typ, value, set string }

func keyOf(r *providers.Record) recordKey {
	return recordKey{r.Zone, r.Name, r.Type, providers.FoldValue(r.Type, r.Value), r.SetID}
}

// run is one plan on its way.
type run struct {
	engine  *Engine
	plan    dnsview.Plan
	confirm Confirm
	tell    func(Event)
	telling sync.Mutex

	report *Report
	byID   map[int]int // step id -> place
	ev     *evidence
	wrote  map[string]time.Time // zone -> last write of this run

	made    map[recordKey]providers.Record // records as this run left them
	removed map[providers.Identity]bool    // taken out, or about to be
	hosts   map[string]bool                // host names that SRV values lead to which this plan removes
	counts  map[string]string              // zone -> count that the threshold guard asked for first
	asked   map[string][]providers.Change  // zone -> changes whose answer on the wire is awaited
}

func newRun(e *Engine, plan dnsview.Plan, c Confirm, progress func(Event)) *run {
	r := &run{
		engine: e, plan: plan, confirm: c, tell: progress, byID: map[int]int{}, wrote: map[string]time.Time{},
		made: map[recordKey]providers.Record{}, removed: map[providers.Identity]bool{}, hosts: map[string]bool{}, counts: map[string]string{},
		asked: map[string][]providers.Change{},
	}
	r.report = &Report{Plan: plan, Started: e.o.Now(), Steps: make([]StepReport, len(plan.Steps))}
	for i, s := range plan.Steps {
		r.report.Steps[i] = StepReport{Step: s}
		r.byID[s.ID] = i
		if s.Change != nil && s.Change.Op == providers.OpDelete && s.Change.Before.Type == "SRV" {
			if srv, ok := providers.ParseSRV(s.Change.Before.Value); ok {
				r.hosts[srv.Target] = true
			}
		}
	}
	return r
}

func (r *run) emit(ev Event) {
	if r.tell == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	ev.At = r.engine.o.Now()
	r.tell(ev)
}

func (r *run) end(i int, state StepState, why string) {
	s := &r.report.Steps[i]
	s.State, s.Why = state, why
	r.emit(Event{Kind: EventEnded, Step: s.Step.ID, State: state, Text: why})
}

// zones names the zones that the plan changes.
func (r *run) zones() []string {
	var out []string
	for i := range r.plan.Steps {
		if z := r.plan.Steps[i].Zone; r.plan.Steps[i].Change != nil && !slices.Contains(out, z) {
			out = append(out, z)
		}
	}
	return out
}

// evidence gives a reading of all sources that is still young enough.
func (r *run) evidence(ctx context.Context) *evidence {
	now := r.engine.o.Now()
	if r.ev == nil || now.Sub(r.ev.oldest) > r.engine.age()/2 {
		r.ev = r.gather(ctx, r.zones())
		r.report.Sources = r.ev.view.Sources
	}
	return r.ev
}

// carryOut takes the steps: changes in groups whose members do not need each
// other, waits and power actions one after the other in the plan's order.
func (r *run) carryOut(ctx context.Context) *Report {
	if sum := r.plan.Checksum(); r.confirm.Checksum != "" && r.confirm.Checksum != sum {
		for i := range r.plan.Steps {
			r.end(i, StepRefused, "this is another plan than the one that was shown: its checksum is "+sum+" and not "+dnsview.Clean(r.confirm.Checksum))
		}
		r.report.Ended = r.engine.o.Now()
		return r.report
	}
	var id [4]byte
	_, _ = rand.Read(id[:]) // never fails
	r.report.Run = "r" + hex.EncodeToString(id[:])
	for i := 0; i < len(r.plan.Steps); {
		if r.plan.Steps[i].Kind == dnsview.StepChange {
			end := i
			for end < len(r.plan.Steps) && r.plan.Steps[end].Kind == dnsview.StepChange {
				end++
			}
			r.changes(ctx, i, end)
			r.awaitWire(ctx)
			i = end
			continue
		}
		switch {
		case ctx.Err() != nil:
			r.end(i, StepSkipped, "the run was stopped before this step")
		case r.plan.Steps[i].Kind == dnsview.StepWait:
			r.wait(ctx, i)
		default:
			if why, ok := r.needed(i); ok {
				r.power(ctx, i)
			} else {
				r.end(i, StepSkipped, why)
			}
		}
		i++
	}
	r.report.Ended = r.engine.o.Now()
	return r.report
}

// needed reports whether all that a step needs has succeeded, and why not otherwise.
func (r *run) needed(i int) (why string, ok bool) {
	for _, id := range r.plan.Steps[i].Needs {
		at, known := r.byID[id]
		if !known {
			return "it needs a step that the plan does not have", false
		}
		switch s := &r.report.Steps[at]; s.State {
		case StepDone:
		case "":
			return "", false
		default:
			return "it needs another step, which was " + string(s.State) + ": " + s.Step.Sentence, false
		}
	}
	return "", true
}

// changes carries out the change steps from i to end, wave by wave.
func (r *run) changes(ctx context.Context, i, end int) {
	for {
		wave := map[string][]int{}
		var zones []string
		taken := map[recordKey]bool{}
		for n := i; n < end; n++ {
			if r.report.Steps[n].State != "" {
				continue
			}
			if ctx.Err() != nil {
				r.end(n, StepSkipped, "the run was stopped before this step")
				continue
			}
			why, ok := r.needed(n)
			if !ok && why != "" {
				r.end(n, StepSkipped, why)
				continue
			}
			s := &r.plan.Steps[n]
			rec := s.Change.Record()
			if !ok || taken[keyOf(&rec)] {
				continue
			}
			taken[keyOf(&rec)] = true
			if wave[s.Zone] == nil {
				zones = append(zones, s.Zone)
			}
			wave[s.Zone] = append(wave[s.Zone], n)
		}
		if len(zones) == 0 {
			// What is left needs steps that come later, which no plan of ours has.
			for n := i; n < end; n++ {
				if r.report.Steps[n].State == "" {
					r.end(n, StepSkipped, "it needs a step that comes after it")
				}
			}
			return
		}
		for _, z := range zones {
			for steps := range slices.Chunk(wave[z], group) {
				r.wave(ctx, z, steps)
			}
		}
	}
}

// wave asks the guards of some changes of one zone, writes those that pass
// into the journal, and carries them out in one call.
func (r *run) wave(ctx context.Context, zone string, steps []int) {
	asked := r.ask(ctx, steps, false)
	var ready, refused []int
	for n, i := range steps {
		s := &r.report.Steps[i]
		s.Guards = asked[n].guards
		switch {
		case asked[n].already:
			s.Already = true
			r.end(i, StepDone, "it was not there any more")
		case asked[n].pass:
			ready = append(ready, n)
		default:
			refused = append(refused, i)
		}
	}
	r.refuse(refused)
	if len(ready) == 0 {
		return
	}
	if ctx.Err() != nil {
		for _, n := range ready {
			r.end(steps[n], StepSkipped, "the run was stopped before this step")
		}
		return
	}
	var entries []journal.Entry
	var changes []providers.Change
	for _, n := range ready {
		e := r.entry(steps[n])
		c := asked[n].change
		e.Change = &c
		entries = append(entries, e)
		changes = append(changes, c)
	}
	entries, err := r.begin(entries)
	if err != nil {
		for _, n := range ready {
			i := steps[n]
			s := &r.report.Steps[i]
			s.Guards = append(s.Guards, (&dnsview.GuardEvidence{JournalErr: err}).CheckJournal())
			r.end(i, StepRefused, "the journal cannot be written: "+dnsview.Clean(err.Error()))
		}
		return
	}
	for n, at := range ready {
		s := &r.report.Steps[steps[at]]
		s.Entry = entries[n].ID
		s.Guards = append(s.Guards, (&dnsview.GuardEvidence{}).CheckJournal())
		r.emit(Event{Kind: EventBegun, Step: s.Step.ID, Text: s.Step.Sentence})
	}
	t := r.engine.zone(zone)
	results := t.DNS.Apply(ctx, t.Zone, changes)
	r.wrote[providers.CanonicalName(zone)] = r.engine.o.Now()
	outcomes := make([]journal.Outcome, len(changes))
	for n := range changes {
		var res providers.Result
		if n < len(results) {
			res = results[n]
		} else {
			res.Err = providers.Errorf(providers.KindUncertain, "change records", "the adapter gave no result")
		}
		outcomes[n] = r.settle(ctx, t, steps[ready[n]], &changes[n], res)
		outcomes[n].ID = entries[n].ID
	}
	r.finish(outcomes)
	for n, at := range ready {
		i := steps[at]
		s := &r.report.Steps[i]
		if s.State == StepDone && !s.Already {
			r.asked[zone] = append(r.asked[zone], changes[n])
		}
		r.emit(Event{Kind: EventEnded, Step: s.Step.ID, State: s.State, Text: s.Why})
	}
}

// settle notes the result of one change, and looks again when the provider's
// word does not say whether it was made.
func (r *run) settle(ctx context.Context, t *ZoneTarget, i int, c *providers.Change, res providers.Result) journal.Outcome {
	s := &r.report.Steps[i]
	o := journal.Outcome{Time: r.engine.o.Now(), Ticket: res.Ticket, Already: res.Already}
	s.Already, s.Err = res.Already, res.Err
	if res.Err == nil {
		s.State, o.State = StepDone, journal.Done
		if c.Op != providers.OpDelete {
			rec := res.Record
			s.Record, o.Result = &rec, &rec
			r.made[keyOf(&rec)] = rec
		}
		return o
	}
	o.Error = dnsview.Clean(res.Err.Error())
	s.Why = o.Error
	s.State, o.State = StepFailed, journal.Failed
	switch providers.KindOf(res.Err) {
	case providers.KindUncertain, providers.KindUnreachable, providers.KindIncomplete, providers.KindOther:
	default:
		return o
	}
	// It may have happened. The journal must tell, even when the run was stopped meanwhile.
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.engine.o.Timeout)
	defer cancel()
	rec := c.Record()
	found, err := t.DNS.Lookup(look, t.Zone, rec.Name, rec.Type)
	if err != nil {
		s.State, o.State = StepUnknown, journal.Unknown
		o.Note = "it could not be looked up whether it was made: " + dnsview.Clean(err.Error())
		s.Why = o.Error + "; " + o.Note
		return o
	}
	now, made := madeIt(found, c)
	if made && c.Op == providers.OpDelete {
		if err := r.engine.absent(look, t, c); err != nil {
			s.State, o.State = StepUnknown, journal.Unknown
			o.Note = "it could not be told whether it was made: " + dnsview.Clean(err.Error())
			s.Why = o.Error + "; " + o.Note
			return o
		}
	}
	if !made {
		o.Note = "it was looked up, and was not made"
		s.Why = o.Error + "; " + o.Note
		return o
	}
	s.State, o.State, s.Err = StepDone, journal.Done, nil
	o.Note = "the answer was lost; it was looked up, and was made"
	s.Why = o.Note
	if now != nil {
		s.Record, o.Result = now, now
		r.made[keyOf(now)] = *now
	}
	return o
}

// madeIt tells from a reading whether a change was made.
func madeIt(found []providers.Record, c *providers.Change) (*providers.Record, bool) {
	if c.Op == providers.OpDelete {
		_, n := dnsview.Find(found, c)
		return nil, n == 0
	}
	want := providers.Change{Op: providers.OpCreate, After: c.After}
	now, n := dnsview.Find(found, &want)
	if n == 0 {
		return nil, false
	}
	after := c.After
	after.Modified, after.ID = time.Time{}, ""
	if dnsview.Difference(&after, now) != "" {
		return nil, false
	}
	return now, true
}

// asking is the answer of the guards about one step.
type asking struct {
	change  providers.Change // with Before as it is now
	guards  []dnsview.GuardResult
	pass    bool
	already bool // what is to be deleted is not there any more
}

// ask gathers what the guards of some steps need, side by side, and asks them
// in the plan's order, each in the light of those that passed before it.
func (r *run) ask(ctx context.Context, steps []int, dry bool) []asking {
	ev := r.evidence(ctx)
	out := make([]asking, len(steps))
	proofs := make([]*dnsview.GuardEvidence, len(steps))
	type question struct {
		key providers.CloudKey
		id  string
	}
	var mu sync.Mutex
	answers := map[question]func() dnsview.InstanceAnswer{}
	lookups := map[recordKey]func() ([]providers.Record, error){}
	var g errgroup.Group
	g.SetLimit(atOnce)
	for n, i := range steps {
		c := r.rebase(r.plan.Steps[i].Change, dry)
		p := r.proof(ev, i, c)
		proofs[n], out[n].change = p, *c
		g.Go(func() error {
			rec := c.Record()
			at := recordKey{zone: rec.Zone, name: rec.Name, typ: rec.Type}
			mu.Lock()
			look := lookups[at]
			if look == nil {
				look = sync.OnceValues(func() ([]providers.Record, error) { return r.lookUp(ctx, r.plan.Steps[i].Zone, rec.Name, rec.Type) })
				lookups[at] = look
			}
			var say func() dnsview.InstanceAnswer
			if o, ok := dnsview.AsksAbout(r.plan.Verb, c); ok {
				q := question{o.Cloud, o.Instance}
				if say = answers[q]; say == nil {
					say = sync.OnceValue(func() dnsview.InstanceAnswer { return r.answer(ctx, ev, o.Cloud, o.Instance) })
					answers[q] = say
				}
			}
			mu.Unlock()
			if say != nil {
				p.Answer = say()
			}
			p.Found, p.FoundErr = look() // last, so that nothing is older than the reading of the record
			if _, n := dnsview.Find(p.Found, c); n == 0 && p.FoundErr == nil && c.Op != providers.OpCreate {
				p.FoundErr = r.engine.absent(ctx, r.engine.zone(rec.Zone), c)
			}
			p.Looked = true
			return nil
		})
	}
	_ = g.Wait() // what failed stands in the evidence
	now := r.engine.o.Now()
	for n, i := range steps {
		p := proofs[n]
		p.Now = now
		r.judge(i, p, &out[n], dry)
	}
	r.threshold(steps, proofs, out, dry)
	return out
}

func (r *run) lookUp(ctx context.Context, zone, name, typ string) ([]providers.Record, error) {
	t := r.engine.zone(zone)
	if t == nil || t.DNS == nil {
		var err error
		if t != nil {
			err = t.Err
		}
		return nil, cmpErr(err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.engine.o.Timeout)
	defer cancel()
	return t.DNS.Lookup(ctx, t.Zone, name, typ)
}

// rebase gives the change as it starts now: what an earlier step of this run has made of
// its record takes the place of what the plan foresaw. A dry check has made
// nothing, and starts from what the first step about the record saw.
func (r *run) rebase(c *providers.Change, dry bool) *providers.Change {
	out := *c
	if c.Op == providers.OpCreate {
		return &out
	}
	if dry {
		for i := range r.plan.Steps {
			if s := r.plan.Steps[i].Change; s != nil && s.Op == providers.OpUpdate && s.Before.Identity() == c.Before.Identity() {
				out.Before = s.Before
				return &out
			}
		}
		return &out
	}
	if now, ok := r.made[keyOf(&c.Before)]; ok {
		out.Before.ID, out.Before.Modified = now.ID, time.Time{}
	}
	return &out
}

func (r *run) proof(ev *evidence, i int, c *providers.Change) *dnsview.GuardEvidence {
	s := &r.plan.Steps[i]
	g := r.engine.guards(s.Zone)
	return &dnsview.GuardEvidence{
		Fleet: r.engine.o.Fleet, Verb: r.plan.Verb, Age: g.Age, Grace: g.Grace, View: ev.view, Change: c, Undoes: s.Undoes != "",
		Hosts: r.hosts, Threshold: g.Threshold, From: g.From,
	}
}

// judge asks the guards of one step, but threshold and journal.
func (r *run) judge(i int, p *dnsview.GuardEvidence, a *asking, dry bool) {
	found, n := dnsview.Find(p.Found, p.Change)
	if p.Change.Op == providers.OpDelete && p.FoundErr == nil && n == 0 && !dry {
		a.already = true
		return
	}
	mode := dnsview.ModeOf(p.Verb, p.Change)
	id := p.Change.Before.Identity()
	if mode == dnsview.ModeDead || mode == dnsview.ModeTakeOut {
		p.Removing = make(map[providers.Identity]bool, len(r.removed)+1)
		for k := range r.removed {
			p.Removing[k] = true
		}
		p.Removing[id] = true
	}
	a.guards = dnsview.Guards(p)
	r.typed(a.guards)
	a.pass = allPass(a.guards)
	if a.pass && p.Removing != nil {
		r.removed[id] = true
	}
	if a.pass && n == 1 && p.Change.Op != providers.OpCreate {
		// The adapter compares with what was read just now, in every field.
		a.change.Before = *found
		if p.Change.Op == providers.OpUpdate {
			a.change.After.ID, a.change.After.SetID = found.ID, found.SetID
		}
	}
	r.emit(Event{Kind: EventGuards, Step: r.plan.Steps[i].ID, Text: failing(a.guards)})
}

// typed lets texts that a person typed answer the guards that ask for them.
func (r *run) typed(guards []dnsview.GuardResult) {
	for n := range guards {
		g := &guards[n]
		if g.Pass || g.Confirm == "" {
			continue
		}
		if slices.ContainsFunc(r.confirm.Typed, func(s string) bool {
			return s == g.Confirm || g.Guard == dnsview.GuardMinimum && providers.SameName(s, g.Confirm)
		}) {
			g.Pass = true
			g.Why += " (a person typed it)"
		}
	}
}

func allPass(guards []dnsview.GuardResult) bool {
	return !slices.ContainsFunc(guards, func(g dnsview.GuardResult) bool { return !g.Pass })
}

// failing gives the reasons of the guards that fail, in one line.
func failing(guards []dnsview.GuardResult) string {
	s := ""
	for _, g := range guards {
		if !g.Pass {
			if s != "" {
				s += "; "
			}
			s += string(g.Guard) + ": " + g.Why
		}
	}
	return s
}
