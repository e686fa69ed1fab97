package apply

import (
	"net/netip"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// foreignSRV enters an SRV value of another owner that leads to the round-robin name.
func (b *bench) foreignSRV() {
	b.cf.Add(providers.Record{Zone: cfZone, Name: "_http._tcp." + cfZone, Type: "SRV", TTL: 300, Value: "0 0 80 " + www})
}

func TestADeadValueOfARoundRobinNameGoesThoughAForeignSRVValueLeadsToTheName(t *testing.T) {
	b := newBench(t)
	b.foreignSRV()
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	p := b.dead()
	if len(p.Skipped) != 0 {
		t.Errorf("left alone: %v", p.Skipped)
	}
	wantStates(t, b.run(p), StepDone)
	if has(b.cf, "165.225.128.1") {
		t.Error("it is still there")
	}
}

func TestTheLastAddressUnderAForeignSRVValueGoesOnlyWhenItsNameIsTyped(t *testing.T) {
	b := newBench(t)
	b.foreignSRV()
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	for _, id := range []string{"i-1", "i-2", "i-3", "i-4"} {
		b.aws.Remove(id)
		b.aws.Gone[id] = true
	}
	// No service declares the name, so that nothing else asks for it to be typed.
	b.opts.Services = b.opts.Services[1:]
	rep := b.run(b.dead())
	if last := rep.Steps[len(rep.Steps)-1]; rep.Count(StepDone) != 4 || last.State != StepRefused || !strings.Contains(last.Why, "_http._tcp.scalability.expert SRV") {
		t.Fatalf("states %v, %s", states(rep), last.Why)
	}
	if asks := rep.Asks(); len(asks) != 1 || asks[0].Text != www {
		t.Errorf("asks %+v", asks)
	}
	wantStates(t, b.run(b.dead(), www), StepDone)
	if has(b.cf, www+"/A/") || !has(b.cf, "_http._tcp") {
		t.Errorf("the zone has %v", values(b.cf))
	}
}

func TestAnEntryOfADeadOwnerWhoseAddressAMachineThatIsNoNodeHasGoesWhenItsNameIsTyped(t *testing.T) {
	b := newBench(t)
	b.triton.Remove("m-1")
	b.triton.Gone["m-1"] = true
	b.node(b.triton, "db-1", "db-1", "165.225.128.1", "database")
	v := b.view()
	var id providers.Identity
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Class == dnsview.Reused {
			id = f.Record.Identity()
			if !strings.Contains(f.Reason, "deregister it") {
				t.Errorf("the finding says %q", f.Reason)
			}
		}
	}
	p := plan.Deregister(v, id)
	rep := b.run(p)
	wantStates(t, rep, StepRefused)
	if asks := rep.Asks(); len(asks) != 1 || asks[0].Guard != index.GuardAddress || asks[0].Text != www || !strings.Contains(asks[0].Why, "db-1") {
		t.Errorf("asks %+v", asks)
	}
	wantStates(t, b.run(p, "another.name"), StepRefused)
	wantStates(t, b.run(p, www), StepDone)
	if has(b.cf, "165.225.128.1") {
		t.Error("it is still there")
	}
}

func TestAnEntryThatARunningOwnerHasLeftAndAMachineThatIsNoNodeHasNowGoesByRetarget(t *testing.T) {
	b := newBench(t)
	b.triton.Rows[0].PublicIPs = []netip.Addr{netip.MustParseAddr("165.225.128.77")}
	b.serve(b.triton, "m-1", "165.225.128.77")
	b.node(b.triton, "db-1", "db-1", "165.225.128.1", "database")
	v := b.view()
	for i := range v.Findings {
		f := &v.Findings[i]
		if f.Class != dnsview.Reused {
			continue
		}
		p := plan.ForFindings(v, f)
		if len(p.Steps) != 1 || p.Steps[0].Change.Op != providers.OpDelete {
			t.Fatalf("%+v", p)
		}
		wantStates(t, b.run(p), StepRefused)
		wantStates(t, b.run(p, www), StepDone)
		return
	}
	t.Error("nothing is reused")
}
