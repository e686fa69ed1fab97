package dnsview_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// findingCase is one condition, or one near miss, of one class.
type findingCase struct {
	name string
	mess func(w *world)
	want []string
	why  string // part of the first finding's reason
}

func checkCases(t *testing.T, cases []findingCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.mess(w)
			v := w.view()
			if got := short(v); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Fatalf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
			for i := range v.Findings {
				f := &v.Findings[i]
				if f.Reason == "" || len(f.RestsOn) == 0 || len(f.Evidence) == 0 && f.Would == "" && f.Class != dnsview.Unmarked && f.Class != dnsview.Half && f.Class != dnsview.InFlight {
					t.Errorf("finding without reason, evidence or basis: %+v", f)
				}
				if f.Remedy != dnsview.NoRemedy {
					if p := plan.ForFindings(v, f); len(p.Steps) == 0 {
						t.Errorf("%s: nothing is planned: %v", f.Reason, p.Skipped)
					}
				}
			}
			if len(v.Findings) > 0 && !strings.Contains(v.Findings[0].Reason, c.why) {
				t.Errorf("reason %q does not say %q", v.Findings[0].Reason, c.why)
			}
		})
	}
}

func (w *world) service(name string) *index.Service {
	for i := range w.opts.Services {
		if w.opts.Services[i].Name == name {
			return &w.opts.Services[i]
		}
	}
	panic(name)
}

func (w *world) zone(name string) *providers.ZoneView {
	for i := range w.snap.Zones {
		if w.snap.Zones[i].Zone.Name == name {
			return &w.snap.Zones[i]
		}
	}
	panic(name)
}

func (w *world) failZone(name string) {
	w.zone(name).Coverage = providers.Failed(testRead, testRead, &providers.Error{Kind: providers.KindThrottled, Source: name, Op: "list records"})
}

func (w *world) failCloud(name string) {
	w.cloud(name).Coverage = providers.Failed(testRead, testRead, &providers.Error{Kind: providers.KindThrottled, Source: name, Op: "list instances"})
}

// orphan leaves the marker of sd-02's host name without its record; the SRV value goes whole.
func (w *world) orphan() {
	w.drop(v1Name, "SRV", "sd-02")
	w.lose("sd-02.unilans.net", "A", "")
	w.instance(tritonB).Tags = nil
}

// scanned says that the same was seen by an earlier scan.
func (w *world) scanned(ago time.Duration) {
	w.opts.Seen = map[string]time.Time{}
	for k := range w.view().Seen() {
		w.opts.Seen[k] = testNow.Add(-ago)
	}
}

// quiescedMark is the marker that a quiesced node of www leaves behind.
func quiescedMark(key providers.CloudKey, id, value string) providers.Record {
	o := owner(key, id).For("A", value)
	o.Quiesced = true
	m, err := o.Encode()
	if err != nil {
		panic(err)
	}
	return providers.Record{Zone: cfZone, Name: providers.MarkerName(id, wwwName), Type: "TXT", Value: providers.FormatTXT([]string{m}), ID: "q-" + value}
}

const orphaned = tritonB + `._rollcall.sd-02.unilans.net TXT "rollcall1 7f3a9c1e `

func TestMarkersWithoutRecords(t *testing.T) {
	rest := string(keyEast) + " " + tritonB + fmt.Sprintf(" %d", longAgo.Unix()) + ` A 165.225.128.2"`
	gone := func(w *world) {
		w.drop(wwwName, "A", "165")
		w.addRecord(quiescedMark(keyEast, tritonA, "165.225.128.1"))
		w.remove(tritonA, true)
	}
	q := quiescedMark(keyEast, tritonA, "165.225.128.1")
	quiescedRow := q.Name + " TXT " + q.Value
	checkCases(t, []findingCase{
		{"a marker without its record is seen once and not removed", func(w *world) { w.orphan() }, []string{"orphan-marker low " + orphaned + rest}, "when a second scan sees the same"},
		{"a marker without its record that two scans saw is removed", func(w *world) { w.orphan(); w.scanned(time.Minute) }, []string{"orphan-marker low delete " + orphaned + rest}, "seen so for 60 s"},
		{"two scans of one reading are one scan", func(w *world) { w.orphan(); w.scanned(0) }, []string{"orphan-marker low " + orphaned + rest}, "a later reading"},
		{"a marker whose record came back is none", func(w *world) { w.orphan(); w.scanned(time.Minute); *w = *newWorld() }, nil, ""},
		{"an orphan in a zone that failed is unknown", func(w *world) { w.orphan(); w.failZone(r53Zone) }, []string{"unknown(orphan-marker) info " + orphaned + rest}, "could not be read"},
		{"an orphan that was seen before stays while its zone fails, and is not removed", func(w *world) { w.orphan(); w.scanned(time.Minute); w.failZone(r53Zone) }, []string{"orphan-marker low " + orphaned + rest}, "not certain: unilans.net"},
		{"an orphan is not removed while a cloud is not complete", func(w *world) { w.orphan(); w.scanned(time.Minute); w.failCloud("aws-use1") }, []string{"orphan-marker low " + orphaned + rest}, "not certain: aws-use1"},
		{"the marker of a record that another instance's marker names too is ambiguous and no orphan", func(w *world) {
			w.record("sd-02.unilans.net", "A", "").Owners = append(slices.Clone(w.record("sd-02.unilans.net", "A", "").Owners), owner(keyUse1, ec2A))
		}, []string{"ambiguous medium sd-02.unilans.net A 165.225.128.2"}, ""},
		{"a marker of another fleet without a record is nobody's business here", func(w *world) {
			o := providers.Owner{Fleet: "c0ffee42", Cloud: keyEast, Instance: "i-1", Registered: longAgo}.For("A", "198.51.100.1")
			m, _ := o.Encode()
			w.addRecord(providers.Record{Zone: r53Zone, Name: "i-1._rollcall.x.unilans.net", Type: "TXT", Value: providers.FormatTXT([]string{m})})
		}, nil, ""},
		{"a marker that cannot be read and marks nothing is told of and left", func(w *world) {
			w.addRecord(providers.Record{Zone: r53Zone, Name: "i-1._rollcall.x.unilans.net", Type: "TXT", Value: `"rollcall9 what"`})
			w.scanned(time.Minute)
		}, []string{`orphan-marker low i-1._rollcall.x.unilans.net TXT "rollcall9 what"`}, "remove it by hand"},
		{"a marker that cannot be read beside a record is told of at the record", func(w *world) {
			w.addRecord(providers.Record{Zone: r53Zone, Name: "i-1._rollcall.sd-01.unilans.net", Type: "TXT", Value: `"rollcall9 what"`})
			w.record("sd-01.unilans.net", "A", "").BadMarkers = []string{"rollcall9 what"}
		}, []string{"ambiguous medium sd-01.unilans.net A 34.200.16.2"}, ""},
		{"the marker of a host that joined by hand is no orphan while its record is there", func(w *world) {
			o := providers.Owner{Fleet: testFlt, Cloud: "hand", Instance: "host:box", Registered: longAgo}.For("A", "198.51.100.5")
			m, _ := o.Encode()
			w.addRecord(providers.Record{Zone: r53Zone, Name: "box.unilans.net", Type: "A", Value: "198.51.100.5", Owners: []providers.Owner{o}})
			w.addRecord(providers.Record{Zone: r53Zone, Name: providers.MarkerName("host:box", "box.unilans.net"), Type: "TXT", Value: providers.FormatTXT([]string{m})})
		}, nil, ""},
		{"a marker whose value is a digest is no orphan while the value is there", func(w *world) {
			r := providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 30, Value: "10 10 4218 " + strings.Repeat("long-", 10) + "name.sd-01.unilans.net"}
			w.addRecord(providers.Record{Zone: r53Zone, Name: strings.Repeat("long-", 10) + "name.sd-01.unilans.net", Type: "A", Value: "34.200.16.2", TTL: 30})
			m, _ := owner(keyUse1, ec2B).For("SRV", r.Value).Encode()
			w.addRecord(r)
			w.addRecord(providers.Record{Zone: r53Zone, Name: providers.MarkerName(ec2B, v1Name), Type: "TXT", Value: providers.FormatTXT([]string{m})})
			providers.AttachOwners(w.zone(r53Zone).Records)
		}, []string{"unmarked low adopt " + strings.Repeat("long-", 10) + "name.sd-01.unilans.net A 34.200.16.2"}, ""},
		{"what a quiesced node left behind is kept while the node is there", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.addRecord(quiescedMark(keyEast, tritonA, "165.225.128.1"))
			w.scanned(time.Minute)
		}, []string{"quiesced info return " + quiescedRow}, "on purpose"},
		{"what a quiesced node left behind is not returned while the node fails its health check", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.addRecord(quiescedMark(keyEast, tritonA, "165.225.128.1"))
			w.opts.Health = []index.HealthState{{Service: wwwName, Key: keyEast, ID: tritonA, Failed: 3, Of: 3, At: testRead}}
		}, []string{"quiesced info " + quiescedRow}, "on purpose"},
		{"what a quiesced node left behind is not returned while another has the value", func(w *world) {
			w.record(wwwName, "A", "165").Owners[0].Fleet = "c0ffee42"
			w.addRecord(quiescedMark(keyEast, tritonA, "165.225.128.1"))
		}, []string{"other-fleet info " + wwwTriton, "quiesced info " + quiescedRow}, ""},
		{"what a quiesced node left behind that is gone for good is an orphan", func(w *world) { gone(w); w.scanned(time.Minute) }, []string{"orphan-marker low delete " + quiescedRow}, "gone for good"},
		{"what a quiesced node left behind is kept while its cloud has not said that it is gone", func(w *world) {
			gone(w)
			w.cloud("joyent-east").Lookups = nil
			w.scanned(time.Minute)
		}, []string{"quiesced info " + quiescedRow}, ""},
	})
}

func TestTheNextScanKnowsWhenAFindingWasFirstSeen(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	first := w.view().Seen()
	if len(first) != 1 {
		t.Fatalf("%v", first)
	}
	w.opts.Seen, w.opts.Now = first, testNow.Add(10*time.Second)
	w.drop(wwwName, "A", "34.")
	again := w.view().Seen()
	if len(again) != 2 {
		t.Fatalf("%v", again)
	}
	for k, at := range again {
		if _, old := first[k]; old != at.Equal(testNow) {
			t.Errorf("%s: first seen at %s", k, at)
		}
	}
}

func TestAScanThatIsNotCompleteForgetsNothingThatWasSeenBefore(t *testing.T) {
	for what, mess := range map[string]func(*world){
		"a cloud": func(w *world) { w.cloud("aws-use1").Coverage.State = providers.CoveragePartial },
		"the zone": func(w *world) {
			z := w.zone(cfZone)
			z.Coverage.State, z.Records = providers.CoverageFailed, nil
		},
	} {
		w := newWorld()
		w.remove(tritonA, true)
		first := w.view().Seen()
		w.opts.Seen, w.opts.Now = first, testNow.Add(10*time.Second)
		mess(w)
		again := w.view().Seen()
		for k, at := range first {
			if !again[k].Equal(at) {
				t.Errorf("%s was not complete, and %s is seen since %s, want %s", what, k, again[k], at)
			}
		}
	}
}

func TestRecordsThatSayTheSame(t *testing.T) {
	twice := func(w *world, change func(*providers.Record)) {
		r := *w.record(wwwName, "A", "165")
		r.ID = "id-younger"
		r.Owners = slices.Clone(r.Owners)
		r.Owners[0].Registered = longAgo.Add(time.Hour)
		if change != nil {
			change(&r)
		}
		w.addRecord(r)
	}
	checkCases(t, []findingCase{
		{"of two records that say the same the older one stays", func(w *world) { twice(w, nil) }, []string{"duplicate low keep-oldest " + wwwTriton}, "the older one stays"},
		{"a value that is spelled differently is the same", func(w *world) {
			w.instance(tritonA).PublicIPs = append(w.instance(tritonA).PublicIPs, addr("2001:db8::1"))
			w.addRecord(cfRecord(wwwName, "2001:db8::1", keyEast, tritonA))
			w.addRecord(cfRecord(wwwName, "2001:0DB8:0:0::1", keyEast, tritonA))
		}, []string{"duplicate low keep-oldest " + wwwName + " AAAA 2001:db8::1"}, ""},
		{"the same value under two names is no duplicate", func(w *world) {
			r := cfRecord("x."+cfZone, "165.225.128.1", keyEast, tritonA)
			w.addRecord(r)
		}, nil, ""},
		{"the same value in two sets with a routing policy is no duplicate", func(w *world) {
			for _, id := range []string{"eu", "us"} {
				w.addRecord(providers.Record{Zone: r53Zone, Name: "geo.unilans.net", Type: "CNAME", Value: "x.example.net", SetID: id, Policy: "geo=" + id})
			}
		}, nil, ""},
		{"a younger one that is not ours is left", func(w *world) {
			twice(w, func(r *providers.Record) { r.Owners, r.Comment = nil, ""; r.ID = "zz" })
		}, []string{"unmarked low adopt " + wwwTriton, "duplicate low " + wwwTriton}, ""},
		{"two that bear the markers of two instances are not decided here", func(w *world) {
			w.instance(ec2A).PublicIPs = append(w.instance(ec2A).PublicIPs, addr("165.225.128.1"))
			twice(w, func(r *providers.Record) { r.Owners[0] = owner(keyUse1, ec2A) })
		}, []string{"duplicate low " + wwwTriton}, "only one of them can have it"},
		{"two that are dead are deleted, and not told of as duplicates", func(w *world) { twice(w, nil); w.remove(tritonA, true) }, []string{"dead high delete! " + wwwTriton, "dead high delete! " + wwwTriton}, ""},
		{"nothing is removed while a cloud is not complete", func(w *world) { twice(w, nil); w.failCloud("aws-use1") }, []string{"duplicate low " + wwwTriton}, "aws-use1 could not be read"},
		{"nothing is removed while the zone is not complete", func(w *world) { twice(w, nil); w.failZone(cfZone) }, []string{"duplicate low " + wwwTriton}, "could not be read"},
	})
	w := newWorld()
	twice(w, nil)
	v := w.view()
	p := plan.ForFindings(v, &v.Findings[0])
	if len(p.Steps) != 1 || p.Steps[0].Change.Op != providers.OpDelete || p.Steps[0].Change.Before.ID != "id-younger" || p.Verb != index.VerbUpdate {
		t.Errorf("%+v", p)
	}
}

// joined adds a host that joined v1 by hand, or one of something else to which an SRV value of it leads.
func joined(w *world, ours bool, ttl uint32) {
	o := providers.Owner{Fleet: testFlt, Cloud: "hand", Instance: "host:box", Registered: longAgo}
	for _, r := range []providers.Record{
		{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 30, Value: "10 10 4218 box.unilans.net"},
		{Zone: r53Zone, Name: "box.unilans.net", Type: "A", TTL: ttl, Value: "198.51.100.5"},
	} {
		if ours || r.Type == "SRV" {
			r.Owners = []providers.Owner{o.For(r.Type, r.Value)}
		}
		w.addRecord(r)
	}
}

func TestWhatAServiceDeclares(t *testing.T) {
	yes, no := true, false
	checkCases(t, []findingCase{
		{"a TTL that is not the declared one", func(w *world) { w.record(wwwName, "A", "165").TTL = 3600 }, []string{"ttl low update " + wwwTriton}, "its TTL is 3600, and 60 is declared"},
		{"an automatic TTL counts as 300 s", func(w *world) {
			r := w.record(wwwName, "A", "165")
			r.TTL, r.AutoTTL = 300, true
		}, []string{"ttl low update " + wwwTriton}, "automatic (300)"},
		{"an automatic TTL is a declared one of 300 s", func(w *world) {
			for i := range w.zone(cfZone).Records {
				w.zone(cfZone).Records[i].TTL = 300
			}
			w.record(wwwName, "A", "165").AutoTTL = true
			w.service(wwwName).TTL = 300
		}, nil, ""},
		{"a TTL that no service declares is as good as any", func(w *world) { w.service(wwwName).TTL = 0; w.record(wwwName, "A", "165").TTL = 3600 }, nil, ""},
		{"without a declaration nothing is said of TTLs", func(w *world) { w.opts.Services = nil; w.record(wwwName, "A", "165").TTL = 3600 }, nil, ""},
		{"the TTL of a set of Route 53 is told of once", func(w *world) {
			for i := range w.zone(r53Zone).Records {
				if r := &w.zone(r53Zone).Records[i]; r.Type == "SRV" {
					r.TTL = 5
				}
			}
		}, []string{"ttl low update " + sdSRVEC2}, "its set's TTL is 5, and 30 is declared"},
		{"the host name of a node has the TTL of its service", func(w *world) { w.record("sd-01.unilans.net", "A", "").TTL = 600 }, []string{"ttl low update sd-01.unilans.net A 34.200.16.2"}, "its set's TTL is 600, and 30 is declared"},
		{"so has that of a host that joined by hand", func(w *world) { joined(w, true, 600) }, []string{"ttl low update box.unilans.net A 198.51.100.5"}, "its set's TTL is 600, and 30 is declared"},
		{"a host name that is not ours has a TTL of its own, though SRV values lead to it", func(w *world) { joined(w, false, 600) }, []string{"foreign info box.unilans.net A 198.51.100.5"}, ""},
		{"the TTL of an unmarked record cannot be changed", func(w *world) {
			r := w.record(wwwName, "A", "165")
			r.TTL, r.Owners, r.Comment = 3600, nil, ""
		}, []string{"unmarked low adopt " + wwwTriton, "ttl low " + wwwTriton}, ""},
		{"the TTL of a dead entry does not matter", func(w *world) { w.record(wwwName, "A", "165").TTL = 3600; w.remove(tritonA, true) }, []string{"dead high delete! " + wwwTriton}, ""},
		{"the TTL of a stopped node's entry waits", func(w *world) {
			w.record(wwwName, "A", "165").TTL = 3600
			w.instance(tritonA).State = providers.StateStopped
		}, []string{"stopped medium quiesce! " + wwwTriton, "ttl low " + wwwTriton}, ""},
		{"a wrong TTL is one while the zone could not be read anew, and is not changed", func(w *world) { w.record(wwwName, "A", "165").TTL = 3600; w.failZone(cfZone) }, []string{"ttl low " + wwwTriton}, "cannot be changed from here now"},
		{"a proxied record has the TTL that Cloudflare gives it", func(w *world) {
			w.service(wwwName).Proxied = &yes
			for i := range w.zone(cfZone).Records {
				r := &w.zone(cfZone).Records[i]
				r.Proxied, r.TTL, r.AutoTTL = true, 300, true
			}
		}, nil, ""},
		{"a record that shall be proxied and is not", func(w *world) {
			w.service(wwwName).Proxied = &yes
			r := w.record(wwwName, "A", "34.")
			r.Proxied, r.TTL, r.AutoTTL = true, 300, true
		}, []string{"proxied medium update " + wwwTriton}, "clients see the node's own address"},
		{"a record that shall not be proxied and is", func(w *world) {
			w.service(wwwName).Proxied = &no
			r := w.record(wwwName, "A", "34.")
			r.Proxied, r.TTL, r.AutoTTL = true, 300, true
		}, []string{"proxied medium update " + wwwEC2}, "declares that it is not"},
		{"proxying that nobody declares is nobody's business", func(w *world) { w.record(wwwName, "A", "34.").Proxied = true }, nil, ""},
		{"Route 53 has no proxy", func(w *world) {
			w.service(wwwName).Proxied = &yes
			w.zone(cfZone).Zone.Provider, w.zone(cfZone).Zone.Traits = providers.Route53, *traits(providers.Route53)
		}, nil, ""},
		{"an SRV weight that is not the declared one", func(w *world) { w.service(v1Name).Weight = new(uint16(20)) }, []string{"weight low update " + sdSRVEC2, "weight low update " + v1Name + " SRV 10 10 4218 sd-02.unilans.net"}, "its weight is 10, and 20 is declared"},
		{"an SRV priority that is not the declared one", func(w *world) { w.service(v1Name).Priority = 5 }, []string{"weight low update " + sdSRVEC2, "weight low update " + v1Name + " SRV 10 10 4218 sd-02.unilans.net"}, "its priority is 10, and 5 is declared"},
		{"the weight that is declared", func(w *world) { w.service(v1Name).Weight, w.service(v1Name).Priority = new(uint16(10)), 10 }, nil, ""},
		{"a weight of a weighted record set of Route 53", func(w *world) {
			w.zone(cfZone).Zone.Provider, w.zone(cfZone).Zone.Traits = providers.Route53, *traits(providers.Route53)
			w.service(wwwName).Weight = new(uint16(50))
			for i, id := range []string{"a", "b"} {
				r := &w.zone(cfZone).Records[i]
				r.SetID, r.Weight, r.Policy = id, int64(50-i), "weighted"
			}
		}, []string{"weight low update " + wwwTriton}, "its weight is 49, and 50 is declared"},
		{"a set without weights has no wrong weight", func(w *world) { w.service(wwwName).Weight = new(uint16(50)) }, nil, ""},
	})
}

func TestAllThatDiffersOfOneRecordIsOneChange(t *testing.T) {
	w := newWorld()
	w.service(v1Name).Weight = new(uint16(20))
	w.record(v1Name, "SRV", "sd-01").TTL = 600
	w.record(v1Name, "SRV", "sd-02").TTL = 600
	v := w.view()
	var all []*dnsview.Finding
	for i := range v.Findings {
		all = append(all, &v.Findings[i])
	}
	p := plan.ForFindings(v, all...)
	if len(p.Steps) != 2 {
		t.Fatalf("%v", sentences(p))
	}
	c := p.Steps[0].Change
	if c.After.TTL != 30 || c.After.Value != "10 20 4218 sd-01.unilans.net" || c.After.Owners[0].Value != c.After.Value || c.Before.TTL != 600 {
		t.Errorf("%+v", c)
	}
	if want := "Change " + sdSRVEC2 + ": the TTL of its record set to 30 s, its priority to 10 and its weight to 20"; p.Steps[0].Sentence != want {
		t.Errorf("got %q, want %q", p.Steps[0].Sentence, want)
	}
}

func TestARecordThatMovedGetsItsDeclaredTTLInTheSameChange(t *testing.T) {
	w := newWorld()
	w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
	w.record(wwwName, "A", "165").TTL = 600
	v := w.view()
	p := plan.ForFindings(v, v.FindingsOfRecord(w.record(wwwName, "A", "165"))...)
	if len(p.Steps) != 1 || p.Steps[0].Change.After.Value != "165.225.128.77" || p.Steps[0].Change.After.TTL != 60 {
		t.Errorf("%+v", p)
	}
}

func TestAddressesThatNobodyOutsideReaches(t *testing.T) {
	put := func(value string) func(w *world) {
		return func(w *world) {
			r := w.record(wwwName, "A", "34.")
			r.Value = value
			w.instance(ec2A).PrivateIPs = []netip.Addr{addr(value)}
		}
	}
	row := func(v string) string { return wwwName + " A " + v }
	checkCases(t, []findingCase{
		{"a private address", put("10.0.0.1"), []string{"private high replace " + row("10.0.0.1")}, "a private address in a public zone: it cannot be reached from outside; its owner www-01 (i-0aaaaaaaaaaaaaaa1) in aws-use1 has 34.200.16.1"},
		{"a private address that is none of its owner's any more", func(w *world) { w.record(wwwName, "A", "34.").Value = "172.31.255.254" }, []string{"private high replace " + row("172.31.255.254")}, ""},
		{"an address just outside the private range", func(w *world) { w.record(wwwName, "A", "34.").Value = "172.32.0.1" }, []string{"moved high update " + row("172.32.0.1")}, ""},
		{"a loopback address", put("127.0.0.1"), []string{"private high replace " + row("127.0.0.1")}, "a loopback address"},
		{"a link-local address", put("169.254.1.1"), []string{"private high replace " + row("169.254.1.1")}, "a link-local address"},
		{"an address of a carrier's NAT", put("100.64.0.1"), []string{"private high replace " + row("100.64.0.1")}, "carrier's NAT"},
		{"the last address of a carrier's NAT", put("100.127.255.255"), []string{"private high replace " + row("100.127.255.255")}, ""},
		{"an address just outside of it", put("100.128.0.0"), nil, ""},
		{"a unique local IPv6 address", func(w *world) {
			w.instance(tritonA).PublicIPs = append(w.instance(tritonA).PublicIPs, addr("2001:db8::1"))
			w.addRecord(cfRecord(wwwName, "fd00::1", keyEast, tritonA))
		}, []string{"private high replace " + wwwName + " AAAA fd00::1"}, ""},
		{"a private address in a private zone", func(w *world) { put("10.0.0.1")(w); w.zone(cfZone).Zone.Private = true }, nil, ""},
		{"a private address on the allow-list", func(w *world) {
			put("10.0.0.1")(w)
			w.opts.Allow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		}, nil, ""},
		{"a private address beside the public one goes", func(w *world) { w.addRecord(cfRecord(wwwName, "10.0.0.1", keyUse1, ec2A)) }, []string{"private high replace " + row("10.0.0.1")}, ""},
		{"a private address beside the public one stays while a cloud is not complete", func(w *world) {
			w.addRecord(cfRecord(wwwName, "10.0.0.1", keyUse1, ec2A))
			w.failCloud("joyent-east")
		}, []string{"private high " + row("10.0.0.1")}, "not certain"},
		{"a private address of a node without a public one", func(w *world) { put("10.0.0.1")(w); w.instance(ec2A).PublicIPs = nil }, []string{"private high " + row("10.0.0.1")}, "has no public address"},
		{"a private address that is not marked", func(w *world) {
			w.addRecord(providers.Record{Zone: cfZone, Name: "nas." + cfZone, Type: "A", Value: "192.168.1.5"})
		}, []string{"private high nas." + cfZone + " A 192.168.1.5", "foreign info nas." + cfZone + " A 192.168.1.5"}, "no owner marker"},
		{"a private address of a dead entry does not matter", func(w *world) { put("10.0.0.1")(w); w.remove(ec2A, true) }, []string{"dead high delete! " + row("10.0.0.1")}, ""},
		{"a private address that another instance has is reused first", func(w *world) {
			put("10.0.0.1")(w)
			w.instance(ec2A).PrivateIPs = nil
			w.instance(ec2B).PrivateIPs = []netip.Addr{addr("10.0.0.1")}
		}, []string{"reused critical retarget " + row("10.0.0.1"), "private high " + row("10.0.0.1")}, ""},
		{"a private address while its cloud could not be read", func(w *world) { put("10.0.0.1")(w); w.failCloud("aws-use1") }, []string{"private high " + row("10.0.0.1")}, "not certain: aws-use1"},
	})
}
