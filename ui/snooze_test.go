package ui_test

import (
	"strings"
	"testing"
)

func TestASnoozedFindingIsCountedApartAndListedOnDemand(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.onDead()
	const counts = 1 // the line of the header
	before := strings.Split(r.screen(), "\n")[counts]
	r.press("f")
	r.until("Findings 5", "165.225.1.9")
	r.press("Z")
	r.until("for, and why", "Nothing is changed or resolved by it")
	r.press("enter")
	r.until("write a time first")
	r.typeText("2h")
	r.press("enter")
	r.until("a snooze needs a reason")
	r.typeText(" the vendor replaces it at 5")
	r.press("enter")
	r.until("1 snoozed", "snoozed: :snoozed")
	r.hasNot("for, and why")
	if after := strings.Split(r.screen(), "\n")[counts]; !strings.Contains(after, "1 dead") || !strings.Contains(before, "2 dead") {
		t.Errorf("the header counts it as before: %q, was %q", after, before)
	}
	r.press(":")
	r.typeText("snoozed")
	r.press("enter")
	r.until("Snoozed findings 1")
	r.press("w")
	r.until("snoozed", "the vendor replaces it at 5", "me@here")
	r.press("esc", "Z")
	r.until("1 finding no longer snoozed", "Snoozed findings 0")
	r.hasNot("1 snoozed")
}

func TestSnoozeActsOnAllMarkedFindings(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.press("f")
	r.until("Findings 5", "165.225.1.9")
	r.press("space", "j", "space", "Z")
	r.until("Snooze 2 findings")
	r.typeText("1d moving on Monday")
	r.press("enter")
	r.until("2 snoozed")
}

func TestANoteStandsInTheDetailOfItsRow(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.press("m")
	r.until("Note about ")
	r.typeText("kept for the vendor")
	r.press("enter")
	r.until("noted")
	r.untilTrue("the note in the detail", func() bool {
		r.press("enter")
		shown := strings.Contains(r.screen(), "kept for the vendor (me@here, 0s ago)")
		r.press("esc")
		return shown
	})
	r.press("m")
	r.until("By me@here", "kept for the vendor")
	r.press("esc", "tab", "m")
	r.until("Note about ")
	r.typeText("a record")
	r.press("enter")
	r.untilTrue("both notes", func() bool {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		return len(r.f.annotations.Notes) == 2
	})
}
