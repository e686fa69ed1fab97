package apply

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/providertest"
)

func TestOfTwoMembersThatUndoOneRunAtOnceOneDoesAllOfIt(t *testing.T) {
	for _, at := range []int{1, 2} { // bob comes before the first or the second entry
		for _, ids := range [][]string{{"s-1"}, {"m-1", "s-1"}} { // in one zone, in two
			b := newBench(t)
			s := providertest.NewStore(b.clk.Clock)
			me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
			before := slices.Concat(rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd))
			for _, id := range ids {
				b.triton.Remove(id)
			}
			removed := me.run(b.dead())
			if !removed.OK() || len(removed.Steps) < 2 {
				t.Fatal(states(removed))
			}
			for _, redo := range []bool{false, true} {
				mine, his := takeBack(t, me, removed, redo), takeBack(t, bob, removed, redo)
				if len(mine.Steps) == 0 || len(mine.Steps) != len(his.Steps) {
					t.Fatalf("%+v %+v", mine, his)
				}
				var bobs *Report
				beforeEntry(s, at, func() { bobs = bob.run(his) })
				mines := me.run(mine)
				if bobs == nil {
					if at == 1 {
						t.Fatal("bob came not before")
					}
					s.Fail(nil) // all was one entry
					bobs = bob.run(his)
				}
				first, second, who := bobs, mines, "bob@there"
				if at == 2 {
					first, second, who = mines, bobs, "me@here"
				}
				if first == nil || !first.OK() || second.Count(StepRefused) == 0 || second.Count(StepRefused)+second.Count(StepSkipped) != len(mine.Steps) {
					t.Fatalf("%v, redo %v, before entry %d: first %v, second %v", ids, redo, at, states(first), states(second))
				}
				if why := second.Steps[0].Why; !strings.Contains(why, who+" was first, at ") {
					t.Errorf("%s", why)
				}
				for _, e := range entries(t, me.j) {
					if e.Run == second.Run && e.State != journal.Refused {
						t.Errorf("the second one has changed something: %+v", e)
					}
				}
				now := slices.Concat(rowsWithoutIDs(b.cf), rowsWithoutIDs(b.sd))
				if !redo && !slices.Equal(now, before) {
					t.Errorf("undone:\n%s\nwant\n%s", strings.Join(now, "\n"), strings.Join(before, "\n"))
				}
			}
		}
	}
}

// takeBack returns the plan of a member to undo a run, or to undo its undo.
func takeBack(t *testing.T, m *bench, rep *Report, redo bool) plan.Plan {
	t.Helper()
	id := rep.Run
	if redo {
		es := entries(t, m.j)
		for i := range slices.Backward(es) {
			if es[i].Undoes != "" && es[i].State == journal.Done {
				id = es[i].Run
				break
			}
		}
	}
	p, err := m.engine().UndoPlan(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnUndoThatAnotherMemberHasCarriedOutIsRefusedAndWhatIsUndoneCanBeUndoneAgain(t *testing.T) {
	b := newBench(t)
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	b.triton.Remove("m-1")
	removed := me.run(b.dead())
	mine := takeBack(t, me, removed, false)
	done := bob.run(takeBack(t, bob, removed, false))
	if !done.OK() {
		t.Fatal(states(done))
	}
	b.clk.Advance(10 * time.Minute)
	rep := me.run(mine)
	if rep.Count(StepRefused) != len(mine.Steps) || !strings.Contains(rep.Steps[0].Why, "bob@there was first") {
		t.Errorf("%v %+v", states(rep), rep.Steps)
	}
	for range 2 { // back and forth
		p := takeBack(t, me, removed, true)
		if rep := me.run(p); !rep.OK() {
			t.Fatalf("%v", states(rep))
		}
	}
}

func TestOfTwoMembersThatMakeOneChangeTheSecondLearnsWhoWasFirst(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(b *bench)
		plan    func(b *bench) plan.Plan
	}{
		"quiesce": {func(*bench) {}, func(b *bench) plan.Plan { return plan.Quiesce(b.view(), ref(b.aws, "i-1")) }},
		"return": {
			func(b *bench) { wantOK(b.t, b.run(plan.Quiesce(b.view(), ref(b.aws, "i-1")))) },
			func(b *bench) plan.Plan { return plan.Return(b.view(), ref(b.aws, "i-1")) },
		},
		"adopt": {
			func(b *bench) {
				for i := range b.cf.Rows {
					if r := &b.cf.Rows[i]; r.Type == "A" && len(r.Owners) == 1 && r.Owners[0].Instance == "i-1" {
						r.Owners, r.Comment = nil, ""
					}
				}
			},
			func(b *bench) plan.Plan {
				var ids []providers.Identity
				for i := range b.cf.Rows {
					if r := &b.cf.Rows[i]; r.Type == "A" && len(r.Owners) == 0 {
						ids = append(ids, r.Identity())
					}
				}
				return plan.Adopt(b.view(), ids...)
			},
		},
		"retarget": {
			func(b *bench) {
				for i := range b.aws.Rows {
					if r := &b.aws.Rows[i]; r.ID == "i-1" {
						r.PublicIPs = []netip.Addr{netip.MustParseAddr("34.200.16.99")}
					}
				}
			},
			func(b *bench) plan.Plan {
				var ids []providers.Identity
				for i := range b.cf.Rows {
					if r := &b.cf.Rows[i]; r.Type == "A" && len(r.Owners) == 1 && r.Owners[0].Instance == "i-1" {
						ids = append(ids, r.Identity())
					}
				}
				return plan.Retarget(b.view(), ids...)
			},
		},
	} {
		for _, together := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				b := newBench(t)
				c.prepare(b)
				s := providertest.NewStore(b.clk.Clock)
				me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
				mine, his := c.plan(b), c.plan(b)
				if len(mine.Steps) == 0 {
					t.Fatalf("%+v", mine.Skipped)
				}
				var rep, bobs *Report
				if together {
					beforeEntry(s, 1, func() { bobs = bob.run(his) })
					rep = me.run(mine)
				} else {
					bobs = bob.run(his)
					b.clk.Advance(time.Second)
					rep = me.run(mine)
				}
				if bobs == nil || !bobs.OK() {
					t.Fatalf("bob: %v", states(bobs))
				}
				named := 0
				for i := range rep.Steps {
					st := &rep.Steps[i]
					if st.Step.Kind != plan.StepChange {
						continue
					}
					if st.State == StepDone && !st.Already || st.State == StepUnknown || st.State == StepFailed {
						t.Errorf("%s: %s %s", st.Step.Sentence, st.State, st.Why)
					}
					if strings.Contains(st.Why, "bob@there was first, at ") {
						named++
					} else if st.State != StepSkipped {
						t.Errorf("%s is %s, and nothing says who was first: %s", st.Step.Sentence, st.State, st.Why)
					}
				}
				if named == 0 {
					t.Errorf("%v: %+v", states(rep), rep.Steps)
				}
			})
		}
	}
}

func wantOK(t *testing.T, rep *Report) {
	t.Helper()
	if !rep.OK() {
		t.Fatal(states(rep))
	}
}
