package apply

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// quiescedMarkers returns the names of nodes that markers of a zone say were taken out, with the marked name.
func quiescedMarkers(d *fakeDNS) (out []string) {
	for _, r := range d.Rows {
		if o, ok := index.OwnerInMarker(&r); ok && r.IsMarker() && o.Quiesced && !o.Evacuates() {
			_, name, _ := providers.SplitMarkerName(r.Name)
			out = append(out, o.Instance+" at "+name)
		}
	}
	slices.Sort(out)
	return out
}

// terminated has a cloud end an instance and clears away what DNS has of it, as an operator does who terminates it.
func (b *bench) terminated(c *fakeCloud, id string) {
	b.t.Helper()
	c.Remove(id)
	for _, d := range []*fakeDNS{b.cf, b.sd} {
		d.Rows = slices.DeleteFunc(d.Rows, func(r providers.Record) bool {
			o, ok := r.Owner()
			if r.IsMarker() {
				o, ok = index.OwnerInMarker(&r)
			}
			return ok && o.Instance == id
		})
	}
}

func TestNoUndoOrRedoAboutAnEvacuationBringsBackAMarkerOfANodeThatIsGone(t *testing.T) {
	for name, prepare := range map[string]func(b *bench, undo func() *Report, last func() string) string{
		"the undo of the evacuation": func(b *bench, _ func() *Report, last func() string) string {
			b.terminated(b.triton, "m-1")
			b.terminated(b.triton, "s-1")
			return last()
		},
		"the undo of that undo": func(b *bench, undo func() *Report, last func() string) string {
			undo()
			b.terminated(b.triton, "m-1")
			b.terminated(b.triton, "s-1")
			return last()
		},
		"the undo of the return": func(b *bench, _ func() *Report, last func() string) string {
			if rep := b.run(plan.ReturnCloud(b.view(), tritonKey, "")); !rep.OK() {
				b.t.Fatal(states(rep))
			}
			b.terminated(b.triton, "m-1")
			b.terminated(b.triton, "s-1")
			return last()
		},
		"the undo of the return of nodes that did not run": func(b *bench, _ func() *Report, last func() string) string {
			for i := range b.triton.Rows {
				if id := b.triton.Rows[i].ID; id == "m-1" || id == "s-1" {
					b.triton.Rows[i].State = providers.StateStopped
				}
			}
			if rep := b.run(plan.ReturnCloud(b.view(), tritonKey, "")); !rep.OK() {
				b.t.Fatal(states(rep))
			}
			b.terminated(b.triton, "m-1")
			b.terminated(b.triton, "s-1")
			return last()
		},
		"the undo of the return of one node": func(b *bench, undo func() *Report, last func() string) string {
			undo()
			if rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1"), ref(b.triton, "s-1"))); rep.Count(StepDone) == 0 {
				b.t.Fatal(states(rep))
			}
			if rep := b.run(plan.Return(b.view(), ref(b.triton, "m-1"), ref(b.triton, "s-1"))); rep.Count(StepDone) == 0 {
				b.t.Fatal(states(rep))
			}
			b.terminated(b.triton, "m-1")
			b.terminated(b.triton, "s-1")
			return last()
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			p := plan.Evacuate(b.view(), plan.Evacuation{Cloud: tritonKey})
			if rep := b.run(p, p.Confirm()); !rep.OK() {
				t.Fatal(states(rep))
			}
			last := func() string {
				es := entries(t, b.j)
				return es[len(es)-1].Run
			}
			undo := func() *Report {
				u, err := b.engine().UndoPlan(last())
				if err != nil {
					t.Fatal(err)
				}
				rep := b.run(u, u.Confirm())
				for i := range rep.Steps {
					t.Logf("%-8s %s: %s", rep.Steps[i].State, rep.Steps[i].Step.Sentence, rep.Steps[i].Why)
				}
				return rep
			}
			run := prepare(b, undo, last)
			u, err := b.engine().UndoPlan(run)
			if err != nil {
				t.Fatal(err)
			}
			rep := b.run(u, u.Confirm())
			for i := range rep.Steps {
				t.Logf("%-8s %s: %s", rep.Steps[i].State, rep.Steps[i].Step.Sentence, rep.Steps[i].Why)
			}
			for _, m := range slices.Concat(quiescedMarkers(b.cf), quiescedMarkers(b.sd)) {
				if strings.HasPrefix(m, "m-1 ") || strings.HasPrefix(m, "s-1 ") {
					t.Errorf("a marker of a node that is gone: %s", m)
				}
			}
		})
	}
}

func TestTheUndoOfAReturnBringsBackTheMarkerOfANodeThatDidNotRunAndIsStillThere(t *testing.T) {
	b := newBench(t)
	p := plan.Evacuate(b.view(), plan.Evacuation{Cloud: tritonKey})
	if rep := b.run(p, p.Confirm()); !rep.OK() {
		t.Fatal(states(rep))
	}
	before := quiescedMarkers(b.cf)
	b.triton.Rows[0].State = providers.StateStopped // m-1
	if rep := b.run(plan.ReturnCloud(b.view(), tritonKey, "")); !rep.OK() || len(quiescedMarkers(b.cf)) > 0 {
		t.Fatalf("%v %v", states(rep), quiescedMarkers(b.cf))
	}
	u, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	if rep := b.run(u, u.Confirm()); !rep.OK() || !slices.Equal(quiescedMarkers(b.cf), before) {
		t.Errorf("%v: %v, before %v", states(rep), quiescedMarkers(b.cf), before)
	}
}
