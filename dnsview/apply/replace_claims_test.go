package apply

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/plan"
	"rollcall/providers/journal"
)

func TestARunClaimsTheNodesInWhosePlaceItLaunches(t *testing.T) {
	b, f := replacing(t)
	p := b.replace(1, "i-1")
	second := b.another(t)
	launchOnly := second.replace(1, "i-1")
	launchOnly.Steps = launchOnly.Steps[:1] // as --plan leaves it if the rest is not what was shown
	var his *Report
	mine := b.engine().Run(t.Context(), p, Confirm{}, func(ev Event) {
		if ev.Kind == EventBegun && his == nil {
			his = second.run(launchOnly)
		}
	})
	if !mine.OK() || his == nil {
		t.Fatalf("%v %v", states(mine), his)
	}
	if s := &his.Steps[0]; s.State != StepSkipped || !strings.Contains(s.Why, " works on www-1 now") || len(f.requests) != 1 {
		t.Errorf("%s %s, launched %v", s.State, s.Why, f.requests)
	}
}

func TestACheckSaysThatAnotherRunWorksOnANodeOfThePlan(t *testing.T) {
	b, _ := replacing(t)
	p := b.replace(1, "i-1")
	second := b.another(t)
	checks := map[string]*Report{}
	mine := b.engine().Run(t.Context(), p, Confirm{}, func(ev Event) {
		if ev.Kind == EventWaiting && len(checks) == 0 {
			for name, p := range map[string]plan.Plan{"replace": second.replace(1, "i-1"), "drain": plan.Drain(second.view(), ref(b.aws, "i-1")), "another node": plan.Drain(second.view(), ref(b.aws, "i-2"))} {
				checks[name] = second.engine().Check(t.Context(), p)
			}
		}
	})
	if !mine.OK() || len(checks) != 3 {
		t.Fatalf("%v %v", states(mine), checks)
	}
	written := entries(t, b.j)
	for name, rep := range checks {
		says := 0
		for i := range rep.Steps {
			if strings.Contains(rep.Steps[i].Why, b.opts.Who+" (process ") && strings.Contains(rep.Steps[i].Why, " works on www-1 now") {
				says++
			}
		}
		if busy := name != "another node"; busy != (says > 0) || busy == rep.OK() || busy && rep.Count(StepReady) > 0 {
			t.Errorf("%s: %v, %d steps say it", name, states(rep), says)
		}
	}
	if slices.ContainsFunc(written, func(e journal.Entry) bool { return e.Who == "bob@there" }) {
		t.Error("a check has written")
	}
}
