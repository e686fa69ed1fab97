package dnsview_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

const (
	delegName = "deleg." + cfZone
	hiddenWWW = "www." + delegName
)

// cut adds a delegation, or another record that makes what lies below it invisible.
func (w *world) cut(name, typ, target string) {
	w.addRecord(providers.Record{Zone: cfZone, Name: name, Type: typ, TTL: 300, Value: target, ID: "id-" + name + target})
}

// hide moves the round-robin service of the small world to a name below a delegation.
func (w *world) hide() {
	w.cut(delegName, "NS", "ns1.other.example")
	z := w.zone(cfZone)
	for i := range z.Records {
		if z.Records[i].Name == wwwName {
			z.Records[i].Name = hiddenWWW
		}
	}
	w.service(wwwName).Name = hiddenWWW
}

func TestARecordThatNobodyCanResolveIsOccludedAndHasNoRemedyButToGo(t *testing.T) {
	ec2Row, tritonRow := hiddenWWW+" A 34.200.16.1", hiddenWWW+" A 165.225.128.1"
	both := []string{"occluded high " + tritonRow, "occluded high " + ec2Row}
	host := func(name, value string) func(*world) {
		return func(w *world) {
			w.addRecord(providers.Record{Zone: cfZone, Name: name, Type: "A", TTL: 60, Value: value, ID: "id-" + name})
		}
	}
	and := func(fs ...func(*world)) func(*world) {
		return func(w *world) {
			for _, f := range fs {
				f(w)
			}
		}
	}
	checkCases(t, []findingCase{
		{"records below a delegation", (*world).hide, both, "lies below " + delegName + ", which is delegated to ns1.other.example"},
		{"records at the delegation itself", func(w *world) { w.cut(wwwName, "NS", "ns1.other.example") }, []string{"occluded high " + wwwTriton, "occluded high " + wwwEC2}, "is delegated to ns1.other.example"},
		{"records below a DNAME", func(w *world) {
			w.hide()
			w.lose(delegName, "NS", "")
			w.cut(delegName, "DNAME", "elsewhere.example")
		}, both, "whose DNAME record leads every name below it to elsewhere.example"},
		{"other data beside a DNAME is answered", func(w *world) { w.cut(wwwName, "DNAME", "elsewhere.example") }, nil, ""},
		{"NS and DS of a delegation are answered", and(func(w *world) {
			w.cut(delegName, "NS", "ns1.other.example")
			w.cut(delegName, "DS", "1 13 2 00")
		}), nil, ""},
		{"NS records of the zone itself delegate nothing", func(w *world) { w.cut(cfZone, "NS", "ns1.other.example") }, nil, ""},
		{"a name that merely ends like a delegation does not lie below it", func(w *world) {
			w.cut("ww."+cfZone, "NS", "ns1.other.example")
			w.cut("w\\.www."+cfZone, "NS", "ns1.other.example")
		}, nil, ""},
		{"a dot within a label is no border of labels", and(func(w *world) { w.cut(delegName, "NS", "ns1.other.example") }, host(`a\.`+delegName, "203.0.113.9")), []string{`foreign info a\.` + delegName + " A 203.0.113.9"}, ""},
		{"the address of a name server of the delegation is glue", and(func(w *world) { w.cut(delegName, "NS", "ns1."+delegName) }, host("ns1."+delegName, "203.0.113.9")), nil, ""},
		{"the address of a name server at the delegation itself is glue", and(func(w *world) { w.cut(delegName, "NS", delegName) }, host(delegName, "203.0.113.9")), nil, ""},
		{"the address of a name server of a sister delegation is glue", and(func(w *world) {
			w.cut(delegName, "NS", "ns1.other.example")
			w.cut("sister."+cfZone, "NS", "NS1."+delegName+".")
		}, host("ns1."+delegName, "203.0.113.9")), nil, ""},
		{"glue of a delegation that is itself below another one is none", and(func(w *world) {
			w.cut(delegName, "NS", "ns1.other.example")
			w.cut("x."+delegName, "NS", "ns1.x."+delegName)
		}, host("ns1.x."+delegName, "203.0.113.9")), []string{"occluded high ns1.x." + delegName + " A 203.0.113.9", "occluded high x." + delegName + " NS ns1.x." + delegName}, ""},
		{"another type at the name of glue is none", func(w *world) {
			w.cut(delegName, "NS", "ns1."+delegName)
			w.cut("ns1."+delegName, "TXT", `"x"`)
		}, []string{"occluded high ns1." + delegName + ` TXT "x"`}, ""},
		{
			"a dead record below a delegation is dead too, and stays", func(w *world) { w.hide(); w.remove(tritonA, true) },
			[]string{"dead high " + tritonRow, both[0], both[1]},
			"nothing is written there",
		},
		{
			"a marker without a record below a DNAME record is shown, and stays", func(w *world) {
				w.lose(v1Name, "SRV", "sd-01")
				w.addRecord(providers.Record{Zone: r53Zone, Name: v1Name, Type: "DNAME", TTL: 60, Value: "other.example"})
				w.scanned(time.Minute)
			},
			[]string{"half high complete sd-01", "orphan-marker low " + ec2B + "._rollcall." + v1Name + ` TXT "` + `rollcall1 7f3a9c1e 7e30d8be9d i-0aaaaaaaaaaaaaaa2 1795089600 SRV 10 10 4218 sd-01.unilans.net"`},
			"",
		},
		{
			"a dead record that is glue is shown, and stays", func(w *world) { w.hide(); w.cut(delegName, "NS", hiddenWWW); w.remove(tritonA, true) },
			[]string{"dead high " + tritonRow},
			"is glue of the delegation",
		},
		{
			"nodes of a service below a delegation are missing, and cannot be registered", func(w *world) { w.hide(); w.drop(hiddenWWW, "A", "165") },
			[]string{"missing high www-02", both[1]},
			"nothing is written there",
		},
		{"a declared service without records below a delegation", func(w *world) {
			w.cut(delegName, "NS", "ns1.other.example")
			w.opts.Services = append(w.opts.Services, index.Service{Name: "new." + delegName, Kind: index.RoundRobin})
		}, []string{"occluded high new." + delegName}, "could resolve a record there"},
		{
			"nodes below a delegation are not live", func(w *world) { w.hide(); w.service(hiddenWWW).Minimum = 1 },
			append([]string{"thin critical " + hiddenWWW}, both...), "has 0 live members",
		},
		{"the zone that the name belongs to is read too", func(w *world) {
			w.hide()
			w.snap.Zones = append(w.snap.Zones, providers.ZoneView{Zone: providers.Zone{Name: delegName, Provider: providers.Cloudflare, Traits: *traits(providers.Cloudflare)}, Coverage: complete("")})
		}, []string{"missing high register www-01", "missing high register www-02", both[0], both[1]}, "is missing from"},
	})
	w := newWorld()
	w.hide()
	w.snap.Zones = append(w.snap.Zones, providers.ZoneView{Zone: providers.Zone{Name: delegName, Provider: providers.Cloudflare, Traits: *traits(providers.Cloudflare)}, Coverage: complete("")})
	for _, f := range w.view().Findings {
		if f.Class == dnsview.Occluded && !strings.Contains(f.Reason, "the name belongs to the zone "+delegName) {
			t.Errorf("it does not say whose the name is: %s", f.Reason)
		}
	}
}

func TestNothingLiveIsSeenBelowADelegationInTheServiceTree(t *testing.T) {
	w := newWorld()
	w.hide()
	for _, s := range tree.Of(w.view()) {
		if s.Name == hiddenWWW && (s.Live != 0 || s.Running != 2) {
			t.Errorf("%d live of %d running", s.Live, s.Running)
		}
	}
	w = newWorld()
	for _, name := range []string{"sd-01.unilans.net", "sd-02.unilans.net"} {
		w.addRecord(providers.Record{Zone: r53Zone, Name: name, Type: "NS", TTL: 60, Value: "ns1.other.example"})
	}
	for _, s := range tree.Of(w.view()) {
		if strings.Contains(s.Name, "_theservice") && s.Live != 0 {
			t.Errorf("%s: %d live, though the targets of its SRV values are delegated", s.Name, s.Live)
		}
	}
}

// Every verb that writes leaves a name alone that no one can resolve, and says why; what removes goes ahead.
func TestEveryPlanThatWritesLeavesAnOccludedNameAlone(t *testing.T) {
	base := func() *world { w := newWorld(); w.hide(); return w }
	id := func(w *world, part string) providers.Identity { return w.record(hiddenWWW, "A", part).Identity() }
	for _, c := range []struct {
		name string
		mess func(*world)
		plan func(*world, *dnsview.View) plan.Plan
		goes bool
	}{
		{"register", func(w *world) { w.drop(hiddenWWW, "A", "165") }, func(w *world, v *dnsview.View) plan.Plan { return plan.Register(v, "", w.instance(tritonA).Ref()) }, false},
		{"retarget", nil, func(w *world, v *dnsview.View) plan.Plan {
			return plan.RetargetTo(v, id(w, "165"), w.instance(ec2B).Ref())
		}, false},
		{"update", func(w *world) { w.instance(tritonA).PublicIPs[0] = addr("165.225.128.77") }, func(w *world, v *dnsview.View) plan.Plan { return plan.Update(v, id(w, "165.225.128.1")) }, false},
		{"adopt", func(w *world) { r := w.record(hiddenWWW, "A", "165"); r.Owners, r.Comment = nil, "" }, func(w *world, v *dnsview.View) plan.Plan { return plan.Adopt(v, id(w, "165")) }, false},
		{"return of a record that is still there", func(w *world) { w.record(hiddenWWW, "A", "165").Owners[0].Quiesced = true }, func(w *world, v *dnsview.View) plan.Plan { return plan.Return(v, w.instance(tritonA).Ref()) }, false},
		{"return", func(w *world) {
			r := *w.record(hiddenWWW, "A", "165")
			o := r.Owners[0]
			o.Quiesced = true
			text, err := o.For(r.Type, r.Value).Encode()
			if err != nil {
				panic(err)
			}
			w.drop(hiddenWWW, "A", "165")
			m := plan.MarkerRecord(&r, text)
			m.ID = "marker"
			w.addRecord(m)
		}, func(w *world, v *dnsview.View) plan.Plan { return plan.Return(v, w.instance(tritonA).Ref()) }, false},
		{"a plan made elsewhere", nil, func(w *world, v *dnsview.View) plan.Plan {
			r := *w.record(hiddenWWW, "A", "165")
			return plan.WithoutUnwritable(v, plan.Plan{Verb: index.VerbBalance, Steps: []plan.Step{{ID: 1, Kind: plan.StepChange, Zone: r.Zone, Change: &providers.Change{Op: providers.OpUpdate, Before: r, After: r}}}})
		}, false},
		{"quiesce", nil, func(w *world, v *dnsview.View) plan.Plan { return plan.Quiesce(v, w.instance(tritonA).Ref()) }, true},
		{"drain", nil, func(w *world, v *dnsview.View) plan.Plan { return plan.Drain(v, w.instance(tritonA).Ref()) }, true},
		{"deregister", func(w *world) { w.remove(tritonA, true) }, func(w *world, v *dnsview.View) plan.Plan { return plan.Deregister(v, id(w, "165")) }, false},
		{"deregister of all that is dead", func(w *world) { w.remove(tritonA, true) }, func(_ *world, v *dnsview.View) plan.Plan { return plan.DeregisterDead(v) }, false},
		{"quiesce of glue", func(w *world) { w.cut(delegName, "NS", hiddenWWW) }, func(w *world, v *dnsview.View) plan.Plan { return plan.Quiesce(v, w.instance(tritonA).Ref()) }, false},
		{"drain of glue", func(w *world) { w.cut(delegName, "NS", hiddenWWW) }, func(w *world, v *dnsview.View) plan.Plan { return plan.Drain(v, w.instance(tritonA).Ref()) }, false},
		{"deregister of glue", func(w *world) { w.cut(delegName, "NS", hiddenWWW); w.remove(tritonA, true) }, func(w *world, v *dnsview.View) plan.Plan { return plan.Deregister(v, id(w, "165")) }, false},
		{"adopt of glue", func(w *world) {
			w.cut(delegName, "NS", hiddenWWW)
			r := w.record(hiddenWWW, "A", "165")
			r.Owners, r.Comment = nil, ""
		}, func(w *world, v *dnsview.View) plan.Plan { return plan.Adopt(v, id(w, "165")) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := base()
			if c.mess != nil {
				c.mess(w)
			}
			p := c.plan(w, w.view())
			switch {
			case c.goes && len(p.Steps) == 0:
				t.Errorf("nothing is planned: %v", p.Skipped)
			case !c.goes && len(p.Steps) > 0:
				t.Errorf("%s", p.Steps[0].Sentence)
			case !c.goes && !strings.Contains(strings.Join(p.Skipped, "\n"), delegName):
				t.Errorf("it does not say why: %q", p.Skipped)
			}
		})
	}
}

func TestTheGuardsRefuseWhatWouldBeOccluded(t *testing.T) {
	w := newWorld()
	w.hide()
	r := *w.record(hiddenWWW, "A", "165")
	w.drop(hiddenWWW, "A", "165")
	e := &guard.Evidence{Now: testNow, Fleet: testFlt, Verb: index.VerbRegister, View: w.view(), Change: &providers.Change{Op: providers.OpCreate, After: r}, Reread: true}
	has := func(e *guard.Evidence) (found bool) {
		for _, g := range guard.Check(e) {
			found = found || g.Guard == index.GuardWritable && !g.Pass && strings.Contains(g.Why, delegName)
		}
		return found
	}
	if !has(e) {
		t.Error("a create below a delegation passes the guards")
	}
	e.Undoes = true
	if has(e) {
		t.Error("what was deleted from here cannot be brought back")
	}
	e.Undoes, e.Change = false, &providers.Change{Op: providers.OpCreate, After: cfRecord(wwwName, "165.225.128.1", keyEast, tritonA)}
	if has(e) {
		t.Error("a create elsewhere in the zone is refused")
	}
}

func TestAServiceBelowADelegationSaysThatNobodyWouldSeeItsNodes(t *testing.T) {
	w := newWorld()
	if why := w.view().WhyServiceHidden(wwwName); why != "" {
		t.Error(why)
	}
	w.hide()
	if why := w.view().WhyServiceHidden(hiddenWWW); !strings.Contains(why, delegName) {
		t.Errorf("%q", why)
	}
}
