package userdata

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers"
)

const kernelLine = "[    0.000000] Linux version 6.1.0-25-cloud-amd64 (debian-kernel@lists.debian.org)\r\n"

func TestAConsoleLogTellsHowFarABootHasCome(t *testing.T) {
	agent := func(lines ...string) string {
		var b strings.Builder
		for _, l := range lines {
			b.WriteString("2026-09-21T14:13:20Z rollcall-node: " + l + "\r\n")
		}
		return b.String()
	}
	waits, well := "waiting for the health check: 0 of 1 passed", "healthy: 2 of 3 health checks passed"
	in := "registered www.example.com A 203.0.113.7"
	for _, tc := range []struct {
		name, log string
		want      BootLog
	}{
		{"nothing", "", BootLog{}},
		{"blank lines", "\r\n \r\n", BootLog{}},
		{"a kernel", kernelLine, BootLog{Step: BootBegun}},
		{"a systemd in a container", "Welcome to Debian GNU/Linux 12 (bookworm)!\n", BootLog{Step: BootBegun}},
		{"words of others", kernelLine + "app: healthy: 2 of 2\nrollcall-node: healthy: without a time\n", BootLog{Step: BootBegun}},
		{"it waits", kernelLine + agent(waits), BootLog{Step: BootBegun, Message: waits}},
		{"it is well", kernelLine + agent(waits, well), BootLog{Step: BootHealthy, Message: well}},
		{"it is well and cannot write", agent(well, "register: Route 53 answers 403 AccessDenied; again in 2.0 s"), BootLog{Step: BootHealthy, Message: "register: Route 53 answers 403 AccessDenied; again in 2.0 s"}},
		{"it is in", agent(waits, well, in), BootLog{Step: BootRegistered, Message: in}},
		{"it was in already", agent(well, "already "+in), BootLog{Step: BootRegistered, Message: "already " + in}},
		{"others write after it", agent(well) + "\r\nDebian GNU/Linux 12 ip-10-16-0-1 ttyS0\r\n", BootLog{Step: BootHealthy, Message: well}},
		{"in the middle of a line", "ip-10-16-0-1 login: " + agent(in), BootLog{Step: BootRegistered, Message: in}},
		{"quiesced", agent(well, "quiesced by an operator: not registered"), BootLog{Step: BootHealthy, Message: "quiesced by an operator: not registered"}},
		{"well no more", agent(in, "unhealthy: 2 of 3 health checks failed"), BootLog{Step: BootBegun, Message: "unhealthy: 2 of 3 health checks failed"}},
		{"out again", agent(in, "deregistered www.example.com A 203.0.113.7"), BootLog{Step: BootBegun, Message: "deregistered www.example.com A 203.0.113.7"}},
		{"it fell over before it was well", agent("where this node runs: given up after 10 tries: no answer"), BootLog{Step: BootBegun, Message: "where this node runs: given up after 10 tries: no answer"}},
		{"another boot has begun", agent(well, in) + kernelLine, BootLog{Step: BootBegun}},
		{"cloud-init is through", kernelLine + "[   28.5] cloud-init[412]: Cloud-init v. 22.4.2 finished at Thu, 01 Jan 2026 00:00:00 +0000. Datasource DataSourceEc2.\n", BootLog{Step: BootBegun, Ended: true}},
		{"its script failed", kernelLine + "2026-01-01 00:00:00,000 - util.py[WARNING]: Failed to run module scripts-user\n", BootLog{Step: BootBegun, Failed: true}},
		{"the end of the boot before", "Cloud-init v. 22.4.2 finished at x\n" + kernelLine, BootLog{Step: BootBegun}},
		{"control characters", agent("registered \x1b[2Jx\x07y"), BootLog{Step: BootRegistered, Message: "registered [2Jx y"}},
	} {
		if got := ReadBootLog(tc.log); got != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, got, tc.want)
		}
	}
}

// What the agent really writes is what ReadBootLog reads.
func TestTheAgentsOwnConsoleLinesTellItsSteps(t *testing.T) {
	r := newRig(t, startSim(t), providers.EC2, providers.Route53, 1)
	console := func() BootLog {
		text, err := os.ReadFile(filepath.Join(r.dir, "console"))
		if err != nil {
			t.Fatal(err)
		}
		return ReadBootLog(kernelLine + string(text))
	}
	r.imds["meta-data/iam/security-credentials/"] = ""
	if code, said := r.run("register"); code != 1 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	if b := console(); b.Step != BootHealthy || !strings.Contains(b.Message, "has no role") {
		t.Errorf("without a role: %+v", b)
	}
	r.imds["meta-data/iam/security-credentials/"] = "node"
	if code, said := r.run("register"); code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	if b := console(); b.Step != BootRegistered {
		t.Errorf("registered: %+v", b)
	}
	if code, said := r.run("deregister"); code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	if b := console(); b.Step != BootBegun || !strings.HasPrefix(b.Message, "deregistered ") {
		t.Errorf("deregistered: %+v", b)
	}
}
