package apply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// balanced is a target group with instances as targets, all healthy.
func balanced(ids ...string) *providers.TargetGroup {
	g := &providers.TargetGroup{Name: "tg-www\x1b[2J", Deregister: "aws elbv2 deregister-targets --targets"}
	for _, id := range ids {
		g.Targets = append(g.Targets, providers.Target{ID: id, Port: 80, Instance: id, Health: providers.TargetHealthy, State: "healthy"})
	}
	return g
}

// says has the load balancers of aws-use1 say that there are these groups.
func (b *bench) says(groups ...*providers.TargetGroup) {
	b.aws.Targets = func([]string) (out providers.TargetGroups) {
		for _, g := range groups {
			out.Groups = append(out.Groups, *g)
		}
		return out
	}
}

// powerGuards returns the guard of each power step of a report.
func powerGuards(r *Report) (out []index.GuardResult) {
	for i := range r.Steps {
		if r.Steps[i].Step.Kind == plan.StepPower {
			out = append(out, guardNamed(r, i, index.GuardPower))
		}
	}
	return out
}

func TestAPlanSaysInWhichTargetGroupsItsNodeIsAndWhatBecomesOfItThere(t *testing.T) {
	b := newBench(t)
	addresses := balanced("i-1", "i-2", "i-3")
	addresses.Name, addresses.ByAddress = "tg-ip", true
	addresses.Targets[0].ID = "10.16.0.7"
	addresses.Targets[0].Health, addresses.Targets[0].State = providers.TargetNotHealthy, "unhealthy, Target.Timeout"
	b.says(balanced("i-1", "i-2"), addresses)
	for action, want := range map[plan.PowerAction]string{
		plan.PowerTerminate: "aws-use1 would terminate it; it is in target group tg-www[2J (healthy; 2 of 2 healthy), which has no use for it once it is terminated; it is in target group tg-ip (unhealthy, Target.Timeout; 2 of 3 healthy), and nothing deregisters 10.16.0.7 there when it is terminated",
		plan.PowerStop:      "aws-use1 would stop it; it is in target group tg-www[2J (healthy; 2 of 2 healthy), and stays registered there; it is in target group tg-ip (unhealthy, Target.Timeout; 2 of 3 healthy), and stays registered there",
		plan.PowerReboot:    "aws-use1 would reboot it",
	} {
		rep := b.engine().Check(t.Context(), plan.Power(b.view(), action, ref(b.aws, "i-1")))
		if g := powerGuards(rep); len(g) != 1 || !g[0].Pass || g[0].Why != want {
			t.Errorf("%s: %+v", action, g)
		}
	}
}

func TestThePlanThatEndsTheLastHealthyTargetOfAGroupIsStopped(t *testing.T) {
	notHealthy := func(g *providers.TargetGroup, health providers.TargetHealth, ids ...string) *providers.TargetGroup {
		for i := range g.Targets {
			if slices.Contains(ids, g.Targets[i].Instance) {
				g.Targets[i].Health, g.Targets[i].State = health, string(health)
			}
		}
		return g
	}
	for _, x := range []struct {
		what    string
		group   *providers.TargetGroup
		ends    []string
		refused []string // why, for each
		unknown bool
	}{
		{"another is healthy", balanced("i-1", "i-2", "x"), []string{"i-1"}, []string{""}, false},
		{"it is the only one", balanced("i-1"), []string{"i-1"}, []string{"(healthy; last healthy of 1)"}, false},
		{"the others are not healthy", notHealthy(balanced("i-1", "i-2", "x"), providers.TargetNotHealthy, "i-2", "x"), []string{"i-1"}, []string{"(healthy; last healthy of 3)"}, false},
		{"it is not healthy itself", notHealthy(balanced("i-1", "i-2"), providers.TargetNotHealthy, "i-1", "i-2"), []string{"i-1"}, []string{""}, false},
		{"all of the plan together", balanced("i-1", "i-2"), []string{"i-1", "i-2"}, []string{"with the others of this plan the last healthy of 2", "with the others of this plan the last healthy of 2"}, false},
		{"one of the two was not healthy", notHealthy(balanced("i-1", "i-2"), providers.TargetNotHealthy, "i-2"), []string{"i-1", "i-2"}, []string{"(healthy; last healthy of 2)", ""}, false},
		{"of the other nothing is known", notHealthy(balanced("i-1", "i-2"), providers.TargetUnknown, "i-2"), []string{"i-1"}, []string{"whether another one is healthy is not known"}, true},
		{"of itself nothing is known", notHealthy(balanced("i-1"), providers.TargetUnknown, "i-1"), []string{"i-1"}, []string{"whether another one is healthy is not known"}, true},
	} {
		for i := range x.group.Targets {
			if t := &x.group.Targets[i]; !slices.Contains(x.ends, t.Instance) {
				t.Instance = "" // was not asked for
			}
		}
		b := newBench(t)
		b.says(x.group)
		before := values(b.cf)
		var refs []providers.InstanceRef
		for _, id := range x.ends {
			refs = append(refs, ref(b.aws, id))
		}
		p := plan.Drain(b.view(), refs...)
		check := b.engine().Check(t.Context(), p)
		rep := b.run(p, "2")
		held := 0
		for which, r := range map[string]*Report{"check": check, "run": rep} {
			for n, g := range powerGuards(r) {
				why := x.refused[n]
				if g.Pass != (why == "") || !strings.Contains(g.Why, why) || g.NoEvidence != (why != "" && x.unknown) || (why != "" && !strings.Contains(g.Satisfy, "deregister-targets --targets Id="+x.ends[n]+",Port=80")) || g.Confirm != "" {
					t.Errorf("%s, %s: %+v", x.what, which, g)
				}
				if why != "" {
					held++
				}
			}
		}
		if len(b.aws.Powered) != len(x.ends)-held/2 {
			t.Errorf("%s: powered %v", x.what, b.aws.Powered)
		}
		if held/2 == len(x.ends) && !slices.Equal(values(b.cf), before) {
			t.Errorf("%s: DNS changed", x.what)
		}
	}
}

func TestTargetGroupsThatAreNotKnownHoldNothingBackAndAreNotedOnce(t *testing.T) {
	b := newBench(t)
	b.aws.Targets = func([]string) providers.TargetGroups {
		return providers.TargetGroups{Unknown: "the permission elasticloadbalancing:DescribeTargetGroups is missing"}
	}
	rep := b.engine().Check(t.Context(), plan.Power(b.view(), plan.PowerTerminate, ref(b.aws, "i-1"), ref(b.aws, "i-2")))
	for _, g := range powerGuards(rep) {
		if !g.Pass || !strings.Contains(g.Why, "not all could be asked") {
			t.Errorf("%+v", g)
		}
	}
	if want := []string{"aws-use1: target groups unknown: the permission elasticloadbalancing:DescribeTargetGroups is missing"}; !slices.Equal(rep.Notes, want) {
		t.Errorf("notes %q", rep.Notes)
	}
}

func TestLoadBalancersAreAskedOnceForAllNodesOfAPlanAndAgainWhenThatIsOld(t *testing.T) {
	b := newBench(t)
	var asked [][]string
	now := balanced("i-1", "i-2", "x")
	now.Targets[2].Instance = ""
	b.aws.Targets = func(ids []string) providers.TargetGroups {
		asked = append(asked, ids)
		return providers.TargetGroups{Groups: []providers.TargetGroup{*now}}
	}
	p := plan.Power(b.view(), plan.PowerStop, ref(b.aws, "i-1"), ref(b.aws, "i-2"))
	b.engine().Check(t.Context(), p)
	if len(asked) != 1 || !slices.Equal(asked[0], []string{"i-1", "i-2"}) {
		t.Errorf("asked %v", asked)
	}
	asked = nil
	b.onSleep(func() { now.Targets[2].Health = providers.TargetNotHealthy }) // while the plan waits for resolvers
	rep := b.run(plan.Drain(b.view(), ref(b.aws, "i-1")))
	g := powerGuards(rep)
	if len(asked) < 2 || len(g) != 1 || !g[0].Pass { // i-2 is healthy
		t.Errorf("asked %v, %+v", asked, g)
	}
	b.clk.Advance(time.Hour)
	now.Targets[2].Health = providers.TargetHealthy
	b.onSleep(func() {
		now.Targets[0].Health, now.Targets[2].Health = providers.TargetNotHealthy, providers.TargetNotHealthy
	})
	rep = b.run(plan.Drain(b.view(), ref(b.aws, "i-2")))
	if g := powerGuards(rep); len(g) != 1 || g[0].Pass || len(b.aws.Powered) != 1 {
		t.Errorf("%+v, powered %v", g, b.aws.Powered)
	}
}

func TestAReplacementOfTheLastHealthyTargetIsHeldOnlyIfNoneIsHealthyOnceTheNewNodeIs(t *testing.T) {
	for name, joins := range map[string]bool{"the new node is a healthy target": true, "the new node is none": false} {
		b := newBench(t)
		l := &fakeLauncher{b: b}
		b.aws.Targets = func([]string) (out providers.TargetGroups) {
			g := balanced("i-1")
			if joins && len(l.requests) > 0 {
				g.Targets = append(g.Targets, providers.Target{ID: "i-91", Port: 80, Health: providers.TargetHealthy, State: "healthy"})
			}
			out.Groups = append(out.Groups, *g)
			return out
		}
		p := b.replace(1, "i-1")
		e := b.engine().LaunchWith(l)
		check := e.Check(t.Context(), p)
		if g := powerGuards(check); len(g) != 1 || !g[0].Pass || !strings.Contains(g[0].Why, "last healthy of 1), which is asked again once the node in its place is in DNS") || !strings.Contains(strings.Join(g[0].Notices, ""), "asked again") {
			t.Errorf("%s, check: %+v", name, g)
		}
		rep := e.Run(t.Context(), p, Confirm{}, nil)
		if len(l.requests) != 1 {
			t.Errorf("%s: launched %v", name, l.requests)
		}
		g := powerGuards(rep)
		switch {
		case joins && (len(b.aws.Powered) != 1 || !rep.OK()):
			t.Errorf("%s: powered %v, %+v", name, b.aws.Powered, states(rep))
		case !joins && (len(g) != 1 || g[0].Pass || !strings.Contains(g[0].Satisfy, "deregister-targets") || len(b.aws.Powered) != 0 || !has(b.cf, "34.200.16.1")):
			t.Errorf("%s: powered %v, %+v, DNS %v", name, b.aws.Powered, g, values(b.cf))
		}
	}
}

func TestANodeThatIsNotReplacedStaysInDNSThoughAnotherOneIsToBeReplacedAfterIt(t *testing.T) {
	for name, hold := range map[string]func(b *bench){
		"it is the last healthy target": func(b *bench) { b.says(balanced("i-1")) },
		"its cloud will not terminate it": func(b *bench) {
			b.aws.Check = func(id string, _ providers.PowerAction) (out providers.PowerCheck, err error) {
				if id == "i-1" {
					out.Refused = "termination protection is on"
				}
				return out, nil
			}
		},
	} {
		b := newBench(t)
		hold(b)
		l := &fakeLauncher{b: b}
		rep := b.engine().LaunchWith(l).Run(t.Context(), b.replace(1, "i-1", "i-2"), Confirm{Typed: []string{"2"}}, nil)
		if len(b.aws.Powered) != 0 || len(l.requests) > 1 || !has(b.cf, "34.200.16.1") || !has(b.cf, "34.200.16.2") {
			t.Errorf("%s: powered %v, launched %v, DNS %v, %v", name, b.aws.Powered, l.requests, values(b.cf), states(rep))
		}
	}
}

func TestReplacementsThatEndAllHealthyTargetsAreHeldBeforeTheyLeaveDNS(t *testing.T) {
	for maxOut, ended := range map[int]int{1: 1, 2: 0} { // one after the other, the last one is held; both at once, both are
		b := newBench(t)
		gone := map[string]bool{}
		b.aws.Targets = func([]string) (out providers.TargetGroups) {
			for _, id := range b.aws.Powered {
				gone[strings.Fields(id)[len(strings.Fields(id))-1]] = true
			}
			g := balanced("i-1", "i-2")
			g.Targets = slices.DeleteFunc(g.Targets, func(t providers.Target) bool { return gone[t.ID] })
			out.Groups = append(out.Groups, *g)
			return out
		}
		rep := b.engine().LaunchWith(&fakeLauncher{b: b}).Run(t.Context(), b.replace(maxOut, "i-1", "i-2"), Confirm{Typed: []string{"2"}}, nil)
		if len(b.aws.Powered) != ended || !has(b.cf, "34.200.16.2") || has(b.cf, "34.200.16.1") != (ended == 0) {
			t.Errorf("--max-out %d: powered %v, DNS %v, %+v", maxOut, b.aws.Powered, values(b.cf), powerGuards(rep))
		}
	}
}
