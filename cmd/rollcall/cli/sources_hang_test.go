//go:build unix

package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rollcall/cmd/rollcall/exit"
)

// A key file may be a pipe without a writer, or lie on a file system that does not answer.
func TestAKeyFileThatIsNeverAnsweredFailsItsOwnSourceAndTheRestGoesOn(t *testing.T) {
	sim := startSim(t, "--instances", fmt.Sprint(worldSize))
	pipe := filepath.Join(t.TempDir(), "id_rsa")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { // ends the set-ups that wait for it
		if f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			_ = f.Close()
		}
	})
	sim.reconfigure("name: joyent-ams, provider: triton", "name: joyent-ams, provider: triton, key_file: "+pipe)
	const why = "setting it up has not ended within"
	var wg sync.WaitGroup
	var list, check, deregister, short result
	wg.Go(func() { list = sim.rollcall("ls", "sources", "-o", "json") })
	wg.Go(func() { check = sim.rollcall("config", "check") })
	wg.Go(func() { deregister = sim.rollcall("--timeout", "30s", "deregister", "--dead") })
	wg.Go(func() { short = sim.rollcall("--timeout", "2s", "ls", "instances") })
	wg.Wait()
	if strings.Contains(short.err, why) || !strings.Contains(short.err, "joyent-ams is failed: set up: unreachable: the time of --timeout was over before it was set up") {
		t.Errorf("with a short --timeout: exit code %d, %s", short.code, short.err)
	}
	failed := map[any]string{}
	for _, r := range decode[[]object](t, list.out) {
		if r["state"] != "complete" {
			failed[r["name"]], _ = r["error"].(string)
		}
	}
	if list.code != exit.Done || len(failed) != 1 || !strings.Contains(failed["joyent-ams"], why) {
		t.Errorf("exit code %d, %v", list.code, failed)
	}
	if check.code != exit.Unknown || !strings.Contains(check.err, "joyent-ams") || !strings.Contains(check.err, why) {
		t.Errorf("config check: exit code %d, %s", check.code, check.err)
	}
	if deregister.code != exit.Unknown && deregister.code != exit.Failed || !strings.Contains(deregister.err, why) {
		t.Errorf("deregister --dead: exit code %d, %s", deregister.code, deregister.err)
	}
}
