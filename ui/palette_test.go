package ui_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
)

// quits presses a key and reports whether it ended the console.
func (r *rig) quits(k string) bool {
	r.t.Helper()
	_, cmd := r.m.Update(key(k))
	if cmd == nil {
		return false
	}
	_, ok := cmd().(tea.QuitMsg)
	return ok
}

func TestTheNamesOfVimLeaveTheConsole(t *testing.T) {
	for _, name := range []string{"q", "q!", "wq", "quit", "QUIT", " q "} {
		r := newRig(t, 140, 40).ready()
		r.press(":")
		r.typeText(name)
		if !r.quits("enter") {
			t.Errorf(":%s does not leave; the screen:\n%s", name, r.screen())
		}
		if len(r.requests()) != 0 {
			t.Errorf(":%s asked for a change", name)
		}
	}
}

func TestNoBeginningOfACommandRunsOneThatChangesSomething(t *testing.T) {
	var names []string
	for _, g := range common.KeyGroups() {
		for _, a := range g.Actions {
			names = append(names, strings.ReplaceAll(string(a.Action), "-", " "), string(a.Action))
		}
	}
	for _, a := range []common.Action{
		common.ActTerminateNow, common.ActDeregisterAll, common.ActRegister, common.ActCreate, common.ActRetire, common.ActAdopt, common.ActRetarget,
		common.ActRetargetTo, common.ActMove, common.ActStart, common.ActStop, common.ActReboot, common.ActForget, common.ActClearMarks,
	} {
		names = append(names, string(a))
	}
	r := newRig(t, 140, 40).ready().byName()
	r.press("space") // a mark, so that clear marks would change something
	for _, name := range names {
		for n := 1; n < len(name); n++ {
			text := name[:n]
			if isName(names, strings.TrimSpace(text)) {
				continue // undo is a name, and the beginning of another
			}
			r.press(":")
			r.typeText(text)
			if strings.Contains(r.screen(), "▌ quit ") {
				r.press("esc")
				continue
			}
			r.press("enter")
			r.hasNot("PAUSED", "READ-ONLY", "Launch", "planning", "no shell")
			if strings.Contains(r.screen(), "esc close") {
				r.press("esc")
			}
			if n := len(r.requests()); n != 0 {
				t.Fatalf(":%s asked for a change: %v", text, r.requests())
			}
			r.press(":")
			r.typeText("fleet")
			r.press("enter")
			r.has("1 marked", "Instances 30", "DNS 27")
		}
	}
}

func isName(names []string, text string) bool {
	for _, n := range names {
		if n == text {
			return true
		}
	}
	return false
}

func TestACommandThatChangesSomethingRunsByItsWholeNameOrFromTheList(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press(":")
	r.typeText("term")
	r.press("enter")
	r.has("Commands", "terminate changes something: its whole name runs it")
	r.press("tab")
	r.has(":terminate")
	r.press("enter")
	r.until("type the name to terminate it")
	r.press("esc", ":")
	r.typeText("term")
	r.press("down", "up", "enter")
	r.until("type the name to terminate it")
	r.press("esc", ":")
	r.typeText("rec")
	r.press("enter") // changes nothing
	r.hasNot("Instances 30")
}

func TestTabCompletesTheNameOfACommand(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press(":")
	r.typeText("jo")
	r.press("tab")
	r.has(":journal")
	r.press("esc", ":")
	r.typeText("ret")
	r.press("tab") // retire incarnation, retarget, return: nothing more in common
	r.has(":ret")
	r.press("esc", ":")
	r.typeText("deregister")
	r.press("tab")
	r.has(":deregister")
	r.press("esc")
	if n := len(r.requests()); n != 0 {
		t.Fatalf("tab asked for a change: %v", r.requests())
	}
}

func TestAScreenIsOpenedWithAFilter(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	open := func(text string) {
		r.press(":")
		r.typeText(text)
		r.press("enter")
	}
	open("records finding:dead")
	r.until("DNS 2/27", "finding:dead")
	open("Findings Severity:high")
	r.until("Findings 3/5", "Severity:high")
	open("sources provider:ec2")
	r.until("Sources 2/6")
	open("records state:runing")
	r.until("runing", "running") // the palette stays open, and says what is meant
	r.press("esc")
	r.until("Sources 2/6")
	open("terminate finding:dead")
	if n := len(r.requests()); n != 0 {
		t.Errorf("a command that takes no filter asked for %d changes", n)
	}
}

func TestACommandWithSomethingBehindItsNameSaysWhatItTakes(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	for typed, want := range map[string]string{
		"quiesce www-21":   "quiesce takes nothing behind its name: it acts on marked rows",
		"undo 99999":       "undo takes nothing behind its name: it acts on marked rows",
		"evacuate nowhere": "there is only evacuate aws-euw1, evacuate aws-use1, evacuate joyent-a",
		"frobnicate now":   "no such command",
	} {
		r.press(":")
		r.typeText(typed)
		r.has(want)
		r.press("enter", "esc")
	}
	if n := len(r.requests()); n != 0 {
		t.Fatalf("it asked for a change: %v", r.requests())
	}
}

func TestAFilterCanBeTypedAsACommand(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("tab", ":")
	r.typeText("filter finding:dead type:A")
	r.press("enter")
	r.until("DNS 2/27", "finding:dead type:A")
	r.has("Instances 30 ·") // the other pane has its own
	r.press(":")
	r.typeText("filter nonsense:((")
	r.press("enter")
	r.has("nonsense")
	r.press("esc", ":")
	r.typeText("filter")
	r.press("enter")
	r.has("/finding:dead type:A") // which the line of / has
	r.press("esc")
}

func TestWhyAFilterOfACommandIsRefusedIsNotCut(t *testing.T) {
	r := newRig(t, 80, 24)
	r.until("Instances 30")
	r.press(":")
	r.typeText("filter state:runing")
	r.press("enter")
	r.has("nothing ever has the state", "nearest is running")
	if n := strings.Count(r.screen(), "\n"); n != 23 {
		t.Errorf("the screen has %d lines", n+1)
	}
}
