package userdata_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/boot"
	"rollcall/providers/sim/world"
)

// TestBootIsPossibleHere is what make test asks, to say what it has skipped.
func TestBootIsPossibleHere(t *testing.T) { bootAble(t) }

func TestBootNodesOfBothCloudsServeOneNameInTurn(t *testing.T) {
	r := newBootRig(t, boot.Options{})
	nodes := r.both("nginx-roundrobin", bootRoundRobin)
	r.inDNS(bootRoundRobin, nodes...)
	for _, n := range nodes {
		t.Logf("%s: in DNS within %s of its launch, with %d boot", n.name, time.Since(n.launched).Round(100*time.Millisecond), n.Boots())
		n.shell("rollcall-node check")
		if got := n.shell("systemctl is-system-running --wait || true"); strings.TrimSpace(got) != "running" {
			t.Errorf("%s: systemd says %s", n.name, got)
		}
		if got := n.shell("cloud-init status --wait"); !strings.Contains(got, "status: done") {
			t.Errorf("%s: cloud-init says %s", n.name, got)
		}
		if log := n.agentLog(); strings.Count(log, ": registered "+bootRoundRobin+" A "+n.address) != 1 {
			t.Errorf("%s: the agent's log:\n%s", n.name, log)
		}
		if !strings.Contains(n.Console(), "registered "+bootRoundRobin) {
			t.Errorf("%s: the console does not tell of it", n.name)
		}
	}

	// A client takes the first address that it is given: it comes to each node in turn.
	first := map[string]int{}
	for k := range 8 {
		addresses := r.dig(bootRoundRobin, "A")
		if len(addresses) != 2 {
			t.Fatalf("dig gives %v", addresses)
		}
		first[addresses[0]]++
		path := fmt.Sprintf("/?request=%d", k)
		page, err := r.curl(bootRoundRobin, addresses[0], 80, path)
		if err != nil {
			t.Fatal(err)
		}
		n := nodes[slices.IndexFunc(nodes, func(n *bootNode) bool { return n.address == addresses[0] })]
		if !strings.Contains(page, n.ID()) {
			t.Errorf("the page at %s does not name %s: %s", n.address, n.ID(), page)
		}
		n.logs(`"GET ` + path + " ")
	}
	if len(first) != 2 {
		t.Errorf("the addresses do not take turns: %v", first)
	}
	if code, out, said := r.run("ls", "instances", "--filter", "tag.service=boot", "-o", "name"); code != 0 || strings.Count(out, "\n") != 2 {
		t.Errorf("the console sees (exit code %d) %s%s", code, out, said)
	}

	// Switched off from within, a node takes itself out of DNS before its network goes.
	for k, n := range nodes {
		off := time.Now()
		n.shell("systemctl --no-block poweroff")
		r.until(n.name+" is off", func() bool { return !n.On() && n.instance().State == providers.StateStopped })
		t.Logf("%s: off after %s", n.name, time.Since(off).Round(100*time.Millisecond))
		if got := n.markers(); len(got) != 0 {
			t.Errorf("%s is off and leaves %v", n.name, got)
		}
		if !strings.Contains(n.agentLog(), "deregistered "+bootRoundRobin+" A "+n.address) {
			t.Errorf("%s: the agent's log:\n%s", n.name, n.agentLog())
		}
		r.inDNS(bootRoundRobin, nodes[k+1:]...)
	}
}

func TestBootANodeThatRebootsIsRegisteredOnce(t *testing.T) {
	r := newBootRig(t, boot.Options{})
	nodes := r.both("nginx-roundrobin", bootRoundRobin)
	r.inDNS(bootRoundRobin, nodes...)
	for _, n := range nodes {
		if _, _, err := r.world.Do(n.cloud.Name, n.ID(), world.Reboot); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range nodes {
		r.until(n.name+" has rebooted and is registered again", func() bool {
			return n.Boots() == 2 && strings.Count(n.agentLog(), "registered "+bootRoundRobin+" A ") == 3 // registered, deregistered, registered
		})
		// What runs at every boot has had its turn too.
		if got := n.shell("cloud-init status --wait; systemctl is-active rollcall-node"); !strings.Contains(got, "status: done\nactive") {
			t.Errorf("%s: %s", n.name, got)
		}
		if got := n.markers(); len(got) != 1 || got[0] != bootRoundRobin+" A "+n.address {
			t.Errorf("after a reboot %s has %v", n.name, got)
		}
		if log := n.agentLog(); strings.Count(log, ": deregistered ") != 1 || strings.Count(log, ": registered ") != 2 {
			t.Errorf("%s: the agent's log:\n%s", n.name, log)
		}
		if i := n.instance(); i.State != providers.StateRunning || i.Public.String() != n.address {
			t.Errorf("%s is %s at %s", n.name, i.State, i.Public)
		}
	}
	r.inDNS(bootRoundRobin, nodes...)
}

func TestBootAPulledPlugLeavesADeadRecordThatTheConsoleRemoves(t *testing.T) {
	r := newBootRig(t, boot.Options{})
	nodes := r.both("nginx-roundrobin", bootRoundRobin)
	survivor := r.launch("aws-euw1", "boot-survivor", "nginx-roundrobin", bootRoundRobin)
	r.inDNS(bootRoundRobin, append(nodes, survivor)...)
	time.Sleep(1100 * time.Millisecond) // the markers have whole seconds, and the grace is one
	for _, n := range nodes {
		if _, _, err := r.world.Do(n.cloud.Name, n.ID(), world.PowerLoss); err != nil {
			t.Fatal(err)
		}
		r.until("the plug of "+n.name+" is pulled", func() bool { return !n.On() })
		if said := n.Console(); !strings.Contains(said, ": registered ") || strings.Contains(said, ": deregistered ") {
			t.Errorf("%s has not registered, or has said goodbye:\n%s", n.name, said)
		}
	}
	r.inDNS(bootRoundRobin, append(nodes, survivor)...) // they stay in DNS
	for _, n := range nodes {
		id := world.CloudflareZone + ":" + bootRoundRobin + "/A/" + n.address
		_, out, said := r.run("ls", "findings", "--filter", "finding:dead", "-o", "name")
		_, dangling, _ := r.run("ls", "findings", "--filter", "finding:dangling", "-o", "name")
		if !strings.Contains("\n"+out+dangling, "\n"+id+"\n") {
			t.Fatalf("the console does not find %s dead: %s%s%s", id, out, dangling, said)
		}
		r.must("deregister", id)
		if got := n.markers(); len(got) != 0 {
			t.Errorf("%s: %v is left", n.name, got)
		}
	}
	r.inDNS(bootRoundRobin, survivor)
	// What lives is not removed that way.
	if code, out, said := r.run("deregister", world.CloudflareZone+":"+bootRoundRobin+"/A/"+survivor.address); code == 0 {
		t.Errorf("a live node was deregistered as dead: %s%s", out, said)
	}
	r.inDNS(bootRoundRobin, survivor)
}

// nginx cannot start on this node.
const brokenNginx = "etc/systemd/system/nginx.service.d/broken.conf"

func TestBootANodeWithABrokenNginxNeverEntersDNS(t *testing.T) {
	r := newBootRig(t, boot.Options{Prepare: func(m *boot.Machine) error {
		return m.WriteFile(brokenNginx, "[Service]\nExecStartPre=/bin/false\n", 0o644)
	}})
	nodes := r.both("nginx-roundrobin", bootRoundRobin)
	for _, n := range nodes {
		r.until("the agent of "+n.name+" waits for the health check", func() bool { return strings.Contains(n.agentLog(), "waiting for the health check") })
	}
	for range 12 { // several rounds of health checks
		time.Sleep(500 * time.Millisecond)
		if got := r.dig(bootRoundRobin, "A"); len(got) != 0 {
			t.Fatalf("a broken node is in DNS: %v", got)
		}
	}
	for _, n := range nodes {
		if got := n.shell("systemctl is-failed nginx; systemctl is-active rollcall-node; rollcall-node check || echo unwell"); got != "failed\nactive\nunwell\n" {
			t.Errorf("%s: %q", n.name, got)
		}
		if got := n.markers(); len(got) != 0 {
			t.Errorf("%s has %v", n.name, got)
		}
		// Nothing but nginx kept it out.
		n.shell("rm /" + brokenNginx + "; systemctl daemon-reload; systemctl restart nginx")
	}
	r.inDNS(bootRoundRobin, nodes...)
	// And it leaves by itself when nginx goes.
	nodes[0].shell("systemctl stop nginx")
	r.inDNS(bootRoundRobin, nodes[1])
	nodes[0].shell("systemctl start nginx")
	r.inDNS(bootRoundRobin, nodes...)
}
