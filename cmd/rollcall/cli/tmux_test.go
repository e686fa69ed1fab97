package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestTheConsoleInARealTerminal presses the keys of a first day: filter,
// deregister a dead entry, undo it, launch a node, terminate it.
func TestTheConsoleInARealTerminal(t *testing.T) {
	_, env := apart(t)
	x := newTerminal(t, env, "rollcall --demo")
	x.see("Instances 67", "DNS 95", "6 dead")

	x.keys("Tab", "/")
	x.text("finding:dead type:A zone:scalability")
	x.keys("Enter")
	x.see("DNS 2/95", "d deregister")
	x.keys("d")
	x.see("done: Delete www.scalability.expert A", "DNS 1/94")
	x.keys("u")
	x.see("undo the last change", "y do it")
	x.read()
	x.keys("y")
	x.see("✓ Restore www.scalability.expert A", "DNS 2/95")
	x.keys("Escape")
	x.unsee("undo the last change")

	x.keys("L")
	x.see("Launch", "www.scalability.expert", "#!/bin/sh")
	x.keys("C-s")
	x.see("launch 1 node")
	x.keys("Enter")
	x.see("enter again launches 1 node")
	x.read()
	x.keys("Enter")
	s := x.see("1 of 1 registered")
	name := regexp.MustCompile(`www-[0-9a-f]{4}-01`).FindString(s)
	if name == "" {
		t.Fatalf("no name of the node on\n%s", s)
	}
	x.keys("Enter")
	x.see("Console log of "+name+" in aws-use1", "Linux version", "rollcall-node: registered www.scalability.expert A")
	x.keys("Escape")
	x.see("1 of 1 registered")
	x.keys("Escape")
	x.unsee("1 of 1 registered")

	x.keys("Tab", "/")
	x.text(name)
	x.keys("Enter")
	x.see("Instances 1/68")
	x.keys("x")
	x.see("type the name to terminate it", "Wait 60 s")
	x.read()
	x.text(name)
	x.keys("Enter")
	x.see("until resolvers forget", "s skip the wait")
	x.read()
	x.keys("s")
	x.see("✓ Terminate " + name)
	x.keys("Escape")
	x.unsee("✓ Terminate")
	x.see("Instances 0/67")
	x.keys("q")
	x.see("exit code 0")
}

// terminal is a real terminal, with a person's keys and eyes.
type terminal struct {
	t      *testing.T
	socket string
	env    []string
}

// newTerminal starts a command in tmux, with an environment.
func newTerminal(t *testing.T, env []string, command string) *terminal {
	t.Helper()
	need(t, "tmux")
	term := &terminal{t: t, socket: filepath.Join(t.TempDir(), "tmux"), env: env}
	path, err := exec.LookPath("rollcall")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("export LC_ALL=C.UTF-8; PATH=%s:$PATH; %s; echo \"exit code $?\"; sleep 60", filepath.Dir(path), command)
	term.tmux("-f", os.DevNull, "new-session", "-d", "-s", "x", "-x", "140", "-y", "40", "sh", "-c", script)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last screen:\n%s", term.screen())
		}
		_ = exec.Command("tmux", "-S", term.socket, "kill-server").Run()
	})
	return term
}

func (x *terminal) tmux(args ...string) string {
	x.t.Helper()
	c := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...)
	c.Env = x.env
	out, err := c.CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (x *terminal) screen() string { return x.tmux("capture-pane", "-p", "-t", "x") }

// keys presses keys, by their tmux names.
func (x *terminal) keys(keys ...string) {
	x.t.Helper()
	x.tmux(append([]string{"send-keys", "-t", "x"}, keys...)...)
}

// text types a text as it is.
func (x *terminal) text(s string) {
	x.t.Helper()
	x.tmux("send-keys", "-t", "x", "-l", s)
}

// see waits until the screen shows all of the texts.
func (x *terminal) see(texts ...string) string {
	x.t.Helper()
	return x.until(fmt.Sprintf("%q", texts), func(s string) bool {
		for _, want := range texts {
			if !strings.Contains(s, want) {
				return false
			}
		}
		return true
	})
}

// read takes a person's time: a dialog that has just opened takes no keys.
func (x *terminal) read() { time.Sleep(1500 * time.Millisecond) }

// unsee waits until the screen does not show the text any more.
func (x *terminal) unsee(text string) {
	x.t.Helper()
	x.until("no "+strconv.Quote(text), func(s string) bool { return !strings.Contains(s, text) })
}

// until waits until the screen is as wanted, for minutes.
func (x *terminal) until(what string, holds func(string) bool) string {
	x.t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if s := x.screen(); holds(s) {
			return s
		}
	}
	x.t.Fatalf("not on the screen within minutes: %s\n%s", what, x.screen())
	return ""
}
