package apply

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/plan"
)

func TestAnUndoOfWhatEndedANodePutsBackNeitherItsValuesNorItsMarkers(t *testing.T) {
	for name, made := range map[string]func(b *bench) plan.Plan{
		"replace": func(b *bench) plan.Plan { return b.replace(1, "i-1") },
		"drain":   func(b *bench) plan.Plan { return plan.Drain(b.view(), ref(b.aws, "i-1")) },
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := replacing(t)
			done := b.run(made(b))
			if !done.OK() {
				t.Fatal(states(done))
			}
			b.aws.Remove("i-1")
			before := slices.Concat(rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd))
			p, err := b.engine().UndoPlan(done.Run)
			if err != nil || len(p.Steps) < 2 {
				t.Fatalf("%+v %v", p, err)
			}
			rep := b.run(p)
			for i := range rep.Steps {
				if s := &rep.Steps[i]; s.State == StepDone {
					t.Errorf("%s: %s %s", s.Step.Sentence, s.State, s.Why)
				} else if s.State == StepRefused && !strings.Contains(s.Why, "says that i-1 is gone") {
					t.Errorf("%s: %s", s.Step.Sentence, s.Why)
				}
			}
			if got := slices.Concat(rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)); !slices.Equal(got, before) {
				t.Errorf("the undo has left\n%s", strings.Join(got, "\n"))
			}
		})
	}
}
