package apply

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/providertest"
)

// A member takes more changes of a zone back than one group holds. Between the guards of the first group, which has a value of
// www, and those of the next, another member takes a value of www out.
func TestTheMinimumOfAServiceHoldsForTheWholeTeamInAPlanOfSeveralGroups(t *testing.T) {
	b := newBench(t)
	b.opts.Services[0].Minimum = 4 // of 5
	b.opts.Guards.Threshold = 1
	s := providertest.NewStore(b.clk.Clock)
	me, bob := b.newMember(s, "me@here"), b.newMember(s, "bob@there")
	var done []plan.Done
	var typed []string
	for n := range 2 * group {
		id, ip := fmt.Sprintf("x-%d", n), fmt.Sprintf("165.225.129.%d", n)
		b.node(b.triton, id, id, ip, "other")
		b.serve(b.triton, id, ip)
		r := &b.cf.Rows[len(b.cf.Rows)-1]
		r.Name = id + "." + cfZone
		done = append(done, plan.Done{Zone: cfZone, Change: &providers.Change{Op: providers.OpCreate, After: *r}})
		typed = append(typed, r.Name)
	}
	at := slices.IndexFunc(b.cf.Rows, func(r providers.Record) bool { return r.Value == "34.200.16.1" })
	done = append(done, plan.Done{Zone: cfZone, Change: &providers.Change{Op: providers.OpCreate, After: b.cf.Rows[at]}}) // undone first
	mine, his := plan.Undo(b.view(), done...), plan.Quiesce(b.view(), ref(b.aws, "i-2"))
	if len(mine.Steps) != 2*group+1 || mine.Steps[0].Change.Before.Value != "34.200.16.1" {
		t.Fatalf("%+v", mine)
	}
	var bobs *Report
	rep := me.engine().Run(t.Context(), mine, Confirm{Typed: typed}, func(e Event) {
		if e.Kind == EventGuards && bobs == nil {
			bobs = bob.run(his)
			b.clk.Advance(time.Second)
		}
	})
	if bobs == nil || !bobs.OK() {
		t.Fatalf("bob: %v %+v", states(bobs), bobs.Steps)
	}
	left := slices.DeleteFunc(values(b.cf), func(v string) bool { return v[:len(www)] != www })
	if len(left) != 4 || rep.Steps[0].State != StepRefused || rep.Count(StepDone) != 2*group {
		t.Errorf("%d values of www are left, minimum 4: %v, %+v", len(left), states(rep), rep.Steps[0])
	}
}
