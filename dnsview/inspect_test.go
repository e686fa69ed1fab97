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
	"rollcall/providers"
)

// The small world of these tests: two EC2 clouds and one Triton cloud, a zone
// at Cloudflare and one at Route 53, two services. Everything agrees in it;
// each test breaks one thing.

// short writes findings as "class severity remedy subject", one for each.
func short(v *dnsview.View) []string {
	var out []string
	for i := range v.Findings {
		f := &v.Findings[i]
		s := string(f.Class)
		if f.Would != "" {
			s += "(" + string(f.Would) + ")"
		}
		s += " " + f.Severity.String()
		if f.Remedy != "" {
			s += " " + string(f.Remedy)
		}
		if f.OneKey {
			s += "!"
		}
		switch {
		case f.Record != nil:
			s += " " + f.Record.Name + " " + f.Record.Type + " " + f.Record.Value
		case f.Instance != nil:
			s += " " + f.Instance.Name
		default:
			s += " " + f.Service
		}
		out = append(out, s)
	}
	return out
}

func TestAWorldThatAgreesHasNoFinding(t *testing.T) {
	if got := short(newWorld().view()); len(got) != 0 {
		t.Errorf("findings: %v", got)
	}
}

const (
	wwwEC2    = wwwName + " A 34.200.16.1"
	wwwTriton = wwwName + " A 165.225.128.1"
	sdHostEC2 = "sd-01.unilans.net A 34.200.16.2"
	sdSRVEC2  = v1Name + " SRV 10 10 4218 sd-01.unilans.net"
)

func TestOneFindingForEachCondition(t *testing.T) {
	fail := func(w *world, name string) {
		w.cloud(name).Coverage = providers.Failed(testRead, testRead, &providers.Error{Kind: providers.KindThrottled, Source: name, Op: "list instances"})
	}
	for _, c := range []struct {
		name string
		mess func(w *world)
		want []string
		why  string // part of the first finding's reason
	}{
		// dead
		{"an entry whose owner its cloud says is gone is dead", func(w *world) { w.remove(tritonA, true) }, []string{"dead high delete! " + wwwTriton}, "is gone, and its address is in no inventory"},
		{"an entry whose owner is listed as terminated is dead", func(w *world) {
			w.instance(tritonA).State, w.instance(tritonA).PublicIPs = providers.StateTerminated, nil
		}, []string{"dead high delete! " + wwwTriton}, "is terminated"},
		{"the address that a terminated row still shows is nobody's", func(w *world) { w.instance(tritonA).State = providers.StateTerminated }, []string{"dead high delete! " + wwwTriton}, ""},
		{"a node of a DNS-SD service that is gone leaves SRV and host name dead", func(w *world) { w.remove(tritonB, true) }, []string{
			"dead high delete! sd-02.unilans.net A 165.225.128.2", "dead high delete! " + v1Name + " SRV 10 10 4218 sd-02.unilans.net",
		}, ""},
		{"an SRV value whose host name is gone already is dead", func(w *world) { w.remove(tritonB, true); w.drop("sd-02.unilans.net", "A", "") }, []string{"dead high delete! " + v1Name + " SRV 10 10 4218 sd-02.unilans.net"}, "its target has no address"},
		{"absence from the list alone is unknown", func(w *world) { w.remove(tritonA, false) }, []string{"unknown(dead) info " + wwwTriton}, "was not asked for it by id yet"},
		{"an error to the question by id is unknown", func(w *world) {
			w.remove(tritonA, false)
			w.cloud("joyent-east").Lookups[tritonA] = providers.Lookup{ID: tritonA, Asked: testRead, Err: errors.New("timeout")}
		}, []string{"unknown(dead) info " + wwwTriton}, "timeout"},
		{"an answer to the question by id stays true, since ids do not come back", func(w *world) {
			w.remove(tritonA, true)
			w.cloud("joyent-east").Lookups[tritonA] = providers.Lookup{ID: tritonA, Asked: testNow.Add(-time.Hour), Gone: true, Final: true}
		}, []string{"dead high delete! " + wwwTriton}, ""},
		{"an answer that is older than the marker says nothing of it", func(w *world) {
			w.remove(ec2A, true)
			w.cloud("aws-use1").Lookups[ec2A] = providers.Lookup{ID: ec2A, Asked: w.record(wwwName, "A", "34").Owners[0].Registered.Add(-time.Hour), Gone: true}
		}, []string{"unknown(dead) info " + wwwEC2}, ""},
		{"not found proves nothing where a deleted instance is answered as gone", func(w *world) {
			w.remove(tritonA, true)
			w.cloud("joyent-east").Lookups[tritonA] = providers.Lookup{ID: tritonA, Asked: testRead, Gone: true}
		}, []string{"unknown(dead) info " + wwwTriton}, "joyent-east does not find it, and answers of a deleted one that it is gone (410): its credentials may not see it"},
		{"an answer that was given while the marker was too young is unknown", func(w *world) {
			w.remove(ec2A, true)
			w.record(wwwName, "A", "34").Owners[0].Registered = testNow.Add(-10*time.Minute - time.Second)
		}, []string{"unknown(dead) info " + wwwEC2}, ""},
		{"a dead entry with another failed cloud is unknown and names it", func(w *world) { w.remove(tritonA, true); fail(w, "aws-use1") }, []string{"unknown(dead) info " + wwwTriton}, "aws-use1 could not be read (aws-use1: list instances: throttled)"},
		{"a dead entry with its own cloud failed is unknown", func(w *world) { w.remove(tritonA, true); fail(w, "joyent-east") }, []string{"unknown(dead) info " + wwwTriton}, "joyent-east could not be read"},
		{"a dead entry in a zone read in part is unknown", func(w *world) {
			w.remove(tritonA, true)
			w.snap.Zones[0].Coverage.State = providers.CoveragePartial
		}, []string{"unknown(dead) info " + wwwTriton}, "scalability.expert was read in part only"},
		{"a dead entry with a stale cloud is unknown", func(w *world) {
			w.remove(tritonA, true)
			w.cloud("aws-use1").Coverage.Started = testNow.Add(-3 * time.Minute)
		}, []string{"unknown(dead) info " + wwwTriton}, "aws-use1 was last read 3 min ago"},
		{"a dead entry with a cloud that was never read is unknown", func(w *world) {
			w.remove(tritonA, true)
			w.snap.Clouds = append(w.snap.Clouds, providers.CloudView{Cloud: providers.Cloud{Name: "new"}})
		}, []string{"unknown(dead) info " + wwwTriton}, "new was never read"},
		{"a list that left out an instance which the cloud shows by id is not believed", func(w *world) {
			w.remove(tritonA, true)
			i := *w.instance(ec2A)
			w.remove(ec2A, false)
			w.cloud("aws-use1").Lookups[ec2A] = providers.Lookup{ID: ec2A, Asked: testRead, Instance: &i}
		}, []string{"unknown(dead) info " + wwwTriton}, "left i-0aaaaaaaaaaaaaaa1 out of its list"},
		{"an empty list is not believed before each marked instance was asked for", func(w *world) {
			w.cloud("joyent-east").Instances = nil
			w.cloud("joyent-east").Lookups[tritonA] = providers.Lookup{ID: tritonA, Asked: testRead, Gone: true, Final: true}
		}, []string{
			"unknown(dead) info " + wwwTriton, "unknown(dead) info sd-02.unilans.net A 165.225.128.2", "unknown(dead) info " + v1Name + " SRV 10 10 4218 sd-02.unilans.net",
		}, "shows no instance at all"},
		{"an empty list is believed when each marked instance was asked for", func(w *world) {
			w.cloud("joyent-east").Instances = nil
			for _, id := range []string{tritonA, tritonB} {
				w.cloud("joyent-east").Lookups[id] = providers.Lookup{ID: id, Asked: testRead, Gone: true, Final: true}
			}
		}, []string{"dead high delete! " + wwwTriton, "dead high delete! sd-02.unilans.net A 165.225.128.2", "dead high delete! " + v1Name + " SRV 10 10 4218 sd-02.unilans.net"}, ""},
		{"credentials of another, empty account give unknown", func(w *world) {
			cv := w.cloud("joyent-east")
			cv.Instances, cv.Cloud.Key = nil, providers.NewCloudKey(providers.Triton, "other", "east-1")
			cv.Coverage.Key = cv.Cloud.Key
		}, []string{"unknown info " + wwwTriton, "unknown info sd-02.unilans.net A 165.225.128.2", "unknown info " + v1Name + " SRV 10 10 4218 sd-02.unilans.net"}, "not among those configured here"},
		{"a cloud that answers as another account than its rows are from proves nothing", func(w *world) {
			w.remove(ec2A, true)
			cv := w.cloud("joyent-east")
			cv.Coverage.Key = providers.NewCloudKey(providers.Triton, "other", "east-1")
		}, []string{"unknown info " + wwwTriton, "unknown(dangling) info " + wwwEC2, "unknown info sd-02.unilans.net A 165.225.128.2", "unknown info " + v1Name + " SRV 10 10 4218 sd-02.unilans.net"}, ""},
		{"a marker of a cloud that is not configured is unknown", func(w *world) {
			w.snap.Clouds = w.snap.Clouds[:1]
		}, []string{"unknown info " + wwwTriton, "unknown info sd-02.unilans.net A 165.225.128.2", "unknown info " + v1Name + " SRV 10 10 4218 sd-02.unilans.net"}, "not among those configured here"},
		{"an owner in a state that says nothing is unknown", func(w *world) { w.instance(tritonA).State = providers.StateOffline }, []string{"unknown info " + wwwTriton}, "offline"},
		{"a failed cloud with older rows blanks nothing and makes nothing dead", func(w *world) { fail(w, "joyent-east") }, nil, ""},
		{"a host that joined by hand is never dead by inventory", func(w *world) {
			w.record(wwwName, "A", "165").Owners[0].Instance = "host:box"
			w.remove(tritonA, true)
		}, nil, ""},
		{"without a fleet id a dead entry is shown and has no remedy", func(w *world) { w.remove(tritonA, true); w.opts.Fleet = "" }, []string{"dead high " + wwwTriton}, "rollcall config init"},

		// dangling
		{"a dead entry in a range that Amazon rents out dangles", func(w *world) { w.remove(ec2A, true) }, []string{"dangling critical delete! " + wwwEC2}, "anyone can rent 34.200.16.1 from Amazon EC2 us-east-1"},
		{"a dead entry outside the published ranges is dead", func(w *world) {
			w.remove(ec2A, true)
			w.record(wwwName, "A", "34.").Value = "203.0.113.5"
		}, []string{"dead high delete! " + wwwName + " A 203.0.113.5"}, ""},
		{"a proxied dead entry does not dangle, since nobody is told its address", func(w *world) {
			w.remove(ec2A, true)
			w.record(wwwName, "A", "34.").Proxied = true
		}, []string{"dead high delete! " + wwwEC2}, ""},
		{"a dead entry whose address is on the allow-list is not deleted", func(w *world) {
			w.remove(ec2A, true)
			w.opts.Allow = []netip.Prefix{netip.MustParsePrefix("34.200.16.0/24")}
		}, []string{"reused high " + wwwEC2}, "the allow-list (34.200.16.0/24)"},
		{"a dead entry whose address an elastic address of ours holds is not deleted", func(w *world) {
			w.remove(ec2A, true)
			w.cloud("aws-use1").Addresses = []providers.Address{{Cloud: "aws-use1", Key: keyUse1, IP: addr("34.200.16.1"), Kind: providers.AddressElastic, ID: "eipalloc-1"}}
		}, []string{"reused high " + wwwEC2}, "elastic address eipalloc-1"},
		{"a dead entry whose address a load balancer of ours holds is not deleted", func(w *world) {
			w.remove(ec2A, true)
			w.cloud("aws-use1").Addresses = []providers.Address{{Cloud: "aws-use1", Key: keyUse1, IP: addr("34.200.16.1"), Kind: providers.AddressInterface, ID: "eni-1", Note: "ELB app/www"}}
		}, []string{"reused high " + wwwEC2}, "ELB app/www"},
		{"an interface that is left of the terminated owner is a termination under way", func(w *world) {
			w.remove(ec2A, true)
			w.cloud("aws-use1").Addresses = []providers.Address{{Cloud: "aws-use1", Key: keyUse1, IP: addr("34.200.16.1"), Kind: providers.AddressInterface, ID: "eni-1", Instance: ec2A}}
		}, []string{"in-flight info " + wwwEC2}, "still has its address"},

		// reused
		{"an address of a gone owner that another instance has now is reused", func(w *world) {
			w.remove(ec2A, true)
			w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("34.200.16.1"))
		}, []string{"reused critical " + wwwEC2}, "now belongs to sd-02 (c2f0a1b2) in joyent-east"},
		{"an address of a running owner that another instance has now is reused", func(w *world) {
			w.instance(ec2A).PublicIPs = []netip.Addr{addr("34.200.16.9")}
			w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("34.200.16.1"))
		}, []string{"reused critical retarget " + wwwEC2}, "has another address now"},
		{"an SRV value whose host name another instance has now is reused", func(w *world) {
			w.remove(ec2B, true)
			w.instance(tritonA).PublicIPs = append(w.instance(tritonA).PublicIPs, addr("34.200.16.2"))
		}, []string{"reused critical " + sdHostEC2, "reused critical " + sdSRVEC2}, ""},
		{"a terminated instance does not reuse an address", func(w *world) {
			w.remove(ec2A, true)
			w.cloud("aws-use1").Instances = append(w.cloud("aws-use1").Instances, providers.Instance{Cloud: "aws-use1", Key: keyUse1, Provider: providers.EC2, ID: "i-x", State: providers.StateTerminated, PublicIPs: []netip.Addr{addr("34.200.16.1")}})
		}, []string{"dangling critical delete! " + wwwEC2}, ""},

		// stopped
		{"a stopped EC2 instance has given its address back", func(w *world) { w.instance(ec2A).State, w.instance(ec2A).PublicIPs = providers.StateStopped, nil }, []string{"stopped critical quiesce! " + wwwEC2}, "EC2 has taken 34.200.16.1 back"},
		{"a stopped EC2 instance keeps its elastic address", func(w *world) {
			w.instance(ec2A).State = providers.StateStopped
			w.instance(ec2A).ElasticIPs = w.instance(ec2A).PublicIPs
		}, []string{"stopped medium quiesce! " + wwwEC2}, ""},
		{"a stopped Triton instance keeps its address", func(w *world) { w.instance(tritonA).State = providers.StateStopped }, []string{"stopped medium quiesce! " + wwwTriton}, "is stopped"},
		{"the address of a stopped EC2 instance that another one has now is reused", func(w *world) {
			w.instance(ec2A).State, w.instance(ec2A).PublicIPs = providers.StateStopped, nil
			w.instance(tritonB).PublicIPs = append(w.instance(tritonB).PublicIPs, addr("34.200.16.1"))
		}, []string{"reused critical " + wwwEC2}, ""},
		{"a stopped owner with another cloud failed is unknown", func(w *world) { w.instance(tritonA).State = providers.StateStopped; fail(w, "aws-use1") }, []string{"unknown(stopped) info " + wwwTriton}, "aws-use1"},
		{"an owner that is stopping is in flight", func(w *world) { w.instance(tritonA).State = providers.StateStopping }, []string{"in-flight info " + wwwTriton}, "stopping"},
		{"an owner that is being terminated is in flight", func(w *world) { w.instance(tritonA).State = providers.StateTerminating }, []string{"in-flight info " + wwwTriton}, "terminating"},

		// moved
		{"a running owner with another address has moved", func(w *world) { w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")} }, []string{"moved high update " + wwwTriton}, "has 165.225.128.77 now"},
		{"a running owner without an address has moved and nothing can be offered", func(w *world) { w.instance(tritonA).PublicIPs = nil }, []string{"moved high " + wwwTriton}, "no such address any more"},
		{"an address that is attached to its owner by an interface has not moved", func(w *world) {
			w.instance(ec2A).PublicIPs = []netip.Addr{addr("34.200.16.99")}
			w.cloud("aws-use1").Addresses = []providers.Address{{Cloud: "aws-use1", Key: keyUse1, IP: addr("34.200.16.1"), Kind: providers.AddressInterface, ID: "eni-1", Instance: ec2A}}
		}, nil, ""},
		{"an IPv6 address that is spelled differently has not moved", func(w *world) {
			w.instance(tritonA).PublicIPs = append(w.instance(tritonA).PublicIPs, addr("2001:db8::1"))
			r := cfRecord(wwwName, "2001:0DB8:0:0::1", keyEast, tritonA)
			w.addRecord(r)
		}, nil, ""},
		{"a moved entry with its own cloud failed is unknown", func(w *world) {
			w.instance(tritonA).PublicIPs = []netip.Addr{addr("165.225.128.77")}
			fail(w, "joyent-east")
		}, []string{"unknown(moved) info " + wwwTriton}, ""},

		// missing, in flight
		{"a running node without its record is missing", func(w *world) { w.drop(wwwName, "A", "165") }, []string{"missing high register www-02"}, "is missing from www.scalability.expert"},
		{"a running node without its SRV record is missing", func(w *world) { w.drop(v1Name, "SRV", "sd-02"); w.drop("sd-02.unilans.net", "A", "") }, []string{"missing high register sd-02"}, ""},
		{"a node within its boot grace is in flight", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.instance(tritonA).Launched = testNow.Add(-time.Minute)
		}, []string{"in-flight info www-02"}, "60 s ago"},
		{"a pending node is in flight", func(w *world) { w.drop(wwwName, "A", "165"); w.instance(tritonA).State = providers.StatePending }, []string{"in-flight info www-02"}, "pending"},
		{"a stopped node without a record is as it should be", func(w *world) { w.drop(wwwName, "A", "165"); w.instance(tritonA).State = providers.StateStopped }, nil, ""},
		{"a node that only its IPv6 record leads to is half in its service, and not missing", func(w *world) {
			w.drop(wwwName, "A", "165")
			i := w.instance(tritonA)
			i.PublicIPs = append(slices.Clone(i.PublicIPs), addr("2001:db8::1"))
			w.addRecord(providers.Record{Zone: cfZone, Name: wwwName, Type: "AAAA", Value: "2001:db8::1", TTL: 60, ID: "v6", Owners: []providers.Owner{owner(keyEast, tritonA)}})
		}, []string{"half high complete www-02"}, "is only half in www.scalability.expert: its A record is not there"},
		{"a node that no service selects is not missing", func(w *world) { w.drop(wwwName, "A", "165"); w.instance(tritonA).Tags = nil }, nil, ""},
		{"a node without a public address is missing and nothing can be offered", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.instance(tritonA).PublicIPs = nil
		}, []string{"missing high www-02"}, "no public address"},
		{"a missing node in a zone that failed is unknown", func(w *world) {
			w.drop(wwwName, "A", "165")
			w.snap.Zones[0].Coverage = providers.Failed(testRead, testRead, errors.New("down"))
		}, []string{"unknown(missing) info www-02"}, "scalability.expert could not be read (down)"},
		{"a missing node in a cloud that failed is unknown", func(w *world) { w.drop(wwwName, "A", "165"); fail(w, "joyent-east") }, []string{"unknown(missing) info www-02"}, ""},
		{"a node of a service whose zone is not read is unknown", func(w *world) { w.opts.Services[0].Name, w.opts.Services[0].Zone = "www.elsewhere.net", "" }, []string{"unknown(missing) info www-01", "unknown(missing) info www-02"}, "not read here"},
		{"a node whose address is served without a marker is unmarked and not missing", func(w *world) { r := w.record(wwwName, "A", "165"); r.Owners, r.Comment = nil, "" }, []string{"unmarked low adopt " + wwwTriton}, ""},
		{"a marker younger than the creation grace is in flight", func(w *world) {
			w.remove(tritonA, true)
			w.record(wwwName, "A", "165").Owners[0].Registered = testNow.Add(-time.Minute)
		}, []string{"in-flight info " + wwwTriton}, "registered only 60 s ago"},
		{"a marker a little ahead of its provider's clock is in flight", func(w *world) {
			w.remove(tritonA, true)
			w.record(wwwName, "A", "165").Owners[0].Registered = testNow.Add(5 * time.Minute)
		}, []string{"in-flight info " + wwwTriton}, ""},
		{"a marker from the future is ambiguous", func(w *world) {
			w.remove(tritonA, true)
			w.record(wwwName, "A", "165").Owners[0].Registered = testNow.Add(time.Hour)
		}, []string{"ambiguous medium " + wwwTriton}, "60 min in the future"},
		{"a marker from the future by this machine's clock is old by that of its provider", func(w *world) {
			w.remove(tritonA, true)
			w.zone(cfZone).Coverage.Skew = 2 * time.Hour
			w.record(wwwName, "A", "165").Owners[0].Registered = testNow.Add(time.Hour)
		}, []string{"dead high delete! " + wwwTriton}, ""},
		{"a marker that is old by this machine's clock is young by that of its provider", func(w *world) {
			w.remove(tritonA, true)
			w.zone(cfZone).Coverage.Skew = -2 * time.Hour
			w.record(wwwName, "A", "165").Owners[0].Registered = testNow.Add(-2*time.Hour - time.Minute)
		}, []string{"in-flight info " + wwwTriton}, ""},
		{"an old marker on a record that was changed just now is in flight", func(w *world) {
			w.remove(tritonA, true)
			w.record(wwwName, "A", "165").Modified = testNow.Add(-time.Minute)
		}, []string{"in-flight info " + wwwTriton}, "registered only 60 s ago"},
		{"an old marker that the own journal restored just now is as old as it says", func(w *world) {
			w.remove(tritonA, true)
			r := w.record(wwwName, "A", "165")
			r.Modified = testNow.Add(-time.Minute)
			w.opts.Own = providers.OwnWrites{providers.MarkerKeyOf(r, r.Owners[0]): {Registered: r.Owners[0].Registered, Written: r.Modified}}
		}, []string{"dead high delete! " + wwwTriton}, ""},
		{"an old marker on a record that was changed after the own journal restored it is in flight", func(w *world) {
			w.remove(tritonA, true)
			r := w.record(wwwName, "A", "165")
			r.Modified = testNow.Add(-time.Minute)
			w.opts.Own = providers.OwnWrites{providers.MarkerKeyOf(r, r.Owners[0]): {Registered: r.Owners[0].Registered, Written: r.Modified.Add(-time.Second)}}
		}, []string{"in-flight info " + wwwTriton}, ""},
		{"an old marker that an earlier reading did not show is in flight", func(w *world) {
			w.remove(ec2A, true)
			r := w.record(wwwName, "A", "34")
			w.zone(cfZone).Appeared = map[providers.MarkerKey]time.Time{providers.MarkerKeyOf(r, r.Owners[0]): testNow.Add(-time.Minute)}
		}, []string{"in-flight info " + wwwEC2}, "registered only 60 s ago"},

		// half
		{"a node with A and without the AAAA that is wanted is half", func(w *world) {
			w.opts.Services[0].IPv6 = true
			w.instance(tritonA).PublicIPs = append(w.instance(tritonA).PublicIPs, addr("2001:db8::1"))
		}, []string{"half high complete www-02"}, "its AAAA record is not there"},
		{"a node without an IPv6 address is whole with A alone", func(w *world) { w.opts.Services[0].IPv6 = true }, nil, ""},
		{"AAAA is not wanted of a service that does not declare it", func(w *world) {
			w.instance(tritonA).PublicIPs = append(w.instance(tritonA).PublicIPs, addr("2001:db8::1"))
		}, nil, ""},
		{"an SRV value whose target has no address is half", func(w *world) { w.drop("sd-02.unilans.net", "A", "") }, []string{"half high complete sd-02", "srv-no-address high complete " + v1Name + " SRV 10 10 4218 sd-02.unilans.net"}, "its target sd-02.unilans.net has no A record"},
		{"a host name without its SRV value is half", func(w *world) { w.drop(v1Name, "SRV", "sd-02") }, []string{"half high complete sd-02"}, "its SRV record is not there"},
		{"an incarnation with nodes and without PTR is half", func(w *world) { w.drop("_theservice._tcp.unilans.net", "PTR", "") }, []string{"half high complete " + v1Name, "srv-no-ptr medium complete " + sdSRVEC2}, "its PTR record"},
		{"an incarnation with nodes and without TXT is half", func(w *world) { w.drop(v1Name, "TXT", "") }, []string{"half high complete " + v1Name, "srv-no-txt medium complete " + sdSRVEC2}, "its TXT record"},
		{"a half node in a zone read in part is unknown", func(w *world) {
			w.drop(v1Name, "TXT", "")
			w.snap.Zones[1].Coverage.State = providers.CoveragePartial
		}, []string{"unknown(srv-no-txt) info " + sdSRVEC2, "unknown(half) info " + v1Name}, ""},

		// foreign, unmarked, other fleet, ambiguous
		{"an unmarked record with an address in no inventory is foreign", func(w *world) {
			w.addRecord(providers.Record{Zone: cfZone, Name: "legacy.scalability.expert", Type: "A", Value: "198.51.100.23"})
		}, []string{"foreign info legacy.scalability.expert A 198.51.100.23"}, "in no inventory"},
		{"a foreign record is unknown while a cloud is not complete", func(w *world) {
			w.addRecord(providers.Record{Zone: cfZone, Name: "legacy.scalability.expert", Type: "A", Value: "198.51.100.23"})
			fail(w, "aws-use1")
		}, []string{"unknown(foreign) info legacy.scalability.expert A 198.51.100.23"}, ""},
		{"an address on the allow-list is not foreign", func(w *world) {
			w.addRecord(providers.Record{Zone: cfZone, Name: "legacy.scalability.expert", Type: "A", Value: "198.51.100.23"})
			w.opts.Allow = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
		}, nil, ""},
		{"a record at an elastic address of ours is not foreign", func(w *world) {
			w.addRecord(providers.Record{Zone: cfZone, Name: "nat.scalability.expert", Type: "A", Value: "198.51.100.23"})
			w.cloud("aws-use1").Addresses = []providers.Address{{Cloud: "aws-use1", Key: keyUse1, IP: addr("198.51.100.23"), Kind: providers.AddressElastic, ID: "eipalloc-1"}}
		}, []string{"unmarked low nat.scalability.expert A 198.51.100.23"}, "elastic address"},
		{"an alias is read-only and has no finding", func(w *world) {
			w.addRecord(providers.Record{Zone: r53Zone, Name: "lb.unilans.net", Type: "A", Value: "198.51.100.23", Alias: true})
		}, nil, ""},
		{"a record without an address is nobody's business", func(w *world) {
			w.addRecord(providers.Record{Zone: cfZone, Name: "blog.scalability.expert", Type: "CNAME", Value: "x.example.net"})
		}, nil, ""},
		{"an unmarked record at a stopped instance cannot be adopted", func(w *world) {
			w.addRecord(providers.Record{Zone: cfZone, Name: "old.scalability.expert", Type: "A", Value: "165.225.128.1"})
			w.instance(tritonA).State = providers.StateStopped
		}, []string{"stopped medium quiesce! " + wwwTriton, "unmarked low old.scalability.expert A 165.225.128.1"}, ""},
		{"a marker of another fleet is never ours, however dead", func(w *world) {
			r := w.record(wwwName, "A", "165")
			r.Owners[0].Fleet = "c0ffee42"
			w.remove(tritonA, true)
		}, []string{"other-fleet info " + wwwTriton}, "c0ffee42"},
		{"several markers are ambiguous, however dead", func(w *world) {
			r := w.record(wwwName, "A", "165")
			r.Owners = append(r.Owners, owner(keyUse1, "i-0bbbbbbbbbbbbbbb1"))
			w.remove(tritonA, true)
		}, []string{"ambiguous medium " + wwwTriton}, "2 owner markers"},
		{"a marker that cannot be read is ambiguous, however dead", func(w *world) {
			w.record(wwwName, "A", "165").BadMarkers = []string{"rollcall9 x"}
			w.remove(tritonA, true)
		}, []string{"ambiguous medium " + wwwTriton}, "cannot be read"},

		// quiesced
		{"a node that was quiesced is never missing", func(w *world) {
			w.drop(wwwName, "A", "165")
			o := owner(keyEast, tritonA).For("A", "165.225.128.1")
			o.Quiesced = true
			m, _ := o.Encode()
			w.addRecord(providers.Record{Zone: cfZone, Name: providers.MarkerName(tritonA, wwwName), Type: "TXT", Value: providers.FormatTXT([]string{m})})
		}, []string{"quiesced info return " + tritonA + "._rollcall." + wwwName + ` TXT "rollcall1 7f3a9c1e ` + string(keyEast) + " " + tritonA + fmt.Sprintf(" %d", longAgo.Unix()) + ` q A 165.225.128.1"`}, "taken out of www.scalability.expert on purpose"},
		{"a record that says quiesced and is still there is told of once", func(w *world) { w.record(wwwName, "A", "165").Owners[0].Quiesced = true }, []string{"quiesced info " + wwwTriton}, "still there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			c.mess(w)
			v := w.view()
			got := short(v)
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Fatalf("got:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
			for i := range v.Findings {
				f := &v.Findings[i]
				if f.Reason == "" || len(f.RestsOn) == 0 {
					t.Errorf("finding without reason or basis: %+v", f)
				}
			}
			if len(v.Findings) > 0 && !strings.Contains(v.Findings[0].Reason, c.why) {
				t.Errorf("reason %q does not say %q", v.Findings[0].Reason, c.why)
			}
		})
	}
}
