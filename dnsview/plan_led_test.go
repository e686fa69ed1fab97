package dnsview_test

import (
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// webSRV is an SRV value of another controller that leads to the round-robin name.
func webSRV() providers.Record {
	return providers.Record{Zone: cfZone, Name: "_http._tcp.scalability.expert", Type: "SRV", TTL: 300, Value: "0 0 80 " + wwwName, ID: "web"}
}

func TestADeadAddressOfSeveralGoesThoughASRVValueOfOthersLeadsToItsName(t *testing.T) {
	w := newWorld()
	w.addRecord(webSRV())
	w.remove(ec2A, true)
	v := w.view()
	for what, p := range map[string]plan.Plan{"by name": plan.Deregister(v, w.record(wwwName, "A", "34.").Identity()), "with the dead": plan.DeregisterDead(v)} {
		if len(p.Steps) != 1 || len(p.Skipped) != 0 || len(p.Steps[0].Strands) != 0 {
			t.Errorf("%s: %+v", what, p)
			continue
		}
		if g := removal(v, &p.Steps[0]).CheckMinimum(); !g.Pass {
			t.Errorf("%s: %+v", what, g)
		}
	}
}

func TestTheLastAddressThatASRVValueOfOthersLeadsToGoesOnceItsNameIsTyped(t *testing.T) {
	for _, zone := range []string{cfZone, "another"} {
		w := newWorld()
		s := webSRV()
		if zone != cfZone {
			s.Zone, s.Name = "unilans.net", "_http._tcp.unilans.net"
		}
		w.addRecord(s)
		w.remove(ec2A, true)
		w.remove(tritonA, true)
		v := w.view()
		p := plan.Deregister(v, ids(w.record(wwwName, "A", "34."), w.record(wwwName, "A", "165."))...)
		if len(p.Steps) != 2 || len(p.Skipped) != 0 {
			t.Fatalf("%+v", p)
		}
		at := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return len(s.Strands) > 0 })
		if at != 1 || !strings.Contains(p.Steps[1].Sentence, s.Label()+" would lead nowhere") {
			t.Fatalf("what is stranded is not shown at the last address: %+v", p.Steps)
		}
		e := removal(v, &p.Steps[1])
		e.Removing[p.Steps[0].Change.Before.Identity()] = true
		if g := e.CheckMinimum(); g.Pass || g.Confirm != wwwName || !strings.Contains(g.Why, s.Label()) {
			t.Errorf("%+v", g)
		}
	}
}

func TestTheLastAddressWaitsForASRVValueOfThisFleetThatStays(t *testing.T) {
	w := newWorld()
	s := webSRV()
	s.Owners = []providers.Owner{owner(keyUse1, ec2B)}
	s.Comment, _ = s.Owners[0].Encode()
	w.addRecord(s)
	w.remove(ec2A, true)
	w.remove(tritonA, true)
	v := w.view()
	p := plan.Deregister(v, ids(w.record(wwwName, "A", "34."), w.record(wwwName, "A", "165."))...)
	if len(p.Steps) != 1 || len(p.Skipped) != 1 || !strings.Contains(p.Skipped[0], s.Label()+" still leads to it") {
		t.Fatalf("%+v", p)
	}
	e := removal(v, &plan.Step{Change: &providers.Change{Op: providers.OpDelete, Before: *w.record(wwwName, "A", "34.")}})
	e.Removing[w.record(wwwName, "A", "165.").Identity()] = true
	if g := e.CheckMinimum(); g.Pass || g.Confirm != "" || !strings.Contains(g.Why, "still leads to") {
		t.Errorf("%+v", g)
	}
}

func TestANodeIsTakenOutThoughASRVValueOfOthersLeadsToARoundRobinName(t *testing.T) {
	w := newWorld()
	w.addRecord(webSRV())
	v := w.view()
	for what, p := range map[string]plan.Plan{
		"quiesce": plan.Quiesce(v, w.instance(ec2A).Ref()), "quiesce a record": plan.QuiesceRecords(v, w.record(wwwName, "A", "34.").Identity()),
		"drain": plan.Drain(v, w.instance(ec2A).Ref()),
	} {
		if len(p.Steps) == 0 || len(p.Skipped) != 0 {
			t.Errorf("%s: %+v", what, p)
		}
	}
}
