package apply

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/providertest"
)

// undoOrRedo plans an undo in even turns and a redo in odd ones.
func (b *bench) undoOrRedo(turn int) (plan.Plan, error) {
	if turn%2 == 1 {
		return b.engine().RedoPlan()
	}
	return b.engine().UndoPlan("")
}

func TestAnUndoOfADeleteRestoresValueAndMarkerExactlyAndARedoRemovesThem(t *testing.T) {
	for _, c := range []struct {
		id   string
		zone func(b *bench) *fakeDNS
	}{
		{"m-1", func(b *bench) *fakeDNS { return b.cf }},
		{"s-1", func(b *bench) *fakeDNS { return b.sd }},
	} {
		t.Run(c.id, func(t *testing.T) {
			b := newBench(t)
			d := c.zone(b)
			before := rowsWithoutIDs(d)
			b.triton.Remove(c.id)
			rep := b.run(b.dead())
			if !rep.OK() {
				t.Fatal(states(rep))
			}
			after := rowsWithoutIDs(d)
			for n := range 4 { // undo, redo, undo, redo
				undo, err := b.undoOrRedo(n)
				if err != nil {
					t.Fatal(err)
				}
				if rep := b.run(undo); !rep.OK() {
					for _, s := range rep.Steps {
						t.Logf("%s: %s %s %+v", s.Step.Sentence, s.State, s.Why, s.Guards)
					}
					t.Fatalf("undo %d: %v", n, states(rep))
				}
				want := before
				if n%2 == 1 {
					want = after
				}
				if got := rowsWithoutIDs(d); !slices.Equal(got, want) {
					t.Fatalf("undo %d:\n%s\nwant\n%s", n, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

// rowsWithoutIDs writes all rows in full but for what a provider makes anew.
func rowsWithoutIDs(d *fakeDNS) []string {
	var out []string
	for _, r := range d.Owned() {
		r.ID, r.Modified = "", time.Time{}
		if r.IsMarker() {
			r.TTL = 0
		}
		out = append(out, fmt.Sprintf("%+v", r))
	}
	slices.Sort(out)
	return out
}

// What an undo has restored before it was cut off has another id at Cloudflare than the journal's first entry says.
func TestAnUndoThatWasCutOffIsCarriedOnWith(t *testing.T) {
	for _, id := range []string{"m-1", "s-1"} {
		t.Run(id, func(t *testing.T) {
			b := newBench(t)
			cf, sd := rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd)
			quiesced := b.run(plan.Quiesce(b.view(), ref(b.triton, id)))
			for range 10 {
				undo, err := b.engine().UndoPlan(quiesced.Run)
				if err != nil {
					break // all of it is taken back
				}
				undo.Steps = undo.Steps[:1]
				if rep := b.run(undo); !rep.OK() {
					t.Fatalf("%s: %s", rep.Steps[0].Step.Sentence, rep.Steps[0].Why)
				}
			}
			if !slices.Equal(rowsWithoutIDs(b.cf), cf) || !slices.Equal(rowsWithoutIDs(b.sd), sd) {
				t.Errorf("zones:\n%s\n%s", strings.Join(rowsWithoutIDs(b.cf), "\n"), strings.Join(rowsWithoutIDs(b.sd), "\n"))
			}
		})
	}
}

func TestAReturnThatWasCutOffIsCarriedOnWith(t *testing.T) {
	for _, id := range []string{"m-1", "s-1"} {
		t.Run(id, func(t *testing.T) {
			b := newBench(t)
			cf, sd := values(b.cf), values(b.sd)
			b.run(plan.Quiesce(b.view(), ref(b.triton, id)))
			runs := 0
			for ; runs < 10; runs++ {
				p := plan.Return(b.view(), ref(b.triton, id))
				if len(p.Steps) == 0 {
					break
				}
				p.Steps = p.Steps[:1]
				b.run(p)
				if runs == 0 && len(b.view().RecordsOf(tritonKey, id)) == 0 {
					t.Error("the node is forgotten before it is back")
				}
			}
			if !slices.Equal(values(b.cf), cf) || !slices.Equal(values(b.sd), sd) || runs < 2 {
				t.Errorf("after %d runs: %v %v", runs, values(b.cf), values(b.sd))
			}
		})
	}
}

func TestAnUndoThatIsRefusedInPartBringsTheRestBack(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.aws.Remove("i-1")
	if rep := b.run(b.dead()); !rep.OK() {
		t.Fatal(states(rep))
	}
	undo, err := b.engine().UndoPlan("")
	if err != nil || !strings.Contains(undo.Steps[0].Sentence, "will again lead to no instance") {
		t.Fatal(undo, err)
	}
	b.cf.Add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: undo.Steps[0].Change.After.Value})
	wantStates(t, b.run(undo), StepRefused, StepDone)
}

func TestAnEntryThatWasTakenBackIsNotTakenBackTwice(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	rep := b.run(b.dead())
	undo, err := b.engine().UndoPlan(rep.Steps[0].Entry)
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, b.run(undo), StepDone)
	if _, err := b.engine().UndoPlan(rep.Run); err == nil || !strings.Contains(err.Error(), "taken back already") {
		t.Error(err)
	}
	for _, id := range []string{"77", "r00000000"} {
		if _, err := b.engine().UndoPlan(id); err == nil || !strings.Contains(err.Error(), "no entry or run") {
			t.Error(err)
		}
	}
	if _, err := newBench(t).engine().UndoPlan(""); err == nil {
		t.Error("an empty journal has something to undo")
	}
}

func TestAnUndoDoesNotOverwriteWhatSomebodyElseMade(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.run(b.dead())
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	b.cf.Add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: "165.225.128.1", Comment: "by hand"})
	rep := b.run(undo)
	wantStates(t, rep, StepRefused)
	if g := guardNamed(rep, 0, index.GuardUnchanged); !strings.Contains(g.Why, "not marked as anybody's") {
		t.Errorf("%+v", g)
	}
}

func TestAnUnmarkedRecordIsAdoptedAndGivenBack(t *testing.T) {
	b := newBench(t)
	b.cf.Rows[4].Owners, b.cf.Rows[4].Comment = nil, ""
	v := b.view()
	p := plan.ForFindings(v, &v.Findings[0])
	if p.Verb != index.VerbAdopt {
		t.Fatalf("%+v", p)
	}
	wantStates(t, b.run(p), StepDone)
	if f := b.view().Findings; len(f) != 0 {
		t.Errorf("%+v", f)
	}
	undo, err := b.engine().UndoPlan("")
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, b.run(undo), StepDone)
	if r := b.cf.Owned()[4]; r.Comment != "" || len(r.Owners) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestAnUndoThatIsRefusedStopsThereAndLeavesWhatIsOlder(t *testing.T) {
	b := newBench(t)
	b.run(plan.Quiesce(b.view(), ref(b.triton, "s-1")))
	b.triton.Remove("m-1")
	dead := b.run(b.dead())
	b.cf.Add(providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: "165.225.128.1", Comment: "by hand"})
	for range 2 {
		undo, err := b.engine().UndoPlan("")
		if err != nil || undo.Steps[0].Undoes != dead.Steps[0].Entry {
			t.Fatalf("%+v, %v", undo, err)
		}
		wantStates(t, b.run(undo), StepRefused)
	}
	if p, err := b.engine().RedoPlan(); err == nil {
		t.Errorf("nothing was undone, and a redo would do %+v", p)
	}
}

// What was taken out while it was alive is put back only as what it is now.
func TestAnUndoPutsNoNodeBackThatIsGoneMeanwhile(t *testing.T) {
	for _, c := range []struct {
		name    string
		take    func(b *bench) plan.Plan
		happens func(b *bench)
		back    bool
	}{
		{"quiesced, and it runs", func(b *bench) plan.Plan { return plan.Quiesce(b.view(), ref(b.triton, "m-1")) }, func(*bench) {}, true},
		{"quiesced, and it is gone", func(b *bench) plan.Plan { return plan.Quiesce(b.view(), ref(b.triton, "m-1")) }, func(b *bench) {
			b.triton.Remove("m-1")
			b.triton.Gone["m-1"] = true
		}, false},
		{"quiesced, and it is stopped", func(b *bench) plan.Plan { return plan.Quiesce(b.view(), ref(b.triton, "m-1")) }, func(b *bench) {
			b.triton.Set(func(c *providertest.Cloud) {
				for i := range c.Rows {
					if c.Rows[i].ID == "m-1" {
						c.Rows[i].State = providers.StateStopped
					}
				}
			})
		}, false},
		{"quiesced, and its cloud does not answer", func(b *bench) plan.Plan { return plan.Quiesce(b.view(), ref(b.triton, "m-1")) }, func(b *bench) {
			b.triton.ListErr = errors.New("no answer")
			b.triton.AskErr = errors.New("no answer")
		}, false},
		{"deregistered as dead", func(b *bench) plan.Plan {
			b.triton.Remove("m-1")
			b.triton.Gone["m-1"] = true
			return b.dead()
		}, func(*bench) {}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			if rep := b.run(c.take(b)); !rep.OK() || has(b.cf, "165.225.128.1") {
				t.Fatalf("%v", states(rep))
			}
			undo, err := b.engine().UndoPlan("")
			if err != nil {
				t.Fatal(err)
			}
			c.happens(b)
			before := strings.Join(values(b.cf), "\n")
			rep := b.run(undo)
			if after := strings.Join(values(b.cf), "\n"); !c.back && after != before {
				t.Errorf("refused, and the zone has\n%s\nit had\n%s", after, before)
			}
			if has(b.cf, "165.225.128.1") != c.back || rep.OK() != c.back {
				t.Errorf("%v, and it is in DNS: %v", states(rep), has(b.cf, "165.225.128.1"))
			}
		})
	}
}
