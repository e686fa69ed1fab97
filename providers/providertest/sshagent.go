package providertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// SSHAgent starts OpenSSH's own agent until the end of the test, and returns its socket and a folder for keys. Where OpenSSH
// is not installed the test is left out, and fails if CI is true.
func SSHAgent(t *testing.T) (socket, dir string) {
	t.Helper()
	for _, p := range []string{"ssh-agent", "ssh-add", "ssh-keygen"} {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed (openssh-client), and CI requires it", p)
			}
			t.Skipf("%s is not installed (openssh-client)", p)
		}
	}
	dir, err := os.MkdirTemp("", "ssh") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "agent")
	StartProgram(t, exec.Command("ssh-agent", "-s", "-D", "-a", socket), "SSH_AUTH_SOCK="+socket+"; export SSH_AUTH_SOCK;")
	return socket, dir
}
