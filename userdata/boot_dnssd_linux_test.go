package userdata_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers/sim/boot"
)

// target is the SRV value that the node's agent wants, as dig prints it.
func (n *bootNode) target() string {
	n.rig.t.Helper()
	var status struct{ Wanted []string }
	if err := json.Unmarshal([]byte(n.shell("rollcall-node status")), &status); err != nil {
		n.rig.t.Fatal(err)
	}
	for _, w := range status.Wanted {
		if value, ok := strings.CutPrefix(w, bootDNSSD+" SRV "); ok {
			return value + "."
		}
	}
	n.rig.t.Fatalf("%s wants %q", n.name, status.Wanted)
	return ""
}

// srv waits until the service has exactly these targets.
func (r *bootRig) srv(want ...string) {
	r.t.Helper()
	slices.Sort(want)
	var got []string
	defer func() {
		if r.t.Failed() {
			r.t.Logf("%s had %v last", bootDNSSD, got)
		}
	}()
	r.until(fmt.Sprintf("%s has %v", bootDNSSD, want), func() bool {
		got = r.dig(bootDNSSD, "SRV")
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

func TestBootThreeNodesJoinADNSSDServiceAndOneIsStoppedByHand(t *testing.T) {
	r := newBootRig(t, boot.Options{})
	r.must("service", "create", bootDNSSD)
	nodes := []*bootNode{
		r.launch("aws-use1", "sd-1", "service-dnssd", bootDNSSD),
		r.launch("aws-euw1", "sd-2", "service-dnssd", bootDNSSD),
		r.launch("joyent-east", "sd-3", "service-dnssd", bootDNSSD),
	}
	for _, n := range nodes {
		r.until(n.name+" is registered", func() bool { return strings.Contains(n.agentLog(), ": registered ") })
		t.Logf("%s: in DNS within %s of its launch", n.name, time.Since(n.launched).Round(100*time.Millisecond))
	}
	targets := []string{nodes[0].target(), nodes[1].target(), nodes[2].target()}
	for _, v := range targets {
		if !strings.HasPrefix(v, "10 10 8080 ") {
			t.Errorf("a node has priority, weight and port %s", v)
		}
	}
	r.srv(targets...)
	announced := func() {
		t.Helper()
		if got := r.dig("_boot._tcp.unilans.net", "PTR"); !slices.Equal(got, []string{bootDNSSD + "."}) {
			t.Errorf("the service announces %v", got)
		}
		if got := r.dig(bootDNSSD, "TXT"); !slices.Equal(got, []string{`"txtvers=1"`}) {
			t.Errorf("its TXT is %v", got)
		}
	}
	announced()

	// A client goes from the service to a host, to its address, to the page.
	for k, n := range nodes {
		host := strings.Fields(targets[k])[3]
		if got := r.dig(host, "A"); !slices.Equal(got, []string{n.address}) {
			t.Fatalf("%s has the addresses %v, want %s", host, got, n.address)
		}
		page, err := r.curl(strings.TrimSuffix(host, "."), n.address, 8080, "/?from=dnssd")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page, n.ID()) {
			t.Errorf("the page of %s does not name it: %s", n.name, page)
		}
		n.logs(`"GET /?from=dnssd `)
	}
	if out := r.must("service", "resolve", bootDNSSD, "-o", "name"); strings.Count(out, ":8080\n") != 3 {
		t.Errorf("rollcall service resolve gives\n%s", out)
	}

	// Stopped by hand, one is out with everything that it had, and the others stay.
	nodes[1].shell("systemctl stop rollcall-node")
	r.srv(targets[0], targets[2])
	if got := r.dig(strings.Fields(targets[1])[3], "A"); len(got) != 0 {
		t.Errorf("the host of the stopped node still has %v", got)
	}
	if got := nodes[1].markers(); len(got) != 0 {
		t.Errorf("the stopped node leaves %v", got)
	}
	announced()
	nodes[1].shell("systemctl start rollcall-node")
	r.srv(targets...)

	// When the last one is gone, what announces the incarnation is still there.
	for _, n := range nodes {
		n.shell("systemctl --no-block poweroff")
	}
	for _, n := range nodes {
		r.until(n.name+" is off", func() bool { return !n.On() })
		if got := n.markers(); len(got) != 0 {
			t.Errorf("%s is off and leaves %v", n.name, got)
		}
	}
	r.srv()
	announced()
}
