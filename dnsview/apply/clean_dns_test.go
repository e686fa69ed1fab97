package apply

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// noDrain leaves the waits of a drain out, as terminate --no-drain does.
func noDrain(p plan.Plan) plan.Plan {
	var waits []int
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool {
		if s.Kind == plan.StepWait {
			waits = append(waits, s.ID)
		}
		return s.Kind == plan.StepWait
	})
	for n := range p.Steps {
		p.Steps[n].Needs = slices.DeleteFunc(slices.Clone(p.Steps[n].Needs), func(id int) bool { return slices.Contains(waits, id) })
	}
	return p
}

// powerStep returns the first power step of a report.
func powerStep(t *testing.T, r *Report) *StepReport {
	t.Helper()
	for n := range r.Steps {
		if r.Steps[n].Step.Kind == plan.StepPower {
			return &r.Steps[n]
		}
	}
	t.Fatal("no power step")
	return nil
}

// dnsGuard returns the guard of a step that is about what DNS hands out.
func dnsGuard(t *testing.T, s *StepReport) index.GuardResult {
	t.Helper()
	for _, g := range s.Guards {
		if g.Guard == index.GuardDNS {
			return g
		}
	}
	t.Fatalf("%s: no guard about DNS among %+v", s.Step.Sentence, s.Guards)
	return index.GuardResult{}
}

// behind makes the second name server answer what the zones hold now, until an instant of the clock.
func (b *bench) behind(until time.Time) {
	old := map[string][]string{}
	for _, d := range []*fakeDNS{b.cf, b.sd} {
		for i := range d.Rows {
			k := d.Rows[i].Name + "/" + d.Rows[i].Type
			old[k] = append(old[k], d.Rows[i].Value)
		}
	}
	b.ns.says = func(name, typ string, values []string) ([]index.WireAnswer, error) {
		second := values
		if b.clk.Now().Before(until) {
			second = old[name+"/"+typ]
		}
		return []index.WireAnswer{{Server: "ns1", Values: values}, {Server: "ns2", Values: second}}, nil
	}
}

func TestANodeIsNotTerminatedWhileANameServerStillAnswersWithItsAddress(t *testing.T) {
	never := begin.Add(1000 * time.Hour)
	for _, c := range []struct {
		name, node, typ string
		typed           []string
		plan            func(plan.Plan) plan.Plan
		skip            bool
	}{
		{name: "Cloudflare", node: "m-1", typ: "165.225.128.1"},
		{name: "Route 53", node: "s-1", typ: "165.225.128.11"},
		{name: "though its name was typed", node: "m-1", typ: "165.225.128.1", typed: []string{"www-5", "m-1"}},
		{name: "though no wait was asked for", node: "m-1", typ: "165.225.128.1", plan: noDrain},
		{name: "though the wait was cut short", node: "m-1", typ: "165.225.128.1", skip: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.behind(never)
			p := plan.Drain(b.view(), ref(b.triton, c.node))
			if c.plan != nil {
				p = c.plan(p)
			}
			confirm := Confirm{Typed: c.typed}
			if c.skip {
				skip := make(chan struct{})
				close(skip)
				confirm.SkipWait = skip
			}
			at := b.clk.Now()
			rep := b.engine().Run(t.Context(), p, confirm, nil)
			s := powerStep(t, rep)
			g := dnsGuard(t, s)
			if s.State != StepRefused || g.Pass || g.Confirm != "" || !strings.Contains(g.Why, "ns2 still answers with") || !strings.Contains(g.Why, c.typ) {
				t.Errorf("%s: %+v", s.State, g)
			}
			if len(b.triton.Powered) > 0 || b.clk.Now().Sub(at) > 5*time.Minute {
				t.Errorf("power %v after %s", b.triton.Powered, b.clk.Now().Sub(at))
			}
			if e := entries(t, b.j); e[len(e)-1].State != journal.Refused || !slices.ContainsFunc(e[len(e)-1].Guards, func(g journal.Guard) bool { return g.Guard == "dns" && !g.Pass }) {
				t.Errorf("journal %+v", e[len(e)-1])
			}
			for n := range rep.Steps {
				if rep.Steps[n].Step.ID > s.Step.ID && rep.Steps[n].State == StepDone {
					t.Errorf("done all the same: %s", rep.Steps[n].Step.Sentence)
				}
			}
		})
	}
}

func TestTheWaitCountsFromTheMomentTheLastNameServerAnswersWithoutTheAddress(t *testing.T) {
	for _, late := range []time.Duration{0, 5 * time.Second, 40 * time.Second, 70 * time.Second} {
		b := newBench(t)
		b.behind(begin.Add(late))
		var at time.Time
		rep := b.engine().Run(t.Context(), plan.Drain(b.view(), ref(b.triton, "m-1")), Confirm{}, func(ev Event) {
			if ev.Kind == EventBegun && ev.Text != "" && strings.HasPrefix(ev.Text, "Terminate") {
				at = b.clk.Now()
			}
		})
		if !rep.OK() || len(b.triton.Powered) != 1 {
			t.Fatalf("%s late: %v, %s", late, states(rep), powerStep(t, rep).Why)
		}
		if got := at.Sub(begin); got < late+time.Minute || got > late+80*time.Second {
			t.Errorf("a server was %s late: terminated after %s", late, got)
		}
	}
}

func TestARecordThatComesBackDuringTheWaitHoldsTheNodeBack(t *testing.T) {
	other := providers.Owner{Fleet: "other", Cloud: awsKey, Instance: "i-99", Registered: begin.Add(-time.Hour)}
	text, err := other.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		node string
		rec  providers.Record
	}{
		{"without a marker", "m-1", providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: "165.225.128.1"}},
		{"with the marker of another fleet", "m-1", providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: "165.225.128.1", Comment: text, Owners: []providers.Owner{other}}},
		{"at another name", "m-1", providers.Record{Zone: cfZone, Name: "old." + cfZone, Type: "A", TTL: 60, Value: "165.225.128.1"}},
		{"in another zone", "m-1", providers.Record{Zone: sdZone, Name: "old." + sdZone, Type: "A", TTL: 60, Value: "165.225.128.1"}},
		{"at Route 53", "s-1", providers.Record{Zone: sdZone, Name: "sd-1." + sdZone, Type: "A", TTL: 60, Value: "165.225.128.11"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			p := plan.Drain(b.view(), ref(b.triton, c.node))
			d := map[string]*fakeDNS{cfZone: b.cf, sdZone: b.sd}[c.rec.Zone]
			back := false
			rep := b.engine().Run(t.Context(), p, Confirm{}, func(ev Event) {
				if ev.Kind == EventWaiting && ev.Left < ev.Total-12*time.Second && !back {
					back = true
					d.Add(c.rec)
				}
			})
			s := powerStep(t, rep)
			if g := dnsGuard(t, s); s.State != StepRefused || !strings.Contains(g.Why, c.rec.Name+"/A/"+c.rec.Value) || len(b.triton.Powered) > 0 {
				t.Errorf("%s: %+v, power %v", s.State, g, b.triton.Powered)
			}
		})
	}
}

func TestAZoneThatCannotBeReadAgainHoldsTheNodeBack(t *testing.T) {
	b := newBench(t)
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	rep := b.engine().Run(t.Context(), p, Confirm{}, func(ev Event) {
		if ev.Kind == EventWaiting {
			b.sd.ListErr = errDown
		}
	})
	s := powerStep(t, rep)
	if g := dnsGuard(t, s); s.State != StepRefused || !g.NoEvidence || !strings.Contains(g.Why, sdZone+" could not be read") || len(b.triton.Powered) > 0 {
		t.Errorf("%s: %+v", s.State, g)
	}
}

func TestAChangeThatRoute53CallsPendingIsNotDone(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration // until it is in sync
		want  StepState
	}{
		{"for a while", 100 * time.Second, StepDone},
		{"for ever", 1000 * time.Hour, StepRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.sd.Progress = func(ticket string) (bool, error) {
				if ticket == "" {
					t.Error("asked without a ticket")
				}
				return !b.clk.Now().Before(begin.Add(c.after)), nil
			}
			rep := b.run(plan.Drain(b.view(), ref(b.triton, "s-1")))
			s := powerStep(t, rep)
			if s.State != c.want || (len(b.triton.Powered) > 0) != (c.want == StepDone) {
				t.Fatalf("%s: %+v", s.State, dnsGuard(t, s))
			}
			if c.want == StepDone && b.clk.Now().Before(begin.Add(c.after)) {
				t.Error("terminated before it was in sync")
			}
			if c.want != StepDone && !strings.Contains(dnsGuard(t, s).Why, "has not reached every name server yet") {
				t.Errorf("%+v", dnsGuard(t, s))
			}
		})
	}
}

func TestWhatCannotBeAskedIsWaitedOutAndTypingTheNameShortensThat(t *testing.T) {
	denied := providers.Errorf(providers.KindAuth, "ask how far a change has got", "AccessDenied")
	for _, c := range []struct {
		name  string
		node  string
		set   func(b *bench)
		typed string
		want  time.Duration
		why   string
	}{
		{"all can be asked", "m-1", func(*bench) {}, "", time.Minute, "answer without it"},
		{"nothing asks name servers", "m-1", func(b *bench) { b.opts.Wire = nil }, "", 2 * time.Minute, "waited out"},
		{"no name server can be asked", "m-1", func(b *bench) {
			b.ns.says = func(string, string, []string) ([]index.WireAnswer, error) { return nil, errDown }
		}, "", 2 * time.Minute, "down"},
		{"one of two cannot", "m-1", func(b *bench) {
			b.ns.says = func(_, _ string, v []string) ([]index.WireAnswer, error) {
				return []index.WireAnswer{{Server: "ns1", Values: v}, {Server: "ns2", Failure: "no reply"}}, nil
			}
		}, "", 2 * time.Minute, "ns2 (no reply) could not be asked"},
		{"one of two cannot, and the name is typed", "m-1", func(b *bench) {
			b.ns.says = func(_, _ string, v []string) ([]index.WireAnswer, error) {
				return []index.WireAnswer{{Server: "ns1", Values: v}, {Server: "ns2", Failure: "no reply"}}, nil
			}
		}, "www-5", time.Minute, "left out"},
		{"Route 53 may not be asked", "s-1", func(b *bench) {
			b.sd.Progress = func(string) (bool, error) { return false, denied }
		}, "", 105 * time.Second, "may not be asked"},
		{"Route 53 does not know the change", "s-1", func(b *bench) {
			b.sd.Progress = func(string) (bool, error) {
				return false, providers.Errorf(providers.KindNotFound, "x", "NoSuchChange")
			}
		}, "", 105 * time.Second, "NoSuchChange"},
		{"the name is proxied", "m-1", func(b *bench) {
			b.cf.Rows[4].Proxied = true
			b.ns.says = func(string, string, []string) ([]index.WireAnswer, error) {
				return []index.WireAnswer{{Server: "ns1", Values: []string{"104.16.132.229"}}}, nil
			}
		}, "", 6 * time.Minute, "proxied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			c.set(b)
			rep := b.run(plan.Drain(b.view(), ref(b.triton, c.node)), c.typed)
			s := powerStep(t, rep)
			g := dnsGuard(t, s)
			if s.State != StepDone || !strings.Contains(g.Why, c.why) {
				t.Fatalf("%s: %+v", s.State, g)
			}
			if got := b.clk.Now().Sub(begin); got < c.want || got > c.want+10*time.Second {
				t.Errorf("it took %s, want %s", got, c.want)
			}
			if g.Confirm != c.typed {
				t.Errorf("typed %q, want %q", g.Confirm, c.typed)
			}
		})
	}
}

func TestAConsoleThatMayNotAskRoute53IsToldOnce(t *testing.T) {
	b := newBench(t)
	asked := 0
	b.sd.Progress = func(string) (bool, error) {
		asked++
		return false, providers.Errorf(providers.KindAuth, "ask how far a change has got", "AccessDenied: route53:GetChange")
	}
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "s-1"), ref(b.triton, "s-2")), v1)
	if len(b.triton.Powered) != 2 || asked < 2 {
		t.Fatalf("%v, asked %d times, %+v", states(rep), asked, rep.Asks())
	}
	if len(rep.Notes) != 1 || !strings.Contains(rep.Notes[0], "route53:GetChange") || !strings.Contains(rep.Notes[0], "rollcall policy aws") {
		t.Errorf("notes %q", rep.Notes)
	}
}

func TestANameWhoseAnswerVariesIsAskedForSeveralTimes(t *testing.T) {
	b := newBench(t)
	for i := range b.sd.Rows {
		if b.sd.Rows[i].Type == "A" && b.sd.Rows[i].Value == "165.225.128.11" {
			b.sd.Rows[i].SetID, b.sd.Rows[i].Policy, b.sd.Rows[i].Weight = "one", "weighted", 1
		}
	}
	most := 0
	var mu sync.Mutex // servers are asked side by side
	w := &counting{servers: b.ns, asked: func(n int) {
		mu.Lock()
		defer mu.Unlock()
		most = max(most, n)
	}}
	b.opts.Wire = w
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "s-1")))
	if !rep.OK() || most < 10 {
		t.Errorf("%v, at most %d samples", states(rep), most)
	}
}

func TestACheckShowsTheGuardAboutDNSAndWhatElseLeadsToTheNode(t *testing.T) {
	b := newBench(t)
	b.ns.says = func(_, _ string, v []string) ([]index.WireAnswer, error) {
		return []index.WireAnswer{{Server: "ns1", Values: v}, {Server: "ns2", Failure: "no reply"}}, nil
	}
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	rep := b.engine().Check(t.Context(), p)
	s := powerStep(t, rep)
	if g := dnsGuard(t, s); s.State != StepReady || !g.Pass || !strings.Contains(g.Why, "ns2 (no reply) could not be asked") {
		t.Errorf("%s: %+v", s.State, g)
	}
	b.cf.Add(providers.Record{Zone: cfZone, Name: "old." + cfZone, Type: "A", TTL: 60, Value: "165.225.128.1"})
	rep = b.engine().Check(t.Context(), p)
	s = powerStep(t, rep)
	if g := dnsGuard(t, s); s.State != StepRefused || g.Pass || !strings.Contains(g.Why, "old."+cfZone+"/A/165.225.128.1") {
		t.Errorf("%s: %+v", s.State, g)
	}
}

func TestAnOperatorsOwnStopOfANodeThatDNSHandsOutWaitsForItsNameToBeTyped(t *testing.T) {
	b := newBench(t)
	p := plan.Power(b.view(), plan.PowerStop, ref(b.triton, "m-1"))
	name := p.Steps[0].Instance.Name
	for _, rep := range []*Report{b.engine().Check(t.Context(), p), b.run(p), b.run(p, "another")} {
		wantStates(t, rep, StepRefused)
		if asks := rep.Asks(); len(asks) != 1 || asks[0].Guard != index.GuardDNS || asks[0].Text != name || !strings.Contains(asks[0].Why, www+"/A/165.225.128.1") {
			t.Errorf("asks %+v", asks)
		}
	}
	if b.triton.Rows[0].State != providers.StateRunning {
		t.Fatal("it was stopped")
	}
	wantStates(t, b.run(p, name), StepDone)
	if !has(b.cf, www+"/A/165.225.128.1") {
		t.Error("a stop changed DNS")
	}
}

func TestAnOperatorsOwnStopOfANodeThatIsOutOfDNSAsksNothingOnceTheNameServersKnow(t *testing.T) {
	b := newBench(t)
	if rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1")), www); !rep.OK() {
		t.Fatal(states(rep))
	}
	p := plan.Power(b.view(), plan.PowerStop, ref(b.triton, "m-1"))
	wantStates(t, b.run(p), StepDone)
}

func TestAStopThatAnUndoMakesIsGuardedLikeAnOperatorsOwn(t *testing.T) {
	b := newBench(t)
	b.triton.Rows[0].State = providers.StateStopped
	rep := b.run(plan.Power(b.view(), plan.PowerStart, ref(b.triton, "m-1")))
	wantStates(t, rep, StepDone)
	undo, err := b.engine().UndoPlan(rep.Steps[0].Entry)
	if err != nil {
		t.Fatal(err)
	}
	back := b.run(undo)
	wantStates(t, back, StepRefused)
	if asks := back.Asks(); len(asks) != 1 || asks[0].Guard != index.GuardDNS {
		t.Errorf("asks %+v", asks)
	}
}

func TestAStopWhereAZoneCannotBeReadSaysSoAndAsksForTheName(t *testing.T) {
	b := newBench(t)
	p := plan.Power(b.view(), plan.PowerStop, ref(b.triton, "m-1"))
	b.cf.ListErr = providers.Errorf(providers.KindAuth, "list", "refused")
	rep := b.run(p)
	wantStates(t, rep, StepRefused)
	if asks := rep.Asks(); len(asks) != 1 || !strings.Contains(asks[0].Why, cfZone) {
		t.Errorf("asks %+v", asks)
	}
	wantStates(t, b.run(p, p.Steps[0].Instance.Name), StepDone)
}

func TestANodeWhoseAddressARecordOfAnotherOwnerHoldsIsNotDrained(t *testing.T) {
	b := newBench(t)
	o := providers.Owner{Fleet: fleetID, Cloud: awsKey, Instance: "i-9", Registered: begin.Add(-time.Hour)}
	text, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b.cf.Add(providers.Record{Zone: cfZone, Name: "old." + cfZone, Type: "A", TTL: 60, Value: "165.225.128.1", Comment: text, Owners: []providers.Owner{o}})
	if p := plan.Drain(b.view(), ref(b.triton, "m-1")); len(p.Steps) != 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "old."+cfZone) {
		t.Errorf("%+v", p)
	}
}

func TestWhatComesBackDuringAWaitThatNothingFollowsFailsTheWait(t *testing.T) {
	for _, back := range []bool{false, true} {
		b := newBench(t)
		p := plan.Quiesce(b.view(), ref(b.triton, "m-1"))
		p.Steps = append(p.Steps, plan.Step{ID: len(p.Steps) + 1, Kind: plan.StepWait, Wait: time.Minute, Sentence: "Wait"})
		put := false
		rep := b.engine().Run(t.Context(), p, Confirm{}, func(ev Event) {
			if ev.Kind == EventWaiting && back && !put {
				put = true
				b.cf.Add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: "165.225.128.1"})
			}
		})
		last := rep.Steps[len(rep.Steps)-1]
		if back != (last.State == StepFailed) || back != strings.Contains(last.Why, www+"/A/165.225.128.1 came back") {
			t.Errorf("came back %v: %s %s", back, last.State, last.Why)
		}
	}
}

func TestATerminationWithoutAWaitSaysWhatCouldNotBeAsked(t *testing.T) {
	b := newBench(t)
	b.ns.says = func(_, _ string, v []string) ([]index.WireAnswer, error) {
		return []index.WireAnswer{{Server: "ns1", Values: v}, {Server: "ns2", Failure: "no reply"}}, nil
	}
	s := powerStep(t, b.run(noDrain(plan.Drain(b.view(), ref(b.triton, "m-1")))))
	if g := dnsGuard(t, s); s.State != StepDone || !strings.Contains(g.Why, "no wait was asked for, though ns2 (no reply) could not be asked") || b.clk.Now().Sub(begin) > 5*time.Second {
		t.Errorf("%s: %+v", s.State, g)
	}
}
