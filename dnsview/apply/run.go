package apply

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// recordKey identifies a value independently of its provider's id, which changes when the value is created again.
type recordKey struct{ zone, name, typ, value, set string }

func keyOf(r *providers.Record) recordKey {
	return recordKey{r.Zone, r.Name, r.Type, providers.FoldValue(r.Type, r.Value), r.SetID}
}

// run is one plan being carried out. The structs that it embeds stand in the files that use them.
type run struct {
	engine   *Engine
	plan     plan.Plan
	checksum func() string // of the plan
	inZones  func() bool   // the plan removes values from several zones
	confirm  Confirm
	working  bool // the nodes are claimed by the run that this is, or checks for

	notify    func(Event)
	notifying sync.Mutex
	report    *Report
	byID      map[int]int // step id -> index

	made    map[recordKey]providers.Record // records as this run left them
	removed map[providers.Identity]bool    // removed, or about to be
	hosts   map[string]bool                // targets of SRV values that this plan or an earlier one removes

	typedTexts
	reads
	cloudAnswers
	tally
	wireAnswers
}

func newRun(e *Engine, plan plan.Plan, c Confirm, progress func(Event)) *run {
	r := &run{
		engine: e, plan: plan, confirm: c, notify: progress, byID: map[int]int{},
		made: map[recordKey]providers.Record{}, removed: map[providers.Identity]bool{}, hosts: map[string]bool{},
		reads: reads{wrote: map[string]time.Time{}}, cloudAnswers: cloudAnswers{answers: map[question]instanceAnswer{}},
		tally:       tally{counts: map[string]string{}, limits: map[string]*guard.Evidence{}},
		wireAnswers: wireAnswers{asked: map[string][]providers.Change{}, lagging: map[index.SetKey]laggingName{}, cleanFrom: map[index.SetKey]time.Time{}, inSync: map[[2]string]bool{}},
	}
	r.checksum = sync.OnceValue(plan.Checksum)
	r.inZones = sync.OnceValue(func() bool { return removesInZones(&r.plan) })
	r.report = &Report{Plan: plan, Started: e.o.Now(), Steps: make([]StepReport, len(plan.Steps))}
	for i, s := range plan.Steps {
		r.report.Steps[i] = StepReport{Step: s}
		r.byID[s.ID] = i
		r.addHost(s.Change)
	}
	// An earlier run may have been stopped between the SRV value and the host name.
	if entries, err := r.entries(); err == nil { // if it is unreadable guard 9 fails
		for i := range entries {
			if entries[i].State == journal.Done {
				r.addHost(entries[i].Change)
			}
		}
	}
	return r
}

// addHost records the target of an SRV value that is removed.
func (r *run) addHost(c *providers.Change) {
	if c == nil || c.Op != providers.OpDelete || c.Before.Type != "SRV" {
		return
	}
	if srv, ok := providers.ParseSRV(c.Before.Value); ok {
		r.hosts[srv.Target] = true
	}
}

func (r *run) emit(ev Event) {
	if r.notify == nil {
		return
	}
	r.notifying.Lock()
	defer r.notifying.Unlock()
	ev.At = r.engine.o.Now()
	r.notify(ev)
}

func (r *run) end(i int, state StepState, why string) {
	s := &r.report.Steps[i]
	s.State, s.Why = state, why
	r.emit(Event{Kind: EventEnded, Step: s.Step.ID, State: state, Text: why})
}

// zones returns the zones that the plan changes.
func (r *run) zones() []string {
	var out []string
	for i := range r.plan.Steps {
		if z := r.plan.Steps[i].Zone; r.plan.Steps[i].Change != nil && !slices.Contains(out, z) {
			out = append(out, z)
		}
	}
	return out
}

// carryOut takes the steps: independent changes in groups, waits and power actions one after the other in the plan's
// order.
func (r *run) carryOut(ctx context.Context) *Report {
	if sum := r.checksum(); r.confirm.Checksum != "" && r.confirm.Checksum != sum {
		for i := range r.plan.Steps {
			r.end(i, StepRefused, "this is another plan than the one that was shown: its checksum is "+sum+" and not "+index.Clean(r.confirm.Checksum))
		}
		r.report.Ended = r.engine.o.Now()
		return r.report
	}
	var id [4]byte
	_, _ = rand.Read(id[:]) // never fails
	r.report.Run = "r" + hex.EncodeToString(id[:])
	defer r.beginWork(ctx)()
	r.refuseAhead(ctx)
	r.refuseTakenBack(ctx)
	r.refuseHalfUndone(ctx)
	for i := 0; i < len(r.plan.Steps); {
		if r.plan.Steps[i].Kind == plan.StepChange {
			end := i
			for end < len(r.plan.Steps) && r.plan.Steps[end].Kind == plan.StepChange {
				end++
			}
			r.changes(ctx, i, end)
			r.awaitWire(ctx)
			i = end
			continue
		}
		if r.plan.Steps[i].Kind == plan.StepLaunch {
			end := i
			for end < len(r.plan.Steps) && r.plan.Steps[end].Kind == plan.StepLaunch {
				end++
			}
			r.launches(ctx, i, end)
			i = end
			continue
		}
		switch {
		case r.report.Steps[i].State != "": // refused before anything was done
		case ctx.Err() != nil:
			r.end(i, StepSkipped, "the run was stopped before this step")
		case r.plan.Steps[i].Kind == plan.StepWait:
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
	r.reportNodes(ctx)
	if j := r.engine.o.Journal; j != nil {
		r.report.Notes = append(r.report.Notes, j.Notices()...)
	}
	r.report.Ended = r.engine.o.Now()
	return r.report
}

// needed reports whether all steps that a step needs were done, and if not, why.
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

// changes carries out the change steps from i to end in batches.
func (r *run) changes(ctx context.Context, i, end int) {
	for {
		batches := map[string][]int{}
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
			if batches[s.Zone] == nil {
				zones = append(zones, s.Zone)
			}
			batches[s.Zone] = append(batches[s.Zone], n)
		}
		if len(zones) == 0 {
			// The remaining steps need later ones, which does not occur in our plans.
			for n := i; n < end; n++ {
				if r.report.Steps[n].State == "" {
					r.end(n, StepSkipped, "it needs a step that comes after it")
				}
			}
			return
		}
		for _, z := range zones {
			r.batch(ctx, z, batches[z])
		}
	}
}
