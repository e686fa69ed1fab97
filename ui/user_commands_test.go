package ui_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollcall/ui"
	"rollcall/ui/common"
)

func withCommands(o *ui.Options, _ *fake) {
	o.Commands = []common.UserCommand{
		{Name: "logs", Key: "ctrl+l", Run: []string{"ssh", "{address}", "journalctl"}},
		{Name: "reset", Run: []string{"/bin/reset", "{id}", "--now"}, Dangerous: true},
	}
}

// ran returns the programs that were to be run, as lines.
func (r *rig) ran() (out []string) {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	for _, p := range r.f.programs {
		out = append(out, strings.Join(p, " "))
	}
	return out
}

// untilRan waits until so many programs were to be run.
func (r *rig) untilRan(n int) {
	r.t.Helper()
	r.untilTrue(strconv.Itoa(n)+" programs", func() bool { return len(r.ran()) == n })
}

func TestACommandOfTheConfigRunsForTheRowUnderTheCursor(t *testing.T) {
	r := newRig(t, 120, 40, withCommands).ready().byName()
	r.press("ctrl+l")
	r.press(":")
	r.typeText("reset")
	r.press("enter")
	r.until("/bin/reset i-0ab1a4c1d2e3f4a5 --now", "y run it")
	r.untilRan(1)
	if got := r.ran(); !slices.Equal(got, []string{"ssh 54.1.20.7 journalctl"}) {
		t.Errorf("before it is confirmed: %q", got)
	}
	r.press("enter") // is no yes
	r.has("y run it")
	r.press("y")
	r.untilRan(2)
	if got := r.ran(); got[1] != "/bin/reset i-0ab1a4c1d2e3f4a5 --now" {
		t.Errorf("%q", got)
	}
	r.press("R", "ctrl+l")
	r.until("read-only")
	r.press("R", "tab", "ctrl+l") // a record without an address
	r.until("logs needs {address}, and this row has none")
	if got := r.ran(); len(got) != 2 {
		t.Errorf("%q", got)
	}
}

func TestTheConsoleGoesOnWhileAProgramOfTheConfigIsLookedUp(t *testing.T) {
	r := newRig(t, 120, 40, withCommands).ready()
	r.f.looksUp = make(chan struct{})
	handled := make(chan struct{})
	go func() {
		defer close(handled)
		r.press("ctrl+l")
	}()
	select {
	case <-handled:
	case <-time.After(5 * time.Second):
		t.Error("the console waits for the program")
	}
	close(r.f.looksUp)
	<-handled
	r.untilRan(1)
}

func TestNoValueOfARowBecomesAnOptionOfAProgram(t *testing.T) {
	r := newRig(t, 120, 40, func(o *ui.Options, f *fake) {
		o.Commands = []common.UserCommand{{Name: "ping", Key: "ctrl+l", Run: []string{"ping", "{name}"}}}
		f.snap.Clouds[0].Instances[0].Name = "-oProxyCommand=x"
		f.snap.Clouds[0].Instances[1].Name = "a\x1bb"
	})
	r.until("Instances 30")
	for range 30 {
		r.press("ctrl+l", "j")
	}
	r.untilRan(21) // the names of seven in joyent-ams begin with a hyphen too
	for _, p := range r.ran() {
		if strings.Contains(p, "-oProxy") || strings.Contains(p, "\x1b") {
			t.Errorf("ran %q", p)
		}
	}
}
