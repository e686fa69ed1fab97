package dnsview_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

// treeText writes the services of a view as an operator would read them: one line each,
// with two spaces before what lies below.
func treeText(v *dnsview.View) []string {
	var out []string
	add := func(indent string, r *tree.Members, name, more string) {
		l := indent + name + fmt.Sprintf(" live %d/%d", r.Live, r.Minimum)
		if len(r.Clouds) > 0 {
			l += " " + strings.Join(r.Clouds, ",")
		}
		if len(r.Findings) > 0 {
			l += " " + string(r.Findings[0].Class)
		}
		if r.Declared != nil {
			l += " declared"
		}
		out = append(out, l+more)
	}
	nodes := func(indent string, r *tree.Members) {
		for _, n := range r.Nodes {
			l := indent + n.Ref.Name
			if n.HasSRV {
				l += " " + n.SRV.String()
			}
			if n.Guessed {
				l += "?"
			}
			if n.Weighted {
				l += fmt.Sprintf(" weight %d", n.Weight)
			}
			for _, a := range n.Addresses {
				l += " " + a.String()
			}
			l += " " + string(n.State)
			for _, f := range n.Findings {
				l += " " + string(f.Class)
			}
			out = append(out, l)
		}
	}
	for _, s := range tree.Of(v) {
		more := ""
		if s.Listed {
			more = " listed"
		}
		add("", &s.Members, s.Name, more)
		nodes("  ", &s.Members)
		for _, i := range s.Incarnations {
			more := ""
			for _, p := range i.PTR {
				more += " PTR " + p.Name
			}
			if i.TXT != nil {
				more += " TXT " + i.TXT.Value
			}
			if i.Closed {
				more += " closed"
			}
			add("  ", &i.Members, i.Label, more)
			nodes("    ", &i.Members)
		}
	}
	return out
}

const (
	wwwLine = wwwName + " live 2/0 aws-use1,joyent-east declared"
	sdLine  = "_theservice._tcp.unilans.net live 2/0 aws-use1,joyent-east listed"
	v1Line  = `  v1 live 2/0 aws-use1,joyent-east declared PTR _theservice._tcp.unilans.net TXT "txtvers=1"`
	www01   = "  www-01 34.200.16.1 running"
	www02   = "  www-02 165.225.128.1 running"
	sd01    = "    sd-01 10 10 4218 sd-01.unilans.net 34.200.16.2 running"
	sd02    = "    sd-02 10 10 4218 sd-02.unilans.net 165.225.128.2 running"
)

// quiesce takes nodes out as an operator would.
func (w *world) quiesce(ids ...string) {
	var refs []providers.InstanceRef
	for _, id := range ids {
		refs = append(refs, w.instance(id).Ref())
	}
	w.mustCarryOut(plan.Quiesce(w.view(), refs...))
}

func (w *world) mustCarryOut(p plan.Plan) {
	if done, err := w.carryOut(p); err != nil || done != len(p.Steps) || len(p.Skipped) > 0 {
		panic(fmt.Sprint(p, err))
	}
	for i := range w.snap.Zones {
		providers.AttachOwners(w.snap.Zones[i].Records)
	}
}

// byHand adds a host that joined an incarnation by hand.
func (w *world) byHand(name, incarnation, value, address string) providers.InstanceRef {
	o := owner(providers.NewCloudKey("host", testFlt, r53Zone), providers.HostPrefix+name)
	for _, r := range []providers.Record{
		{Name: name + "." + r53Zone, Type: "A", Value: address}, {Name: incarnation, Type: "SRV", Value: value + " " + name + "." + r53Zone},
	} {
		r.Zone, r.TTL = r53Zone, 30
		if slices.ContainsFunc(w.zone(r53Zone).Records, func(h providers.Record) bool { return h.Name == r.Name && h.Value == r.Value }) {
			continue
		}
		w.addRecord(r)
		m, err := o.For(r.Type, r.Value).Encode()
		if err != nil {
			panic(err)
		}
		w.addRecord(providers.Record{Zone: r53Zone, Name: providers.MarkerName(o.Instance, r.Name), Type: "TXT", TTL: 30, Value: providers.FormatTXT([]string{m})})
	}
	providers.AttachOwners(w.zone(r53Zone).Records)
	return providers.InstanceRef{Key: o.Cloud, ID: o.Instance, Name: name}
}

func TestTheServicesStandAsTheyAreDeclaredAndSeen(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(w *world)
		want   []string
	}{
		{"when all agrees every service has its nodes, those of a service type by incarnation", func(*world) {}, []string{wwwLine, www01, www02, sdLine, v1Line, sd01, sd02}},
		{"a declared service is there before anything is seen of it", func(w *world) {
			w.opts.Services = append(w.opts.Services, index.Service{Name: "v2._theservice._tcp.unilans.net", Kind: index.DNSSD, Minimum: 2}, index.Service{Name: "api.unilans.net", Kind: index.RoundRobin})
		}, []string{
			wwwLine, www01, www02, "_theservice._tcp.unilans.net live 2/2 aws-use1,joyent-east thin listed", v1Line, sd01, sd02,
			"  v2 live 0/2 thin declared", "api.unilans.net live 0/0 declared",
		}},
		{"what no config declares is shown as it is seen", func(w *world) { w.opts.Services = nil }, []string{
			sdLine, strings.Replace(v1Line, " declared", "", 1), sd01, sd02,
			strings.Replace(wwwLine, " declared", "", 1), www01, www02,
		}},
		{"an incarnation without nodes has its PTR and TXT", func(w *world) {
			w.plain("_theservice._tcp.unilans.net", "PTR", "v2._theservice._tcp.unilans.net")
			w.plain("v2._theservice._tcp.unilans.net", "TXT", `"proto=2"`)
		}, []string{
			wwwLine, www01, www02, "_theservice._tcp.unilans.net live 2/0 aws-use1,joyent-east ptr-no-srv listed", v1Line, sd01, sd02,
			`  v2 live 0/0 ptr-no-srv PTR _theservice._tcp.unilans.net TXT "proto=2"`,
		}},
		{"an incarnation that is decidedly not available is closed", func(w *world) {
			w.plain("v2._theservice._tcp.unilans.net", "SRV", "0 0 0 .")
		}, []string{wwwLine, www01, www02, sdLine, v1Line, sd01, sd02, "  v2 live 0/0 closed"}},
		{"SRV records without an incarnation are nodes of the service itself", func(w *world) {
			w.plain("_sip._udp.unilans.net", "SRV", "0 5 5060 sip.example.net")
		}, []string{
			wwwLine, www01, www02, sdLine, v1Line, sd01, sd02,
			"_sip._udp.unilans.net live 0/0", "   0 5 5060 sip.example.net unknown",
		}},
		{"a dead node is dead in its service", func(w *world) { w.remove(tritonB, true) }, []string{
			wwwLine, www01, www02, "_theservice._tcp.unilans.net live 1/0 aws-use1 dead listed",
			`  v1 live 1/0 aws-use1 dead declared PTR _theservice._tcp.unilans.net TXT "txtvers=1"`,
			"    " + tritonB + " 10 10 4218 sd-02.unilans.net 165.225.128.2 dead dead dead", sd01,
		}},
		{"nobody is dead while a cloud has not answered", func(w *world) { w.remove(tritonB, true); w.failCloud("joyent-east") }, []string{
			wwwName + " live 2/0 aws-use1,joyent-east declared", www01, www02, "_theservice._tcp.unilans.net live 1/0 aws-use1 unknown listed",
			`  v1 live 1/0 aws-use1 unknown declared PTR _theservice._tcp.unilans.net TXT "txtvers=1"`,
			"    " + tritonB + " 10 10 4218 sd-02.unilans.net 165.225.128.2 unknown unknown unknown", sd01,
		}},
		{"a node that is not in DNS is missing", func(w *world) { w.lose(wwwName, "A", "165") }, []string{
			wwwName + " live 1/0 aws-use1,joyent-east missing declared", www01, "  www-02 missing missing", sdLine, v1Line, sd01, sd02,
		}},
		{"whether a node is missing is not known while its zone was not read", func(w *world) { w.lose(wwwName, "A", "165"); w.failZone(cfZone) }, []string{
			wwwName + " live 1/0 aws-use1,joyent-east unknown declared", www01, "  www-02 unknown unknown", sdLine, v1Line, sd01, sd02,
		}},
		{"a node that has just been started is starting", func(w *world) {
			w.lose(wwwName, "A", "165")
			w.instance(tritonA).Launched = testNow.Add(-time.Minute)
		}, []string{wwwName + " live 1/0 aws-use1,joyent-east in-flight declared", www01, "  www-02 starting in-flight", sdLine, v1Line, sd01, sd02}},
		{"a node whose SRV value is gone is half there, with its host name", func(w *world) { w.lose(v1Name, "SRV", "sd-02") }, []string{
			wwwLine, www01, www02, "_theservice._tcp.unilans.net live 1/0 aws-use1,joyent-east half listed",
			`  v1 live 1/0 aws-use1,joyent-east half declared PTR _theservice._tcp.unilans.net TXT "txtvers=1"`, "    sd-02 165.225.128.2 half half orphan-marker", sd01,
		}},
		{"a stopped node is stopped", func(w *world) { w.instance(tritonA).State = providers.StateStopped }, []string{
			wwwName + " live 1/0 aws-use1 stopped declared", www01, "  www-02 165.225.128.1 stopped stopped", sdLine, v1Line, sd01, sd02,
		}},
		{"an address that nobody has is foreign, and one of ours without a marker is its node's", func(w *world) {
			w.plain(wwwName, "A", "198.51.100.7")
			r := w.record(wwwName, "A", "165")
			r.Owners, r.Comment = nil, ""
		}, []string{
			wwwName + " live 2/0 aws-use1,joyent-east unmarked declared", "   198.51.100.7 foreign foreign", www01, www02 + " unmarked", sdLine, v1Line, sd01, sd02,
		}},
		{"another fleet's node is told apart", func(w *world) { w.record(wwwName, "A", "165").Owners[0].Fleet = "c0ffee42" }, []string{
			wwwName + " live 1/0 aws-use1 other-fleet declared", "  " + tritonA + " 165.225.128.1 other fleet other-fleet", www01, sdLine, v1Line, sd01, sd02,
		}},
		{"another fleet's node that names an instance of ours is not that instance", func(w *world) {
			r := cfRecord(wwwName, "203.0.113.9", keyEast, tritonA)
			r.Owners[0].Fleet = "c0ffee42"
			w.addRecord(r)
		}, []string{
			wwwName + " live 2/0 aws-use1,joyent-east other-fleet declared", "  " + tritonA + " 203.0.113.9 other fleet other-fleet", www01, www02, sdLine, v1Line, sd01, sd02,
		}},
		{"another fleet's node hides no node of ours that is missing", func(w *world) {
			r := w.record(wwwName, "A", "165")
			r.Value, r.Owners[0].Fleet = "203.0.113.9", "c0ffee42"
		}, []string{
			wwwName + " live 1/0 aws-use1,joyent-east missing declared", "  " + tritonA + " 203.0.113.9 other fleet other-fleet", www01, "  www-02 missing missing", sdLine, v1Line, sd01, sd02,
		}},
		{"a node whose markers contradict each other is ambiguous", func(w *world) { w.record(wwwName, "A", "165").BadMarkers = []string{"rollcall9 x"} }, []string{
			wwwName + " live 1/0 aws-use1,joyent-east ambiguous declared", "   165.225.128.1 ambiguous ambiguous", www01, "  www-02 not in DNS", sdLine, v1Line, sd01, sd02,
		}},
		{"addresses of both families are one node", func(w *world) {
			w.opts.Services[0].IPv6 = true
			w.addRecord(cfRecord(wwwName, "2001:db8::1", keyUse1, ec2A))
			w.instance(ec2A).PublicIPs = append(w.instance(ec2A).PublicIPs, addr("2001:db8::1"))
		}, []string{wwwLine, "  www-01 34.200.16.1 2001:db8::1 running", www02, sdLine, v1Line, sd01, sd02}},
		{"several SRV values of one host are several nodes", func(w *world) {
			w.byHand("box", v1Name, "20 0 80", "203.0.113.5")
			w.byHand("box", v1Name, "5 0 81", "203.0.113.5")
		}, []string{
			wwwLine, www01, www02, "_theservice._tcp.unilans.net live 3/0 aws-use1,joyent-east listed",
			strings.Replace(v1Line, "2/0", "3/0", 1),
			"    box 5 0 81 box.unilans.net 203.0.113.5 by hand", sd01, sd02, "    box 20 0 80 box.unilans.net 203.0.113.5 by hand",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.change(w)
			if got := treeText(w.view()); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

func TestQuiescedNodesStayInTheirServicesAndAreReturnedFromThere(t *testing.T) {
	for _, c := range []struct {
		name, id, zone string
		change         func(w *world)
		at             string // the line of the quiesced node
	}{
		{"of a round-robin name on EC2", ec2A, cfZone, nil, "  www-01 34.200.16.1 quiesced quiesced"},
		{"of a round-robin name on Triton", tritonA, cfZone, nil, "  www-02 165.225.128.1 quiesced quiesced"},
		{"of an incarnation on EC2, whose marker has room for the SRV value", ec2B, r53Zone, nil, "    sd-01 10 10 4218 sd-01.unilans.net 34.200.16.2 quiesced quiesced quiesced"},
		{"of an incarnation on Triton, whose marker has a digest of it", tritonB, r53Zone, nil, "    sd-02 10 10 4218 sd-02.unilans.net 165.225.128.2 quiesced quiesced quiesced"},
		{"with a weight that nothing declares", tritonB, r53Zone, func(w *world) { w.balance("sd-02", "10 77 4218") }, "    sd-02 0 10 4218 sd-02.unilans.net? 165.225.128.2 quiesced quiesced quiesced"},
		{"with a priority that nothing declares", tritonB, r53Zone, func(w *world) { w.balance("sd-02", "40000 10 4218") }, "    sd-02 0 10 4218 sd-02.unilans.net? 165.225.128.2 quiesced quiesced quiesced"},
		{"with small numbers of both that nothing declares", tritonB, r53Zone, func(w *world) { w.balance("sd-02", "30 99 4218") }, "    sd-02 0 10 4218 sd-02.unilans.net? 165.225.128.2 quiesced quiesced quiesced"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			if c.change != nil {
				c.change(w)
			}
			before, records := treeText(w.view()), plainRecords(w, c.zone)
			w.quiesce(c.id)
			got := treeText(w.view())
			if !slices.Contains(got, c.at) || len(got) != len(before) {
				t.Errorf("quiesced:\n%s\nwant the line\n%s", strings.Join(got, "\n"), c.at)
			}
			w.mustCarryOut(plan.Return(w.view(), w.instance(c.id).Ref()))
			if got := treeText(w.view()); !slices.Equal(got, before) {
				t.Errorf("returned:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(before, "\n"))
			}
			if got := plainRecords(w, c.zone); !slices.Equal(got, records) {
				t.Errorf("records:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(records, "\n"))
			}
		})
	}
}

// balance changes the priority, weight and port of the SRV value of a node.
func (w *world) balance(host, value string) {
	r := *w.record(v1Name, "SRV", host)
	after := r
	after.Value = value + " " + host + "." + r53Zone
	o, _ := r.Owner()
	after.Owners = []providers.Owner{o.For("SRV", after.Value)}
	w.mustCarryOut(plan.Plan{Steps: []plan.Step{{ID: 1, Kind: plan.StepChange, Zone: r53Zone, Change: &providers.Change{Op: providers.OpUpdate, Before: r, After: after}}}})
}

// plainRecords are the rows of a zone without their ids, sorted.
func plainRecords(w *world, zone string) []string {
	var out []string
	for _, r := range w.zone(zone).Records {
		out = append(out, r.String())
	}
	slices.Sort(out)
	return out
}

func TestWhatADigestDoesNotGiveAwayIsReturnedAsDeclaredAndTheSentenceSaysSo(t *testing.T) {
	w := newWorld()
	w.service(v1Name).Priority, w.service(v1Name).Weight = 5, new(uint16(6))
	w.balance("sd-02", "700 900 4218")
	w.quiesce(tritonB)
	p := plan.Return(w.view(), w.instance(tritonB).Ref())
	want := "Create " + v1Name + " SRV 5 6 4218 sd-02.unilans.net for sd-02 (c2f0a1b2) in joyent-east, with priority 5 and weight 6, as its marker does not say in full what it had"
	if got := sentences(p); !slices.Contains(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestAHostThatJoinedByHandIsQuiescedAndReturned(t *testing.T) {
	w := newWorld()
	ref := w.byHand("box", v1Name, "20 0 80", "203.0.113.5")
	before, records := treeText(w.view()), plainRecords(w, r53Zone)
	if line := "    box 20 0 80 box.unilans.net 203.0.113.5 by hand"; !slices.Contains(before, line) {
		t.Errorf("%s\nhas no %q", strings.Join(before, "\n"), line)
	}
	w.mustCarryOut(plan.Quiesce(w.view(), ref))
	if got, line := treeText(w.view()), "    box 20 0 80 box.unilans.net 203.0.113.5 quiesced quiesced quiesced"; !slices.Contains(got, line) {
		t.Errorf("%s\nhas no %q", strings.Join(got, "\n"), line)
	}
	w.mustCarryOut(plan.Return(w.view(), ref))
	if got := treeText(w.view()); !slices.Equal(got, before) {
		t.Errorf("returned:\n%s", strings.Join(got, "\n"))
	}
	if got := plainRecords(w, r53Zone); !slices.Equal(got, records) {
		t.Errorf("records:\n%s", strings.Join(got, "\n"))
	}
	for _, p := range []plan.Plan{plan.Return(w.view(), ref), plan.Drain(w.view(), ref)} {
		if len(p.Steps) > 0 || len(p.Skipped) != 1 {
			t.Errorf("%s: %v, skipped %q", p.Verb, sentences(p), p.Skipped)
		}
	}
}

func TestAQuiescedNodeWhoseInstanceIsGoneIsDead(t *testing.T) {
	w := newWorld()
	w.quiesce(tritonA)
	w.remove(tritonA, true)
	if got := treeText(w.view()); !slices.Contains(got, "  "+tritonA+" 165.225.128.1 dead orphan-marker") {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}

func TestANameWhoseNodesAreAllQuiescedIsStillThere(t *testing.T) {
	w := newWorld()
	w.quiesce(ec2A, tritonA)
	w.opts.Services = nil
	got := strings.Join(treeText(w.view()), "\n")
	if want := wwwName + " live 0/0 aws-use1,joyent-east quiesced\n  www-01 34.200.16.1 quiesced quiesced\n  www-02 165.225.128.1 quiesced quiesced"; !strings.Contains(got, want) {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestANodeKeepsItsKeyWhenItIsQuiescedBalancedAndReturned(t *testing.T) {
	w := newWorld()
	w.byHand("box", v1Name, "20 0 80", "203.0.113.5")
	keys := func() []string {
		var out []string
		for _, s := range tree.Of(w.view()) {
			for _, n := range s.Nodes {
				out = append(out, fmt.Sprint(n.Key()))
			}
			for _, i := range s.Incarnations {
				for _, n := range i.Nodes {
					out = append(out, fmt.Sprint(n.Key()))
				}
			}
		}
		slices.Sort(out)
		return out
	}
	before := keys()
	if len(slices.Compact(slices.Clone(before))) != 5 {
		t.Fatalf("%q", before)
	}
	w.balance("sd-02", "10 0 4218")
	w.quiesce(tritonB, ec2A)
	if got := keys(); !slices.Equal(got, before) {
		t.Errorf("quiesced: %q, want %q", got, before)
	}
	w.mustCarryOut(plan.Return(w.view(), w.instance(tritonB).Ref(), w.instance(ec2A).Ref()))
	if got := keys(); !slices.Equal(got, before) {
		t.Errorf("returned: %q, want %q", got, before)
	}
}

func TestAWeightedSetOfRoute53GivesItsNodeAWeight(t *testing.T) {
	w := newWorld()
	w.opts.Services = append(w.opts.Services, index.Service{Name: "api.unilans.net", Kind: index.RoundRobin})
	w.addRecord(providers.Record{Zone: r53Zone, Name: "api.unilans.net", Type: "A", TTL: 60, Value: "34.200.16.2", SetID: "a", Policy: "weighted", Weight: 0})
	if got, want := treeText(w.view()), "  sd-01 weight 0 34.200.16.2 running unmarked"; !slices.Contains(got, want) {
		t.Errorf("%s\nhas no %q", strings.Join(got, "\n"), want)
	}
}

func TestHealthIsWhatTheChecksSaidAndOldWordsAreNone(t *testing.T) {
	w := newWorld()
	w.opts.Health = []index.HealthState{
		{Service: wwwName, Key: keyUse1, ID: ec2A, Of: 3, At: testNow},
		{Service: wwwName, Key: keyEast, ID: tritonA, Failed: 3, Of: 3, Error: "refused", At: testNow},
		{Service: v1Name, Key: keyUse1, ID: ec2B, Of: 3, At: testNow.Add(-time.Hour)},
	}
	tree := tree.Of(w.view())
	www, v1 := tree[0].Nodes, tree[1].Incarnations[0].Nodes
	if h := www[0].Health; h == nil || h.Failed != 0 || h.Of != 3 {
		t.Errorf("%+v", h)
	}
	if h := www[1].Health; h == nil || h.Failed != 3 || len(www[1].Findings) != 1 || www[1].Findings[0].Class != dnsview.Unhealthy {
		t.Errorf("%+v %v", h, www[1].Findings)
	}
	if v1[0].Health != nil || v1[1].Health != nil {
		t.Errorf("%+v %+v", v1[0].Health, v1[1].Health)
	}
}
