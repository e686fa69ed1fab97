package apply

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// Another operator returns a node while it is drained: the report must not say that it is out of DNS.
func TestANodeThatAnotherWriterPutsBackDuringADrainIsSaidToBeInDNS(t *testing.T) {
	b := newBench(t)
	before := slices.Clone(b.cf.Rows)
	p := plan.Drain(b.view(), ref(b.triton, "m-1"))
	b.onSleep(func() { b.cf.Rows = before })
	rep := b.run(p)
	if rep.OK() || len(rep.Nodes) != 1 || len(b.triton.Powered) != 0 {
		t.Fatalf("%v %+v, power %v", states(rep), rep.Nodes, b.triton.Powered)
	}
	if n := rep.Nodes[0]; n.DNS != "in DNS again" || n.Back != "" || !strings.Contains(n.Text, "running and in DNS again: another writer has made www.scalability.expert A 165.225.128.1") {
		t.Errorf("%+v", n)
	}
}

// Two operators quiesce one node at once: the mark of the one is there when the other writes the same, and the value is
// gone when the other reads again.
func TestAQuiesceThatAnotherOperatorCarriesOutAtTheSameTimeIsDoneAtOnce(t *testing.T) {
	b := newBench(t)
	p := plan.Quiesce(b.view(), ref(b.triton, "m-1"))
	b.cf.Fault = func(providers.Change) (error, bool) {
		b.cf.Fault = nil
		b.cf.Make(*p.Steps[0].Change)
		return providers.Errorf(providers.KindUncertain, "change records", "lost"), false
	}
	b.onSleep(func() {
		if has(b.cf, "165.225.128.1") {
			b.cf.Make(*p.Steps[1].Change)
			b.cf.Rows = slices.DeleteFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value == "165.225.128.1" })
		}
	})
	at := b.clk.Now()
	rep := b.run(p)
	if took := b.clk.Now().Sub(at); took > confirmReads*2 {
		t.Errorf("it took %s", took)
	}
	if !rep.OK() {
		for i := range rep.Steps {
			t.Logf("%s: %s %s", rep.Steps[i].Step.Sentence, rep.Steps[i].State, rep.Steps[i].Why)
		}
		t.Errorf("%v", states(rep))
	}
}

func TestACreateThatFindsItsRecordMadeSaysSo(t *testing.T) {
	b := newBench(t)
	b.node(b.triton, "m-9", "www-9", "165.225.128.99", "www")
	p := plan.Register(b.view(), "", ref(b.triton, "m-9"))
	for n, want := range []string{"", "it was there already"} {
		rep := b.run(p)
		if es := entries(t, b.j); !rep.OK() || rep.Steps[0].Why != want || es[n].Note != want {
			t.Errorf("run %d: %v %q, journal %q, want %q", n, states(rep), rep.Steps[0].Why, es[n].Note, want)
		}
	}
}
