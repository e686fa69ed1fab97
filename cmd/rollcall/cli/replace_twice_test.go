package cli

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"rollcall/cmd/rollcall/launcher"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// replacer is a process that is about to replace a node.
type replacer struct {
	engine *apply.Engine
	plan   plan.Plan
}

func newReplacer(t *testing.T, cloud, name string) *replacer {
	t.Helper()
	s := launcher.New(opened(t))
	s.Silent = true
	v := s.Update(s.Fleet.Snapshot())
	refs, err := findInstances(v, []string{name})
	if err != nil {
		t.Fatal(err)
	}
	if s.Asked, err = s.AskedWith(journal.Asked{Template: nginx}); err != nil {
		t.Fatal(err)
	}
	p, err := s.PlanReplace(t.Context(), v, journal.Replacement{Nodes: refs})
	if err != nil || len(p.Steps) == 0 || refs[0].Cloud != cloud {
		t.Fatalf("%+v, %v", p, err)
	}
	e, err := s.Engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &replacer{e.LaunchWith(s), p}
}

// launchedIn returns the instances of a cloud that were launched by a launch of rollcall.
func launchedIn(s *sim.Sim, cloud string) (ids []string) {
	rows, _ := s.World().Instances(cloud, func(i *world.Instance) bool { return i.Tags[providers.TagLaunch] != "" }, 0, 0)
	for _, i := range rows {
		ids = append(ids, i.ID)
	}
	return ids
}

func TestTwoProcessesThatReplaceANodeAtOnceLaunchOneInItsPlace(t *testing.T) {
	for _, where := range []string{"file", "team"} {
		t.Run(where, func(t *testing.T) {
			s := newWorld(t)
			heldBriefly(t, s)
			name := wwwIn(t, "joyent-east")[0] // Triton has no token under which a launch is made once
			machine := func(string) {}
			if where == "team" {
				_, machine = newTeam(t)
			}
			machine("a")
			ana := newReplacer(t, "joyent-east", name)
			machine("b")
			ben := newReplacer(t, "joyent-east", name)
			var all sync.WaitGroup
			reports := make([]*apply.Report, 2)
			for i, r := range []*replacer{ana, ben} {
				all.Go(func() { reports[i] = r.engine.Run(t.Context(), r.plan, apply.Confirm{}, nil) })
			}
			all.Wait()
			if ids := launchedIn(s, "joyent-east"); len(ids) != 1 {
				t.Errorf("launched %v", ids)
			}
			slices.SortFunc(reports, func(a, b *apply.Report) int { return b.Count(apply.StepDone) - a.Count(apply.StepDone) })
			state, says := apply.StepFailed, "launches another node in the place of "+name+" already, as journal entry "
			if where == "file" { // of one machine the second is refused before it begins
				state, says = apply.StepSkipped, " works on "+name+" now"
			}
			if why := reports[1].Steps[0].Why; !reports[0].OK() || reports[1].Count(apply.StepDone) > 0 || reports[1].Steps[0].State != state || !strings.Contains(why, says) || strings.Contains(why, "left as it is") {
				t.Errorf("%s: %s", reports[0].Steps[0].Why, why)
			}
			if slices.Contains(wwwIn(t, "joyent-east"), name) {
				t.Errorf("%s runs", name)
			}
		})
	}
}
