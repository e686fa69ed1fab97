package boot_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/boot"
	"rollcall/providers/sim/world"
)

// able skips a test where machines cannot be booted; in CI that is a failure.
func able(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	if err := boot.Check(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func start(t *testing.T) (*boot.Cluster, *world.World) {
	t.Helper()
	able(t)
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	root, err := boot.Root(ctx, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	rack, err := boot.NewCluster(context.Background(), boot.Options{Root: root, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	s, err := sim.Start(context.Background(), sim.Options{
		Seed: 1, Machine: rack.Power,
		Delays: world.Delays{Boot: 10 * time.Millisecond, Agent: time.Millisecond, Stop: time.Millisecond, Forget: time.Hour, Propagate: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rack.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := rack.Serve(s); err != nil {
		t.Fatal(err)
	}
	return rack, s.World()
}

// until waits for what a machine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 200 {
		if ok() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("it never came to this: %s", what)
}

const script = `#!/bin/sh
echo "booted $(hostname) $(cloud-init query platform) $(cloud-init query instance_id)" >>/var/log/script
systemctl is-system-running --wait >>/dev/null
`

// A first run makes the root file system, for the tests of other packages too.
func TestTheRootFileSystemIsMadeOnce(t *testing.T) {
	able(t)
	ctx, cancel := context.WithTimeout(t.Context(), 14*time.Minute)
	defer cancel()
	root, err := boot.Root(ctx, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(root)
	if err != nil {
		t.Fatal(err)
	}
	again, err := boot.Root(ctx, "", nil)
	if err != nil || again != root {
		t.Fatalf("%s and %s, %v", root, again, err)
	}
	if after, err := os.Stat(root); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was made again: %v", err)
	}
	for _, path := range []string{"usr/sbin/nginx", "usr/bin/cloud-init", "usr/lib/systemd/systemd", "usr/bin/python3"} {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "usr/sbin/mdata-get")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what belongs to one cloud is in the root file system: %v", err)
	}
}

func TestAMachineKeepsItsDiskOverAStopAndEndsWithItsPlug(t *testing.T) {
	rack, w := start(t)
	i, err := w.Launch("aws-use1", world.Instance{Name: "www-99", UserData: []byte(script)})
	if err != nil {
		t.Fatal(err)
	}
	var m *boot.Machine
	log := func() string { text, _ := m.ReadFile("/var/log/script"); return string(text) }
	defer func() {
		if t.Failed() && m != nil {
			t.Log(m.Console())
			out, err := m.Run(t.Context(), "sh", "-c", "cloud-init status --long; grep -iE 'ec2|169.254|crawl|Traceback|Error' /var/log/cloud-init.log | head -60; systemctl --failed; ip a; ip r")
			t.Log(out, err)
		}
	}()
	begin := time.Now()
	until(t, "the machine is on", func() (ok bool) { m, ok = rack.Machine(i.ID); return ok })
	until(t, "its script has run", func() bool { return strings.HasPrefix(log(), "booted ") })
	t.Logf("booted after %s: %s", time.Since(begin), log())
	if !strings.Contains(log(), "ec2 "+i.ID) {
		t.Errorf("cloud-init says %q", log())
	}
	// Nothing leads out of the machines' network, and nothing of it is in ours.
	if out, err := m.Run(t.Context(), "curl", "-sS", "--max-time", "5", "http://192.0.2.1/"); err == nil || !strings.Contains(out, "curl: (7)") {
		t.Errorf("a machine reaches what is not there: %v %s", err, out)
	}
	ours, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range ours {
		if strings.HasPrefix(a.String(), "169.254.169.") || strings.HasPrefix(a.String(), "34.200.") {
			t.Errorf("this machine's own network has %s", a)
		}
	}
	state := func() providers.InstanceState {
		now, err := w.Instance("aws-use1", i.ID)
		if err != nil {
			t.Fatal(err)
		}
		return now.State
	}
	if _, err := m.Run(t.Context(), "systemctl", "poweroff"); err != nil {
		t.Fatal(err)
	}
	until(t, "a machine that switches itself off is a stopped instance", func() bool { return state() == providers.StateStopped && !m.On() })
	if _, _, err := w.Do("aws-use1", i.ID, world.Start); err != nil {
		t.Fatal(err)
	}
	up := func() bool {
		out, _ := m.Run(t.Context(), "systemctl", "is-system-running")
		return strings.TrimSpace(out) == "running"
	}
	until(t, "it is up again, with nothing failed", up)
	if n := strings.Count(log(), "booted"); n != 1 {
		t.Errorf("the script of a first boot ran %d times", n)
	}
	if _, _, err := w.Do("aws-use1", i.ID, world.Reboot); err != nil {
		t.Fatal(err)
	}
	until(t, "it has rebooted", func() bool { return m.Boots() == 3 && up() })
	if got := state(); got != providers.StateRunning {
		t.Errorf("after a reboot it is %s", got)
	}
	if _, _, err := w.Do("aws-use1", i.ID, world.PowerLoss); err != nil {
		t.Fatal(err)
	}
	until(t, "its plug is pulled", func() bool { return !m.On() })
	if got := state(); got != providers.StateTerminated {
		t.Errorf("without power it is %s", got)
	}
}
