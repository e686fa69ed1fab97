package apply

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/plan"
	"rollcall/providers"
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

func TestAnUndoThatTheThresholdRefusesWritesNothingBeforeItsTextIsTyped(t *testing.T) {
	b := newBench(t)
	b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1")))
	b.run(plan.Return(b.view(), ref(b.triton, "m-1")))
	b.opts.Guards.Threshold, b.opts.Guards.From = NothingGoes, 1
	p, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	before := rowsWithoutIDs(b.cf)
	rep := b.run(p)
	if rep.Count(StepDone) > 0 || !slices.Equal(rowsWithoutIDs(b.cf), before) || len(rep.Asks()) != 1 {
		t.Fatalf("%v, asks %+v\n%s", states(rep), rep.Asks(), strings.Join(rowsWithoutIDs(b.cf), "\n"))
	}
}

func TestAnUndoWhoseDeleteIsRefusedForGoodWritesNoMarkerEither(t *testing.T) {
	b := newBench(t)
	b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1")))
	b.run(plan.Return(b.view(), ref(b.triton, "m-1")))
	for i := range b.cf.Rows {
		if r := &b.cf.Rows[i]; r.Value == "165.225.128.1" {
			r.TTL = 1234 // by another writer
		}
	}
	before := rowsWithoutIDs(b.cf)
	p, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	if rep := b.run(p); rep.Count(StepDone) > 0 || !slices.Equal(rowsWithoutIDs(b.cf), before) {
		t.Errorf("%v\n%s", states(rep), strings.Join(rowsWithoutIDs(b.cf), "\n"))
	}
}

func TestAHalfDoneUndoIsGoneOnWith(t *testing.T) {
	b := newBench(t)
	b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1")))
	b.run(plan.Return(b.view(), ref(b.triton, "m-1")))
	undo := func() *Report {
		p, err := b.engine().UndoPlan("")
		if err != nil {
			t.Fatal(err)
		}
		return b.run(p)
	}
	b.cf.Fault = func(c providers.Change) (error, bool) {
		if c.Op == providers.OpDelete {
			return providers.Errorf(providers.KindInvalid, "change", "no"), false
		}
		return nil, false
	}
	if rep := undo(); rep.Count(StepDone) != 1 || rep.Count(StepFailed) != 1 {
		t.Fatalf("%v", states(rep))
	}
	b.cf.Fault = nil
	if rep := undo(); !rep.OK() || has(b.cf, "165.225.128.1") {
		t.Errorf("%v %+v", states(rep), rep.Steps[0].Guards)
	}
}
