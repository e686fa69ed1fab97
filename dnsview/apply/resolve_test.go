package apply

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// other is an engine with a journal of its own, as another rollcall has it.
func (b *bench) other() (*Engine, *journal.Journal) {
	b.t.Helper()
	j, err := openJournal(b.j.Path(), b.clk.Clock)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = j.Close() })
	e := b.engine()
	e.o.Journal = j
	return e, j
}

// stopped carries a plan out in another rollcall, which is stopped in its first
// call to DNS: before the changes are made, or after.
func (b *bench) stopped(p plan.Plan, made bool) {
	b.t.Helper()
	e, j := b.other()
	for _, d := range []*fakeDNS{b.cf, b.sd} {
		d.OnApply = func(changes []providers.Change) {
			for _, c := range changes {
				if made {
					if r := d.Make(c); r.Err != nil {
						b.t.Error(r.Err)
					}
				}
			}
			panic("stopped")
		}
	}
	func() {
		defer func() {
			if recover() != "stopped" {
				b.t.Error("it was not stopped")
			}
		}()
		e.Run(b.t.Context(), p, Confirm{}, nil)
	}()
	b.cf.OnApply, b.sd.OnApply = nil, nil
	if err := j.Close(); err != nil {
		b.t.Fatal(err)
	}
}

// resolve looks up what became of what was stopped.
func (b *bench) resolve() Resolution {
	b.t.Helper()
	r, err := b.engine().Resolve(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// plans are one of each verb that changes DNS.
func (b *bench) plans() map[string]plan.Plan {
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	b.node(b.aws, "i-9", "www-9", "34.200.16.9", "www")
	v := b.view()
	return map[string]plan.Plan{
		"deregister":      plan.DeregisterDead(v),
		"register":        plan.Register(v, www, ref(b.aws, "i-9")),
		"quiesce":         plan.Quiesce(v, ref(b.aws, "i-1")),
		"and on Route 53": plan.Quiesce(v, ref(b.triton, "s-1")),
	}
}

func TestAChangeThatWasStoppedIsLookedUpAndToldInTheJournal(t *testing.T) {
	for name := range newBench(t).plans() {
		for _, made := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				b := newBench(t)
				plan := b.plans()[name]
				b.stopped(plan, made)
				before := rowsWithoutIDs(b.cf)
				if es := entries(t, b.j); len(es) == 0 || es[0].State != journal.Begun {
					t.Fatalf("%+v", es)
				}
				r := b.resolve()
				want, word := journal.Failed, "was stopped before it was told what became of it; it was looked up, and is "
				if made {
					want = journal.Done
				}
				if len(r.Settled) == 0 || len(r.Open) != 0 {
					t.Fatalf("%+v", r)
				}
				for _, e := range entries(t, b.j) {
					if e.State != want || !e.LookedUp || !strings.Contains(e.Note, word) || (e.Error != "") == made {
						t.Errorf("made %v: %+v", made, e)
					}
				}
				if again := b.resolve(); len(again.Settled)+len(again.Open) != 0 {
					t.Errorf("again: %+v", again)
				}
				if after := rowsWithoutIDs(b.cf); !slices.Equal(after, before) {
					t.Error("looking has changed the zone")
				}
			})
		}
	}
}

func TestWhatWasFoundToBeDoneCanBeUndone(t *testing.T) {
	for name := range newBench(t).plans() {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			plan := b.plans()[name]
			cf, sd := rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)
			b.stopped(plan, true)
			if _, err := b.engine().UndoPlan(""); err == nil {
				t.Error("what nobody knows is undone")
			}
			b.resolve()
			p, err := b.engine().UndoPlan("")
			if err != nil {
				t.Fatal(err)
			}
			if rep := b.run(p); !rep.OK() {
				t.Fatalf("%v %s", states(rep), rep.Steps[0].Why)
			}
			if !slices.Equal(rowsWithoutIDs(b.cf), cf) || !slices.Equal(rowsWithoutIDs(b.sd), sd) {
				t.Error("the undo did not bring the zones back")
			}
		})
	}
}

func TestWhatAnotherRollcallHasUnderWayIsLeftToIt(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	e, _ := b.other()
	var r Resolution
	b.cf.OnApply = func([]providers.Change) { r = b.resolve() }
	if rep := e.Run(t.Context(), b.dead(), Confirm{}, nil); !rep.OK() {
		t.Fatalf("%v", states(rep))
	}
	if len(r.Settled)+len(r.Open) != 0 {
		t.Errorf("%+v", r)
	}
	if es := entries(t, b.j); len(es) != 1 || es[0].State != journal.Done || es[0].LookedUp {
		t.Errorf("%+v", es)
	}
}

// A request can be on its way when the process that sent it dies.
func TestAChangeThatIsCarriedOutAfterItsSenderDiedIsSeen(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	plan := b.dead()
	b.stopped(plan, false)
	var slept time.Duration
	at := b.clk.Now()
	b.onSleep(func() { b.cf.Make(*plan.Steps[0].Change) })
	r := b.resolve()
	slept = b.clk.Now().Sub(at)
	if len(r.Settled) != 1 || r.Settled[0].State != journal.Done || slept != 5*time.Second {
		t.Errorf("after %s: %+v", slept, r)
	}
}

func TestWhatIsOldIsNotWaitedFor(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	b.stopped(b.dead(), false)
	b.clk.Advance(time.Minute)
	b.onSleep(func() { t.Error("it waits") })
	if r := b.resolve(); len(r.Settled) != 1 || r.Settled[0].State != journal.Failed {
		t.Errorf("%+v", r)
	}
}

func TestWhatNobodyCanBeAskedAboutStaysOpenAndIsAskedAboutAgain(t *testing.T) {
	for name, mess := range map[string]func(b *bench) (mend func()){
		"the provider does not answer": func(b *bench) func() {
			b.cf.LookupErr = errors.New("connection reset")
			return func() { b.cf.LookupErr = nil }
		},
		"the provider shows nothing at all": func(b *bench) func() {
			rows := b.cf.Rows
			b.cf.Rows = nil
			return func() { b.cf.Rows = rows }
		},
		"the zone is not configured here": func(b *bench) func() {
			zones := b.opts.Zones
			b.opts.Zones = zones[1:]
			return func() { b.opts.Zones = zones }
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.triton.Remove("m-1")
			b.triton.Gone["m-1"] = true
			b.stopped(b.dead(), false)
			mend := mess(b)
			r := b.resolve()
			if len(r.Settled) != 0 || len(r.Open) != 1 || r.Open[0].Why == "" || entries(t, b.j)[0].State != journal.Begun {
				t.Fatalf("%+v", r)
			}
			mend()
			if r := b.resolve(); len(r.Settled) != 1 || r.Settled[0].State != journal.Failed {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestWhatCannotBeToldIsUnknownAndIsToldOnceItCan(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	plan := b.dead()
	b.stopped(plan, false)
	at := b.cf.Find(&plan.Steps[0].Change.Before)
	b.cf.Rows[at].TTL = 5
	if r := b.resolve(); len(r.Settled) != 1 || r.Settled[0].State != journal.Unknown || !strings.Contains(r.Settled[0].Note, `its TTL was "60" and is "5"`) {
		t.Fatalf("%+v", r)
	}
	if r := b.resolve(); len(r.Settled)+len(r.Open) != 0 {
		t.Fatalf("it is written down twice: %+v", r)
	}
	b.cf.Rows[at].TTL = 60
	if r := b.resolve(); len(r.Settled) != 1 || r.Settled[0].State != journal.Failed {
		t.Errorf("%+v", r)
	}
}

func TestAnAnswerThatWasLostAndCouldNotBeLookedUpIsLookedUpLater(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	b.cf.Fault = func(providers.Change) (error, bool) {
		b.cf.LookupErr = errors.New("connection reset")
		return providers.Errorf(providers.KindUncertain, "batch", "connection reset"), true
	}
	wantStates(t, b.run(b.dead()), StepUnknown)
	b.cf.LookupErr = nil
	if r := b.resolve(); len(r.Settled) != 1 || r.Settled[0].State != journal.Done || strings.Contains(r.Settled[0].Note, "was stopped") {
		t.Errorf("%+v", r)
	}
}

func TestAPowerActionThatWasStoppedIsLookedUp(t *testing.T) {
	for _, c := range []struct {
		action plan.PowerAction
		state  providers.InstanceState
		want   journal.State
	}{
		{plan.PowerTerminate, providers.StateTerminating, journal.Done},
		{plan.PowerTerminate, providers.StateTerminated, journal.Done},
		{plan.PowerTerminate, providers.StateRunning, journal.Failed},
		{plan.PowerStop, providers.StateStopping, journal.Done},
		{plan.PowerStop, providers.StateRunning, journal.Failed},
		{plan.PowerStart, providers.StatePending, journal.Done},
		{plan.PowerStart, providers.StateStopped, journal.Failed},
		{plan.PowerReboot, providers.StateRunning, journal.Unknown},
	} {
		t.Run(string(c.action)+" of what is "+string(c.state), func(t *testing.T) {
			b := newBench(t)
			_, j := b.other()
			i := ref(b.aws, "i-1")
			if _, err := j.Begin(journal.Entry{Run: "r1", Verb: "power", Kind: "power", Action: string(c.action), Instance: &i}); err != nil {
				t.Fatal(err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			b.aws.Rows[0].State = c.state
			if r := b.resolve(); len(r.Settled) != 1 || r.Settled[0].State != c.want || !r.Settled[0].LookedUp {
				t.Errorf("%+v", r)
			}
		})
	}
	b := newBench(t)
	_, j := b.other()
	i := ref(b.aws, "i-1")
	i.Key = tritonKey
	if _, err := j.Begin(journal.Entry{Run: "r1", Kind: "power", Action: "terminate", Instance: &i}); err != nil {
		t.Fatal(err)
	}
	_ = j.Close()
	if r := b.resolve(); len(r.Open) != 1 || !strings.Contains(r.Open[0].Why, "another account") {
		t.Errorf("an instance of another account: %+v", r)
	}
}
