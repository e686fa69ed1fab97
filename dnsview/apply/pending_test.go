package apply

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
)

func TestAChangeIsRefusedWhenItsZoneBecamePendingAfterThePlanAndAnUndoIsNot(t *testing.T) {
	b := newBench(t)
	first := b.run(plan.Quiesce(b.view(), ref(b.aws, "i-1")))
	if !first.OK() {
		t.Fatalf("%v", states(first))
	}
	plan := plan.Quiesce(b.view(), ref(b.aws, "i-2"))
	b.cf.Self.Pending = true
	before := values(b.cf)
	for what, r := range map[string]*Report{"a check": b.engine().Check(t.Context(), plan), "a run": b.run(plan)} {
		if g := guardNamed(r, 0, index.GuardWritable); g.Pass || r.Steps[0].State != StepRefused || !strings.Contains(g.Why, "is lame: its provider says that it is not delegated yet") {
			t.Errorf("%s: %s, %+v", what, r.Steps[0].State, g)
		}
	}
	if after := values(b.cf); !slices.Equal(after, before) {
		t.Errorf("%v, want %v", after, before)
	}
	undo, err := b.engine().UndoPlan(first.Run)
	if err != nil {
		t.Fatal(err)
	}
	if r := b.run(undo); !r.OK() {
		t.Errorf("the undo: %v", states(r))
	}
}

func TestAChangeIsRefusedWhenItsZoneIsLameByTheWordOfNameServers(t *testing.T) {
	b := newBench(t)
	plan := plan.Quiesce(b.view(), ref(b.aws, "i-2"))
	b.opts.WireZones = func() []index.WireZone {
		return []index.WireZone{{Zone: cfZone, State: index.WireLame, Reason: "it is delegated elsewhere", At: b.clk.Now()}}
	}
	if g := guardNamed(b.run(plan), 0, index.GuardWritable); g.Pass || !strings.Contains(g.Why, "it is delegated elsewhere") {
		t.Errorf("%+v", g)
	}
}
