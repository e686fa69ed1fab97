package ui_test

import (
	"testing"

	"rollcall/dnsview/index"
	"rollcall/ui"
)

func TestAFinishedReplacementOffersNoUndoAndSaysWhatCannotBeUndone(t *testing.T) {
	r := newRig(t, 140, 50, func(_ *ui.Options, f *fake) {
		f.hold = make(chan struct{})
		close(f.hold)
	}).ready().byName().marked()
	r.on("use1-www-01")
	r.command("replace")
	r.until("type the name to terminate it")
	r.typeText("use1-www-01")
	r.press("enter")
	r.until("an undo does not bring back use1-www-01, which is terminated", "esc close")
	r.hasNot("u undo")
	r.press("u")
	if n := len(r.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestAStoppedReplacementOffersToUndoWhatItChanged(t *testing.T) {
	r := newRig(t, 140, 50, func(_ *ui.Options, f *fake) { f.comes, f.hold = make(chan string), make(chan struct{}) }).ready().byName().marked("use1-www-01", "use1-www-02")
	r.command("replace")
	r.until("type the count")
	r.typeText("2")
	r.press("enter")
	r.until("x stop")
	r.press("x")
	r.until("r go on")
	r.hasNot("u undo", "an undo does not")
}

func TestWhyNamesTheStepThatGuardsAreOf(t *testing.T) {
	r := newRig(t, 140, 60, func(_ *ui.Options, f *fake) { f.realPlans, f.refuse = true, index.GuardThreshold }).ready()
	r.onDead()
	r.press("w")
	r.until("Guards, asked just now", "threshold")
	r.has("of: delete www.scalability.expert A 165.225.1.9")
}
