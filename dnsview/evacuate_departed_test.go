package dnsview_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func TestTheMarkersOfACloudThatLeftTheConfigAreRemovedAndItsNodesStayOut(t *testing.T) {
	for _, known := range []bool{true, false} { // from the last snapshot, or by its key alone
		w := newWorld()
		w.evacuate(plan.Evacuation{})
		out := w.inDNS()
		if known {
			c := w.cloud("joyent-east")
			c.Unconfigured, c.Coverage = true, providers.Coverage{State: providers.CoverageFailed}
		} else {
			w.snap.Clouds = slices.DeleteFunc(w.snap.Clouds, func(c providers.CloudView) bool { return c.Cloud.Name == "joyent-east" })
		}
		v := w.view()
		for i := range v.Findings {
			if f := &v.Findings[i]; f.Class == dnsview.Evacuated && !strings.HasPrefix(v.Advice(f), "rollcall return --cloud "+v.Index.CloudArgument(keyEast)+" removes the marker") {
				t.Errorf("the advice is %q", v.Advice(f))
			}
		}
		p := plan.ReturnCloud(v, keyEast, "")
		if len(p.Steps) != 2 || len(p.Skipped) != 1 || !strings.Contains(p.Skipped[0], "nodes that it took out stay out, since") {
			t.Fatalf("%q, left alone %q", sentences(p), p.Skipped)
		}
		w.mustCarryOut(plan.Plan{Verb: p.Verb, Steps: p.Steps})
		if found := w.found(dnsview.Evacuated); len(found) > 0 {
			t.Errorf("still evacuated: %q", found)
		}
		if now := w.inDNS(); !slices.Equal(now, out) {
			t.Errorf("in DNS: %q, and before %q", now, out)
		}
	}
}

func TestAnEvacuationListsWhatLeadsToTheCloudByAPrivateAddress(t *testing.T) {
	w := newWorld()
	east, other := w.instance(tritonA), &w.cloud("aws-use1").Instances[0]
	address := netip.MustParseAddr("10.9.8.7")
	east.PrivateIPs = append(east.PrivateIPs, address)
	w.addRecord(providers.Record{Zone: cfZone, Name: "cache.scalability.expert", Type: "A", TTL: 60, Value: "10.9.8.7"})
	w.addRecord(providers.Record{Zone: cfZone, Name: "alias.scalability.expert", Type: "CNAME", TTL: 60, Value: "cache.scalability.expert"})
	want := []string{
		"cache.scalability.expert A 10.9.8.7 is a private address of " + index.Label(east) + ", and is not moved: it has no owner marker",
		"alias.scalability.expert CNAME cache.scalability.expert is an alias of a name that leads to joyent-east, and is not moved",
	}
	if p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast}); !slices.Equal(p.Skipped, want) {
		t.Errorf("listed: %q", p.Skipped)
	}
	other.PrivateIPs = append(other.PrivateIPs, address) // the networks of two clouds may have the same addresses
	want[0] = strings.Replace(want[0], ", and is", ", and of "+index.Label(other)+", and is", 1)
	if p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: keyEast}); !slices.Equal(p.Skipped, want) {
		t.Errorf("listed: %q", p.Skipped)
	}
	if p := plan.Evacuate(w.view(), plan.Evacuation{Cloud: w.cloud("aws-use1").Cloud.Key}); !slices.ContainsFunc(p.Skipped, func(s string) bool {
		return strings.HasPrefix(s, "cache.scalability.expert A 10.9.8.7 is a private address of "+index.Label(other))
	}) {
		t.Errorf("listed for the other cloud: %q", p.Skipped)
	}
}
