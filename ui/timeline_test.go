package ui_test

import (
	"errors"
	"testing"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/ui"
)

func TestTheTimelineOfARowSaysWhatBeganWhatWasChangedAndWhatEnded(t *testing.T) {
	r := newRig(t, 120, 40, func(_ *ui.Options, f *fake) {
		id := f.snap.Clouds[0].Instances[0].ID
		f.events = []rows.Event{
			{Time: epoch(), Kind: rows.EventBegun, Class: "stopped", Text: "use1 is stopped", Names: []string{id}},
			{Time: epoch().Add(time.Minute), Kind: rows.EventChange, Text: "quiesce: Delete www (done)", Who: "ann@box", Names: []string{id}},
			{Time: epoch().Add(2 * time.Minute), Kind: rows.EventEnded, Class: "stopped", Text: "no longer stopped", Names: []string{id}},
			{Time: epoch(), Kind: rows.EventState, Text: "another is running", Names: []string{"i-other"}},
		}
	})
	r.until("Instances 30")
	r.press("/")
	r.typeText("id:" + r.f.snap.Clouds[0].Instances[0].ID)
	r.press("enter")
	r.until("Instances 1/30")
	r.press("T")
	r.until("Timeline of ", "✖ use1 is stopped", "› quiesce: Delete www (done), by ann@box", "✓ no longer stopped")
	r.hasNot("another is running")
	r.press("esc", "esc", "tab", "T")
	r.until("nothing is recorded of it in the last day")
	r.press("esc")
	r.f.mu.Lock()
	r.f.eventsErr = errors.New("the disk is full")
	r.f.mu.Unlock()
	r.press("T")
	r.until("the disk is full")
}
