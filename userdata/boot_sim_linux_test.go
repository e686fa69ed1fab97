package userdata_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestBootALaunchInTheSimulationBootsALittleMachineInEachCloud(t *testing.T) {
	t.Parallel()
	bootAble(t)
	dir := t.TempDir()
	envFile := filepath.Join(dir, "env")
	home := []string{"HOME=" + dir, "XDG_STATE_HOME=" + filepath.Join(dir, "state"), "PATH=" + os.Getenv("PATH"), "NO_COLOR=1"}
	simulation := exec.Command(bootCommand(t), "sim", "--boot", "--env-file", envFile)
	// The root file system is the one that the other tests have made.
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	simulation.Env = append(home, "XDG_CACHE_HOME="+cache)
	var said strings.Builder
	simulation.Stderr = &said
	if err := simulation.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- simulation.Wait() }()
	t.Cleanup(func() {
		_ = simulation.Process.Signal(syscall.SIGINT)
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("rollcall sim --boot: %v\n%s", err, said.String())
			}
		case <-time.After(time.Minute):
			_ = simulation.Process.Kill()
			t.Errorf("rollcall sim --boot does not end: %v", <-ended)
		}
	})
	r := &bootRig{t: t, rollcall: bootCommand(t), env: home}
	r.waitFor("the simulation is up", 9*time.Minute, func() bool { _, err := os.Stat(envFile); return err == nil })
	f, err := os.Open(envFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if kv, ok := strings.CutPrefix(lines.Text(), "export "); ok {
			r.env = append(r.env, strings.ReplaceAll(kv, "'", ""))
		}
	}
	begin := time.Now()
	code, out, told := r.run("launch", "--cloud", "aws-euw1,joyent-ams", "--service", "www.scalability.expert", "--set", "health_interval=1", "--wait", "--yes",
		"--instance-profile", "aws-euw1=rollcall-node", "--metadata", "cloudflare-token=NODE_TOKEN") // what the nodes join DNS with
	if code != 0 || strings.Count(out, "registered") != 2 {
		t.Errorf("rollcall launch says\n%s%s", out, told)
	}
	// What the machine writes to its console is the console log of its instance.
	if !strings.Contains(told, " in aws-euw1: booting") || strings.Contains(told, " in joyent-ams: booting") {
		t.Errorf("the boot is told as\n%s", told)
	}
	t.Logf("two machines launched, booted and in DNS after %s", time.Since(begin).Round(100*time.Millisecond))
}
