package apply

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func TestADrainTakesANodeOutOfDNSWaitsAndTerminates(t *testing.T) {
	b := newBench(t)
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	var kinds []string
	for _, s := range p.Steps {
		kinds = append(kinds, string(s.Kind))
	}
	if want := []string{"change", "change", "change", "wait", "power", "change"}; !slices.Equal(kinds, want) {
		t.Fatalf("steps %v", kinds)
	}
	var waits []time.Duration
	b.cf.OnApply = func(cs []providers.Change) {
		if cs[0].Op == providers.OpDelete && cs[0].Before.IsMarker() && !slices.Contains(b.triton.Powered, "terminate m-1") {
			t.Error("the marker went before the node")
		}
	}
	rep := b.engine().Run(t.Context(), p, Confirm{}, func(ev Event) {
		if ev.Kind == EventWaiting {
			waits = append(waits, ev.Left)
			if has(b.cf, "165.225.128.1") || len(b.triton.Powered) > 0 || ev.Total != time.Minute {
				t.Errorf("at %s: %v, %v", ev.Left, values(b.cf), b.triton.Powered)
			}
			if f := b.view().Count(dnsview.Missing); f > 0 {
				t.Error("while it drains the node looks missing")
			}
		}
	})
	wantStates(t, rep, StepDone, StepDone, StepDone, StepDone, StepDone, StepDone)
	if len(waits) != 60 || waits[0] != time.Minute || waits[59] != time.Second {
		t.Errorf("waited %d times: %v", len(waits), waits)
	}
	if !slices.Equal(b.triton.Powered, []string{"terminate m-1"}) {
		t.Errorf("power %v", b.triton.Powered)
	}
	if slices.ContainsFunc(b.cf.Rows, func(r providers.Record) bool { return r.IsMarker() }) {
		t.Error("a marker is left")
	}
	for _, e := range entries(t, b.j) {
		if e.State != journal.Done || e.Verb != "drain" || e.Run != rep.Run {
			t.Errorf("%+v", e)
		}
	}
}

func TestADrainOfADNSSDNodeWaitsForTheLongestTTL(t *testing.T) {
	b := newBench(t)
	p := plan.Drain(b.view(), ref(b.triton, "s-1"))
	rep := b.run(p)
	if !rep.OK() {
		t.Fatalf("%v %+v", states(rep), rep.Steps)
	}
	if i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepWait }); p.Steps[i].Wait != 45*time.Second {
		t.Errorf("wait %s", p.Steps[i].Wait)
	}
	if b.sd.Applied[0][0].Before.Type != "SRV" {
		t.Errorf("first %+v", b.sd.Applied[0])
	}
	for _, r := range b.sd.Rows {
		if strings.Contains(r.Name+r.Value, "sd-1") || strings.HasPrefix(r.Name, "s-1.") {
			t.Errorf("left: %+v", r)
		}
	}
}

func TestAWaitCanBeCutShort(t *testing.T) {
	b := newBench(t)
	skip := make(chan struct{}, 1)
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	b.opts.Wait = nil // a real one, which the channel interrupts
	ticks := 0
	rep := b.engine().Run(t.Context(), p, Confirm{SkipWait: skip}, func(ev Event) {
		if ev.Kind == EventWaiting {
			if ticks++; ticks == 1 {
				skip <- struct{}{}
			}
		}
	})
	if !rep.OK() || !strings.Contains(rep.Steps[3].Why, "cut short") || len(b.triton.Powered) != 1 {
		t.Fatalf("%v %+v", states(rep), rep.Steps[3])
	}
}

func TestAStopDuringTheWaitTerminatesNothing(t *testing.T) {
	b := newBench(t)
	ctx, stop := context.WithCancel(t.Context())
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	rep := b.engine().Run(ctx, p, Confirm{}, func(ev Event) {
		if ev.Kind == EventWaiting && ev.Left < 30*time.Second {
			stop()
		}
	})
	wantStates(t, rep, StepDone, StepDone, StepDone, StepSkipped, StepSkipped, StepSkipped)
	if len(b.triton.Powered) != 0 {
		t.Errorf("power %v", b.triton.Powered)
	}
}

// A drain that is planned anew goes on where the one before was cut off.
func TestADrainThatWasCutOffWaitsForWhatIsLeft(t *testing.T) {
	for _, c := range []struct {
		name  string
		later time.Duration // between the two
		quiet bool          // by a quiesce that this journal does not know
		want  time.Duration // waited
	}{
		{"at once", 0, false, 60 * time.Second},
		{"a little later", 45 * time.Second, false, 15 * time.Second},
		{"much later", time.Hour, false, 0},
		{"after a quiesce that another console made", time.Hour, true, 60 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1"))); !rep.OK() {
				t.Fatalf("%v", states(rep))
			}
			if c.quiet {
				j, err := journal.Open(filepath.Join(t.TempDir(), "another"), b.clk.Clock, nil)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = j.Close() })
				b.opts.Journal = j
			}
			b.clk.Advance(c.later)
			p := plan.Drain(b.view(), ref(b.triton, "m-1"))
			at := b.clk.Now()
			rep := b.run(p)
			wantStates(t, rep, StepDone, StepDone, StepDone)
			if got := b.clk.Now().Sub(at); got != c.want || len(b.triton.Powered) != 1 {
				t.Errorf("waited %s, want %s; power %v", got, c.want, b.triton.Powered)
			}
			for _, r := range b.cf.Rows {
				if r.IsMarker() {
					t.Errorf("there is still %s", r.String())
				}
			}
		})
	}
}

func TestANodeThatIsTerminatedAlreadyIsForgotten(t *testing.T) {
	b := newBench(t)
	if rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1"))); !rep.OK() {
		t.Fatalf("%v", states(rep))
	}
	for n := range b.triton.Rows {
		if b.triton.Rows[n].ID == "m-1" {
			b.triton.Rows[n].State = providers.StateTerminated
		}
	}
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")))
	wantStates(t, rep, StepDone)
	if len(b.triton.Powered) != 0 || rep.Steps[0].Step.Change.Op != providers.OpDelete || !rep.Steps[0].Step.Change.Before.IsMarker() {
		t.Errorf("%+v, power %v", rep.Steps[0].Step, b.triton.Powered)
	}
}

func TestANodeThatCannotBeTakenOutIsNotTerminated(t *testing.T) {
	b := newBench(t)
	p := plan.Drain(b.view(), ref(b.triton, "m-1"), ref(b.aws, "i-1"))
	b.cf.Fault = func(c providers.Change) (error, bool) {
		if c.Op == providers.OpDelete && c.Before.Value == "165.225.128.1" {
			return providers.Errorf(providers.KindConflict, "x", "no"), false
		}
		return nil, false
	}
	rep := b.run(p)
	if len(b.triton.Powered) != 0 || !slices.Equal(b.aws.Powered, []string{"terminate i-1"}) {
		t.Fatalf("%v, power %v %v", states(rep), b.triton.Powered, b.aws.Powered)
	}
}

func TestANodeThatAnUnmarkedRecordLeadsToIsNotDrained(t *testing.T) {
	b := newBench(t)
	b.cf.Add(providers.Record{Zone: cfZone, Name: "old.scalability.expert", Type: "A", TTL: 60, Value: "165.225.128.1"})
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	if len(p.Steps) != 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "would be left leading to it") {
		t.Errorf("%+v", p)
	}
}

func TestANodeWithoutRecordsIsTerminatedAtOnce(t *testing.T) {
	b := newBench(t)
	b.node(b.aws, "i-7", "worker", "34.200.17.1", "worker")
	rep := b.run(plan.Drain(b.view(), ref(b.aws, "i-7")))
	wantStates(t, rep, StepDone)
	if !slices.Equal(b.aws.Powered, []string{"terminate i-7"}) || entries(t, b.j)[0].Action != "terminate" {
		t.Errorf("%v", b.aws.Powered)
	}
}

// The API of a zone leaves records out of its list, and its only reader has never seen another list.
func TestANodeThatNameServersHandOutIsNotTerminatedWhenItsZoneIsReadWithoutIt(t *testing.T) {
	for _, c := range []struct{ id, name, ip string }{{"m-1", www, "165.225.128.1"}, {"s-1", "sd-1." + sdZone, "165.225.128.11"}} {
		b := newBench(t)
		b.cf.Rows = nil
		b.sd.Rows = slices.DeleteFunc(b.sd.Rows, func(r providers.Record) bool { return strings.Contains(r.Name+r.Value, "sd-1") })
		served := true
		b.ns.says = func(name, typ string, _ []string) ([]index.WireAnswer, error) {
			a := index.WireAnswer{Server: "ns1"}
			if served && name == c.name && typ == "A" {
				a.Values = []string{c.ip}
			}
			return []index.WireAnswer{a, {Server: "ns2"}}, nil
		}
		node := ref(b.triton, c.id)
		for _, p := range []plan.Plan{plan.Drain(b.view(), node), plan.Power(b.view(), plan.PowerTerminate, node)} {
			rep := b.run(p)
			if g := guardNamed(rep, len(p.Steps)-1, index.GuardDNS); g.Pass || !strings.Contains(g.Why, "ns1") || !strings.Contains(g.Why, c.ip) || len(b.triton.Powered) > 0 {
				t.Errorf("%s: %v, %+v, power %v", c.id, states(rep), g, b.triton.Powered)
			}
			if rep := b.engine().Check(t.Context(), p); rep.OK() {
				t.Errorf("%s: a dry run passes: %+v", c.id, rep.Steps)
			}
		}
		served = false
		if rep := b.run(plan.Drain(b.view(), node)); len(b.triton.Powered) != 1 {
			t.Errorf("%s: %v, power %v", c.id, states(rep), b.triton.Powered)
		}
	}
}

func TestAServiceKeepsItsMinimum(t *testing.T) {
	b := newBench(t)
	b.opts.Services[0].Minimum = 4
	v := b.view()
	p := plan.Drain(v, ref(b.aws, "i-1"), ref(b.aws, "i-2"))
	rep := b.run(p)
	if len(b.aws.Powered) != 1 {
		t.Fatalf("%v, power %v", states(rep), b.aws.Powered)
	}
	if got := len(slices.DeleteFunc(values(b.cf), func(s string) bool { return !strings.Contains(s, "/A/") })); got != 4 {
		t.Errorf("%d members", got)
	}
	refused := rep.Steps[slices.IndexFunc(rep.Steps, func(s StepReport) bool { return s.State == StepRefused })]
	if !strings.Contains(refused.Why, "would keep 3 live members, and its minimum is 4") || len(rep.Asks()) != 0 {
		t.Errorf("%s, asks %+v", refused.Why, rep.Asks())
	}
}

func TestADeadEntryIsRemovedFromAServiceBelowItsMinimum(t *testing.T) {
	b := newBench(t)
	b.opts.Services[0].Minimum = 5
	b.triton.Remove("m-1")
	wantStates(t, b.run(b.dead()), StepDone)
}

func TestAYoungNodeCanBeDrainedBecauseItsCloudShowsIt(t *testing.T) {
	b := newBench(t)
	b.cf.Rows[4].Owners[0].Registered = begin.Add(-time.Minute)
	b.cf.Rows[4].Comment, _ = b.cf.Rows[4].Owners[0].Encode()
	if rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1"))); !rep.OK() {
		t.Fatalf("%v %+v", states(rep), rep.Steps[0].Guards)
	}
}

func TestAQuiescedNodeStaysOutAndComesBackByReturnOnly(t *testing.T) {
	for _, c := range []struct {
		id   string
		zone func(b *bench) *fakeDNS
	}{
		{"m-1", func(b *bench) *fakeDNS { return b.cf }},
		{"s-1", func(b *bench) *fakeDNS { return b.sd }},
	} {
		t.Run(c.id, func(t *testing.T) {
			b := newBench(t)
			d := c.zone(b)
			before := values(d)
			rep := b.run(plan.Quiesce(b.view(), ref(b.triton, c.id)))
			if !rep.OK() {
				t.Fatalf("%v %+v", states(rep), rep.Steps)
			}
			if slices.Equal(values(d), before) || len(b.triton.Powered) != 0 {
				t.Fatalf("zone %v", values(d))
			}
			v := b.view()
			if v.Count(dnsview.Missing)+v.Count(dnsview.Half) != 0 || v.Count(dnsview.Quiesced) == 0 {
				t.Fatalf("findings %+v", v.Findings)
			}
			if p := plan.Register(v, "", ref(b.triton, c.id)); len(p.Steps) != 0 || !strings.Contains(strings.Join(p.Skipped, " "), "on purpose") {
				t.Errorf("register: %+v", p)
			}
			rep = b.run(plan.Return(v, ref(b.triton, c.id)))
			if !rep.OK() {
				t.Fatalf("return: %v %+v", states(rep), rep.Steps)
			}
			if got := values(d); !slices.Equal(got, before) {
				t.Errorf("zone %v, want %v", got, before)
			}
			if f := b.view().Findings; len(f) != 0 {
				t.Errorf("findings %+v", f)
			}
		})
	}
}

func TestAStoppedNodeIsTakenOutWithOneKey(t *testing.T) {
	b := newBench(t)
	b.triton.Rows[0].State = providers.StateStopped
	v := b.view()
	f := &v.Findings[0]
	if f.Class != dnsview.Stopped || !f.OneKey {
		t.Fatalf("%+v", f)
	}
	if rep := b.run(plan.ForFindings(v, f)); !rep.OK() || has(b.cf, "165.225.128.1") {
		t.Errorf("%v", states(rep))
	}
}

func TestPowerIsGivenOnlyToTheAccountThatThePlanNames(t *testing.T) {
	b := newBench(t)
	p := plan.Power(b.view(), plan.PowerTerminate, ref(b.aws, "i-1"))
	b.aws.Key = "0123456789"
	rep := b.run(p)
	wantStates(t, rep, StepRefused)
	if len(b.aws.Powered) != 0 || entries(t, b.j)[0].State != journal.Refused {
		t.Errorf("power %v", b.aws.Powered)
	}
}

func TestAStopIsUndoneByAStartAndATerminationIsNot(t *testing.T) {
	b := newBench(t)
	wantStates(t, b.run(plan.Power(b.view(), plan.PowerStop, ref(b.aws, "i-1")), "www-1"), StepDone)
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, b.run(undo), StepDone)
	if !slices.Equal(b.aws.Powered, []string{"stop i-1", "start i-1"}) {
		t.Errorf("power %v", b.aws.Powered)
	}
	end := plan.Power(b.view(), plan.PowerTerminate, ref(b.aws, "i-2"))
	wantStates(t, b.run(end, "www-2"), StepRefused) // DNS leads to it, whatever is typed
	b.cf.Drop(&providers.Record{Name: www, Type: "A", Value: "34.200.16.2"})
	wantStates(t, b.run(end), StepDone)
	if undo, err = b.engine().UndoPlan(""); err != nil || len(undo.Steps) != 0 || len(undo.Skipped) != 1 {
		t.Errorf("%+v, %v", undo, err)
	}
}

func TestAPowerActionWhoseAnswerWasLostIsLookedUp(t *testing.T) {
	b := newBench(t)
	p := plan.Power(b.view(), plan.PowerStop, ref(b.aws, "i-1"))
	b.aws.PowerErr = providers.Errorf(providers.KindUncertain, "stop", "reset")
	wantStates(t, b.run(p, "www-1"), StepFailed)
	b.aws.Rows[0].State = providers.StateStopping
	wantStates(t, b.run(p, "www-1"), StepDone)
}

// wire answers what a zone served some asks ago.
type wire struct {
	d     *fakeDNS
	lag   int
	stale []string
	err   error
	asks  int
}

func (w *wire) Answers(_ context.Context, _ providers.Zone, name, typ string, _ int) ([]index.WireAnswer, error) {
	w.asks++
	if w.err != nil {
		return nil, w.err
	}
	if w.asks <= w.lag {
		return []index.WireAnswer{{Server: "ns1", Values: w.stale}}, nil
	}
	return []index.WireAnswer{{Server: "ns1", Values: w.d.Serves(name, typ)}}, nil
}

func TestARunWaitsUntilTheAuthoritativeServersAnswerTheChange(t *testing.T) {
	for _, c := range []struct {
		name string
		w    wire
		want string
		asks int
	}{
		{"they answer at the third ask", wire{lag: 2, stale: []string{"165.225.128.1"}}, "show the change", 3},
		{"they do not answer in time", wire{lag: 1000, stale: []string{"165.225.128.1"}}, "do not show the change of www.scalability.expert A yet", 61},
		{"they cannot be asked", wire{err: errDown}, "could not be asked", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.triton.Remove("m-1")
			c.w.d = b.cf
			b.opts.Wire = &c.w
			rep := b.run(b.dead())
			wantStates(t, rep, StepDone)
			if !strings.Contains(rep.Steps[0].Wire, c.want) || c.w.asks != c.asks {
				t.Errorf("%q after %d asks", rep.Steps[0].Wire, c.w.asks)
			}
		})
	}
}

func TestAPlanThatWaitsLongIsJudgedOnFreshEvidenceAfterwards(t *testing.T) {
	b := newBench(t)
	b.cf.Rows[4].TTL, b.cf.Rows[4].AutoTTL = 300, true
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	lists := 0
	rep := b.engine().Run(t.Context(), p, Confirm{}, func(ev Event) {
		if ev.Kind == EventWaiting && lists == 0 {
			lists = b.aws.Lists
		}
	})
	if !rep.OK() || b.aws.Lists == lists {
		t.Errorf("%v, %d lists", states(rep), b.aws.Lists)
	}
}

func TestADrainWaitsForOpenConnectionsToo(t *testing.T) {
	b := newBench(t)
	b.opts.Services[0].Linger = 30 * time.Second
	lingers := func(p plan.Plan) bool {
		return slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Lingers })
	}
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	rep := b.run(p)
	if got := b.clk.Now().Sub(begin); !rep.OK() || !lingers(p) || got < 90*time.Second || got > 95*time.Second {
		t.Errorf("%v after %s of %+v", states(rep), got, p.Steps)
	}
	b = newBench(t) // of a node that is out of DNS already
	b.opts.Services[0].Linger = 30 * time.Second
	b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1")))
	if p := plan.Drain(b.view(), ref(b.triton, "m-1")); !lingers(p) {
		t.Errorf("%+v", p.Steps)
	}
}
