package dnsview_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

const (
	sdSRVTriton = v1Name + " SRV 10 10 4218 sd-02.unilans.net"
	typePTR     = "_theservice._tcp.unilans.net PTR " + v1Name
)

// plain adds a record without a marker to the zone of DNS-SD.
func (w *world) plain(name, typ, value string) {
	w.addRecord(providers.Record{Zone: r53Zone, Name: name, Type: typ, TTL: 60, Value: value})
}

func TestTargetsOfSRVRecords(t *testing.T) {
	undeclared := func(w *world) { w.opts.Services = w.opts.Services[:1] }
	checkCases(t, []findingCase{
		{"a target without an address", func(w *world) { undeclared(w); w.drop("sd-02.unilans.net", "A", "") }, []string{"srv-no-address high complete " + sdSRVTriton}, "leads to sd-02.unilans.net, which has no address"},
		{"a target of an unmarked SRV record without an address", func(w *world) { w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 pbx.unilans.net") }, []string{"srv-no-address high _sip._tcp.unilans.net SRV 0 0 5060 pbx.unilans.net"}, "no owner marker"},
		{"a target in a zone that is not read here", func(w *world) { w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 pbx.example.net") }, nil, ""},
		{"the target that says decidedly not available", func(w *world) { w.plain("_sip._tcp.unilans.net", "SRV", "0 0 0 .") }, nil, ""},
		{"a target with an IPv6 address alone", func(w *world) {
			w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 pbx.unilans.net")
			w.plain("pbx.unilans.net", "AAAA", "2001:db8::5")
			w.opts.Allow = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
		}, nil, ""},
		{"a target that is an alias of Route 53 has an address", func(w *world) {
			w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 pbx.unilans.net")
			w.addRecord(providers.Record{Zone: r53Zone, Name: "pbx.unilans.net", Type: "A", Value: "lb.example.net", Alias: true})
		}, nil, ""},
		{"a target that a wildcard answers", func(w *world) {
			w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 pbx.office.unilans.net")
			w.plain("*.unilans.net", "A", "203.0.113.9")
			w.opts.Allow = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
		}, nil, ""},
		{"a wildcard does not answer for a name that exists", func(w *world) {
			w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 pbx.unilans.net")
			w.plain("pbx.unilans.net", "TXT", `"a telephone"`)
			w.plain("*.unilans.net", "A", "203.0.113.9")
			w.opts.Allow = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
		}, []string{"srv-no-address high _sip._tcp.unilans.net SRV 0 0 5060 pbx.unilans.net"}, ""},
		{"a target in a zone that is delegated further", func(w *world) {
			w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 pbx.office.unilans.net")
			w.plain("office.unilans.net", "NS", "ns.example.net")
		}, nil, ""},
		{"a target in a zone that failed is unknown", func(w *world) {
			undeclared(w)
			w.drop("sd-02.unilans.net", "A", "")
			w.failZone(r53Zone)
		}, []string{"unknown(srv-no-address) info " + sdSRVTriton}, "could not be read"},
		{"the SRV value of a dead node is dead", func(w *world) {
			undeclared(w)
			w.drop("sd-02.unilans.net", "A", "")
			w.remove(tritonB, true)
		}, []string{"dead high delete! " + sdSRVTriton}, ""},
		{"the SRV value of a node without a public address", func(w *world) {
			undeclared(w)
			w.drop("sd-02.unilans.net", "A", "")
			w.instance(tritonB).PublicIPs = nil
		}, []string{"srv-no-address high " + sdSRVTriton}, "has no public address"},
		{"the SRV value of a host that joined by hand", func(w *world) {
			o := providers.Owner{Fleet: testFlt, Cloud: "hand", Instance: "host:box", Registered: longAgo}
			w.addRecord(providers.Record{Zone: r53Zone, Name: v1Name, Type: "SRV", TTL: 30, Value: "10 10 4218 box.unilans.net", Owners: []providers.Owner{o.For("SRV", "10 10 4218 box.unilans.net")}})
		}, []string{"srv-no-address high " + v1Name + " SRV 10 10 4218 box.unilans.net"}, "has to join again"},
		{"a target that is an alias", func(w *world) {
			w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 pbx.unilans.net")
			w.plain("pbx.unilans.net", "CNAME", "pbx.example.net")
		}, []string{"srv-alias medium _sip._tcp.unilans.net SRV 0 0 5060 pbx.unilans.net"}, "leads to an alias"},
		{"a target of a node of ours that is an alias", func(w *world) {
			w.drop("sd-02.unilans.net", "A", "")
			w.plain("sd-02.unilans.net", "CNAME", "sd-01.unilans.net")
		}, []string{"srv-alias medium " + sdSRVTriton}, "remove the alias"},
	})
}

func TestTheChainOfDNSSD(t *testing.T) {
	web := "web._http._tcp.unilans.net"
	// whole is an incarnation that no one declares and that is whole.
	whole := func(w *world) {
		w.plain("_services._dns-sd._udp.unilans.net", "PTR", "_http._tcp.unilans.net")
		w.plain("_http._tcp.unilans.net", "PTR", web)
		w.plain(web, "SRV", "0 0 80 sd-01.unilans.net")
		w.plain(web, "TXT", `""`)
	}
	checkCases(t, []findingCase{
		{"an incarnation that is whole", whole, nil, ""},
		{"SRV without PTR", func(w *world) { whole(w); w.lose("_http._tcp.unilans.net", "PTR", "") }, []string{"srv-no-ptr medium " + web + " SRV 0 0 80 sd-01.unilans.net"}, "no PTR record at _http._tcp.unilans.net"},
		{"SRV without TXT", func(w *world) { whole(w); w.lose(web, "TXT", "") }, []string{"srv-no-txt medium " + web + " SRV 0 0 80 sd-01.unilans.net"}, "no TXT record"},
		{"PTR without SRV", func(w *world) { whole(w); w.lose(web, "SRV", "") }, []string{"ptr-no-srv medium _http._tcp.unilans.net PTR " + web}, "which has no SRV record"},
		{"a type that is not listed", func(w *world) { whole(w); w.lose("_services._dns-sd._udp.unilans.net", "PTR", "_http") }, []string{"type-not-listed info _http._tcp.unilans.net PTR " + web}, "not listed at _services._dns-sd._udp.unilans.net"},
		{"a type of a declared service that is not listed can be", func(w *world) { w.lose("_services._dns-sd._udp.unilans.net", "PTR", "") }, []string{"type-not-listed info complete " + typePTR}, ""},
		{"a declared incarnation without nodes", func(w *world) {
			for _, sd := range []string{"sd-01", "sd-02"} {
				w.drop(v1Name, "SRV", sd)
				w.drop(sd+".unilans.net", "A", "")
			}
			w.instance(ec2B).Tags, w.instance(tritonB).Tags = nil, nil
		}, []string{"ptr-no-srv info " + typePTR}, "is declared and has no nodes yet"},
		{"a declared incarnation without nodes and without TXT", func(w *world) {
			for _, sd := range []string{"sd-01", "sd-02"} {
				w.drop(v1Name, "SRV", sd)
				w.drop(sd+".unilans.net", "A", "")
			}
			w.lose(v1Name, "TXT", "")
			w.instance(ec2B).Tags, w.instance(tritonB).Tags = nil, nil
		}, []string{"ptr-no-srv info " + typePTR}, "neither nodes nor a TXT record"},
		{"an incarnation that says decidedly not available", func(w *world) { whole(w); w.lose(web, "SRV", ""); w.plain(web, "SRV", "0 0 0 .") }, nil, ""},
		{"SRV without PTR at a node of ours can be completed", func(w *world) {
			w.opts.Services = w.opts.Services[:1]
			w.lose("_theservice._tcp.unilans.net", "PTR", "")
		}, []string{"srv-no-ptr medium complete " + sdSRVEC2}, ""},
		{"SRV without TXT at a node of ours can be completed", func(w *world) {
			w.opts.Services = w.opts.Services[:1]
			w.lose(v1Name, "TXT", "")
		}, []string{"srv-no-txt medium complete " + sdSRVEC2}, ""},
		{"an SRV record of a protocol without incarnations", func(w *world) { w.plain("_sip._tcp.unilans.net", "SRV", "0 0 5060 sd-01.unilans.net") }, nil, ""},
		{"a PTR record of the reverse tree", func(w *world) { w.plain("5.100.51.198.unilans.net", "PTR", "host.unilans.net") }, nil, ""},
		{"a subtype leads to the same incarnation", func(w *world) { whole(w); w.plain("_beta._sub._http._tcp.unilans.net", "PTR", web) }, nil, ""},
		{"a PTR record that leads into a zone that is not read here", func(w *world) {
			whole(w)
			w.plain("_http._tcp.unilans.net", "PTR", "web._http._tcp.example.net")
		}, nil, ""},
		{"an incarnation with an escaped dot in its name", func(w *world) {
			w.plain("_services._dns-sd._udp.unilans.net", "PTR", "_http._tcp.unilans.net")
			w.plain("_http._tcp.unilans.net", "PTR", `a\.b._http._tcp.unilans.net`)
			w.plain(`a\.b._http._tcp.unilans.net`, "SRV", "0 0 80 sd-01.unilans.net")
		}, []string{`srv-no-txt medium a\.b._http._tcp.unilans.net SRV 0 0 80 sd-01.unilans.net`}, ""},
		{"a PTR record that is spelled in another case", func(w *world) {
			w.record("_theservice._tcp.unilans.net", "PTR", "").Value = "V1._TheService._tcp.Unilans.net."
		}, nil, ""},
		{"a broken chain in a zone that failed is unknown", func(w *world) { whole(w); w.lose(web, "TXT", ""); w.failZone(r53Zone) }, []string{"unknown(srv-no-txt) info " + web + " SRV 0 0 80 sd-01.unilans.net"}, "could not be read"},
		{"a PTR without SRV in a zone that failed is unknown", func(w *world) { whole(w); w.lose(web, "SRV", ""); w.failZone(r53Zone) }, []string{"unknown(ptr-no-srv) info _http._tcp.unilans.net PTR " + web}, ""},
	})
}

func TestABrokenChainIsCompletedWithWhatIsDeclared(t *testing.T) {
	w := newWorld()
	w.lose("_theservice._tcp.unilans.net", "PTR", "")
	w.lose(v1Name, "TXT", "")
	v := w.view()
	var all []*dnsview.Finding
	for i := range v.Findings {
		if v.Findings[i].Remedy == dnsview.RemedyComplete {
			all = append(all, &v.Findings[i])
		}
	}
	got := sentences(plan.ForFindings(v, all...))
	want := []string{
		"Create _theservice._tcp.unilans.net PTR " + v1Name + ", which belongs to the incarnation",
		"Create " + v1Name + ` TXT "txtvers=1", which belongs to the incarnation`,
	}
	if len(all) != 3 || !slices.Equal(got, want) {
		t.Errorf("%d findings, %q", len(all), got)
	}
}

func TestMembersOfServices(t *testing.T) {
	checkCases(t, []findingCase{
		{"as many live members as the minimum", func(w *world) { w.service(wwwName).Minimum, w.service(v1Name).Minimum = 2, 2 }, nil, ""},
		{"fewer live members than the minimum", func(w *world) { w.service(wwwName).Minimum = 3 }, []string{"thin critical " + wwwName}, "has 2 live members, and 3 is its minimum"},
		{"a dead entry is no live member", func(w *world) { w.service(wwwName).Minimum = 2; w.remove(tritonA, true) }, []string{"thin critical " + wwwName, "dead high delete! " + wwwTriton}, "1 live member"},
		{"a stopped node is no live member", func(w *world) {
			w.service(wwwName).Minimum = 2
			w.instance(tritonA).State = providers.StateStopped
		}, []string{"thin critical " + wwwName, "stopped medium quiesce! " + wwwTriton}, ""},
		{"an entry that leads elsewhere makes no live member", func(w *world) {
			w.service(wwwName).Minimum = 2
			w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
		}, []string{"thin critical " + wwwName, "moved high update " + wwwTriton}, ""},
		{"an unmarked entry of a node makes a live member", func(w *world) {
			w.service(wwwName).Minimum = 2
			r := w.record(wwwName, "A", "165")
			r.Owners, r.Comment = nil, ""
		}, []string{"unmarked low adopt " + wwwTriton}, ""},
		{"a quiesced node is no live member", func(w *world) {
			w.service(wwwName).Minimum = 2
			w.record(wwwName, "A", "165").Owners[0].Quiesced = true
		}, []string{"thin critical " + wwwName, "quiesced info " + wwwTriton}, ""},
		{"a host that joined by hand is a live member", func(w *world) {
			w.service(wwwName).Minimum = 3
			r := cfRecord(wwwName, "198.51.100.5", "hand", "host:box")
			w.addRecord(r)
		}, nil, ""},
		{"a node with two addresses is one member", func(w *world) {
			w.service(wwwName).Minimum = 3
			w.instance(tritonA).PublicIPs = append(w.instance(tritonA).PublicIPs, addr("2001:db8::1"))
			w.addRecord(cfRecord(wwwName, "2001:db8::1", keyEast, tritonA))
		}, []string{"thin critical " + wwwName}, ""},
		{"an SRV value whose target has no address makes no live member", func(w *world) {
			w.service(v1Name).Minimum = 2
			w.drop("sd-02.unilans.net", "A", "")
		}, []string{"thin critical " + v1Name, "half high complete sd-02", "srv-no-address high complete " + sdSRVTriton}, ""},
		{"a service without a minimum is never thin", func(w *world) {
			w.opts.Services = append(w.opts.Services, index.Service{Name: "x.unilans.net", Kind: index.RoundRobin})
		}, nil, ""},
		{"whether a service is thin is unknown while a cloud is not complete", func(w *world) {
			w.service(wwwName).Minimum = 3
			w.failCloud("joyent-east")
		}, []string{"unknown(thin) info " + wwwName}, "joyent-east"},
		{"whether a service is thin is unknown while its zone is not complete", func(w *world) { w.service(wwwName).Minimum = 3; w.failZone(cfZone) }, []string{"unknown(thin) info " + wwwName}, ""},
		{"a service of two clouds that is answered from both", func(w *world) { w.service(wwwName).Clouds = []string{"aws-use1", "joyent-east"} }, nil, ""},
		{"a service of two clouds that is answered from one", func(w *world) {
			w.service(wwwName).Clouds = []string{"aws-use1", "joyent-east"}
			w.drop(wwwName, "A", "165")
			w.remove(tritonA, true)
		}, []string{"one-cloud medium " + wwwName}, "answered from aws-use1 only"},
		{"a service of one cloud is answered from one", func(w *world) {
			w.service(wwwName).Clouds = []string{"aws-use1"}
			w.drop(wwwName, "A", "165")
			w.instance(tritonA).Tags = nil
		}, nil, ""},
		{"a service of every cloud is declared for none in particular", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.remove(tritonA, true)
		}, nil, ""},
		{"a service that is answered by a host of its own too", func(w *world) {
			w.service(wwwName).Clouds = []string{"aws-use1", "joyent-east"}
			w.drop(wwwName, "A", "165")
			w.remove(tritonA, true)
			w.addRecord(cfRecord(wwwName, "198.51.100.5", "hand", "host:box"))
		}, nil, ""},
		{"whether it is answered from one cloud is unknown while another is not complete", func(w *world) {
			w.service(wwwName).Clouds = []string{"aws-use1", "joyent-east"}
			w.drop(wwwName, "A", "165")
			w.remove(tritonA, true)
			w.failCloud("joyent-east")
		}, []string{"unknown(one-cloud) info " + wwwName}, "joyent-east"},
	})
}

func TestLimitsOfProvidersAndOfTheProtocol(t *testing.T) {
	fill := func(zone, name, typ string, n int) func(w *world) {
		return func(w *world) {
			w.opts.Allow = []netip.Prefix{netip.MustParsePrefix("198.18.0.0/15")}
			for i := range n {
				v := netip.AddrFrom4([4]byte{198, 18, byte(i >> 8), byte(i)}).String()
				if typ == "SRV" {
					v = fmt.Sprintf("0 0 5060 h%03d.example.net", i)
				}
				w.addRecord(providers.Record{Zone: zone, Name: name, Type: typ, Value: v, ID: fmt.Sprint("n", i)})
			}
		}
	}
	set := "round." + r53Zone
	checkCases(t, []findingCase{
		{"a record set of Route 53 with room", fill(r53Zone, set, "A", 359), nil, ""},
		{"a record set of Route 53 that is nearly full", fill(r53Zone, set, "A", 360), []string{"over-limit medium "}, "360 values, and 40 more fit: a record set of Route 53 holds 400 values"},
		{"a record set of Route 53 that is full", fill(r53Zone, set, "A", 400), []string{"over-limit medium "}, "and no more fit"},
		{"a record set that is over the limit", fill(r53Zone, set, "A", 401), []string{"over-limit medium "}, "which is 1 too many"},
		{"a record set of Route 53 whose values are long", func(w *world) { // 43 characters each with the space between
			fill(r53Zone, "_sip._tcp."+r53Zone, "SRV", 0)(w)
			for i := range 340 {
				w.plain("_sip._tcp."+r53Zone, "SRV", fmt.Sprintf("0 0 5060 host-number-%03d.rack7.example.net", i))
			}
		}, []string{"over-limit medium _sip._tcp." + r53Zone}, "32000 characters at once"},
		{"as many values at Cloudflare", fill(cfZone, "round."+cfZone, "A", 401), nil, ""},
		{"a zone of Cloudflare that is nearly full", fill(cfZone, "round."+cfZone, "A", 3148), []string{"over-limit medium "}, "scalability.expert has 3150 records, and 350 more fit"},
		{"a zone of Cloudflare with room", fill(cfZone, "round."+cfZone, "A", 3147), nil, ""},
		{"a zone that outgrew the published quota has another one", fill(cfZone, "round."+cfZone, "A", 3501-2), nil, ""},
		{"a name with more addresses than an answer holds", func(w *world) { fill(cfZone, "round."+cfZone, "A", 4100)(w) }, []string{"over-limit medium "}, "an answer of DNS has 65535 bytes at most"},
	})
}

func TestNothingIsAddedWhereThereIsNoRoom(t *testing.T) {
	w := newWorld()
	w.drop(wwwName, "A", "165")
	w.drop(wwwName, "A", "34.")
	for _, c := range []struct{ limit, steps int }{{3, 2}, {2, 2}, {1, 1}} {
		w.zone(cfZone).Zone.Traits.Quota = c.limit
		p := plan.Register(w.view(), "", w.instance(ec2A).Ref(), w.instance(tritonA).Ref())
		said := strings.Contains(strings.Join(p.Skipped, "\n"), "has no room: scalability.expert has 0 records, and 1 more fit")
		if len(p.Steps) != c.steps || said != (c.steps < 2) {
			t.Errorf("with room for %d: %v, skipped %v", c.limit, sentences(p), p.Skipped)
		}
	}
}

func TestANodeIsRegisteredAsLongAsTheRecordSetHasRoom(t *testing.T) {
	for n, want := range map[int]string{
		398: "", 399: v1Name + " SRV has 399 values, and 1 more fit: a record set of Route 53 holds 400 values", 400: v1Name + " SRV has 400 values, and no more fit: a record set of Route 53 holds 400 values",
	} {
		w := newWorld()
		w.drop(v1Name, "SRV", "sd-01")
		w.drop(v1Name, "SRV", "sd-02")
		for i := range n {
			w.plain(v1Name, "SRV", fmt.Sprintf("0 0 5060 h%d.example.net", i))
		}
		p := plan.Register(w.view(), v1Name, w.instance(ec2B).Ref(), w.instance(tritonB).Ref())
		srvs := 0
		for _, s := range p.Steps {
			if s.Change.After.Type == "SRV" {
				srvs++
			}
		}
		said := strings.Join(p.Skipped, "\n")
		if srvs != min(400-n, 2) || (said != "") != (want != "") || !strings.Contains(said, want) {
			t.Errorf("%d values: %v, skipped %v", n, sentences(p), p.Skipped)
		}
	}
}
