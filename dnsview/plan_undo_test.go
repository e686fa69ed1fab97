package dnsview_test

import (
	"fmt"
	"slices"
	"testing"

	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestAnUndoKeepsTheOrderThatMattersAndNoOther(t *testing.T) {
	ref := providers.InstanceRef{Cloud: "joyent-east", Key: keyEast, ID: tritonB}
	done := func(n int, op providers.Op, r providers.Record) plan.Done {
		c := providers.Change{Op: op, Before: r}
		if op == providers.OpCreate {
			c = providers.Change{Op: op, After: r}
		}
		return plan.Done{Entry: fmt.Sprint(n), Zone: r.Zone, Change: &c, Instance: ref}
	}
	a := providers.Record{Zone: r53Zone, Name: "sd-02.unilans.net", Type: "A", Value: "165.225.128.2"}
	srv := providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", Value: "10 10 4218 sd-02.unilans.net"}
	txt := providers.Record{Zone: r53Zone, Name: v1Name, Type: "TXT", Value: `"txtvers=1"`}
	ptr := providers.Record{Zone: r53Zone, Name: "_theservice._tcp.unilans.net", Type: "PTR", Value: v1Name}
	www := providers.Record{Zone: cfZone, Name: wwwName, Type: "A", Value: "165.225.128.2"}
	mark := providers.Record{Zone: cfZone, Name: providers.MarkerName(tritonB, wwwName), Type: "TXT", Value: `"rollcall1"`}
	for _, c := range []struct {
		name string
		done []plan.Done // as it was done, first to last
		want []int       // what each step of the undo needs, -1 for nothing
	}{
		{"an SRV value comes back after its host name", []plan.Done{done(1, providers.OpDelete, srv), done(2, providers.OpDelete, a)}, []int{-1, 1}},
		{"an SRV value goes before its host name and its TXT", []plan.Done{done(1, providers.OpCreate, txt), done(2, providers.OpCreate, a), done(3, providers.OpCreate, srv)}, []int{-1, 1, 1}},
		{"a PTR goes before what it leads to", []plan.Done{done(1, providers.OpCreate, srv), done(2, providers.OpCreate, ptr)}, []int{-1, 1}},
		{"a marker and its record", []plan.Done{done(1, providers.OpCreate, mark), done(2, providers.OpDelete, www)}, []int{-1, 1}},
		{"two records of one node", []plan.Done{done(1, providers.OpDelete, www), done(2, providers.OpDelete, a)}, []int{-1, -1}},
		{"one record twice", []plan.Done{done(1, providers.OpDelete, www), done(2, providers.OpCreate, www)}, []int{-1, 1}},
	} {
		p := plan.Undo(nil, c.done...)
		var got []int
		for _, s := range p.Steps {
			n := -1
			if len(s.Needs) > 0 {
				n = s.Needs[0]
			}
			got = append(got, n)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v: %v", c.name, got, c.want, sentences(p))
		}
	}
}

func TestOnlyWhatWasDeletedBeforeIsDeletedAgain(t *testing.T) {
	mark := providers.Record{Zone: cfZone, Name: providers.MarkerName(tritonB, wwwName), Type: "TXT", Value: `"rollcall1"`}
	www := providers.Record{Zone: cfZone, Name: wwwName, Type: "A", Value: "165.225.128.2"}
	quiesced := providers.Owner{Fleet: "7f3a9c1e", Cloud: keyEast, Instance: tritonB, Quiesced: true}
	create := func(r providers.Record) plan.Done {
		return plan.Done{Zone: r.Zone, Change: &providers.Change{Op: providers.OpCreate, After: r}}
	}
	back := create(www)
	back.Stayed = &quiesced
	for _, c := range []struct {
		plan plan.Plan
		want string
	}{
		{plan.Undo(nil, create(mark)), "Delete " + mark.Label()},
		{plan.Undo(nil, create(www)), "Delete " + www.Label()},
		{plan.Undo(nil, back), "Delete " + www.Label() + " again, and remember that it was taken out"},
		{plan.Redo(nil, create(www)), "Delete " + www.Label() + " again"},
	} {
		if got := sentences(c.plan); !slices.Equal(got, []string{c.want}) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
