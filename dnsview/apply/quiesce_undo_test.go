package apply

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/plan"
)

func TestAQuiesceCanBeUndone(t *testing.T) {
	for _, id := range []string{"m-1", "s-1"} {
		t.Run(id, func(t *testing.T) {
			b := newBench(t)
			cf, sd := rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)
			if rep := b.run(plan.Quiesce(b.view(), ref(b.triton, id))); !rep.OK() {
				t.Fatalf("%v", states(rep))
			}
			undo, err := b.engine().UndoPlan("")
			if err != nil {
				t.Fatal(err)
			}
			wantReady(t, b.engine().Check(t.Context(), undo))
			if rep := b.run(undo); !rep.OK() {
				for _, s := range rep.Steps {
					t.Logf("%s: %s %s", s.Step.Sentence, s.State, s.Why)
				}
				t.Fatalf("%v", states(rep))
			}
			if !slices.Equal(rowsWithoutIDs(b.cf), cf) || !slices.Equal(rowsWithoutIDs(b.sd), sd) {
				t.Errorf("zones:\n%s\n%s", strings.Join(rowsWithoutIDs(b.cf), "\n"), strings.Join(rowsWithoutIDs(b.sd), "\n"))
			}
			redo, err := b.engine().RedoPlan()
			if err != nil {
				t.Fatal(err)
			}
			wantReady(t, b.engine().Check(t.Context(), redo))
			if rep := b.run(redo); !rep.OK() {
				t.Errorf("%v", states(rep))
			}
		})
	}
}

// wantReady fails the test unless each step of a checked plan is ready: also one that is made of what an earlier one leaves.
func wantReady(t *testing.T, check *Report) {
	t.Helper()
	for _, s := range check.Steps {
		if s.State != StepReady {
			t.Errorf("%s: %s %s %v", s.Step.Sentence, s.State, s.Why, s.Guards)
		}
	}
}
