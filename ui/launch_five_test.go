package ui_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/ui"
	"rollcall/ui/common"
)

func TestTheLaunchFormAsksForFiveThingsAndFoldsTheRestWithItsValues(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.has("service", "aws-use1", "size", "image", "template", "ctrl+o more")
	r.has("everything else › 7 settings", "aws-use1 key pair none · names begin www", "profile (none)", "port 80", "register agent")
	r.hasNot("what the template needs")
	r.press("ctrl+o")
	r.has("what the template needs", "names begin", "register", "80")
	if l := r.line("profile  "); !strings.Contains(l, "(none)") {
		t.Errorf("an empty field reads like a value: %q", l)
	}
	r.toButton()
	r.press("up")
	r.has("who puts the node into DNS")
	r.press("ctrl+o")
	r.hasNot("what the template needs")
	if l := r.line("everything else"); !strings.Contains(l, "▌") {
		t.Errorf("the cursor is not on what was folded: %q", l)
	}
	r.press("right")
	r.has("what the template needs")
	r.press("left")
	r.hasNot("what the template needs")
}

func TestFoldedSettingsOpenWhenTheTemplateRejectsOne(t *testing.T) {
	r := newRig(t, 140, 44).ready()
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	for range 9 {
		r.press("left") // no service
		if strings.Contains(r.line("service  "), "no service") {
			break
		}
	}
	r.until("variable name is not set", "what the template needs")
	if l := r.line("name    "); !strings.Contains(l, "(such as www.example.com)") {
		t.Errorf("the example reads like a value: %q", l)
	}
}

func TestTheButtonSaysWhatEnterDoesAndASentenceWhatWillExist(t *testing.T) {
	r := newRig(t, 140, 44).ready()
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.press("down", "right")
	for range 5 {
		r.press("down")
	}
	r.press("1") // joyent-ams
	r.until("g4-highcpu-1G", "ubuntu-certified")
	r.toButton()
	r.until("launch 3 nodes: enter asks once more")
	r.has("3 nodes: 2 aws-use1 t3.micro, 1 joyent-ams g4-highcpu-1G; in", "DNS when nginx answers")
	r.press("ctrl+o")
	r.toButton()
	r.press("up", "right") // the console registers
	r.until("DNS when nginx answers to this console")
}

func TestTheButtonGoesToTheFoldedFieldThatIsWrong(t *testing.T) {
	r := newRig(t, 140, 44).ready()
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.press("ctrl+o")
	r.toButton()
	r.press("up", "up", "up", "up", "right") // create a profile without a name
	r.press("ctrl+o")
	r.toButton()
	r.until("name the profile that is to be created; enter goes there")
	r.hasNot("what the template needs")
	r.press("enter")
	if l := r.line("profile  "); !strings.Contains(l, "▌✖") {
		t.Errorf("the cursor is not on the profile, or that is not marked: %q", l)
	}
	r.press("down")
	if l := r.line("profile  "); !strings.Contains(l, "│ ✖ profile") {
		t.Errorf("what is wrong is told by its colour alone: %q", l)
	}
}

func TestALaunchAsLastTimeTakesCountsSizesAndImagesFromTheJournal(t *testing.T) {
	r := newRig(t, 200, 60, func(_ *ui.Options, f *fake) {
		f.last = common.LastLaunch{
			Time: epoch().Add(-72 * time.Hour), Who: "ana\x1b[2J", NamePrefix: "web", Template: "nginx",
			Clouds: map[string]common.CloudDefaults{"aws-use1": {Count: 2, Image: "ami-0a", Size: "t3.nano"}, "joyent-ams": {Count: 1, Image: "img-gone", Size: "g4-highcpu-1G"}, "gone-cloud": {Count: 1}},
		}
	}).ready()
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.has("ctrl+l as last time: 2 aws-use1 t3.nano, ")
	r.press("ctrl+l")
	r.until("2 aws-use1 t3.nano, 1 joyent-ams g4-highcpu-1G;", "as 3d ago; values of the", "joyent-ams has not any", "launch 3 nodes")
	r.toButton()
	r.press("enter", "enter")
	r.until("3 of 3 registered")
	s := r.f.launches[0]
	if s.NamePrefix != "web" || len(s.Nodes) != 2 || s.Nodes[0].Count != 2 || s.Nodes[0].Size != "t3.nano" || s.Nodes[0].Image != "ami-0a" || s.Nodes[1].Cloud != "joyent-ams" || s.Nodes[1].Image != "img-1" {
		t.Errorf("spec %+v", s)
	}
}

func TestWhatAServiceNeverLaunchedAsLastTimeIsSaid(t *testing.T) {
	r := newRig(t, 140, 44, func(_ *ui.Options, f *fake) { f.last.Why = "the journal has no launch of www.scalability.expert" }).ready()
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.has("the journal has no launch")
	r.press("ctrl+l")
	r.until("launch 1 node")
}

func TestWhatIsTypedIntoTheLaunchFormGoesIntoTheJournalAndIsTakenAsLastTime(t *testing.T) {
	r := newRig(t, 140, 44, func(_ *ui.Options, f *fake) {
		f.last = common.LastLaunch{
			Time: epoch().Add(-time.Hour), Who: "ana@box", Template: "nginx", Values: map[string]string{"port": "8080", "gone": "1"}, Withheld: []string{"key"},
			Clouds: map[string]common.CloudDefaults{"aws-use1": {Count: 1, Image: "ami-0a", Size: "t3.nano"}},
		}
	}).ready()
	launched := func() map[string]string {
		r.toButton()
		r.until("launch 1 node: enter")
		r.press("enter", "enter")
		r.until("1 of 1 registered")
		r.read()
		r.press("esc")
		return r.f.launches[len(r.f.launches)-1].Given
	}
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	if got := launched(); len(got) != 0 {
		t.Errorf("nothing was typed: %v", got)
	}
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.press("ctrl+o")
	r.toButton()
	r.press("up", "right")
	r.until("in DNS when nginx answers to")
	if got := launched(); len(got) != 1 || got["register"] != "console" {
		t.Errorf("typed: %v", got)
	}
	r.press("L")
	r.until("t3.micro", "of 16384 bytes")
	r.press("ctrl+l")
	r.until("1 aws-use1 t3.nano", "as 1h ago; its template has no gone", "give key again: secret values")
	if got := launched(); len(got) != 1 || got["port"] != "8080" {
		t.Errorf("as last time: %v", got)
	}
}
