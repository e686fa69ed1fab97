package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeSSH is a program that has the terminal, and says when it gets a signal of the keyboard.
const fakeSSH = `#!/bin/sh
trap 'echo interrupted' INT
echo "a shell on $*"
while [ ! -e "$HOME/leave" ]; do sleep 0.1; done
exit 0 # and not what a ctrl-c has made of the last sleep
`

// TestASignalOfTheKeyboardIsTheShellsWhileItHasTheTerminal presses ctrl-c and ctrl-z in ssh, and ctrl-z in the console.
func TestASignalOfTheKeyboardIsTheShellsWhileItHasTheTerminal(t *testing.T) {
	need(t, "bash")
	dir, env := apart(t)
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(fakeSSH), 0o700); err != nil {
		t.Fatal(err)
	}
	x := newTerminal(t, append(env, racesIn(dir)), "PATH="+dir+":$PATH PS1='PROMPT> ' bash --norc --noprofile -i")
	x.see("PROMPT>")
	x.text("rollcall --demo\n")
	x.byName()
	x.keys("o")
	x.see("a shell on ")
	x.keys("C-c")
	x.see("interrupted")
	x.keys("C-z")
	x.prompt()
	x.text("fg\n")
	// A ctrl-c throws away what the shell has not read yet, so it comes after the shell has named the job.
	until(t, "the job in the foreground", func() bool { return strings.Count(x.screen(), "rollcall --demo") == 3 })
	x.keys("C-c")
	if err := os.WriteFile(filepath.Join(dir, "leave"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	x.see("the shell has ended", "Instances 67")
	x.keys("j")
	x.see("bastion-02 i-")

	x.keys("C-z")
	x.prompt()
	x.text("fg\n")
	x.see("Instances 67", "bastion-02 i-")
	x.keys("k")
	x.see("bastion-01 i-")
	x.keys("C-z")
	x.prompt()
	x.text("kill -CONT %1; kill -TSTP %1; for i in {1..600}; do jobs | grep -q Stopped && break; sleep 0.1; done; echo stopped from outside; fg\n")
	x.see("Instances 67", "bastion-01 i-")
	x.keys("j")
	x.see("bastion-02 i-")
	x.keys("q")
	x.prompt()
	x.text("echo code $?\n")
	x.see("code 0")
	onlyRacesOfShutdown(t, dir)
}

// racesIn returns the variable that has the race detector of a program write to files in a folder.
func racesIn(dir string) string {
	return "GORACE=" + os.Getenv("GORACE") + " exitcode=0 log_path=" + filepath.Join(dir, "race")
}

// onlyRacesOfShutdown fails the test if the race detector has found more than what bubbletea does on a very busy machine: a
// reader of the terminal that has not ended half a second after a suspension may still use it when the program closes it.
func onlyRacesOfShutdown(t *testing.T, dir string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "race.*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		for _, report := range strings.Split(string(text), "WARNING: DATA RACE")[1:] {
			if !strings.Contains(report, "cancelreader.(*epollCancelReader).Close") || !strings.Contains(report, "bubbletea/v2.(*Program).Run.(*Program).shutdown") {
				t.Errorf("a data race: %s", report)
			}
		}
	}
}

// prompt waits until the shell reads: what is typed while a program changes the modes of the terminal may be thrown away.
func (x *terminal) prompt() {
	x.t.Helper()
	until(x.t, "the prompt of the shell", func() bool {
		screen := strings.TrimSpace(x.screen())
		return screen[strings.LastIndexByte(screen, '\n')+1:] == "PROMPT>"
	})
}

// byName puts the instances of a console into the order of their names, with the cursor on the first.
func (x *terminal) byName() {
	x.see("Instances 67 · worst first", "svc-v1-92")
	x.keys("s")
	x.see("CLOUD↑")
	x.keys("g")
	x.see("bastion-01 i-")
}

// TestCtrlZWithoutAShellToComeBackToKeepsTheConsole suspends a console that nothing could continue.
func TestCtrlZWithoutAShellToComeBackToKeepsTheConsole(t *testing.T) {
	_, env := apart(t)
	x := newTerminal(t, env, "rollcall --demo")
	x.byName()
	x.keys("C-z")
	x.see("cannot be suspended here")
	x.keys("j")
	x.see("bastion-02 i-")
	x.keys("q")
	x.see("exit code 0")
}

// TestADumbTerminalGetsNoControlSequences starts the console where no cursor can be moved.
func TestADumbTerminalGetsNoControlSequences(t *testing.T) {
	need(t, "script")
	dir, env := apart(t)
	x := newTerminal(t, env, "TERM=dumb script -qec 'rollcall --demo' "+filepath.Join(dir, "out")+" >/dev/null; echo; cat -v "+filepath.Join(dir, "out")+"; true")
	s := x.see("the console needs a terminal that can move its cursor", "exit code 0")
	if strings.Contains(s, "^[") {
		t.Errorf("control sequences:\n%s", s)
	}
}

func TestConfigInitAsksAtATerminalWhetherToJoinTheFleetOfTheZones(t *testing.T) {
	newWorld(t)
	path := filepath.Join(t.TempDir(), "c.yaml")
	setenv(t, "ROLLCALL_CONFIG", path)
	x := newTerminal(t, environment(t).List(), "rollcall config init")
	x.see("records of the fleet 7f3a9c1e (", "enter to join 7f3a9c1e")
	x.text("no/id")
	x.keys("Enter")
	x.see(`"no/id" cannot stand in an owner marker`)
	x.keys("Enter")
	x.see("exit code 0")
	if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "fleet: 7f3a9c1e\n") {
		t.Errorf("%v\n%s", err, text)
	}
}
