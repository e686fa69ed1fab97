package ui_test

import (
	"slices"
	"testing"

	"rollcall/dnsview/index"
	"rollcall/ui"
)

func TestADrainWhoseGuardAsksIsConfirmedByOneText(t *testing.T) {
	r := newRig(t, 140, 50, func(_ *ui.Options, f *fake) {
		f.refuse, f.ask = index.GuardMinimum, "www.scalability.expert"
		f.hold = make(chan struct{})
		close(f.hold)
	}).ready().byName()
	r.press("x")
	r.until("type the name to terminate it; joyent-ams answered with an error", "type use1-build-07 www.scalability.expert")
	r.typeText("use1-build-07")
	r.press("enter")
	r.has("is not", "type use1-build-07 www.scalability.expert")
	r.typeText(" www.scalability.expert")
	r.press("enter")
	r.untilTrue("the run", func() bool { return len(r.sums()) == 1 })
	if got := r.f.typed[0]; !slices.Equal(slices.Compact(got), []string{"www.scalability.expert"}) {
		t.Errorf("the guards were answered with %q", got)
	}
}

func TestATextThatIsLongerThanTheDialogIsShownWhole(t *testing.T) {
	r := newRig(t, 40, 20, func(_ *ui.Options, f *fake) {
		f.refuse, f.ask = index.GuardMinimum, "www.scalability.expert"
	})
	r.until("Instances 30")
	r.press("x")
	r.until("www.scalability.expert", "enter do it")
	r.typeText("zzz")
	r.has("zzz")
}
