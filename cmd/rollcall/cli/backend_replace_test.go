package cli

import (
	"context"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui/common"
)

func TestAReplacementThatIsStoppedInTheConsoleIsOfferedAtTheNextStartAndGoesOnWithoutASecondLaunch(t *testing.T) {
	s := newWorld(t)
	heldBriefly(t, s)
	names := wwwIn(t, "aws-use1")[:2]
	one := opened(t)
	b := newBackend(one)
	nodes, err := findInstances(b.view(), names)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Plan(t.Context(), common.ReplaceRequest(nodes))
	if err != nil || !strings.Contains(p.Steps[0].Sentence, nginx+", image ") || !strings.Contains(p.Steps[0].Sentence, "so the default template of its service and the config's values count") {
		t.Fatalf("%+v, %v", p, err)
	}
	if check := b.Check(t.Context(), p); check.Count(apply.StepReady) != len(p.Steps) {
		t.Fatalf("%+v", check)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var stages []string
	r := b.Run(ctx, p, apply.Confirm{}, func(ev apply.Event) {
		if ev.Kind == apply.EventLaunch {
			if stages = append(stages, ev.Stage); ev.Stage == "booting" {
				if left, err := b.UnfinishedDrains(t.Context()); err != nil || len(left) > 0 {
					t.Errorf("its own, while it runs: %+v, %v", left, err)
				}
				stop()
			}
		}
	})
	if r.OK() || len(launchedIn(s, "aws-use1")) != 1 || !slices.Contains(stages, "launching") {
		t.Fatalf("launched %v in the stages %q", launchedIn(s, "aws-use1"), stages)
	}
	if left, err := newBackend(opened(t)).UnfinishedDrains(t.Context()); err != nil || len(left) != 2 {
		t.Errorf("it is stopped, and its console stays open: %+v, %v", left, err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}

	b = newBackend(opened(t))
	if _, err := b.RecoverJournal(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := b.UnfinishedDrains(t.Context())
	if err != nil || len(left) != 2 || !left[0].Replacement || left[0].Launched == nil || left[0].Instance.Name != names[0] || left[1].Launched != nil || !strings.Contains(left[1].Text, names[1]+" in aws-use1 was being replaced at ") {
		t.Fatalf("%+v, %v", left, err)
	}
	w := common.ChangeRequest{Verb: index.VerbReplace, Replacements: journal.StoppedReplacements([]journal.Unfinished{left[0].Unfinished, left[1].Unfinished})}
	if p, err = b.Plan(t.Context(), w); err != nil || !strings.HasPrefix(p.Steps[0].Sentence, "Wait until "+left[0].Launched.ID) {
		t.Fatalf("%+v, %v", p, err)
	}
	if r := b.Run(t.Context(), p, apply.Confirm{}, func(apply.Event) {}); !r.OK() {
		t.Errorf("%+v", r)
	}
	for _, n := range nodes {
		if i, err := s.World().Instance(n.Cloud, n.ID); err == nil && i.State == providers.StateRunning {
			t.Errorf("%s runs", n.Name)
		}
	}
	if ids := launchedIn(s, "aws-use1"); len(ids) != 2 {
		t.Errorf("launched %v", ids)
	}
}
