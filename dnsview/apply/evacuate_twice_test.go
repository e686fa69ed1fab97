package apply

import (
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/providertest"
)

func TestOfTwoMembersThatEvacuateOneCloudOneMarksItAndTheOtherLearnsWhoWasFirst(t *testing.T) {
	b := newBench(t)
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	mine, typed := b.down()
	his := plan.Evacuate(b.view(), plan.Evacuation{Cloud: tritonKey, For: 2 * time.Hour})
	beforeEntry(s, 1, func() {
		b.clk.Advance(time.Second)
		bob.run(his, typed)
	})
	rep := me.run(mine, typed)
	for _, d := range []*fakeDNS{b.cf, b.sd} {
		markers := 0
		for _, r := range d.Rows {
			if o, ok := evacuationOf(&r); ok && !o.IsBefore() {
				markers++
			}
		}
		if markers != 1 {
			t.Errorf("%d markers", markers)
		}
	}
	first := &rep.Steps[0]
	if first.State != StepRefused || !strings.Contains(first.Why, "is evacuated from") || !strings.Contains(first.Why, " until ") || !strings.Contains(first.Why, "bob@there was first") {
		t.Errorf("%s: %s", first.State, first.Why)
	}
}

func TestANodeThatIsBeingTerminatedIsNotSaidToBePutBack(t *testing.T) {
	b := newBench(t)
	b.onSleep(func() {
		b.triton.Check = refuses("m-1", providers.PowerTerminate)
		for i := range b.triton.Rows {
			if b.triton.Rows[i].ID == "m-1" {
				b.triton.Rows[i].State = providers.StateTerminating
			}
		}
	})
	rep := b.run(plan.Drain(b.view(), ref(b.triton, "m-1")))
	for _, n := range rep.Nodes {
		if n.Back != "" || strings.Contains(n.Text, "rollcall return") {
			t.Errorf("%+v", n)
		}
	}
	if len(rep.Nodes) == 0 {
		t.Errorf("no node is reported: %v", states(rep))
	}
}
