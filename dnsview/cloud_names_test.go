package dnsview_test

import (
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// toNode are records that lead to www-01 without an A record of its own name.
func toNode() []providers.Record {
	var out []providers.Record
	for _, r := range []providers.Record{
		{Name: "api", Type: "CNAME", Value: "ec2-34-200-16-1.compute-1.amazonaws.com"},
		{Name: "mail", Type: "MX", Value: "10 ec2-34-200-16-1.compute-1.amazonaws.com"},
		{Name: "shop", Type: "HTTPS", Value: "1 . alpn=h2 ipv4hint=34.200.16.1"},
		{Name: "nat", Type: "AAAA", Value: "64:ff9b::22c8:1001"},
		{Name: "_x._tcp", Type: "SRV", Value: "0 0 80 ec2-34-200-16-1.compute-1.amazonaws.com"},
	} {
		r.Zone, r.Name, r.TTL, r.ID = cfZone, r.Name+"."+cfZone, 60, "to-"+r.Name
		out = append(out, r)
	}
	return out
}

func TestWhatLeadsToANodeByTheNameThatItsCloudHasForItKeepsItFromADrain(t *testing.T) {
	for _, r := range append(toNode(),
		providers.Record{Zone: cfZone, Name: "id.scalability.expert", Type: "CNAME", Value: ec2A + ".ec2.internal", ID: "id"},
		providers.Record{Zone: cfZone, Name: "hint.scalability.expert", Type: "HTTPS", Value: "1 . ipv4hint=192.0.2.1,34.200.16.1", ID: "id"}) {
		w := newWorld()
		w.addRecord(r)
		v := w.view()
		p := plan.Drain(v, w.instance(ec2A).Ref())
		if len(p.Steps) != 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), r.Label()) {
			t.Errorf("%s: steps %+v, left alone %q", r.Label(), p.Steps, p.Skipped)
		}
		if p := plan.Evacuate(v, plan.Evacuation{Cloud: keyUse1}); !strings.Contains(strings.Join(p.Skipped, "\n"), r.Name) && !strings.Contains(r.Value, "192.0.2.1") {
			t.Errorf("an evacuation does not list %s: %q", r.Label(), p.Skipped)
		}
	}
}

func TestWhatLeadsToANodeByTheNameThatItsCloudHasForItIsUnmarkedAndCanBeAdopted(t *testing.T) {
	for _, r := range toNode() {
		w := newWorld()
		w.addRecord(r)
		v := w.view()
		f := v.FindingsOf(w.record(r.Name, r.Type, "").Identity())
		if len(f) == 0 || f[0].Class != dnsview.Unmarked || f[0].Instance.ID != ec2A {
			t.Errorf("%s: %+v", r.Label(), f)
		}
		if p := plan.Adopt(v, w.record(r.Name, r.Type, "").Identity()); len(p.Steps) != 1 {
			t.Errorf("%s: %+v", r.Label(), p)
		}
	}
	w := newWorld()
	w.addRecord(providers.Record{Zone: cfZone, Name: "x.scalability.expert", Type: "CNAME", Value: "ec2-34-200-16-99.compute-1.amazonaws.com"})
	if f := w.view().FindingsOf(w.record("x.scalability.expert", "CNAME", "").Identity()); len(f) != 0 {
		t.Errorf("an alias of a host that is not ours has a finding: %+v", f)
	}
}

func TestAMachineIsLedToByItsNamesInTritonsCNS(t *testing.T) {
	w := newWorld()
	i := w.instance(tritonA)
	i.Region = "us-east-1"
	for _, to := range []string{"www-02.inst.acct.us-east-1.triton.zone", tritonA + ".inst.acct.us-east-1.cns.joyent.com"} {
		w.addRecord(providers.Record{Zone: cfZone, Name: "cns.scalability.expert", Type: "CNAME", Value: to, ID: to})
		v := w.view()
		if led := v.LeadingTo(keyEast, tritonA); len(led) != 2 || led[1].Type != "CNAME" {
			t.Errorf("%s: %v", to, led)
		}
		if p := plan.Evacuate(v, plan.Evacuation{Cloud: keyEast}); !strings.Contains(strings.Join(p.Skipped, "\n"), to) {
			t.Errorf("an evacuation does not list %s: %q", to, p.Skipped)
		}
		w.drop("cns.scalability.expert", "CNAME", "")
	}
}

func TestAliasesOfAHostThatWouldLeadNowhereAskForItsName(t *testing.T) {
	const host = "sd-01.unilans.net"
	for _, r := range []providers.Record{
		{Zone: r53Zone, Name: "cn.unilans.net", Type: "CNAME", Value: host},
		{Zone: cfZone, Name: "cc.scalability.expert", Type: "CNAME", Value: host, ID: "cc"},
		{Zone: r53Zone, Name: "unilans.net", Type: "MX", Value: "10 " + host},
		{Zone: r53Zone, Name: "shop.unilans.net", Type: "HTTPS", Value: "1 " + host},
		{Zone: r53Zone, Name: "alias.unilans.net", Type: "A", Value: host, Alias: true},
	} {
		w := newWorld()
		w.addRecord(r)
		v := w.view()
		for what, p := range map[string]plan.Plan{"quiesce": plan.Quiesce(v, w.instance(ec2B).Ref()), "drain": plan.Drain(v, w.instance(ec2B).Ref())} {
			asks := false
			for n := range p.Steps {
				s := &p.Steps[n]
				if s.Change == nil || s.Change.Before.Name != host || s.Change.Before.Type != "A" {
					continue
				}
				e := removal(v, s)
				for k := range p.Steps {
					if c := p.Steps[k].Change; c != nil && c.Op == providers.OpDelete {
						e.Removing[c.Before.Identity()] = true
					}
				}
				g := e.CheckMinimum()
				asks = len(s.Strands) == 1 && s.Strands[0] == r.Label() && !g.Pass && g.Confirm == host && strings.Contains(g.Why, r.Label())
			}
			if !asks {
				t.Errorf("%s, %s: %+v", r.Label(), what, p)
			}
		}
	}
	w := newWorld()
	w.addRecord(providers.Record{Zone: cfZone, Name: "cc.scalability.expert", Type: "CNAME", Value: wwwName, ID: "cc"})
	p := plan.Quiesce(w.view(), w.instance(ec2A).Ref())
	for n := range p.Steps {
		if len(p.Steps[n].Strands) > 0 {
			t.Errorf("an alias of a name that keeps an address is said to lead nowhere: %+v", p.Steps[n])
		}
	}
}
