package apply

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// BIND and Route 53 take a TTL of 0, which no resolver may keep.
func TestANodeWhoseRecordsHaveATTLOf0IsTerminatedAndForgotten(t *testing.T) {
	for _, noDrain := range []bool{false, true} {
		b := newBench(t)
		b.cf.Rows[4].TTL = 0
		p := plan.Terminate(b.view(), noDrain, ref(b.triton, "m-1"))
		if len(p.Skipped) > 0 {
			t.Errorf("left out: %q", p.Skipped)
		}
		if rep := b.run(p); !rep.OK() || !slices.Equal(b.triton.Powered, []string{"terminate m-1"}) || has(b.cf, "165.225.128.1") {
			t.Errorf("without draining %v: %v; power %v; %v", noDrain, states(rep), b.triton.Powered, values(b.cf))
		}
		if slices.ContainsFunc(b.cf.Rows, func(r providers.Record) bool { return r.IsMarker() }) {
			t.Error("a marker is left")
		}
	}
}

func TestWhatCannotBeAskedIsWaitedOutWithATTLOf0Too(t *testing.T) {
	b := newBench(t)
	b.cf.Rows[4].TTL = 0
	b.opts.Wire = nil
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")))
	if !rep.OK() || b.clk.Now().Sub(begin) < providers.Propagation {
		t.Errorf("%v after %s", states(rep), b.clk.Now().Sub(begin))
	}
}

func TestTheTitleOfAPlanWithoutDrainingSaysSoWhateverItsNodesAreCalled(t *testing.T) {
	b := newBench(t)
	b.triton.Rows[0].Name = "drain-01"
	v := b.view()
	one, two := ref(b.triton, "m-1"), ref(b.aws, "i-1")
	for _, c := range []struct {
		p    plan.Plan
		want string
	}{
		{plan.Terminate(v, false, one), "Drain and terminate 1 node"},
		{plan.Terminate(v, true, one), "Terminate 1 node without draining"},
		{plan.Terminate(v, true, one, two), "Terminate 2 nodes without draining"},
	} {
		if c.p.Title != c.want {
			t.Errorf("title %q, want %q", c.p.Title, c.want)
		}
	}
	b.cf.Rows = slices.DeleteFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value == "165.225.128.1" })
	if p := plan.Terminate(b.view(), true, one); len(p.Steps) != 1 || p.Title != p.Steps[0].Sentence || strings.Contains(p.Title, "without") {
		t.Errorf("title %q", p.Title)
	}
}

// Two machines without a team have a journal each.
func TestADrainWaitsInFullIfAnotherMachineHasTakenOutWhatWasPutBackHere(t *testing.T) {
	for _, id := range []string{"m-1", "s-1"} {
		b := newBench(t)
		cloud := b.triton
		here, there := b.j, anotherJournal(t, b)
		do := func(j *journal.Journal, make func() plan.Plan) {
			t.Helper()
			b.opts.Journal = j
			if rep := b.run(make()); !rep.OK() {
				t.Fatalf("%v", states(rep))
			}
		}
		do(here, func() plan.Plan { return plan.Quiesce(b.view(), ref(cloud, id)) })
		b.clk.Advance(time.Hour)
		do(here, func() plan.Plan { return plan.Return(b.view(), ref(cloud, id)) })
		b.clk.Advance(time.Hour)
		do(there, func() plan.Plan { return plan.Quiesce(b.view(), ref(cloud, id)) })
		b.clk.Advance(5 * time.Second)
		p := plan.Drain(b.view(), ref(cloud, id))
		i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Kind == plan.StepWait })
		at := b.clk.Now()
		do(here, func() plan.Plan { return p })
		if got := b.clk.Now().Sub(at); got < p.Steps[i].Wait {
			t.Errorf("%s: waited %s of %s", id, got, p.Steps[i].Wait)
		}
	}
}

// One value of a node was put back and is out again, and the journal knows when another one was removed.
func TestAValueThatWasPutBackCountsAsRemovedNowThoughAnotherWasRemovedLongAgo(t *testing.T) {
	i := providers.InstanceRef{Key: tritonKey, ID: "m-1"}
	rec := func(value string) providers.Record {
		return providers.Record{Zone: cfZone, Name: www, Type: "A", TTL: 60, Value: value}
	}
	entry := func(at time.Duration, s journal.State, c providers.Change) journal.Entry {
		return journal.Entry{Instance: &i, State: s, Time: begin.Add(at), Ended: begin.Add(at), Change: &c}
	}
	one, two := rec("192.0.2.1"), rec("192.0.2.2")
	out := []journal.Entry{
		entry(0, journal.Done, providers.Change{Op: providers.OpDelete, Before: one}),
		entry(time.Minute, journal.Done, providers.Change{Op: providers.OpDelete, Before: two}),
	}
	for _, c := range []struct {
		name  string
		more  []journal.Entry
		known bool
	}{
		{"both are out", nil, true},
		{"one was put back", []journal.Entry{entry(time.Hour, journal.Done, providers.Change{Op: providers.OpCreate, After: one})}, false},
		{"one may have been put back", []journal.Entry{entry(time.Hour, journal.Unknown, providers.Change{Op: providers.OpCreate, After: one})}, false},
		{"it could not be put back", []journal.Entry{entry(time.Hour, journal.Failed, providers.Change{Op: providers.OpCreate, After: one})}, true},
		{"one was put back, and removed again", []journal.Entry{
			entry(time.Hour, journal.Done, providers.Change{Op: providers.OpCreate, After: one}),
			entry(2*time.Hour, journal.Done, providers.Change{Op: providers.OpDelete, Before: one}),
		}, true},
		{"a record got its value", []journal.Entry{entry(time.Hour, journal.Done, providers.Change{Op: providers.OpUpdate, Before: rec("192.0.2.3"), After: one})}, false},
	} {
		if at, known := takenOut(append(slices.Clone(out), c.more...), i); known != c.known {
			t.Errorf("%s: known %v, at %s", c.name, known, at)
		}
	}
}

func anotherJournal(t *testing.T, b *bench) *journal.Journal {
	t.Helper()
	j, err := openJournal(t.TempDir()+"/another", b.clk.Clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func TestAnUndoOfANamedRunSaysWhatMayHaveHappenedAndStays(t *testing.T) {
	b := newBench(t)
	rep := b.run(plan.Quiesce(b.view(), ref(b.triton, "m-1"), ref(b.aws, "i-1")))
	if !rep.OK() {
		t.Fatal(states(rep))
	}
	last := entries(t, b.j)[len(entries(t, b.j))-1]
	if err := b.j.End(journal.Outcome{ID: last.ID, State: journal.Unknown}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", rep.Run} {
		p, err := b.engine().UndoPlan(id)
		if err != nil || len(p.Steps) == 0 || !slices.Contains(p.Skipped, "it is not known whether this happened: "+last.Sentence) {
			t.Errorf("undo %q: %d steps, left out %q, %v", id, len(p.Steps), p.Skipped, err)
		}
	}
}
