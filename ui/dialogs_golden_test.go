package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/ui"
	"rollcall/ui/common"
)

// TestEveryDialogInEverySize holds the dialogs that have no golden screens of their own.
func TestEveryDialogInEverySize(t *testing.T) {
	launchedBefore := func(_ *ui.Options, f *fake) {
		f.last = common.LastLaunch{
			Time: epoch().Add(-72 * time.Hour), Who: "ana@box", Template: "nginx",
			Clouds: map[string]common.CloudDefaults{"aws-use1": {Count: 2, Image: "ami-0a", Size: "t3.nano"}},
		}
	}
	for _, d := range []struct {
		name string
		open func(r *rig)
		wait string
	}{
		{"snooze", func(r *rig) { r.press("f"); r.until("Findings 5", "165.225.1.9"); r.press("Z") }, "Snooze"},
		{"copy", func(r *rig) { r.press("Y") }, "Copy of"},
		{"columns", func(r *rig) { r.press("c", "j", "space") }, "Columns of the instances"},
		{"launch", func(r *rig) { r.press("L"); r.until("t3."); r.settled() }, "service"},
		{"launch button", func(r *rig) { r.press("L"); r.until("t3."); r.settled(); r.toButton() }, "launch 1 node: enter"},
		{"launch open", func(r *rig) {
			r.press("L")
			r.until("t3.")
			r.settled()
			r.press("ctrl+o")
			r.toButton()
			r.press("up")
		}, "register"},
	} {
		for name, c := range sizes {
			t.Run(d.name+" "+name, func(t *testing.T) {
				change := []func(*ui.Options, *fake){launchedBefore}
				if c.theme != nil {
					change = append(change, c.theme)
				}
				r := newRig(t, c.w, c.h, change...)
				r.until("Instances 30")
				if c.h > 10 {
					r.until("DNS 27", "www ")
				}
				d.open(r)
				r.until(d.wait)
				golden.RequireEqual(t, r.grid(c.w, c.h))
			})
		}
	}
}

// settled waits until the boot script of the launch form is checked.
func (r *rig) settled() {
	r.t.Helper()
	r.press("ctrl+s")
	r.until("launch 1 node: enter")
	for range 20 {
		if r.press("up"); strings.Contains(r.screen(), "▌ service") {
			return
		}
	}
}
