package apply

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// refuses is a cloud's answer that it would not carry out an action on one instance.
func refuses(id string, actions ...providers.PowerAction) func(string, providers.PowerAction) (providers.PowerCheck, error) {
	return func(asked string, a providers.PowerAction) (providers.PowerCheck, error) {
		if asked == id && slices.Contains(actions, a) {
			return providers.PowerCheck{Refused: "it is protected", Satisfy: "take the protection off"}, nil
		}
		return providers.PowerCheck{}, nil
	}
}

// unwaited is a plan without its waits, as --no-drain makes it.
func unwaited(p plan.Plan) plan.Plan {
	waits := map[int]bool{}
	for _, s := range p.Steps {
		waits[s.ID] = s.Kind == plan.StepWait
	}
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s plan.Step) bool { return s.Kind == plan.StepWait })
	for i := range p.Steps {
		p.Steps[i].Needs = slices.DeleteFunc(slices.Clone(p.Steps[i].Needs), func(id int) bool { return waits[id] })
	}
	return p
}

func TestAProtectedNodeIsNeverTakenOutOfDNSForATermination(t *testing.T) {
	for name, shape := range map[string]func(plan.Plan) plan.Plan{
		"drained": func(p plan.Plan) plan.Plan { return p }, "without a drain": unwaited,
	} {
		b := newBench(t)
		b.triton.Check = refuses("m-1", providers.PowerTerminate)
		before := values(b.cf)
		p := shape(plan.Drain(b.view(), ref(b.triton, "m-1")))
		check := b.engine().Check(t.Context(), p)
		rep := b.run(p)
		if len(b.triton.Powered) > 0 || !slices.Equal(values(b.cf), before) || len(b.cf.Applied) > 0 {
			t.Errorf("%s: powered %v, applied %v", name, b.triton.Powered, b.cf.Applied)
		}
		for which, r := range map[string]*Report{"check": check, "run": rep} {
			for i := range r.Steps {
				s := &r.Steps[i]
				switch g := guardNamed(r, i, index.GuardPower); {
				case s.State == StepReady || s.State == StepDone:
					t.Errorf("%s, %s: %s is %s", name, which, s.Step.Sentence, s.State)
				case s.Step.Kind == plan.StepPower && (g.Pass || g.Why != "it is protected" || g.Satisfy != "take the protection off" || s.State != StepRefused):
					t.Errorf("%s, %s: %s %+v", name, which, s.State, g)
				}
			}
			if len(r.Asks()) > 0 || len(r.Nodes) > 0 {
				t.Errorf("%s, %s: asks %+v, nodes %+v", name, which, r.Asks(), r.Nodes)
			}
		}
		for _, e := range entries(t, b.j) {
			if e.State != journal.Refused {
				t.Errorf("%s: journal %s %s", name, e.State, e.Sentence)
			}
		}
		if b.clk.Now() != begin {
			t.Errorf("%s: it waited for nothing", name)
		}
	}
}

func TestAProtectedNodeDoesNotKeepTheOthersOfItsPlanFromBeingTerminated(t *testing.T) {
	b := newBench(t)
	b.aws.Check = refuses("i-2", providers.PowerTerminate)
	rep := b.run(plan.Drain(b.view(), ref(b.aws, "i-1"), ref(b.aws, "i-2"), ref(b.triton, "s-1")))
	if !slices.Equal(b.aws.Powered, []string{"terminate i-1"}) || !slices.Equal(b.triton.Powered, []string{"terminate s-1"}) {
		t.Errorf("powered %v %v", b.aws.Powered, b.triton.Powered)
	}
	if has(b.cf, "34.200.16.1") || !has(b.cf, "34.200.16.2") || rep.OK() {
		t.Errorf("left %v, states %v", values(b.cf), states(rep))
	}
}

func TestAProtectedNodeIsNeitherStoppedNorStartedNorRebooted(t *testing.T) {
	for _, a := range []providers.PowerAction{providers.PowerStop, providers.PowerStart, providers.PowerReboot} {
		b := newBench(t)
		b.aws.Check = refuses("i-1", a)
		if a == providers.PowerStart {
			b.aws.Rows[0].State = providers.StateStopped
		}
		p := plan.Power(b.view(), a, ref(b.aws, "i-1"))
		check := b.engine().Check(t.Context(), p)
		rep := b.run(p)
		if len(b.aws.Powered) > 0 || check.Steps[0].State != StepRefused || rep.Steps[0].State != StepRefused {
			t.Errorf("%s: powered %v, %v, %v", a, b.aws.Powered, states(check), states(rep))
		}
	}
}

func TestAProtectionThatIsPutOnDuringTheWaitHoldsAndTheReportSaysHowTheNodeStands(t *testing.T) {
	b := newBench(t)
	b.onSleep(func() { b.triton.Check = refuses("m-1", providers.PowerTerminate) })
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")))
	if len(b.triton.Powered) > 0 || rep.Count(StepRefused) != 1 || guardNamed(rep, 4, index.GuardPower).Pass {
		t.Fatalf("powered %v, states %v", b.triton.Powered, states(rep))
	}
	wantHalfWay(t, b, rep, "m-1")
	b.triton.Check = nil
	if back := b.run(plan.Return(b.view(), ref(b.triton, "m-1"))); !back.OK() || !has(b.cf, "165.225.128.1") {
		t.Errorf("the return: %v, %v", states(back), values(b.cf))
	}
}

// wantHalfWay expects a report, and the last entry of the journal, to say that a node runs, is out of DNS, and how to put it back.
func wantHalfWay(t *testing.T, b *bench, rep *Report, id string) {
	t.Helper()
	if len(rep.Nodes) != 1 || rep.Nodes[0].State != "running" || rep.Nodes[0].DNS != "out of DNS" || rep.Nodes[0].Back != "rollcall return "+id {
		t.Fatalf("nodes %+v", rep.Nodes)
	}
	for _, e := range entries(t, b.j) {
		if e.Kind == string(plan.StepPower) && !strings.Contains(e.Note, rep.Nodes[0].Text) {
			t.Errorf("journal note %q, want %q", e.Note, rep.Nodes[0].Text)
		}
	}
	if all := entries(t, b.j); !slices.ContainsFunc(all, func(e journal.Entry) bool { return e.Kind == string(plan.StepPower) }) {
		t.Errorf("the journal knows nothing of the power step: %+v", all)
	}
}

func TestATerminationThatFailsLeavesTheWayBackInTheReport(t *testing.T) {
	for name, err := range map[string]error{
		"refused": providers.Errorf(providers.KindConflict, "terminate", "OperationNotPermitted"), "throttled": providers.Errorf(providers.KindThrottled, "terminate", "slow down"),
		"no permission": providers.Errorf(providers.KindAuth, "terminate", "not authorized"), "lost": providers.Errorf(providers.KindUncertain, "terminate", "lost"),
	} {
		b := newBench(t)
		b.triton.PowerErr = err
		rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")))
		if rep.OK() {
			t.Fatalf("%s: %v", name, states(rep))
		}
		wantHalfWay(t, b, rep, "m-1")
	}
}

func TestADrainThatIsStoppedDuringItsWaitLeavesTheWayBackInTheReport(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.onSleep(cancel)
	rep := b.engine().Run(ctx, plan.Drain(b.view(), ref(b.triton, "m-1")), Confirm{}, nil)
	wantHalfWay(t, b, rep, "m-1")
}

func TestANodeThatWasOutBeforeIsReportedWhenItCannotBeTerminated(t *testing.T) {
	b := newBench(t)
	if rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1"))); !rep.OK() {
		t.Fatal(states(rep))
	}
	b.triton.Check = refuses("m-1", providers.PowerTerminate)
	at := b.clk.Now()
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")))
	if len(b.triton.Powered) > 0 || b.clk.Now() != at {
		t.Errorf("powered %v, waited %s", b.triton.Powered, b.clk.Now().Sub(at))
	}
	if len(rep.Nodes) != 1 || rep.Nodes[0].DNS != "out of DNS" || rep.Nodes[0].Back != "rollcall return m-1" {
		t.Errorf("nodes %+v", rep.Nodes)
	}
}

func TestANodeThatIsHalfOutOfDNSIsReportedAsThat(t *testing.T) {
	b := newBench(t)
	b.sd.Fault = func(c providers.Change) (error, bool) {
		if c.Op == providers.OpDelete && c.Before.Type == "A" {
			return providers.Errorf(providers.KindInvalid, "change", "no"), false
		}
		return nil, false
	}
	rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "s-1")))
	if len(rep.Nodes) != 1 || rep.Nodes[0].DNS != "partly out of DNS" || rep.Nodes[0].State != "running" || rep.Nodes[0].Back != "rollcall return s-1" {
		t.Fatalf("states %v, nodes %+v", states(rep), rep.Nodes)
	}
	all := entries(t, b.j)
	if last := all[len(all)-1]; last.State != journal.Failed || !strings.Contains(last.Note, "rollcall return s-1") {
		t.Errorf("journal %+v", last)
	}
}

func TestACloudThatDoesNotSayWhetherItWouldActHoldsBackTheWholeNode(t *testing.T) {
	b := newBench(t)
	b.triton.Check = func(string, providers.PowerAction) (providers.PowerCheck, error) {
		return providers.PowerCheck{}, errors.New("no answer")
	}
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")))
	g := guardNamed(rep, 4, index.GuardPower)
	if len(b.triton.Powered) > 0 || len(b.cf.Applied) > 0 || g.Pass || !g.NoEvidence || g.Satisfy == "" {
		t.Errorf("powered %v, applied %d, %+v", b.triton.Powered, len(b.cf.Applied), g)
	}
}

func TestWhatTheCredentialsMayNotAskIsToldOnceAndHoldsNothingBack(t *testing.T) {
	b := newBench(t)
	b.aws.Check = func(string, providers.PowerAction) (providers.PowerCheck, error) {
		return providers.PowerCheck{Unchecked: []string{"the permission to ask is missing"}}, nil
	}
	p := plan.Drain(b.view(), ref(b.aws, "i-1"), ref(b.aws, "i-2"))
	for which, r := range map[string]*Report{"check": b.engine().Check(t.Context(), p), "run": b.run(p)} {
		if !r.OK() || !slices.Equal(r.Notes, []string{"the permission to ask is missing"}) {
			t.Errorf("%s: %v, notes %q", which, states(r), r.Notes)
		}
		for i := range r.Steps {
			if g := guardNamed(r, i, index.GuardPower); strings.Contains(g.Why, "permission") {
				t.Errorf("%s: step %d says it again: %s", which, i, g.Why)
			}
		}
	}
	if len(b.aws.Powered) != 2 {
		t.Errorf("powered %v", b.aws.Powered)
	}
}

func TestWhatACloudSaysOfANodeThatItWouldEndStandsAtTheGuardThatPasses(t *testing.T) {
	b := newBench(t)
	b.aws.Check = func(string, providers.PowerAction) (providers.PowerCheck, error) {
		return providers.PowerCheck{Notices: []string{"its host re\x1b[31mtires"}}, nil
	}
	g := guardNamed(b.engine().Check(t.Context(), plan.Drain(b.view(), ref(b.aws, "i-1"))), 4, index.GuardPower)
	if !g.Pass || !slices.Equal(g.Notices, []string{"its host re[31mtires"}) || g.Why != "aws-use1 would terminate it; its host re[31mtires" {
		t.Errorf("%+v", g)
	}
}

func TestACloudIsAskedBeforeANodeLeavesDNSAndAgainRightBeforeItEnds(t *testing.T) {
	b := newBench(t)
	b.cf.OnApply = func([]providers.Change) {
		if len(b.triton.Checks) == 0 {
			t.Error("DNS was changed before the cloud was asked")
		}
	}
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")))
	if !rep.OK() || !slices.Equal(b.triton.Checks, []string{"terminate m-1", "terminate m-1"}) || !guardNamed(rep, 4, index.GuardPower).Pass {
		t.Errorf("states %v, asked %v", states(rep), b.triton.Checks)
	}
}

func TestAPowerActionWhoseAnswerWasLostIsLookedUpOnceMoreBeforeItIsSaidNotToBeMade(t *testing.T) {
	for name, c := range map[string]struct {
		state providers.InstanceState // after the wait
		want  StepState
	}{
		"it is carried out late": {providers.StateStopping, StepDone}, "it is not": {providers.StateRunning, StepFailed},
		"its state is not known": {providers.StateUnknown, StepUnknown}, "it is offline": {providers.StateOffline, StepUnknown},
	} {
		b := newBench(t)
		p := plan.Power(b.view(), plan.PowerStop, ref(b.aws, "i-1"))
		b.aws.PowerErr = providers.Errorf(providers.KindUncertain, "stop", "reset")
		began := b.clk.Now()
		b.onSleep(func() { b.aws.Rows[0].State = c.state })
		rep := b.run(p, "www-1")
		if s := rep.Steps[0]; s.State != c.want || b.clk.Now().Sub(began) < 5*time.Second || entries(t, b.j)[0].State != map[StepState]journal.State{
			StepDone: journal.Done, StepFailed: journal.Failed, StepUnknown: journal.Unknown,
		}[c.want] {
			t.Errorf("%s: %v, %s, after %s", name, s.State, s.Why, b.clk.Now().Sub(began))
		}
	}
}

func TestAStartOfARunningNodeAndAStopOfAStoppedOneChangeNothingAndLeaveNothingToUndo(t *testing.T) {
	for state, a := range map[providers.InstanceState]providers.PowerAction{
		providers.StateRunning: providers.PowerStart, providers.StatePending: providers.PowerStart,
		providers.StateStopped: providers.PowerStop, providers.StateStopping: providers.PowerStop,
	} {
		b := newBench(t)
		b.aws.Rows[0].State = state
		p := plan.Power(b.view(), a, ref(b.aws, "i-1"))
		check, rep := b.engine().Check(t.Context(), p), b.run(p)
		if !check.OK() || !rep.OK() || len(b.aws.Powered) > 0 || rep.Steps[0].Why != "nothing to do: it is "+string(state)+" already" {
			t.Errorf("%s: powered %v, %v, %v, %q", state, b.aws.Powered, states(check), states(rep), rep.Steps[0].Why)
		}
		if back, err := b.engine().UndoPlan(""); err == nil {
			t.Errorf("%s: an undo would %s", state, back.Steps[0].Sentence)
		}
	}
}

func TestAnUndoOfAStartOfWhatWasStoppedMeanwhileIsThroughAndTheNextOneTakesAnEarlierChange(t *testing.T) {
	b := newBench(t)
	b.aws.Rows[0].State = providers.StateStopped
	b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1")))
	b.run(plan.Power(b.view(), providers.PowerStart, ref(b.aws, "i-1")))
	b.aws.Rows[0].State = providers.StateStopped
	b.aws.Powered = nil
	undo := func() (plan.Plan, *Report) {
		p, err := b.engine().UndoPlan("")
		if err != nil {
			t.Fatal(err)
		}
		return p, b.run(p)
	}
	if _, rep := undo(); !rep.OK() || len(b.aws.Powered) > 0 {
		t.Fatalf("powered %v, %v", b.aws.Powered, states(rep))
	}
	if p, _ := undo(); p.Steps[0].Change == nil {
		t.Errorf("the second undo would %s", p.Steps[0].Sentence)
	}
}

func TestAStopSaysWhichPublicAddressIsLost(t *testing.T) {
	b := newBench(t)
	b.clouds[0].Traits.StopReleases = true
	p := plan.Power(b.view(), providers.PowerStop, ref(b.aws, "i-1"))
	typed := Confirm{Typed: []string{"www-1"}}
	for which, rep := range map[string]*Report{"check": b.engine().Check(t.Context(), p), "run": b.engine().Run(t.Context(), p, typed, nil)} {
		if len(rep.Notes) != 1 || !strings.Contains(rep.Notes[0], "34.200.16.1") {
			t.Errorf("%s: %v, notes %q", which, states(rep), rep.Notes)
		}
	}
}
