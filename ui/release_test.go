package ui_test

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"rollcall/providers"
)

// A console stays open for days: a screen that was looked at in the morning must not hold the rows of the morning.
func TestAScreenThatIsNotOnTopHoldsNoOldView(t *testing.T) {
	for name, open := range map[string]struct{ key, shown string }{"services": {"V", "Services 2"}, "overview": {"0", "Overview 2"}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, 140, 40).ready()
			r.press(open.key)
			r.until(open.shown, "www.scal")
			r.press("down", "down")
			if name == "services" {
				r.press("space")
				r.has("1 marked")
			}
			under := r.cursorLine()
			old := weak.Make(r.m.Picture.View)
			r.press(open.key)
			r.until("Instances 30")
			r.f.publish(func(s *providers.Snapshot) { s.Clouds[0].Instances[0].Name = "renamed-01" })
			r.until("renamed-01")
			r.f.publish(func(s *providers.Snapshot) { s.Clouds[0].Instances[0].Name = "renamed-02" })
			r.until("renamed-02")
			r.untilTrue("the old view to go", func() bool {
				select {
				case r.msgs <- nil: // so that the wait goes on
				default:
				}
				runtime.GC()
				time.Sleep(time.Millisecond)
				return old.Value() == nil
			})
			r.press(open.key)
			r.until(open.shown, "www.scal")
			if line := r.cursorLine(); line != under {
				t.Errorf("the cursor is on\n%s\nand was on\n%s", line, under)
			}
			if name == "services" {
				r.has("1 marked")
			}
		})
	}
}
