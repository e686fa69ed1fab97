package ui_test

import (
	"errors"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// troubled is a fake whose cloud has something to say of one instance.
func troubled(_ *ui.Options, f *fake) {
	f.condition = map[string]providers.Condition{f.snap.Clouds[0].Instances[6].ID: {
		Checks:    "system impaired, instance ok",
		Notices:   []string{"its system status check fails since 2026-11-30T03:00:00Z", "Amazon has scheduled instance-retirement from 2026-12-02T03:00:00Z: de\x1b[31mgraded hardware"},
		Protected: []string{"termination protection (disableApiTermination)"},
		Targets:   []string{"in target group tg-www\x1b[2J (healthy; last healthy of 3)"},
		Unchecked: []string{"target groups unknown: 200 of 3000 are asked, the most in one read"},
	}}
	f.snap.Clouds[0].Instances[6].Lifecycle = "in auto-scaling group web, which replaces it"
}

func TestTheDetailSaysWhatTheCloudSaysOfTheInstanceAlone(t *testing.T) {
	r := newRig(t, 140, 50, troubled).ready().byName()
	r.hold("conditionMsg")
	r.press("enter")
	r.has("status       asking aws-use1…", "which replaces it")
	r.untilTrue("the answer", func() bool { return len(r.kept) == 1 })
	r.late()
	r.has("checks       system impaired, instance ok", "notice     its system status check fails since", "instance-retirement from 2026-12-02T03:00:00Z: de[31mgraded", "protected    termination protection", "target       in target group tg-www[2J (healthy; last healthy of 3)", "not asked    target groups unknown: 200 of 3000")
	r.hasNot("asking")
	r.press("esc", "j", "enter")
	r.until("public", "54.1.20.8")
	r.untilTrue("it was asked for, too", func() bool { r.f.mu.Lock(); defer r.f.mu.Unlock(); return r.f.conditions == 2 })
	r.hasNot("system impaired")
}

func TestAConditionThatCannotBeReadIsSaidAndALateOneIsDropped(t *testing.T) {
	r := newRig(t, 140, 50, func(_ *ui.Options, f *fake) { f.conditionErr = errors.New("the request timed out") }).ready().byName()
	r.press("enter")
	r.until("status       not known: the request timed out")
	r.press("esc")
	r.hold("conditionMsg")
	r.press("enter")
	r.untilTrue("the answer", func() bool { return len(r.kept) == 1 })
	r.press("esc", "j", "enter")
	r.untilTrue("the second answer", func() bool { return len(r.kept) == 2 })
	r.send(r.kept[0])
	r.has("asking aws-use1…")
}

func TestTheDetailOfAnInstanceInEverySize(t *testing.T) {
	for _, c := range []struct {
		name string
		w, h int
		o    theme.Options
	}{
		{"40x10", 40, 10, theme.Options{}},
		{"80x24", 80, 24, theme.Options{}},
		{"120x40", 120, 40, theme.Options{}},
		{"200x60", 200, 60, theme.Options{}},
		{"NoColor", 120, 40, theme.Options{NoColor: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.w, c.h, troubled, func(o *ui.Options, _ *fake) { o.Theme = c.o })
			r.until("Instances 30")
			r.press("/")
			r.typeText("name=use1-build-07")
			r.press("enter")
			r.until("Instances 1/30")
			r.hold("conditionMsg")
			r.press("enter")
			r.untilTrue("the answer", func() bool { return len(r.kept) == 1 })
			r.late()
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}

func TestAPlanBeginsWithWhatTheCloudSaysOfTheNodesThatItEnds(t *testing.T) {
	r := newRig(t, 80, 24, func(_ *ui.Options, f *fake) {
		f.notices = []string{"Amazon has scheduled instance-retirement from 2026-12-02T03:00:00Z: degraded hardware"}
	}).ready()
	r.press("/")
	r.typeText("use1-www-01")
	r.press("enter")
	r.until("Instances 1/30")
	r.press("x")
	r.until("use1-www-01: Amazon has scheduled instance-retirement", "degraded hardware", "type use1-www-01")
}
