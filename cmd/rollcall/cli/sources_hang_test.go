//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"rollcall/cmd/rollcall/exit"
)

// A key file may be a pipe without a writer, or lie on a file system that does not answer.
func TestAKeyFileThatIsNeverAnsweredFailsItsOwnSourceAndTheRestGoesOn(t *testing.T) {
	newWorld(t)
	pipe := filepath.Join(t.TempDir(), "id_rsa")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { // ends the set-ups that wait for it
		if f, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			_ = f.Close()
		}
	})
	reconfigure(t, "name: joyent-ams, provider: triton", "name: joyent-ams, provider: triton, key_file: "+pipe)
	const why = "setting it up has not ended within"
	failed := map[any]string{}
	for _, r := range objects(t, "ls", "sources", "-o", "json") {
		if r["state"] != "complete" {
			failed[r["name"]], _ = r["error"].(string)
		}
	}
	if len(failed) != 1 || !strings.Contains(failed["joyent-ams"], why) {
		t.Errorf("%v", failed)
	}
	if r := rollcall(t, "config", "check"); r.code != exit.Unknown || !strings.Contains(r.err, "joyent-ams") || !strings.Contains(r.err, why) {
		t.Errorf("config check: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "--timeout", "8s", "deregister", "--dead"); r.code != exit.Unknown && r.code != exit.Failed || !strings.Contains(r.err, why) {
		t.Errorf("deregister --dead: exit code %d, %s", r.code, r.err)
	}
}
