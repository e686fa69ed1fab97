package ui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui"
)

// clickOn clicks on the first line of the screen with a text, at the text.
func (r *rig) clickOn(text string) {
	r.t.Helper()
	for y, l := range strings.Split(r.screen(), "\n") {
		if before, _, ok := strings.Cut(l, text); ok {
			r.send(tea.MouseClickMsg{X: len([]rune(before)), Y: y, Button: tea.MouseLeft})
			return
		}
	}
	r.t.Fatalf("no %q to click on:\n%s", text, r.screen())
}

func (r *rig) wheel(text string, b tea.MouseButton) {
	r.t.Helper()
	for y, l := range strings.Split(r.screen(), "\n") {
		if before, _, ok := strings.Cut(l, text); ok {
			r.send(tea.MouseWheelMsg{X: len([]rune(before)), Y: y, Button: b})
			return
		}
	}
	r.t.Fatalf("no %q under the wheel:\n%s", text, r.screen())
}

func TestAClickPutsTheCursorOnARowOfEitherPaneAndADoubleClickOpensIt(t *testing.T) {
	for _, size := range [][2]int{{140, 40}, {80, 24}} {
		r := newRig(t, size[0], size[1]).ready().byName()
		r.clickOn("use1-www-01")
		if l := r.line("use1-www-01"); !strings.Contains(l, "▌") {
			t.Errorf("the cursor is not on the row: %q", l)
		}
		r.clickOn("MX")
		r.has("scalability.expert MX 10")
		if l := r.line("use1-www-01"); strings.Contains(l, "▌") {
			t.Errorf("the other pane has the focus still: %q", l)
		}
		r.clock.Advance(time.Second)
		r.clickOn("MX")
		r.has("filter") // no dialog: it was too late for a double click
		r.clickOn("MX")
		r.until("MX", "rec0001")
		r.clickOn("rec0001")
		r.has("rec0001")
	}
}

func TestClicksOnFramesAndHeadingsAndWithOtherButtonsDoNothing(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	before := r.screen()
	r.clickOn("Instances")
	r.clickOn("ADDRESS")
	r.clickOn("rollcall")
	r.send(tea.MouseClickMsg{X: 5, Y: 39, Button: tea.MouseLeft})
	r.send(tea.MouseClickMsg{X: 5, Y: 37, Button: tea.MouseLeft})
	r.send(tea.MouseClickMsg{X: 5, Y: 10, Button: tea.MouseRight})
	r.send(tea.MouseClickMsg{X: -1, Y: -1, Button: tea.MouseLeft})
	if r.screen() != before {
		t.Errorf("something changed:\n%s", r.screen())
	}
}

func TestTheWheelScrollsThePaneUnderThePointerAndKeepsTheCursorOnTheScreen(t *testing.T) {
	r := newRig(t, 80, 24).ready().byName()
	r.wheel("use1-www-01", tea.MouseWheelDown)
	r.hasNot("use1-build-07  ")
	r.wheel("VALUE", tea.MouseWheelDown)
	r.has("DNS 27")
	for range 20 {
		r.wheel("Instances", tea.MouseWheelDown)
	}
	if !strings.Contains(r.screen(), "▌") {
		t.Errorf("the cursor left the screen:\n%s", r.screen())
	}
	for range 20 {
		r.wheel("Instances", tea.MouseWheelUp)
	}
	r.has("use1-build-07")
}

func TestNoClickConfirmsAnything(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.onDead()
	r.press("x")
	r.until("terminate")
	r.f.mu.Lock()
	before := len(r.f.runs)
	r.f.mu.Unlock()
	for y := range 40 {
		for x := 0; x < 140; x += 7 {
			r.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
			r.send(tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft})
		}
	}
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	if len(r.f.runs) != before {
		t.Error("a click ran a change")
	}
}

func TestTheMouseIsTheTerminalsIfTheConfigSaysSo(t *testing.T) {
	for _, off := range []bool{false, true} {
		r := newRig(t, 80, 24, func(o *ui.Options, _ *fake) { o.NoMouse = off })
		if mode := r.m.View().MouseMode; (mode == tea.MouseModeNone) != off {
			t.Errorf("mouse off %v: mode %v", off, mode)
		}
	}
}

func TestAClickInAListBelowOtherLinesFindsItsRow(t *testing.T) {
	r := newRig(t, 140, 40, odd)
	r.until("DNS 38")
	r.press("J")
	r.until("✓ done")
	l := r.line("✓ done")
	r.clickOn("✓ done")
	if now := r.line("✓ done"); !strings.Contains(now, "▌") && !strings.Contains(l, "▌") {
		t.Errorf("the cursor is not there: %q", now)
	}
}
