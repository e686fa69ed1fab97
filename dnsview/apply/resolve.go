package apply

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// recheck is how long an entry with unknown outcome is looked up again.
const recheck = 24 * time.Hour

// Resolution is the result of looking up entries of stopped writers.
type Resolution struct {
	Settled []journal.Entry // with their outcomes
	Open    []Open          // left unchanged
}

// Open is an entry whose outcome no source could be asked for.
type Open struct {
	Entry journal.Entry
	Why   string
}

// Resolve looks up the outcomes of entries whose rollcall was stopped before it could record them, or that could not be
// found before, and writes them into the journal. It leaves entries of running rollcalls alone. Entries of sources that
// are not configured here stay open.
func (e *Engine) Resolve(ctx context.Context) (Resolution, error) {
	if e.o.Journal == nil {
		return Resolution{}, errNoJournal
	}
	entries, err := e.o.Journal.Abandoned(recheck)
	if err != nil {
		return Resolution{}, err
	}
	answers := e.find(ctx, entries)
	// A request may still be carried out after its sender has died, and reads may lag behind writes, so recent changes are
	// looked up again.
	var young []int
	wait := time.Duration(0)
	for i := range entries {
		if left := e.o.Quiet - e.o.Now().Sub(entries[i].Time); answers[i].asked && answers[i].restored == nil && left > 0 {
			young, wait = append(young, i), max(wait, left)
		}
	}
	if len(young) > 0 {
		err := e.o.Sleep(ctx, wait)
		again := make([]journal.Entry, len(young))
		for n, i := range young {
			again[n] = entries[i]
		}
		late := e.find(ctx, again)
		for n, i := range young {
			answers[i] = late[n]
			if err != nil {
				answers[i] = answer{why: "the wait for what may still be on its way was stopped"}
			}
		}
	}
	all, err := e.o.Journal.Entries()
	if err != nil {
		return Resolution{}, err
	}
	var out Resolution
	var outcomes []journal.Outcome
	for i := range entries {
		a := &answers[i]
		if a.outcome == index.NotMade {
			if later := changedSince(all, &entries[i]); later != nil {
				a.outcome, a.why = index.CannotTell, a.why+", but entry "+later.ID+" came after it: "+index.Clean(later.Sentence)
			} else if en := &entries[i]; en.Result != nil && en.Change != nil && en.Change.Op == providers.OpCreate {
				a.outcome, a.why = index.CannotTell, a.why+", but it was there when it was looked up before"
			}
		}
		switch {
		case !a.asked:
			out.Open = append(out.Open, Open{entries[i], a.why})
		case a.outcome == index.CannotTell && entries[i].State == journal.Unknown && (a.restored == nil || a.restored.err != nil): // already recorded
		default:
			outcomes = append(outcomes, a.journalOutcome(&entries[i], e.o.Now()))
		}
	}
	if len(outcomes) > 0 {
		out.Settled, err = e.o.Journal.RecordOutcomes(outcomes...)
	}
	return out, err
}

// answer is a source's answer about one entry.
type answer struct {
	asked    bool // the source answered
	outcome  index.Outcome
	now      *providers.Record
	why      string
	restored *putBack // what was restored; nil if nothing had to be
	// instance is the instance that a launch started.
	instance *providers.InstanceRef
}

func (a *answer) journalOutcome(en *journal.Entry, now time.Time) journal.Outcome {
	o := journal.Outcome{ID: en.ID, Time: now, Result: a.now, Instance: a.instance, LookedUp: true, Error: en.Error, Note: "it was looked up, and " + a.why}
	if en.State == journal.Begun {
		o.Note = "the rollcall that began it was stopped before it was told what became of it; " + o.Note
	}
	if a.restored != nil {
		return a.restored.journalOutcome(o)
	}
	switch a.outcome {
	case index.Made:
		o.State, o.Error = journal.Done, ""
	case index.NotMade:
		o.State = journal.Failed
		o.Error = cmp.Or(o.Error, "it was not made, or another writer turned it back")
	default:
		o.State = journal.Unknown
	}
	return o
}

// find queries the sources for entries, each name and each instance once.
func (e *Engine) find(ctx context.Context, entries []journal.Entry) []answer {
	out := make([]answer, len(entries))
	lookups := map[recordKey]func() ([]providers.Record, error){}
	lists := map[*ZoneTarget]func() providers.ZoneView{}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i := range entries {
		en := &entries[i]
		g.Go(func() error {
			switch {
			case en.Kind == journal.KindLaunch && en.Launch != nil:
				out[i] = e.findLaunch(ctx, en)
				return nil
			case en.Kind == journal.KindProfile && en.Profile != nil:
				out[i] = e.findProfile(ctx, en)
				return nil
			case en.Change == nil:
				out[i] = e.findPower(ctx, en)
				return nil
			}
			t := e.zone(en.Zone)
			if t == nil || t.DNS == nil {
				out[i].why = "the zone " + index.Clean(en.Zone) + " is not configured here, or could not be set up"
				return nil
			}
			rec := en.Change.Record()
			at := recordKey{zone: rec.Zone, name: rec.Name, typ: rec.Type}
			mu.Lock()
			look := lookups[at]
			if look == nil {
				look = sync.OnceValues(func() ([]providers.Record, error) {
					ctx, cancel := context.WithTimeout(ctx, e.o.Timeout)
					defer cancel()
					return t.DNS.Lookup(ctx, t.Zone, rec.Name, rec.Type)
				})
				lookups[at] = look
			}
			list := lists[t]
			if list == nil {
				list = e.listOnce(ctx, t)
				lists[t] = list
			}
			mu.Unlock()
			if en.PutBack != nil {
				out[i] = answer{asked: true, restored: e.putBack(ctx, t, en)}
				return nil
			}
			found, err := look()
			now, outcome, why := index.OutcomeOf(found, en.Change)
			if _, n := index.Find(found, en.Change); err == nil && n == 0 && en.Change.Op != providers.OpUpdate {
				err = absent(t, list, en.Change)
			}
			if err != nil {
				out[i].why = index.Clean(err.Error())
				return nil
			}
			if outcome == index.Made && now == nil {
				if err := e.goneByIt(ctx, t, en.Change, en.MayPutBack); err != nil {
					outcome, why = index.CannotTell, "is gone, but "+index.Clean(err.Error())
				}
			}
			out[i] = answer{asked: true, outcome: outcome, now: now, why: why}
			return nil
		})
	}
	_ = g.Wait() // each answer has its own error
	return out
}

// powerOutcome returns, by the state of an instance, whether an action was carried out.
func powerOutcome(a plan.PowerAction, s providers.InstanceState, gone bool) (v index.Outcome, why string) {
	wanted := map[plan.PowerAction][]providers.InstanceState{
		plan.PowerStart:     {providers.StateRunning, providers.StatePending},
		plan.PowerStop:      {providers.StateStopped, providers.StateStopping},
		plan.PowerTerminate: {providers.StateTerminated, providers.StateTerminating},
	}[a]
	why = "is " + index.Clean(string(s))
	if gone {
		why = "is gone"
	}
	switch {
	case a == plan.PowerReboot:
		return index.CannotTell, why + ", which does not tell"
	case gone && a == plan.PowerTerminate || !gone && slices.Contains(wanted, s):
		return index.Made, why
	case !gone && slices.Contains([]providers.InstanceState{providers.StateUnknown, providers.StateOffline, providers.StateFailed}, s):
		return index.CannotTell, why + ", which does not tell"
	}
	return index.NotMade, why
}
