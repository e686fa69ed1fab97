package ui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/index"
	"rollcall/ui"
)

// draining starts a drain of the first instance, and leaves it in the background in its wait.
func draining(t *testing.T, w, h int, change ...func(*ui.Options, *fake)) *rig {
	t.Helper()
	r := newRig(t, w, h, append(change, func(_ *ui.Options, f *fake) { f.hold = make(chan struct{}) })...)
	r.until("Instances 30")
	r.byName().press("x")
	r.until("type the name")
	r.typeText("use1-build-07")
	r.press("enter")
	r.until("42s")
	r.press("esc")
	return r
}

func TestARowSaysThatItIsBeingDrainedAndTheHeaderCountsWhatRuns(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {140, 40}, {200, 50}} {
		r := draining(t, size[0], size[1])
		r.has("1 RUNNING")
		if l := r.line("use1-build-07 "); !strings.Contains(l, "draining 42 s") {
			t.Errorf("at %v: %q", size, l)
		}
		r.clock.Advance(20 * time.Second)
		if l := r.line("use1-build-07 "); !strings.Contains(l, "draining 22 s") {
			t.Errorf("at %v: %q", size, l)
		}
		close(r.f.hold)
		r.until("done: ")
		r.hasNot("RUNNING", "draining")
	}
}

func TestTheWaitOfADrainSaysThatItIsForOpenConnectionsToo(t *testing.T) {
	for _, linger := range []time.Duration{0, 5 * time.Minute} {
		r := draining(t, 120, 40, func(_ *ui.Options, f *fake) { f.services[0].Linger = linger })
		r.press(":")
		r.typeText("changes")
		r.press("enter")
		r.has("42s until resolvers forget")
		if strings.Contains(r.screen(), "until resolvers forget and connections end") != (linger > 0) {
			t.Errorf("with %v:\n%s", linger, r.screen())
		}
		close(r.f.hold)
	}
}

func TestMessagesCanBeReadAgainWithTheirTimes(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("M")
	r.has("no message yet")
	r.press("esc", "p")
	r.clock.Advance(65 * time.Second)
	r.press("p")
	r.clock.Advance(time.Hour)
	r.press("M")
	r.has("Messages", "03:00:00 · paused", "03:01:05 · the regular refresh goes on")
	if s := r.screen(); strings.Index(s, "03:01:05") > strings.Index(s, "03:00:00") {
		t.Error("the latest message is not the first")
	}
	r.press("esc")
	r.hasNot("Messages")
}

func TestAWrongTypedNameSaysSo(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("x")
	r.until("type the name to terminate it")
	r.typeText("www-01")
	r.press("enter")
	r.has(`✖ "www-01" is not "use1-build-07"; nothing was done`)
	r.press("backspace")
	r.hasNot("is not")
	if len(r.f.runs) != 0 {
		t.Error("it ran")
	}
}

func TestTheKeysOfTheScreenAreNotOfferedUnderADialog(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.has("L launch")
	r.onDead()
	r.has("d deregister")
	for _, k := range []string{"enter", ":", "?"} {
		r.press(k)
		r.hasNot("L launch", "  ·  w why ")
		r.press("esc")
	}
}

func TestWhatEndsInTheBackgroundOffersNoKeyUnderADialog(t *testing.T) {
	r := draining(t, 140, 40)
	r.press("?")
	close(r.f.hold)
	r.until("done: ")
	r.hasNot("u undo  ")
	r.press("esc")
	r.has("done: ", " u undo")
}

func TestAHintAboutTheScreenDoesNotStandUnderADialog(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("l")
	r.has("l goes to the right")
	r.press("L")
	r.until("Launch", "bytes")
	r.hasNot("l goes to the right")
	r.press("esc", "M")
	r.has("l goes to the right")
}

func TestHintsAreThoseThatWorkHere(t *testing.T) {
	r := newRig(t, 160, 40).ready()
	r.hasNot("d deregister") // a build node has no record
	r.has("x terminate")
	r.press("tab")
	r.has("d deregister")
	r.press("R")
	r.clock.Advance(time.Minute)
	r.hasNot("d deregister", "L launch", "x terminate", "u undo")
	r.press("R")
	r.clock.Advance(time.Minute)

	r.press("V", "z")
	r.until("Services 2", "use1-www-01")
	r.press("g")
	r.hasNot("d deregister", "Q quiesce", "x terminate", "d removes")
	r.on("use1-www-01")
	r.has("x terminate", "Q quiesce")
	r.press("R")
	r.clock.Advance(time.Minute)
	r.hasNot("x terminate", "Q quiesce")
	r.press("enter")
	r.has("w why")
	r.hasNot("quiesce", "return")
}

func TestTheStateOfANodeInTheServicesNamesWhatRunsInEveryWidth(t *testing.T) {
	for _, w := range []int{80, 100, 120, 200} {
		r := newRig(t, w, 40, func(_ *ui.Options, f *fake) { f.hold = make(chan struct{}) })
		r.until("Instances 30")
		r.press("V", "z")
		r.until("Services 2", "use1-www-01")
		r.on("use1-www-01")
		r.press("x")
		r.until("type the name")
		r.typeText("use1-www-01")
		r.press("enter")
		r.until("42s")
		r.press("esc")
		if l := r.line("use1-www-01 "); !strings.Contains(l, "draining") {
			t.Errorf("at %d: %q", w, l)
		}
		close(r.f.hold)
	}
}

func TestAPlanThatTheGuardsRefuseIsAskedAgainByItsKey(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.refuse = index.GuardCoverage }).ready().byName()
	r.on("use1-www-01")
	r.press("Q")
	r.until("the guards refuse; nothing was changed", "r ask again")
	r.f.mu.Lock()
	r.f.refuse = ""
	r.f.mu.Unlock()
	r.press("r")
	r.until("y do it")
	r.hasNot("the guards refuse")
}

func TestEnterOnTheErrorOfALaunchGoesToItsField(t *testing.T) {
	r := newRig(t, 140, 50).ready()
	r.press("L")
	r.until("Launch", "bytes")
	r.press("down", "left") // no node in aws-use1
	r.until("give at least one cloud a count")
	ctrlS := tea.KeyPressMsg{Code: 's', Mod: tea.ModCtrl}
	r.send(ctrlS)
	if l := r.line("give at least one cloud a count"); !strings.Contains(l, "▌") {
		t.Fatalf("the cursor is not on the button: %q", l)
	}
	r.press("enter")
	if l := r.line("▌ aws-use1 "); l == "" {
		t.Error("enter does not go to the count")
	}
	r.press("right")
	r.until("bytes")
	r.hasNot("give at least one cloud a count")
}
