package providertest

import (
	"bufio"
	"os/exec"
	"sync"
	"testing"
)

// StartProgram starts a program and returns once its first line is says. Kill kills it, as the end of the test does.
func StartProgram(t *testing.T, c *exec.Cmd, says string) (kill func()) {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // that it was killed is no surprise
		_ = in.Close()
	})
	t.Cleanup(kill)
	if l, err := bufio.NewReader(out).ReadString('\n'); err != nil || l != says+"\n" {
		t.Fatalf("%q, %v", l, err)
	}
	return kill
}
