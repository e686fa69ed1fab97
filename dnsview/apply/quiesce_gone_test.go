package apply

import (
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// leave removes what a node, whose host name is sd-1, has in a zone, as its agent does when it goes down.
func leave(d *fakeDNS, id string) {
	var kept []providers.Record
	for _, r := range d.Rows {
		if o, ok := r.Owner(); !strings.Contains(r.Name+r.Value, "sd-1."+sdZone) && (!ok || o.Instance != id) && !strings.HasPrefix(r.Name, id+".") {
			kept = append(kept, r)
		}
	}
	d.Rows = kept
}

// A node that reboots takes itself out of DNS and comes back; a quiesce in between must not end as done.
func TestAQuiesceIsNotDoneWhereTheNodeHasTakenItselfOutMeanwhile(t *testing.T) {
	for _, c := range []struct {
		id   string
		zone func(b *bench) *fakeDNS
	}{
		{"s-1", func(b *bench) *fakeDNS { return b.sd }},
		{"m-1", func(b *bench) *fakeDNS { return b.cf }},
	} {
		b := newBench(t)
		p := plan.Quiesce(b.view(), ref(b.triton, c.id))
		leave(c.zone(b), c.id)
		rep := b.run(p)
		if rep.OK() || rep.Steps[0].State != StepRefused {
			t.Errorf("%s: %v: %s", c.id, states(rep), rep.Steps[0].Why)
		}
		if g := guardNamed(rep, 0, index.GuardUnchanged); !strings.Contains(g.Why, "it is not there any more") {
			t.Errorf("%s: %+v", c.id, g)
		}
	}
}

func TestAQuiesceThatAnotherOperatorHasDoneIsDone(t *testing.T) {
	b := newBench(t)
	p := plan.Quiesce(b.view(), ref(b.triton, "s-1"))
	if rep := b.run(p); !rep.OK() {
		t.Fatalf("%v", states(rep))
	}
	if rep := b.run(p); !rep.OK() || !rep.Steps[0].Already {
		t.Errorf("%v: %s", states(rep), rep.Steps[0].Why)
	}
}

// The answer of the write is lost, the write never arrived, and the node has removed its value meanwhile.
func TestAQuiesceWhoseAnswerWasLostIsNotDoneBecauseItsValueIsGone(t *testing.T) {
	b := newBench(t)
	p := plan.Quiesce(b.view(), ref(b.triton, "s-1"))
	b.sd.Fault = func(providers.Change) (error, bool) {
		leave(b.sd, "s-1")
		return providers.Errorf(providers.KindUncertain, "change", "lost"), false
	}
	rep := b.run(p)
	if rep.OK() || rep.Steps[0].State != StepUnknown || !strings.Contains(rep.Steps[0].Why, "nothing marks it as quiesced") {
		t.Errorf("%v: %s", states(rep), rep.Steps[0].Why)
	}
	b.sd.Fault = nil
	b.clk.Advance(10 * time.Minute)
	if _, err := b.engine().Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := entries(t, b.j)[0]; e.State != journal.Unknown {
		t.Errorf("looked up later: %s %s", e.State, e.Note)
	}
}

func TestARetriedQuiesceIsNotDoneBecauseItsValueIsGone(t *testing.T) {
	b := newBench(t)
	p := plan.Quiesce(b.view(), ref(b.triton, "s-1"))
	leave(b.sd, "s-1")
	out := (&RetryingDNS{DNS: b.sd}).Apply(t.Context(), b.sd.Self, []providers.Change{*p.Steps[0].Change})
	if providers.KindOf(out[0].Err) != providers.KindConflict {
		t.Errorf("%+v", out[0])
	}
}
