package ui_test

import (
	"errors"
	"strings"
	"testing"

	"rollcall/dnsview/rows"
	"rollcall/ui"
	"rollcall/ui/common"
	"rollcall/ui/screen"
)

// What the fleet has under its cursor must not be acted on while another screen hides it.
func TestNoKeyActsOnARowOfTheFleetWhileAScreenWithoutSuchRowsIsShown(t *testing.T) {
	acts := []common.Action{
		common.ActDeregister, common.ActTerminate, common.ActQuiesce, common.ActReturn, common.ActRemedy, common.ActBalance, common.ActSSH, common.ActWhy, common.ActMark,
	}
	for _, show := range []common.Action{common.ActJournal, common.ActSources} { // the others have rows to act on
		r := newRig(t, 120, 40).ready()
		keys := common.DefaultKeys()
		r.press("down") // an instance is under the cursor of the fleet
		r.press(keys[show].Keys()[0])
		for _, a := range acts {
			r.press(keys[a].Keys()[0])
			if s := r.screen(); strings.Contains(s, "planning") || strings.Contains(s, "why ") {
				t.Fatalf("%s: %s acts on what is not shown:\n%s", show, a, s)
			}
		}
		r.press(":")
		r.typeText("stop")
		r.press("enter")
		if s := r.screen(); strings.Contains(s, "planning") {
			t.Errorf("%s: stop acts on what is not shown:\n%s", show, s)
		}
	}
	r := newRig(t, 120, 40).ready()
	r.press("down", common.DefaultKeys()[common.ActTerminate].Keys()[0])
	r.until("planning")
}

func TestEveryScreenOpensAndCopiesTheRowUnderItsCursor(t *testing.T) {
	for _, x := range screen.All() {
		t.Run(string(x.Action), func(t *testing.T) {
			r := newRig(t, 160, 40, withJournal, func(_ *ui.Options, f *fake) {
				f.calls = []rows.Call{{Number: 1, Time: epoch(), Account: "aws-use1", Operation: "EC2 DescribeInstances", Result: "200"}}
			}).ready()
			keys := common.DefaultKeys()
			if bound := keys[x.Action].Keys(); len(bound) > 0 {
				r.press(bound[0])
			} else {
				r.press(":")
				r.typeText(string(x.Action))
				r.press("enter")
			}
			r.untilTrue("a row", func() bool { return strings.Contains(r.screen(), "▌") })
			r.press(keys[common.ActCopy].Keys()[0])
			r.until("copied")
			copied := r.screen()
			r.press(keys[common.ActDetail].Keys()[0])
			r.untilTrue("the detail", func() bool { return r.screen() != copied })
		})
	}
}

func TestTheSourcesAreFilteredToo(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.press(common.DefaultKeys()[common.ActSources].Keys()[0], "/")
	r.typeText("provider:triton")
	r.press("enter")
	r.until("Sources 2/6")
	if s := r.screen(); strings.Contains(strings.Split(s, "Sources")[1], "route53") {
		t.Error(s)
	}
	r.press("esc")
	r.until("Sources 6")
}

func TestAFileThatCannotBeReadStandsAmongTheSources(t *testing.T) {
	r := newRig(t, 160, 40, func(_ *ui.Options, f *fake) {
		f.files = map[string]error{"ranges": errors.New("ranges.json, line 7: unexpected end")}
	}).ready()
	r.until("ranges ✖")
	r.press(common.DefaultKeys()[common.ActSources].Keys()[0])
	r.until("Sources 7", "unreadable", "line 7: unexpected end")
	r.press("/")
	r.typeText("type:file")
	r.press("enter")
	r.until("Sources 1/7")
}
