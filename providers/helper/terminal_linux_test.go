package helper

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"rollcall/providers/providertest"
)

func TestAHelperHasNoTerminalEvenIfWeHaveOne(t *testing.T) {
	if os.Getenv("HELPER_TEST_AT_TERMINAL") != "" { // the program that owns the terminal
		_, err := Run(t.Context(), env, "echo typed-over >/dev/tty; read key </dev/tty && echo got $key >&2; exit 1")
		fmt.Println("error:", err)
		return
	}
	t.Parallel()
	ours, terminal := providertest.Terminal(t)
	if _, err := ours.WriteString("k\n"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "HELPER_TEST_AT_TERMINAL=1")
	cmd.Stdin = terminal
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "error: exit status 1") || strings.Contains(string(out), "got k") || !strings.Contains(string(out), "/dev/tty") {
		t.Errorf("%v: %s", err, out)
	}
}
