package userdata_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rollcall/providers/sim/boot"
)

// A machine without systemd: all of it is taken away, the boot script runs as
// Triton's images run it, and no one else is there to start anything.
const sysvMachine = `#!/bin/sh
rm -rf /usr/lib/systemd /etc/systemd /usr/bin/systemctl /usr/bin/systemd-* /run/systemd/system
hostname "$(mdata-get sdc:hostname)"
mdata-get user-script >/root/user-script
sh /root/user-script >/var/log/user-script 2>&1
echo "user-script: exit code $?" >>/var/log/user-script
exec sleep infinity
`

func TestBootTheSysVScriptStartsStopsRestartsAndTells(t *testing.T) {
	r := newBootRig(t, boot.Options{
		Command: "/usr/local/sbin/machine",
		Prepare: func(m *boot.Machine) error { return m.WriteFile("usr/local/sbin/machine", sysvMachine, 0o755) },
	})
	n := r.launch("joyent-east", "boot-sysv", "nginx-roundrobin", bootRoundRobin)
	defer func() {
		if t.Failed() {
			log, _ := n.ReadFile("/var/log/user-script")
			t.Logf("the boot script said:\n%s", log)
		}
	}()
	// service runs one action of the script, and returns its exit code.
	service := func(action string) (int, string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := n.Run(ctx, "service", "rollcall-node", action)
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if exit != nil {
			return exit.ExitCode(), out
		}
		return 0, out
	}
	want := func(action string, code int) {
		t.Helper()
		if got, out := service(action); got != code {
			t.Errorf("%s ends with exit code %d, want %d: %s", action, got, code, out)
		}
	}
	agents := func() string {
		return strings.TrimSpace(n.shell("for c in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$c; echo; done 2>/dev/null | grep -c '^python3 .*rollcall-node run' || true"))
	}
	r.until("the boot script is through", func() bool {
		log, _ := n.ReadFile("/var/log/user-script")
		return strings.Contains(string(log), "user-script: exit code 0\n")
	})
	if got := n.shell("ls -d /run/systemd/system /usr/lib/systemd/systemd /usr/bin/systemctl 2>/dev/null | wc -l"); strings.TrimSpace(got) != "0" {
		t.Fatal("there is systemd on this machine")
	}
	r.inDNS(bootRoundRobin, n)
	want("status", 0)
	want("start", 0) // again: nothing changes
	if got := agents(); got != "1" {
		t.Errorf("%s agents run", got)
	}
	// The boot script runs at every boot. It restarts the agent only where it brings another one.
	script := func() (pid string) {
		t.Helper()
		return n.shell("sh /root/user-script >>/var/log/user-script 2>&1; cat /run/rollcall-node.pid")
	}
	pid := n.shell("cat /run/rollcall-node.pid")
	if got := script(); got != pid {
		t.Errorf("the same boot script again restarts the agent")
	}
	n.shell("echo '# an older one' >>/usr/local/sbin/rollcall-node")
	if got := script(); got == pid || agents() != "1" {
		t.Errorf("with another agent: process %s after %s, %s agents run", got, pid, agents())
	}
	r.inDNS(bootRoundRobin, n)
	want("stop", 0)
	r.inDNS(bootRoundRobin)
	want("status", 3) // LSB: not running
	if got := agents(); got != "0" {
		t.Errorf("%s agents run after stop", got)
	}
	want("stop", 0)
	want("start", 0)
	r.inDNS(bootRoundRobin, n)
	registered := strings.Count(n.agentLog(), ": registered ")
	want("restart", 0)
	r.until("it is registered again", func() bool { return strings.Count(n.agentLog(), ": registered ") == registered+1 })
	r.inDNS(bootRoundRobin, n)
	want("status", 0)
	if got := agents(); got != "1" {
		t.Errorf("%s agents run after restart", got)
	}
	want("dance", 2)
	// An agent that fell over is reported from one that was stopped, and is started again.
	n.shell("kill -9 $(cat /run/rollcall-node.pid)")
	r.until("the agent is gone", func() bool { return agents() == "0" })
	want("status", 1) // LSB: dead, and its pid file is there
	healthy := strings.Count(n.agentLog(), ": healthy: ")
	want("start", 0)
	want("status", 0)
	r.until("it has found its node healthy again", func() bool { return strings.Count(n.agentLog(), ": healthy: ") == healthy+1 }) // its record was there all the time
	r.inDNS(bootRoundRobin, n)

	// What init does when it goes down: the node leaves.
	if got := strings.TrimSpace(n.shell("ls /etc/rc0.d /etc/rc6.d /etc/rc2.d | grep -c '[KS][0-9][0-9]rollcall-node'")); got != "3" {
		t.Errorf("the script is linked %s times in rc0.d, rc6.d and rc2.d", got)
	}
	n.shell("/etc/rc0.d/K??rollcall-node stop")
	r.inDNS(bootRoundRobin)
	if got := n.markers(); len(got) != 0 {
		t.Errorf("it leaves %v", got)
	}
}
