package ui_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
)

// hold keeps messages of a type back. What kept them can hand them over later.
func (r *rig) hold(typ string) {
	r.held = func(m tea.Msg) bool { return strings.Contains(fmt.Sprintf("%T", m), typ) }
}

// late hands the messages over that were kept, and lets all others pass.
func (r *rig) late() {
	r.held = nil
	for _, m := range r.kept {
		r.send(m)
	}
	r.kept = nil
}

func TestALateArrangementIsDropped(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.hold("rows.Instance]")
	r.press("s")
	r.untilTrue("the first arrangement", func() bool { return len(r.kept) == 1 })
	r.held = nil
	r.press("s")
	r.until("by name", "NAME↑")
	r.late()
	r.has("NAME↑")
	r.hasNot("CLOUD↑")
}

func TestALateCheckDoesNotAnswerForAnotherChange(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.hold("checkedMsg")
	r.press("x")
	r.untilTrue("the first check", func() bool { return len(r.kept) == 1 })
	r.press("esc", "j", "x")
	r.until("terminate use1-build-08", "asking every cloud afresh")
	first := r.kept[0]
	r.send(first)
	r.has("terminate use1-build-08", "asking every cloud afresh")
	r.hasNot("type the name")
	r.untilTrue("the second check", func() bool { return len(r.kept) == 2 })
	r.kept = r.kept[1:]
	r.late()
	r.has("type the name", "type use1-build-08")
}

func TestALatePlanForAClosedDialogOpensNothing(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.hold("plannedMsg")
	r.press("x")
	r.untilTrue("the plan", func() bool { return len(r.kept) == 1 })
	r.press("esc")
	r.late()
	r.hasNot("terminate use1-build-07 in")
	if len(r.f.runs) != 0 {
		t.Error("it ran")
	}
}

func TestALateCatalogueForAClosedFormIsDropped(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.hold("catalogueMsg")
	r.press("L")
	r.untilTrue("the catalogue", func() bool { return len(r.kept) == 1 })
	r.press("esc", "L")
	r.until("reading images and sizes")
	r.send(r.kept[0])
	r.has("reading images and sizes")
}

func TestAFloodOfUpdatesIsOneBuildAfterAnother(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.hold("builtMsg")
	for i := range 50 {
		r.f.publish(func(s *providers.Snapshot) { s.Clouds[0].Instances[0].Name = fmt.Sprintf("node-%d", i) })
		r.untilTrue("the update was taken", func() bool { return len(r.f.updates) == 0 || len(r.kept) > 0 })
	}
	r.untilTrue("a build", func() bool { return len(r.kept) > 0 })
	if len(r.kept) != 1 {
		t.Fatalf("%d builds at once, want 1", len(r.kept))
	}
	r.late()
	r.until("node-49")
}

func TestADialogThatOpensByItselfTakesNoKeysAtFirst(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.f.refuse = "coverage"
	r.press("f")
	r.until("is dead")
	r.press("d")
	r.until("guard coverage")
	for _, k := range []string{"enter", "y", "esc", "q", "u", "r"} {
		r.press(k)
		r.has("guard coverage")
	}
	r.clock.Advance(800 * time.Millisecond)
	r.press("esc")
	r.hasNot("guard coverage")
}
