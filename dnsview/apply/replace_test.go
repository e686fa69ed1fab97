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

// replacing returns a bench that can launch.
func replacing(t *testing.T) (*bench, *fakeLauncher) {
	b := newBench(t)
	f := &fakeLauncher{b: b, fails: map[string]error{}, sick: map[string]error{}}
	b.opts.Launcher = f
	return b, f
}

func kinds(p plan.Plan) string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, string(s.Kind))
	}
	return strings.Join(out, " ")
}

// outcomes returns the kinds of steps with their states, in order.
func outcomes(r *Report) (out []string) {
	for i := range r.Steps {
		if s := &r.Steps[i]; s.Step.Kind == plan.StepLaunch || s.Step.Kind == plan.StepPower {
			out = append(out, string(s.Step.Kind)+" "+string(s.State))
		}
	}
	return out
}

func TestAReplacementLaunchesWaitsUntilTheNodeIsInDNSAndDrainsTheOldOneByOne(t *testing.T) {
	b, f := replacing(t)
	p := b.replace(1, "i-1", "i-2")
	one := "launch change change change wait power change"
	if got := kinds(p); got != one+" "+one || p.Title != "Replace 2 nodes" {
		t.Fatalf("%s: %s", p.Title, got)
	}
	least := 5
	rep := b.engine().Run(t.Context(), p, Confirm{}, func(Event) {
		n := 0
		for _, v := range values(b.cf) {
			if strings.HasPrefix(v, www+"/A/") {
				n++
			}
		}
		least = min(least, n)
	})
	if !rep.OK() {
		t.Fatalf("%v", states(rep))
	}
	if least < 5 {
		t.Errorf("%d members were in DNS", least)
	}
	if !slices.Equal(f.requests, []string{"li-1 for i-1", "li-2 for i-2"}) || !slices.Equal(b.aws.Powered, []string{"terminate i-1", "terminate i-2"}) {
		t.Errorf("%v, %v", f.requests, b.aws.Powered)
	}
	for _, e := range entries(t, b.j) {
		if e.State != journal.Done || e.Verb != "replace" || e.Run != rep.Run || e.Kind == journal.KindLaunch && (e.Launch.Replaces == nil || len(e.Launch.Replaces.Queue) != map[string]int{"i-1": 2, "i-2": 1}[e.Launch.Replaces.Old.ID]) {
			t.Errorf("%+v", e)
		}
	}
}

func TestANodeThatNeverBecomesHealthyLeavesTheOldOneInDNSAndNothingElseIsLaunched(t *testing.T) {
	b, f := replacing(t)
	f.sick["i-2"] = errors.New("it runs, and is not in DNS after 10m0s")
	rep := b.run(b.replace(1, "i-1", "i-2", "i-3"))
	if got := outcomes(rep); !slices.Equal(got, []string{"launch done", "power done", "launch failed", "power skipped", "launch skipped", "power skipped"}) {
		t.Fatalf("%v", got)
	}
	if !slices.Equal(b.aws.Powered, []string{"terminate i-1"}) || !has(b.cf, "34.200.16.2") || len(f.requests) != 2 {
		t.Errorf("%v, %v, %v", b.aws.Powered, values(b.cf), f.requests)
	}
	i := slices.IndexFunc(rep.Steps, func(s StepReport) bool { return s.State == StepFailed })
	if why := rep.Steps[i].Why; !strings.Contains(why, "not in DNS after 10m0s; i-92 was launched and is left as it is, and so is www-2") || !strings.Contains(why, "rollcall terminate i-92") {
		t.Error(why)
	}
	// Once it is well, the same command goes on with it.
	f.sick = nil
	if rep = b.run(b.replace(1, "i-2", "i-3")); !rep.OK() {
		t.Fatalf("%v", states(rep))
	}
	if !slices.Equal(f.requests, []string{"li-1 for i-1", "li-2 for i-2", "li-3 for i-3"}) {
		t.Errorf("launched %v", f.requests)
	}
}

func TestALaunchThatTheCloudRefusesLeavesTheOldNode(t *testing.T) {
	b, f := replacing(t)
	f.fails["i-1"] = providers.Errorf(providers.KindLimit, "launch", "InstanceLimitExceeded")
	rep := b.run(b.replace(1, "i-1", "i-2"))
	if got := outcomes(rep); !slices.Equal(got, []string{"launch failed", "power skipped", "launch skipped", "power skipped"}) || len(b.aws.Powered) > 0 || len(b.cf.Applied) > 0 {
		t.Fatalf("%v, %v", got, b.aws.Powered)
	}
	if s := rep.Steps[0]; !strings.Contains(s.Why, "InstanceLimitExceeded") || s.Entry == "" {
		t.Errorf("%+v", s)
	}
}

func TestANodeThatNameServersDoNotAnswerWithYetIsWaitedForAndElseTheOldOneStays(t *testing.T) {
	for _, late := range []bool{true, false} {
		b, _ := replacing(t)
		var asked int
		b.ns.says = func(_, _ string, v []string) ([]index.WireAnswer, error) {
			if asked++; asked < 20 || !late {
				v = slices.DeleteFunc(slices.Clone(v), func(s string) bool { return s == "34.200.17.1" })
			}
			return []index.WireAnswer{{Server: "ns1", Values: v}}, nil
		}
		rep := b.run(b.replace(1, "i-1"))
		if late != rep.OK() || late != slices.Equal(b.aws.Powered, []string{"terminate i-1"}) || late == has(b.cf, "34.200.16.1") {
			t.Errorf("late %v: %v, %v", late, states(rep), b.aws.Powered)
		}
		if !late && !strings.Contains(rep.Steps[0].Why, "i-91 is registered, and not on the wire: ") {
			t.Error(rep.Steps[0].Why)
		}
	}
}

func TestANodeThatIsSaidToBeRegisteredAndIsInNoZoneDoesNotCount(t *testing.T) {
	b, f := replacing(t)
	f.apart = true
	rep := b.run(b.replace(1, "i-1"))
	if rep.Steps[0].State != StepFailed || !strings.Contains(rep.Steps[0].Why, "shows no record of it: www-1 stays") || len(b.aws.Powered) > 0 {
		t.Errorf("%v %s", states(rep), rep.Steps[0].Why)
	}
}

func TestWithMaxOutTwoPairsAreLaunchedTogetherAndNeverMoreThanTwoAreOut(t *testing.T) {
	b, f := replacing(t)
	b.opts.Guards.Threshold = 1
	f.pair = true
	f.meet.Add(2)
	p := b.replace(2, "i-1", "i-2", "i-3")
	most := 0
	old := []string{"i-1", "i-2", "i-3"}
	rep := b.engine().Run(t.Context(), p, Confirm{}, func(Event) {
		out := 0
		for n, id := range old {
			runs := !slices.Contains(b.aws.Powered, "terminate "+id)
			if runs && !has(b.cf, "34.200.16."+string(rune('1'+n))) {
				out++
			}
		}
		most = max(most, out)
	})
	if !rep.OK() || most != 2 || len(b.aws.Powered) != 3 {
		t.Errorf("%v, %d out at most, %v", states(rep), most, b.aws.Powered)
	}
	if rep.Started.Add(3 * time.Minute).Before(rep.Ended) {
		t.Errorf("it took %s: two waits of a TTL are enough", rep.Ended.Sub(rep.Started))
	}
}

func TestEachOfSeveralReplacementsKeepsItsOwnLimitAndDoesNotNeedTheOneBefore(t *testing.T) {
	b, f := replacing(t)
	b.opts.Guards.Threshold = 1
	f.sick["i-1"] = errors.New("it runs, and is not in DNS after 10m0s")
	launch := func(ids ...string) (ls []plan.Launch) {
		for _, id := range ids {
			ls = append(ls, b.launchOf(ref(b.aws, id)))
		}
		return ls
	}
	p := plan.Replace(b.view(), plan.Replacement{MaxOut: 1, Launches: launch("i-1", "i-2")}, plan.Replacement{MaxOut: 2, Launches: launch("i-3", "i-4", "i-1")})
	if strings.Count(kinds(p), "launch") != 4 || strings.Count(kinds(p), "launch launch") != 1 {
		t.Fatal(kinds(p))
	}
	rep := b.run(p)
	slices.Sort(f.requests)
	if !slices.Equal(f.requests, []string{"li-1 for i-1", "li-3 for i-3", "li-4 for i-4"}) || !slices.Equal(b.aws.Powered, []string{"terminate i-3", "terminate i-4"}) {
		t.Errorf("%v: %v, %v", states(rep), f.requests, b.aws.Powered)
	}
	for _, e := range entries(t, b.j) {
		if e.Kind == journal.KindLaunch && e.Launch.Replaces.MaxOut != map[string]int{"i-1": 1, "i-3": 2, "i-4": 2}[e.Launch.Replaces.Old.ID] {
			t.Errorf("%+v", e.Launch.Replaces)
		}
	}
}

func TestAReplacementKeepsTheMinimumOfTheService(t *testing.T) {
	b, f := replacing(t)
	b.opts.Services[0].Minimum = 5 // all there are: the new node comes before the old one goes
	p := b.replace(1, "i-1", "i-2")
	if check := b.engine().Check(t.Context(), p); check.Count(StepRefused)+check.Count(StepSkipped) > 0 || len(check.Asks()) > 0 {
		t.Errorf("checked: %v", states(check))
	}
	if rep := b.run(p); !rep.OK() || len(f.requests) != 2 {
		t.Errorf("%v", states(rep))
	}
	b, f = replacing(t)
	b.opts.Services[0].Minimum = 6
	p = b.replace(1, "i-1", "i-2")
	check := b.engine().Check(t.Context(), p)
	rep := b.run(p)
	for _, r := range []*Report{check, rep} {
		if r.Count(StepDone)+r.Count(StepReady) > 0 || r.Steps[0].Why != pointlessLaunch || !strings.Contains(r.Steps[1].Why, "its minimum is 6") {
			t.Errorf("%v: %s; %s", states(r), r.Steps[0].Why, r.Steps[1].Why)
		}
	}
	if len(f.requests) > 0 || len(b.cf.Applied) > 0 {
		t.Errorf("below its minimum: %v", f.requests)
	}
}

func TestTheOnlyMemberOfAServiceIsReplacedWithoutItsNameTyped(t *testing.T) {
	b, _ := replacing(t)
	b.cf.Rows = slices.DeleteFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value != "34.200.16.1" })
	p := b.replace(1, "i-1")
	if asks := b.engine().Check(t.Context(), p).Asks(); len(asks) > 0 {
		t.Errorf("%+v", asks)
	}
	if rep := b.run(p); !rep.OK() || !has(b.cf, "34.200.17.1") || has(b.cf, "34.200.16.1") {
		t.Errorf("%v %v", states(rep), values(b.cf))
	}
}

func TestANodeThatItsCloudWillNotTerminateGetsNoOtherInItsPlace(t *testing.T) {
	b, f := replacing(t)
	b.aws.Check = func(id string, _ providers.PowerAction) (providers.PowerCheck, error) {
		return providers.PowerCheck{Refused: "termination protection is on", Satisfy: "turn it off"}, nil
	}
	p := b.replace(1, "i-1")
	for _, r := range []*Report{b.engine().Check(t.Context(), p), b.run(p)} {
		if r.Steps[0].State != StepSkipped || r.Steps[0].Why != pointlessLaunch || len(f.requests) > 0 {
			t.Errorf("%v: %s, %v", states(r), r.Steps[0].Why, f.requests)
		}
	}
}

// The run ends as a killed one does, with the journal as it is then; another goes on.
func TestAReplacementThatIsStoppedAtAnyStepGoesOnWithoutASecondLaunch(t *testing.T) {
	for at := range 14 {
		b, f := replacing(t)
		p := b.replace(1, "i-1", "i-2")
		ctx, stop := context.WithCancel(t.Context())
		begun := func(e Event) bool { return e.Kind == EventBegun || e.Kind == EventEnded || e.Kind == EventLaunch }
		n := 0
		first := b.engine().Run(ctx, p, Confirm{}, func(e Event) {
			if begun(e) {
				if n++; n == at+1 {
					stop()
				}
			}
		})
		stop()
		if first.OK() {
			t.Fatalf("stop %d did not stop it", at)
		}
		b.clk.Sleep(t.Context(), time.Minute) //nolint:errcheck // the clock of the bench
		rep := b.run(b.replace(1, "i-1", "i-2"))
		if !rep.OK() || len(b.aws.Powered) != 2 || len(f.requests) != 2 || slices.Equal(f.requests[:1], f.requests[1:]) {
			t.Errorf("stopped at %d with %v: then %v, launched %v, %v", at, states(first), states(rep), f.requests, b.aws.Powered)
		}
		if got := nodesIn(b.cf); !slices.Equal(got, []string{"165.225.128.1", "34.200.16.3", "34.200.16.4", "34.200.17.1", "34.200.17.2"}) {
			t.Errorf("stopped at %d: in DNS %v", at, got)
		}
		if slices.ContainsFunc(b.cf.Rows, func(r providers.Record) bool { return r.IsMarker() }) {
			t.Errorf("stopped at %d: a marker is left", at)
		}
	}
}

func TestWhatAReplacementCannotReplaceIsSkippedAndNothingIsLaunchedForIt(t *testing.T) {
	b, _ := replacing(t)
	b.cf.Add(providers.Record{Zone: cfZone, Name: "alias." + cfZone, Type: "A", TTL: 60, Value: "34.200.16.1"})
	b.node(b.aws, "i-8", "db-1", "34.200.16.8", "db")
	ls := []plan.Launch{b.launchOf(ref(b.aws, "i-1")), b.launchOf(ref(b.aws, "i-8")), b.launchOf(ref(b.aws, "i-2"))}
	ls[1].Service = ""
	p := plan.Replace(b.view(), plan.Replacement{Launches: ls})
	if got := strings.Join(p.Skipped, "; "); kinds(p) != "launch change change change wait power change" || !strings.Contains(got, "db-1") || !strings.Contains(got, "alias."+cfZone) {
		t.Errorf("%s; %s", kinds(p), got)
	}
	if sum := p.Checksum(); sum != func() string { p.Steps[0].Launch.ID = "another"; return p.Checksum() }() {
		t.Error("another launch id changes the checksum")
	}
}

func TestAnUndoOfAReplacementSaysWhatCannotBeTakenBack(t *testing.T) {
	b, _ := replacing(t)
	rep := b.run(b.replace(1, "i-1"))
	if !rep.OK() {
		t.Fatalf("%v", states(rep))
	}
	p, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Skipped, "; "); !strings.Contains(got, "cannot be taken back: Terminate www-1") || !strings.Contains(got, "what was launched stays: rollcall terminate i-91 ends it") {
		t.Errorf("%s", got)
	}
}
