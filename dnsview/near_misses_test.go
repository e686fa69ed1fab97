package dnsview_test

import (
	"errors"
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

// handRecord is the record of a host that joined by hand.
func handRecord(value string) providers.Record { return cfRecord(wwwName, value, "hand", "host:box") }

const (
	handRow   = wwwName + " A 198.51.100.5"
	elsewhere = v1Name + " SRV 10 10 4218 sd-02.example.net"
)

// leadElsewhere makes the SRV value of sd-02 lead into a zone that is not read here.
func (w *world) leadElsewhere() {
	w.drop(v1Name, "SRV", "sd-02")
	w.drop("sd-02.unilans.net", "A", "")
	o := owner(keyEast, tritonB).For("SRV", "10 10 4218 sd-02.example.net")
	w.addRecord(providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 30, Value: o.Value, Owners: []providers.Owner{o}})
}

// Of two rows of one instance neither is known to be the later one: it has the addresses of both.
func TestAnAddressOfAnyRowOfAnInstanceIsInAnInventory(t *testing.T) {
	const his = "165.225.128.1"
	for name, differ := range map[string]func(listed, answered *providers.Instance){
		"the list shows it": func(listed, answered *providers.Instance) {
			listed.PublicIPs, listed.State = []netip.Addr{addr(his)}, providers.StateStopping
		},
		"the answer about the instance shows it": func(_, answered *providers.Instance) { answered.PublicIPs = []netip.Addr{addr(his)} },
		"the answer shows it, and that it stops": func(_, answered *providers.Instance) {
			answered.PublicIPs, answered.State = []netip.Addr{addr(his)}, providers.StateStopping
		},
		"the list shows it as a private address of it": func(listed, answered *providers.Instance) {
			listed.PrivateIPs, listed.State = []netip.Addr{addr(his)}, providers.StatePending
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.remove(tritonA, true)
			answered := *w.instance(ec2A)
			differ(w.instance(ec2A), &answered)
			w.cloud("aws-use1").Lookups[ec2A] = providers.Lookup{ID: ec2A, Asked: testRead, Instance: &answered}
			v := w.view()
			f := v.LivenessFinding(w.record(wwwName, "A", "165"))
			if f == nil || f.Class != dnsview.Reused || !strings.Contains(f.Reason, his+" now belongs to www-01") {
				t.Fatalf("%+v", f)
			}
			if p := plan.DeregisterDead(v); len(p.Steps) > 0 {
				t.Errorf("it is removed: %v", sentences(p))
			}
		})
	}
}

// What keeps an entry whose owner is gone, or seems to be, from being removed.
func TestAnEntryStaysWhereNotAllIsCertain(t *testing.T) {
	answer := func(w *world, l providers.Lookup) {
		l.ID, l.Asked = ec2A, testNow.Add(-12*time.Minute)
		w.remove(ec2A, false)
		w.cloud("aws-use1").Lookups[ec2A] = l
		w.record(wwwName, "A", "34").Owners[0].Registered = testNow.Add(-15 * time.Minute)
	}
	young := func(w *world, age time.Duration) {
		w.remove(tritonA, true)
		w.record(wwwName, "A", "165").Owners[0].Registered = testNow.Add(-age)
	}
	checkCases(t, []findingCase{
		{"not found is no proof of the end when the marker was young at that time", func(w *world) { answer(w, providers.Lookup{Gone: true}) }, []string{"unknown(dead) info " + wwwEC2}, ""},
		{"the cloud's word that it was there once and ended is, however young it was", func(w *world) { answer(w, providers.Lookup{Gone: true, Final: true}) }, []string{"dangling critical delete! " + wwwEC2}, "is gone"},
		{"an answer that is an error proves nothing, whatever else it says", func(w *world) {
			answer(w, providers.Lookup{Gone: true, Final: true, Err: errors.New("bad gateway")})
		}, []string{"unknown(dead) info " + wwwEC2}, "bad gateway"},
		{"an owner that is listed as terminated and was registered just now is a launch under way", func(w *world) {
			w.instance(tritonA).State, w.instance(tritonA).PublicIPs = providers.StateTerminated, nil
			w.record(wwwName, "A", "165").Owners[0].Registered = testNow.Add(-time.Minute)
		}, []string{"in-flight info " + wwwTriton}, "is terminated, but was registered only 60 s ago"},
		{"a marker one second short of the creation grace is in flight", func(w *world) { young(w, 10*time.Minute-time.Second) }, []string{"in-flight info " + wwwTriton}, ""},
		{"a cloud that has not said which account it is proves nothing", func(w *world) {
			w.remove(tritonA, true)
			w.cloud("aws-use1").Coverage.Key = ""
		}, []string{"unknown(dead) info " + wwwTriton}, "aws-use1 has not said which account it is"},
		{"a cloud that answers as another account than before proves nothing, though no marker names either", func(w *world) {
			w.remove(tritonA, true)
			w.snap.Clouds = append(w.snap.Clouds, providers.CloudView{
				Cloud:    providers.Cloud{Name: "new", Key: providers.NewCloudKey(providers.EC2, "8", "us-east-1")},
				Coverage: complete(providers.NewCloudKey(providers.EC2, "9", "us-east-1")), Instances: []providers.Instance{{ID: "i-0new", State: providers.StateRunning}},
			})
		}, []string{"unknown(dead) info " + wwwTriton}, "new answers as another account"},
		{"a cloud of which nobody knew before which account it is has said so now", func(w *world) {
			w.remove(tritonA, true)
			w.cloud("aws-use1").Cloud.Key = ""
		}, []string{"dead high delete! " + wwwTriton}, ""},
		{"of many that a list left out the first is named", func(w *world) {
			w.remove(tritonA, true)
			for n := range 12 {
				id := fmt.Sprintf("i-0left%02d", 12-n)
				w.cloud("aws-use1").Lookups[id] = providers.Lookup{ID: id, Asked: testRead, Instance: &providers.Instance{ID: id, State: providers.StateRunning}}
			}
		}, []string{"unknown(dead) info " + wwwTriton}, "left i-0left01 out of its list"},
		{"an answer about an instance that the list shows too refutes no list", func(w *world) {
			w.remove(tritonA, true)
			i := *w.instance(ec2A)
			w.cloud("aws-use1").Lookups[ec2A] = providers.Lookup{ID: ec2A, Asked: testRead, Instance: &i}
		}, []string{"dead high delete! " + wwwTriton}, ""},
		{"an answer about a machine whose making failed refutes no list, since lists leave such out", func(w *world) {
			w.remove(tritonA, true)
			w.cloud("joyent-east").Lookups["x"] = providers.Lookup{ID: "x", Asked: testRead, Instance: &providers.Instance{ID: "x", State: providers.StateFailed}}
		}, []string{"dead high delete! " + wwwTriton}, ""},
		{"where no cloud is configured nothing is dead", func(w *world) { w.snap.Clouds = nil }, []string{
			"unknown info " + wwwTriton, "unknown info " + wwwEC2, "unknown info " + sdHostEC2, "unknown info sd-02.unilans.net A 165.225.128.2", "unknown info " + sdSRVEC2, "unknown info " + sdSRVTriton,
		}, ""},
		{"where no cloud is configured nothing is foreign", func(w *world) {
			w.snap.Clouds = nil
			w.zone(cfZone).Records = []providers.Record{{Zone: cfZone, Name: "legacy." + cfZone, Type: "A", Value: "198.51.100.23"}}
			w.zone(r53Zone).Records = nil
		}, []string{"unknown(foreign) info legacy." + cfZone + " A 198.51.100.23"}, "no cloud is configured here"},
		{"a cloud that is read for the first time proves nothing yet", func(w *world) {
			w.remove(tritonA, true)
			w.snap.Clouds = append(w.snap.Clouds, providers.CloudView{Cloud: providers.Cloud{Name: "new"}, Reading: true})
		}, []string{"unknown(dead) info " + wwwTriton}, "new is still being read for the first time"},
		{"an empty list asks for no instance that no marker names any more", func(w *world) {
			cv := w.cloud("joyent-east")
			cv.Instances = nil
			for _, typ := range []string{"SRV", "A"} {
				name := map[string]string{"SRV": v1Name, "A": "sd-02.unilans.net"}[typ]
				w.drop(name, typ, map[string]string{"SRV": "sd-02", "A": ""}[typ])
			}
			cv.Lookups[tritonA] = providers.Lookup{ID: tritonA, Asked: testRead, Gone: true, Final: true}
		}, []string{"dead high delete! " + wwwTriton}, ""},
		{"a short list that an answer refutes is not believed, though the answer is of a stopped one", func(w *world) {
			w.remove(tritonA, true)
			i := *w.instance(ec2B)
			i.State = providers.StateStopped
			w.remove(ec2B, false)
			w.cloud("aws-use1").Lookups[ec2B] = providers.Lookup{ID: ec2B, Asked: testRead, Instance: &i}
		}, []string{"unknown(dead) info " + wwwTriton, "unknown(stopped) info " + sdHostEC2, "unknown(stopped) info " + sdSRVEC2}, "out of its list"},
		{"a gone node whose SRV value leads where nobody here can look", func(w *world) { w.leadElsewhere(); w.remove(tritonB, true) }, []string{"unknown(dead) info " + elsewhere}, "it cannot be told from here who has the address"},
		{"a gone node whose target is an alias", func(w *world) {
			w.remove(tritonB, true)
			w.drop("sd-02.unilans.net", "A", "")
			w.plain("sd-02.unilans.net", "CNAME", "www.example.net")
		}, []string{"unknown(dead) info " + sdSRVTriton}, "it cannot be told from here"},
		{"a gone node whose SRV value cannot be read", func(w *world) {
			w.remove(tritonB, true)
			w.drop(v1Name, "SRV", "sd-02")
			w.drop("sd-02.unilans.net", "A", "")
			w.addRecord(providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 30, Value: "10 10 sd-02.unilans.net", Owners: []providers.Owner{owner(keyEast, tritonB)}})
		}, []string{"unknown(dead) info " + v1Name + " SRV 10 10 sd-02.unilans.net"}, "it cannot be told from here who has the address"},
		{"a gone node whose address cannot be read", func(w *world) {
			w.remove(tritonA, true)
			w.record(wwwName, "A", "165").Value = "165.225.128.1.1"
		}, []string{"unknown(dead) info " + wwwName + " A 165.225.128.1.1"}, "its address cannot be read"},
		{"a dead IPv6 entry whose address another instance has in another spelling", func(w *world) {
			w.addRecord(cfRecord(wwwName, "2001:0DB8:0::0009", keyEast, "c2f0a1b2-0000-4000-8000-00000000dead"))
			w.cloud("joyent-east").Lookups["c2f0a1b2-0000-4000-8000-00000000dead"] = providers.Lookup{Asked: testRead, Gone: true, Final: true}
			w.instance(ec2A).PublicIPs = append(w.instance(ec2A).PublicIPs, addr("2001:db8::9"))
		}, []string{"reused critical retarget " + wwwName + " AAAA 2001:0DB8:0::0009"}, "2001:db8::9 now belongs to www-01"},
		{"a dead IPv6 entry dangles where anyone can rent its address", func(w *world) {
			ranges, err := index.AmazonRanges([]byte(`{"createDate": "2026-11-01-00-00-00", "ipv6_prefixes": [{"ipv6_prefix": "2600:1f18::/33", "region": "us-east-1", "service": "EC2"}]}`))
			if err != nil {
				panic(err)
			}
			w.opts.Ranges = ranges
			w.addRecord(cfRecord(wwwName, "2600:1F18::9", keyUse1, "i-0dead"))
			w.cloud("aws-use1").Lookups["i-0dead"] = providers.Lookup{Asked: testRead, Gone: true}
		}, []string{"dangling critical delete! " + wwwName + " AAAA 2600:1F18::9"}, "anyone can rent 2600:1f18::9 from Amazon EC2"},
		{"whether an address is reused is uncertain while its own cloud is not complete", func(w *world) {
			w.instance(ec2A).PublicIPs = []netip.Addr{addr("34.200.16.9")}
			w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("34.200.16.1"))
			w.failCloud("aws-use1")
		}, []string{"unknown(reused) info " + wwwEC2}, "aws-use1"},
		{"whether the address of a gone one is reused is uncertain while any cloud is not complete", func(w *world) {
			w.remove(ec2A, true)
			w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("34.200.16.1"))
			w.failCloud("joyent-east")
		}, []string{"unknown(reused) info " + wwwEC2}, "joyent-east"},
		{"whether an entry dangles is uncertain while any cloud is not complete", func(w *world) { w.remove(ec2A, true); w.failCloud("joyent-east") }, []string{"unknown(dangling) info " + wwwEC2}, "joyent-east"},
	})
}

// What a node has left is removed only where the name has its new address too, and then like all that is removed.
func TestWhatANodeHasLeft(t *testing.T) {
	left := func(w *world) {
		w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
		w.addRecord(cfRecord(wwwName, "165.225.128.77", keyEast, tritonA))
	}
	checkCases(t, []findingCase{
		{"beside the address that it has now", left, []string{"moved high update " + wwwTriton}, "has 165.225.128.77 now, and the name has that too"},
		{"beside it, while another cloud is not complete", func(w *world) { left(w); w.failCloud("aws-use1") }, []string{"unknown(moved) info " + wwwTriton}, "aws-use1"},
		{"without it, while another cloud is not complete", func(w *world) {
			w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
			w.failCloud("aws-use1")
		}, []string{"moved high update " + wwwTriton}, ""},
	})
	w := newWorld()
	left(w)
	r := w.record(wwwName, "A", "165.225.128.77")
	r.Owners, r.Comment = nil, ""
	v := w.view()
	p := plan.ForFindings(v, v.FindingsOfRecord(w.record(wwwName, "A", "165.225.128.1"))...)
	if len(p.Steps) > 0 || !strings.Contains(strings.Join(p.Skipped, "\n"), "and the name has 165.225.128.77 already, without a marker: adopt that first") {
		t.Errorf("%v, %v", sentences(p), p.Skipped)
	}
}

func TestWhoIsStoppedOrFailed(t *testing.T) {
	stop := func(w *world, id string) *providers.Instance {
		i := w.instance(id)
		i.State = providers.StateStopped
		return i
	}
	checkCases(t, []findingCase{
		{"the SRV value of a stopped node is stopped with its host name", func(w *world) { stop(w, tritonB) }, []string{"stopped medium quiesce! sd-02.unilans.net A 165.225.128.2", "stopped medium quiesce! " + sdSRVTriton}, ""},
		{"the SRV value of a stopped node leads where nobody here can look", func(w *world) { w.leadElsewhere(); stop(w, tritonB) }, []string{"stopped medium quiesce! " + elsewhere}, ""},
		{"a stopped EC2 instance keeps an elastic address that only the list of addresses shows", func(w *world) {
			stop(w, ec2A).PublicIPs = nil
			w.cloud("aws-use1").Addresses = []providers.Address{{Cloud: "aws-use1", Key: keyUse1, IP: addr("34.200.16.1"), Kind: providers.AddressElastic, ID: "eipalloc-1", Instance: ec2A}}
		}, []string{"stopped medium quiesce! " + wwwEC2}, ""},
		{"a stopped EC2 instance whose row shows its automatic address still", func(w *world) { stop(w, ec2A) }, []string{"stopped critical quiesce! " + wwwEC2}, "anyone may get it"},
		{"a stopped EC2 instance keeps its private address", func(w *world) {
			w.zone(cfZone).Zone.Private = true
			w.record(wwwName, "A", "34.").Value = "10.0.0.1"
			stop(w, ec2A).PublicIPs = nil
		}, []string{"stopped medium quiesce! " + wwwName + " A 10.0.0.1"}, ""},
		{"a stopped node whose entry cannot be read", func(w *world) {
			stop(w, tritonA)
			w.record(wwwName, "A", "165").Value = "somewhere"
		}, []string{"stopped medium quiesce! " + wwwName + " A somewhere"}, ""},
		{"an owner in a failed state is unknown", func(w *world) { w.instance(tritonA).State = providers.StateFailed }, []string{"unknown info " + wwwTriton}, "failed"},
		{"an owner in no state is unknown", func(w *world) { w.instance(tritonA).State = providers.StateUnknown }, []string{"unknown info " + wwwTriton}, "says nothing about whether it serves"},
		{"an owner that is pending is in flight", func(w *world) { w.instance(tritonA).State = providers.StatePending }, []string{"in-flight info " + wwwTriton}, "pending"},
		{"a failed node without a record is not missing", func(w *world) { w.drop(wwwName, "A", "165"); w.instance(tritonA).State = providers.StateFailed }, nil, ""},
		{"a failed node with half of its records is not completed", func(w *world) {
			w.drop("sd-02.unilans.net", "A", "")
			w.instance(tritonB).State = providers.StateFailed
		}, []string{"unknown info " + sdSRVTriton}, ""},
		{"a private address in a private zone moves to a private one", func(w *world) {
			w.zone(cfZone).Zone.Private = true
			w.record(wwwName, "A", "34.").Value = "10.0.0.77"
		}, []string{"moved high update " + wwwName + " A 10.0.0.77"}, "has 10.0.0.1 now"},
	})
}

func TestMarkersThatAreSpecial(t *testing.T) {
	quiesced := func(id string, key providers.CloudKey, value string) func(w *world) {
		return func(w *world) { w.addRecord(quiescedMark(key, id, value)); w.scanned(time.Minute) }
	}
	row := func(r providers.Record) string { return r.Name + " TXT " + r.Value }
	mark := quiescedMark(keyEast, tritonA, "165.225.128.1")
	checkCases(t, []findingCase{
		{"a host that joined by hand and is quiesced is told of", func(w *world) {
			r := handRecord("198.51.100.5")
			r.Owners[0].Quiesced = true
			w.addRecord(r)
		}, []string{"quiesced info " + handRow}, "still there"},
		{"what a quiesced host that joined by hand left behind is never an orphan", func(w *world) {
			w.cloud("joyent-east").Lookups["host:box"] = providers.Lookup{Asked: testRead, Gone: true, Final: true}
			quiesced("host:box", "hand", "198.51.100.5")(w)
		}, []string{"quiesced info " + row(quiescedMark("hand", "host:box", "198.51.100.5"))}, ""},
		{"a node that is half quiesced is told of once, at its record", func(w *world) {
			w.record(wwwName, "A", "165").Owners[0].Quiesced = true
			w.record(wwwName, "A", "165").Owners[0].Type, w.record(wwwName, "A", "165").Owners[0].Value = "A", "165.225.128.1"
			quiesced(tritonA, keyEast, "165.225.128.1")(w)
		}, []string{"quiesced info " + wwwTriton}, "still there"},
		{"a node that is half quiesced and has another address by now is taken out whole", func(w *world) {
			w.record(wwwName, "A", "165").Owners[0].Quiesced = true
			w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
		}, []string{"moved high quiesce " + wwwTriton}, "is marked as quiesced, is still there, and leads to an address that www-02 (c2f0a1b2) in joyent-east has no more"},
		{"a node that is half quiesced and has another address stays while a cloud is not complete", func(w *world) {
			w.record(wwwName, "A", "165").Owners[0].Quiesced = true
			w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
			w.failCloud("aws-use1")
		}, []string{"unknown(moved) info " + wwwTriton}, "aws-use1"},
		{"a node that is half quiesced and whose address another one has leads to somebody else", func(w *world) {
			w.record(wwwName, "A", "165").Owners[0].Quiesced = true
			w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
			w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("165.225.128.1"))
		}, []string{"reused critical retarget " + wwwTriton}, "now belongs to sd-02"},
		{"what a quiesced node left behind is an orphan when its cloud lists it as terminated", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.instance(tritonA).State = providers.StateTerminated
			quiesced(tritonA, keyEast, "165.225.128.1")(w)
		}, []string{"orphan-marker low delete " + row(mark)}, "gone for good"},
		{"what a quiesced node left behind is kept while it is only stopped", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.instance(tritonA).State = providers.StateStopped
			quiesced(tritonA, keyEast, "165.225.128.1")(w)
		}, []string{"quiesced info " + row(mark)}, ""},
		{"what a quiesced node left behind is kept while its cloud is not complete", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.remove(tritonA, true)
			w.failCloud("joyent-east")
			quiesced(tritonA, keyEast, "165.225.128.1")(w)
		}, []string{"quiesced info " + row(mark)}, ""},
		{"what a quiesced node of a cloud that is not configured left behind is kept", func(w *world) {
			quiesced("i-0far", providers.NewCloudKey(providers.EC2, "9", "eu-west-1"), "203.0.113.7")(w)
		}, []string{"quiesced info " + row(quiescedMark(providers.NewCloudKey(providers.EC2, "9", "eu-west-1"), "i-0far", "203.0.113.7"))}, ""},
		{"a node that is half quiesced, whose marker had no room for the value, is told of once", func(w *world) {
			r := w.record(v1Name, "SRV", "sd-02")
			r.Owners[0].Quiesced = true
			w.mark(r53Zone, v1Name, r.Owners[0].For("SRV", r.Value))
			w.scanned(time.Minute)
		}, []string{"quiesced info " + sdSRVTriton}, "still there"},
		{"a gone node that was half quiesced is dead once, and its marker goes with it", func(w *world) {
			r := w.record(v1Name, "SRV", "sd-02")
			r.Owners[0].Quiesced = true
			w.mark(r53Zone, v1Name, r.Owners[0].For("SRV", r.Value))
			w.remove(tritonB, true)
			w.scanned(time.Minute)
		}, []string{"dead high delete! sd-02.unilans.net A 165.225.128.2", "dead high delete! " + sdSRVTriton}, ""},
		{"a host that joined by hand and is half quiesced is told of once", func(w *world) {
			r := handRecord("198.51.100.5")
			r.Owners[0].Quiesced = true
			w.addRecord(r)
			quiesced("host:box", "hand", "198.51.100.5")(w)
		}, []string{"quiesced info " + handRow}, "still there"},
		{"two markers of one fleet and one of another are nobody's clearly", func(w *world) {
			r := w.record(wwwName, "A", "165")
			other := owner(keyEast, tritonA)
			other.Fleet = "c0ffee42"
			r.Owners = append(slices.Clone(r.Owners), other)
		}, []string{"ambiguous medium " + wwwTriton}, "2 owner markers"},
		{"what another fleet marks as quiesced is another fleet's business", func(w *world) {
			r := w.record(wwwName, "A", "165")
			r.Owners[0].Fleet, r.Owners[0].Quiesced = "c0ffee42", true
		}, []string{"other-fleet info " + wwwTriton}, ""},
		{"the marker that another fleet left of a quiesced node is nobody's business here", func(w *world) {
			o := providers.Owner{Fleet: "c0ffee42", Cloud: keyEast, Instance: "x", Registered: longAgo, Quiesced: true}.For("A", "198.51.100.1")
			m, _ := o.Encode()
			w.addRecord(providers.Record{Zone: r53Zone, Name: "x._rollcall.y.unilans.net", Type: "TXT", Value: providers.FormatTXT([]string{m})})
			w.scanned(time.Minute)
		}, nil, ""},
		{"a TXT record that only looks like a marker's name", func(w *world) {
			w.addRecord(providers.Record{Zone: r53Zone, Name: "x._rollcaller.y.unilans.net", Type: "TXT", Value: `"rollcall9"`})
			w.scanned(time.Minute)
		}, nil, ""},
		{"a marker whose name is of another instance than it says marks nothing", func(w *world) {
			m := quiescedMark(keyEast, tritonA, "165.225.128.1")
			m.Name = providers.MarkerName(tritonB, wwwName)
			w.addRecord(m)
			w.drop(wwwName, "A", "165")
			w.drop(wwwName, "A", "34.")
			w.instance(tritonA).Tags, w.instance(ec2A).Tags = nil, nil
			w.scanned(time.Minute)
		}, []string{"orphan-marker low " + providers.MarkerName(tritonB, wwwName) + " TXT " + mark.Value}, "cannot be read"},
	})
}

func TestWhatIsNotDoneToARecordThatDiffers(t *testing.T) {
	for _, c := range []struct {
		name string
		mess func(w *world, r *providers.Record)
		want string
	}{
		{"nobody's clearly", func(_ *world, r *providers.Record) {
			r.Owners = append(slices.Clone(r.Owners), owner(keyUse1, ec2A))
		}, "its markers do not say clearly whose it is"},
		{"another fleet's", func(_ *world, r *providers.Record) { r.Owners[0].Fleet = "c0ffee42" }, "it belongs to another fleet"},
		{"quiesced", func(_ *world, r *providers.Record) { r.Owners[0].Quiesced = true }, "it is quiesced"},
		{"of a node that does not run", func(w *world, _ *providers.Record) { w.instance(tritonA).State = providers.StateOffline }, "what else was found about it comes first"},
		{"of a node that is reused", func(w *world, _ *providers.Record) {
			w.instance(tritonA).PublicIPs = nil
			w.instance(ec2B).PublicIPs = append(w.instance(ec2B).PublicIPs, addr("165.225.128.1"))
		}, "what else was found about it comes first"},
		{"of a host that joined by hand", func(_ *world, r *providers.Record) {
			r.Value, r.Owners[0].Instance, r.Owners[0].Cloud = "198.51.100.5", "host:box", "hand"
		}, ""},
		{"of a node that is well", func(*world, *providers.Record) {}, ""},
	} {
		w := newWorld()
		r := w.record(wwwName, "A", "165")
		r.TTL = 3600
		c.mess(w, r)
		v := w.view()
		var ttl []*dnsview.Finding
		for i := range v.Findings {
			if v.Findings[i].Class == dnsview.TTL {
				ttl = append(ttl, &v.Findings[i])
			}
		}
		switch {
		case c.name == "another fleet's":
			if len(ttl) > 0 { // what is not ours is as its own fleet wants it
				t.Errorf("%s: %s", c.name, ttl[0].Reason)
			}
		case len(ttl) != 1 || (ttl[0].Remedy == dnsview.NoRemedy) != (c.want != "") || !strings.Contains(ttl[0].Reason, c.want):
			t.Errorf("%s: %v", c.name, short(v))
		}
	}
}

// A quiesced entry that is pointed at the address that its own node has now stays quiesced; one that another
// node gets does not.
func TestAnEntryIsQuiescedForItsOwnNodeAlone(t *testing.T) {
	for _, own := range []bool{true, false} {
		w := newWorld()
		r := w.record(wwwName, "A", "165")
		r.Owners[0].Quiesced = true
		to := w.instance(ec2A)
		if own {
			to = w.instance(tritonA)
			to.PublicIPs = []netip.Addr{addr("165.225.128.77")}
		}
		w.record(wwwName, "A", "34.").Name = "x." + cfZone // so that the name has no such value yet
		p := plan.RetargetTo(w.view(), r.Identity(), to.Ref())
		if len(p.Steps) != 1 || p.Steps[0].Change.After.Owners[0].Quiesced != own || p.Steps[0].Change.After.Value != to.PublicIPs[0].String() {
			t.Errorf("its own %t: %+v, %v", own, p.Steps, p.Skipped)
		}
	}
}
