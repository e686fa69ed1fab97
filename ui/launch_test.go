package ui_test

import (
	"strings"
	"testing"

	"rollcall/ui"
)

// toButton moves to the last line of the form.
func (r *rig) toButton() {
	for range 30 {
		r.press("down")
	}
}

func TestLaunchShowsTheBootScriptBeforeAnythingStarts(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("L")
	r.until("Boot script for aws-use1", "of 16384 bytes", "nginx behind www.scalability.expert", "t3.micro", "Ubuntu 24.04", "PRODUCTION")
	r.has("[31mevil[0m") // harmless: the escape characters are gone
	r.toButton()
	r.until("launch 1 node")
	r.press("enter")
	r.has("enter again launches 1 node")
	if len(r.f.launches) != 0 {
		t.Fatal("it launched on the first enter")
	}
	r.read()
	r.press("enter")
	r.until("1 of 1 registered")
	s := r.f.launches[0]
	if len(s.Nodes) != 1 || s.Nodes[0].Cloud != "aws-use1" || s.Nodes[0].Image != "ami-0b" || s.Nodes[0].Size != "t3.micro" ||
		s.Fleet != fleetID || s.Service != "www.scalability.expert" || !strings.Contains(string(s.Nodes[0].UserData), "nginx") {
		t.Errorf("spec %+v", s)
	}
}

func TestLaunchInSeveralCloudsTellsNodeByNodeAndRetriesUnderTheSameID(t *testing.T) {
	r := newRig(t, 140, 44, func(_ *ui.Options, f *fake) { f.fail = true }).ready()
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.press("down", "right") // aws-use1: two
	for range 5 {
		r.press("down")
	}
	r.press("1") // joyent-ams
	r.until("g4-highcpu-1G", "ubuntu-certified")
	r.toButton()
	r.until("launch 3 nodes")
	r.press("enter", "enter")
	r.until("1 of 3 registered", "www-0a1b-1", "InsufficientInstanceCapacity", "r retry what is missing")
	r.read()
	r.press("r")
	r.until("3 of 3 registered")
	if len(r.f.relaunch) != 1 || r.f.relaunch[0] != r.f.launches[0].ID {
		t.Errorf("retried %v, launched %q", r.f.relaunch, r.f.launches[0].ID)
	}
}

func TestAVariableThatIsMissingKeepsTheLaunchFromStarting(t *testing.T) {
	r := newRig(t, 140, 44).ready()
	r.press("L")
	r.until("of 16384 bytes")
	r.press("ctrl+o")
	r.toButton()
	r.press("up", "up", "up")
	for range "www.scalability.expert" {
		r.press("backspace")
	}
	r.until("variable name is not set")
	r.toButton()
	r.press("enter", "enter")
	if len(r.f.launches) != 0 {
		t.Error("it launched")
	}
}

func TestWithoutACountNothingStarts(t *testing.T) {
	r := newRig(t, 140, 44).ready()
	r.press("L")
	r.until("of 16384 bytes")
	r.press("down", "left")
	r.toButton()
	r.until("give at least one cloud a count")
	r.press("enter", "enter")
	if len(r.f.launches) != 0 {
		t.Error("it launched")
	}
}

func TestOnASmallScreenTheScriptTakesThePlaceOfTheForm(t *testing.T) {
	r := newRig(t, 80, 24).ready()
	r.press("L")
	r.until("template", "aws-use1")
	r.hasNot("Boot script")
	r.press("ctrl+p")
	r.until("Boot script for aws-use1", "set -eu")
	r.press("esc")
	r.has("template")
}

func TestALaunchGoesOnInTheBackground(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.hold = make(chan struct{}) }).ready()
	r.press("L")
	r.until("of 16384 bytes")
	r.toButton()
	r.until("launch 1 node")
	r.press("enter", "enter")
	r.until("pending")
	r.read()
	r.press("esc")
	r.has("goes on in the background")
	close(r.f.hold)
	r.until("1 node launched and registered")
}
