package dnsview_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

func TestWhatANodeShouldHave(t *testing.T) {
	v6 := func(w *world, id, ip string) {
		w.instance(id).PublicIPs = append(w.instance(id).PublicIPs, addr(ip))
	}
	checkCases(t, []findingCase{
		{"a node at the last second of its boot grace is in flight", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.instance(tritonA).Launched = testNow.Add(-5*time.Minute + time.Second)
		}, []string{"in-flight info www-02"}, ""},
		{"a node past its boot grace is missing", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.instance(tritonA).Launched = testNow.Add(-5 * time.Minute)
		}, []string{"missing high register www-02"}, ""},
		{"a node of which nobody knows when it was started has no grace", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.instance(tritonA).Launched = time.Time{}
		}, []string{"missing high register www-02"}, ""},
		{"a node that a service of other clouds selects is not missing from it", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.service(wwwName).Clouds = []string{"aws-use1"}
		}, nil, ""},
		{"a terminated node without a record is as it should be", func(w *world) { w.drop(wwwName, "A", "165"); w.instance(tritonA).State = providers.StateTerminated }, nil, ""},
		{"a node without a public address that has a record by hand is not missing", func(w *world) {
			w.instance(tritonA).PublicIPs = nil
			w.record(wwwName, "A", "165").Value = "165.225.128.9"
		}, []string{"moved high " + wwwName + " A 165.225.128.9"}, "no such address any more"},
		{"a node with an IPv6 address alone is found under it", func(w *world) {
			w.instance(tritonA).PublicIPs = []netip.Addr{addr("2001:db8::1")}
			w.drop(wwwName, "A", "165")
			w.addRecord(cfRecord(wwwName, "2001:DB8::1", keyEast, tritonA))
		}, nil, ""},
		{"a node with an IPv6 address alone is missing without it", func(w *world) {
			w.instance(tritonA).PublicIPs = []netip.Addr{addr("2001:db8::1")}
			w.drop(wwwName, "A", "165")
		}, []string{"missing high register www-02"}, ""},
		{"a node of a service with IPv6 that has neither record is missing once", func(w *world) {
			w.service(wwwName).IPv6 = true
			v6(w, tritonA, "2001:db8::1")
			w.drop(wwwName, "A", "165")
		}, []string{"missing high register www-02"}, ""},
		{"a node of a service with IPv6 that has AAAA alone is half", func(w *world) {
			w.service(wwwName).IPv6 = true
			v6(w, tritonA, "2001:db8::1")
			w.drop(wwwName, "A", "165")
			w.addRecord(cfRecord(wwwName, "2001:db8::1", keyEast, tritonA))
		}, []string{"half high complete www-02"}, "its A record is not there"},
		{"a node of DNS-SD with IPv6 whose host name lacks both is half, and both are named", func(w *world) {
			w.service(v1Name).IPv6 = true
			v6(w, tritonB, "2001:db8::2")
			w.drop("sd-02.unilans.net", "A", "")
		}, []string{"half high complete sd-02", "srv-no-address high complete " + sdSRVTriton}, "has no A record and its target sd-02.unilans.net has no AAAA record"},
		{"a node with two SRV values of which one leads to no address is half, and gets that one", func(w *world) {
			o := owner(keyEast, tritonB).For("SRV", "10 20 4218 sd-99.unilans.net")
			w.addRecord(providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 30, Value: o.Value, Owners: []providers.Owner{o}})
		}, []string{"half high complete sd-02", "srv-no-address high complete " + v1Name + " SRV 10 20 4218 sd-99.unilans.net"}, "its target sd-99.unilans.net has no A record"},
		{"a node whose address an unmarked SRV value leads to is not missing", func(w *world) {
			r := w.record(v1Name, "SRV", "sd-02")
			w.drop(v1Name, "SRV", "sd-02")
			w.addRecord(providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 30, Value: r.Value})
		}, nil, ""},
		{"an incarnation with nodes and neither PTR nor TXT lacks both", func(w *world) {
			w.drop("_theservice._tcp.unilans.net", "PTR", "")
			w.drop(v1Name, "TXT", "")
		}, []string{"half high complete " + v1Name, "srv-no-ptr medium complete " + sdSRVEC2, "srv-no-txt medium complete " + sdSRVEC2}, "its PTR and TXT records are not there"},
		{"an incarnation without nodes lacks nothing", func(w *world) {
			for _, sd := range []string{"sd-01", "sd-02"} {
				w.drop(v1Name, "SRV", sd)
				w.drop(sd+".unilans.net", "A", "")
			}
			w.drop("_theservice._tcp.unilans.net", "PTR", "")
			w.drop(v1Name, "TXT", "")
			w.instance(ec2B).Tags, w.instance(tritonB).Tags = nil, nil
		}, nil, ""},
		{"a service whose zone is not read here is not known to be thin", func(w *world) {
			w.opts.Services = []index.Service{{Name: "www.elsewhere.net", Kind: index.RoundRobin, Minimum: 1, Select: map[string]string{"service": "nothing"}}}
		}, []string{"unknown(thin) info www.elsewhere.net"}, "the zone of www.elsewhere.net is not read here"},
		{"a host that another fleet let join is no live member", func(w *world) {
			w.service(wwwName).Minimum = 3
			r := handRecord("198.51.100.5")
			r.Owners[0].Fleet = "c0ffee42"
			w.addRecord(r)
		}, []string{"thin critical " + wwwName, "other-fleet info " + handRow}, "2 live members"},
		{"two addresses of one host that joined by hand are one member", func(w *world) {
			w.service(wwwName).Minimum = 4
			w.addRecord(handRecord("198.51.100.5"))
			w.addRecord(handRecord("198.51.100.6"))
		}, []string{"thin critical " + wwwName}, "3 live members"},
		{"exactly the minimum is not thin, and one less is", func(w *world) {
			w.service(wwwName).Minimum = 2
			w.service(v1Name).Minimum = 2
			w.drop("sd-01.unilans.net", "A", "")
		}, []string{"thin critical " + v1Name, "half high complete sd-01", "srv-no-address high complete " + sdSRVEC2}, "1 live member"},
	})
}

func TestWhyAnAddressOrATargetCannotBeMended(t *testing.T) {
	checkCases(t, []findingCase{
		{"a private address of a host that joined by hand", func(w *world) { w.addRecord(handRecord("192.168.1.5")) }, []string{"private high " + wwwName + " A 192.168.1.5"}, "joined by hand, and has to join again"},
		{"a private address of a node that does not run", func(w *world) {
			w.record(wwwName, "A", "34.").Value = "10.0.0.1"
			w.instance(ec2A).State = providers.StateStopping
		}, []string{"private high " + wwwName + " A 10.0.0.1", "in-flight info " + wwwName + " A 10.0.0.1"}, "what else was found about it comes first"},
		{"a private address of another fleet", func(w *world) {
			r := w.record(wwwName, "A", "34.")
			r.Value, r.Owners[0].Fleet = "10.0.0.1", "c0ffee42"
		}, []string{"other-fleet info " + wwwName + " A 10.0.0.1"}, ""},
		{"a private address that two markers name", func(w *world) {
			r := w.record(wwwName, "A", "34.")
			r.Value, r.Owners = "10.0.0.1", append(slices.Clone(r.Owners), owner(keyEast, tritonA))
		}, []string{"private high " + wwwName + " A 10.0.0.1", "ambiguous medium " + wwwName + " A 10.0.0.1"}, "what else was found about it comes first"},
		{"a private address of a node that is half quiesced", func(w *world) {
			r := w.record(wwwName, "A", "34.")
			r.Value, r.Owners[0].Quiesced = "192.168.7.7", true
		}, []string{"private high " + wwwName + " A 192.168.7.7", "quiesced info " + wwwName + " A 192.168.7.7"}, "what else was found about it comes first"},
		{"the target of a node that is being started", func(w *world) {
			w.drop("sd-02.unilans.net", "A", "")
			w.instance(tritonB).State = providers.StatePending
		}, []string{"in-flight info " + sdSRVTriton}, ""},
		{"a target in a zone that the same provider hosts and that another name hides", func(w *world) {
			w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 a.b.unilans.net")
			w.plain("b.unilans.net", "DNAME", "example.net")
		}, nil, ""},
		{"a type in a zone whose list of types lies elsewhere", func(w *world) {
			w.plain("_http._tcp.sub.unilans.net", "PTR", "web._http._tcp.sub.unilans.net")
			w.plain("web._http._tcp.sub.unilans.net", "SRV", "0 0 80 sd-01.unilans.net")
			w.plain("web._http._tcp.sub.unilans.net", "TXT", `""`)
		}, []string{"type-not-listed info _http._tcp.sub.unilans.net PTR web._http._tcp.sub.unilans.net"}, "_services._dns-sd._udp.sub.unilans.net"},
	})
}

func TestWhichOfTwoGoes(t *testing.T) {
	twin := func(w *world, change func(older, younger *providers.Record)) {
		r := w.record(wwwName, "A", "165")
		y := *r
		y.ID, y.Owners = "id-younger", slices.Clone(r.Owners)
		y.Owners[0].Registered = longAgo.Add(time.Hour)
		change(r, &y)
		w.addRecord(y)
	}
	marks := func(w *world, change func(*providers.Record)) {
		w.drop(wwwName, "A", "165")
		m := quiescedMark(keyEast, tritonA, "165.225.128.1")
		w.addRecord(m)
		m.ID = "q-other"
		change(&m)
		w.addRecord(m)
	}
	mark := quiescedMark(keyEast, tritonA, "165.225.128.1")
	row := mark.Name + " TXT " + mark.Value
	checkCases(t, []findingCase{
		{"two that were marked in the same second, by the provider's word", func(w *world) {
			twin(w, func(o, y *providers.Record) {
				y.Owners[0].Registered = o.Owners[0].Registered
				y.ID = "id-0" // which would sort first
				o.Modified, y.Modified = longAgo, longAgo.Add(time.Minute)
			})
		}, []string{"duplicate low keep-oldest " + wwwTriton}, "the older one stays"},
		{"the older one has no marker", func(w *world) {
			twin(w, func(o, y *providers.Record) { o.Owners, o.Comment, y.ID = nil, "", "zz" })
		}, []string{"unmarked low adopt " + wwwTriton, "duplicate low " + wwwTriton}, ""},
		{"both are of another fleet", func(w *world) {
			twin(w, func(o, y *providers.Record) { o.Owners[0].Fleet, y.Owners[0].Fleet = "c0ffee42", "c0ffee42" })
		}, []string{"other-fleet info " + wwwTriton, "other-fleet info " + wwwTriton}, ""},
		{"one is of another fleet", func(w *world) {
			twin(w, func(_, y *providers.Record) { y.Owners[0].Fleet = "c0ffee42" })
		}, []string{"other-fleet info " + wwwTriton}, ""},
		{"one is quiesced", func(w *world) {
			twin(w, func(_, y *providers.Record) { y.Owners[0].Quiesced = true })
		}, []string{"duplicate low " + wwwTriton, "quiesced info " + wwwTriton}, "what else was found about it comes first"},
		{"one is nobody's clearly", func(w *world) {
			twin(w, func(_, y *providers.Record) { y.Owners = append(y.Owners, owner(keyUse1, ec2A)) })
		}, []string{"ambiguous medium " + wwwTriton, "duplicate low " + wwwTriton}, ""},
		{"two markers of one quiesced node", func(w *world) { marks(w, func(*providers.Record) {}) }, []string{"duplicate low " + row, "quiesced info return " + row, "quiesced info return " + row}, "what else was found about it comes first"},
		{"two aliases of one name", func(w *world) {
			for range 2 {
				w.addRecord(providers.Record{Zone: r53Zone, Name: "lb.unilans.net", Type: "A", Value: "lb.example.net", Alias: true})
			}
		}, nil, ""},
		{"three that say the same leave one", func(w *world) {
			twin(w, func(_, _ *providers.Record) {})
			twin(w, func(_, y *providers.Record) { y.ID, y.Owners[0].Registered = "id-youngest", longAgo.Add(2*time.Hour) })
		}, []string{"duplicate low keep-oldest " + wwwTriton, "duplicate low keep-oldest " + wwwTriton}, ""},
	})
}

func TestWhatWireFindingsSay(t *testing.T) {
	f := func(w *world) *dnsview.Finding {
		v := w.view()
		if len(v.Findings) != 1 {
			t.Fatalf("%v", short(v))
		}
		return &v.Findings[0]
	}
	w := newWorld()
	w.opts.WireZones = []index.WireZone{{Zone: cfZone, State: index.WireLame, At: testRead, Problems: []string{"ns1 says REFUSED\x1b[2J", "ns2 is silent"}}}
	var facts []string
	for _, e := range f(w).Evidence {
		facts = append(facts, e.Fact)
	}
	if got := strings.Join(facts, "; "); !strings.HasSuffix(got, "ns1 says REFUSED[2J; ns2 is silent") {
		t.Errorf("%s", got)
	}
	w = newWorld()
	w.on(wwwName, "A", index.WirePropagating, func(s *index.WireState) { s.Since, s.At = time.Time{}, testNow.Add(-3*time.Minute) })
	if got := f(w); got.Class != dnsview.Wire || !strings.Contains(got.Reason, "for 3 min now") {
		t.Errorf("without a beginning it lasts since it was asked: %s %s", got.Class, got.Reason)
	}
	w = newWorld()
	w.on(wwwName, "A", index.WireCached, func(s *index.WireState) {
		s.Answers = []index.WireAnswer{{Server: "9.9.9.9", Resolver: true, At: testRead}}
	})
	if got := f(w); got.Class != dnsview.Cached || !strings.HasSuffix(got.Reason, "still hand out the old answer") || !strings.HasPrefix(got.Evidence[len(got.Evidence)-1].Fact, "hands out that there is nothing") {
		t.Errorf("%s %+v", got.Reason, got.Evidence)
	}
}
