package ui_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/common"
)

func TestAPlanIsShownAsADiffWithItsChecksumAndGuards(t *testing.T) {
	r := newRig(t, 120, 40, func(o *ui.Options, _ *fake) { o.Theme.NoColor = true }).ready()
	r.onDead()
	r.press("space")
	r.press(":")
	r.typeText("deregister all dead")
	r.press("enter")
	r.until("2 steps: 2 ready · checksum ", "○ delete www.scalability.expert A 165.225.1.9", "- www.scalability.expert 60 A 165.225.1.9", "✓ 9 guards passed", "y do it", "w all guards")
	r.hasNot("guard owner:")
	r.press("w")
	r.has("✓ guard owner: the owner guard is content", "✓ guard journal: the journal guard is content", "w fewer guards")
	r.press("w")
	r.hasNot("guard owner:")
	r.clock.Advance(time.Second)
	r.press("y")
	r.untilTrue("the run", func() bool { return len(r.sums()) == 1 })
	if got, want := r.sums()[0], r.f.runs[0].Checksum(); got != want || len(got) != 16 || !strings.Contains(r.screen(), got) {
		t.Errorf("the run was given the checksum %q of what was shown, and the plan has %q\n%s", got, want, r.screen())
	}
}

func TestAGuardThatRefusesSaysWhatWouldSatisfyIt(t *testing.T) {
	r := newRig(t, 120, 40, func(_ *ui.Options, f *fake) { f.refuse = index.GuardCoverage }).ready()
	r.onDead()
	r.press(":")
	r.typeText("deregister all dead")
	r.press("enter")
	r.until("2 steps: 2 refused · checksum ", "✖ guard coverage, refused: joyent-ams answered with an error", "what would satisfy it: wait until joyent-ams answers", "✓ 8 guards passed")
}

func TestARecordIsGivenToTheInstanceUnderTheOtherCursor(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	at, ok := r.currentInstanceID()
	if !ok {
		t.Fatal("there is no instance under the cursor")
	}
	r.press("right")
	r.press(":")
	r.typeText("retarget to")
	r.press("enter")
	r.untilTrue("a request", func() bool { return len(r.requests()) > 0 })
	w := r.request()
	if w.Verb != index.VerbRetarget || len(w.Records) != 1 || len(w.Instances) != 1 || w.Instances[0].ID != at {
		t.Errorf("request %+v, want it for %s", w, at)
	}
	r.press("esc", ":")
	r.typeText("retarget")
	r.press("enter")
	r.untilTrue("another request", func() bool { return len(r.requests()) > 1 })
	if w := r.request(); w.Verb != index.VerbRetarget || len(w.Instances) != 0 || len(w.Records) != 1 {
		t.Errorf("request %+v", w)
	}
	r.press("esc", "left", ":")
	r.typeText("retarget to")
	r.press("enter")
	r.until("put one cursor on the record")
}

// requests are what the backend was asked to plan; request is the last of them.
func (r *rig) requests() []common.ChangeRequest {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	return slices.Clone(r.f.plans)
}

func (r *rig) request() common.ChangeRequest {
	w := r.requests()
	return w[len(w)-1]
}

// sums are the checksums that runs were given.
func (r *rig) sums() []string {
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	return slices.Clone(r.f.sums)
}

// currentInstanceID finds the instance under the cursor by copying it.
func (r *rig) currentInstanceID() (string, bool) {
	r.t.Helper()
	r.press("y")
	_, text, ok := strings.Cut(r.screen(), "copied ")
	id, _, _ := strings.Cut(text, " ")
	return id, ok && id != ""
}

func TestALongPlanIsLaidOutOncePerWidth(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.onDead()
	for range 3 {
		r.press("space")
	}
	r.press("d")
	r.until(" · checksum ")
	before := r.screen()
	r.clock.Advance(time.Minute)
	if r.screen() != before && strings.Count(r.screen(), "- ") != strings.Count(before, "- ") {
		t.Error("the plan is another one a minute later")
	}
	r.send(tea.WindowSizeMsg{Width: 80, Height: 30})
	r.has(" · checksum ")
}

func TestNothingFromOutsideSteersTheDiffOfAPlan(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.f.publish(func(s *providers.Snapshot) {
		for z := range s.Zones {
			for i := range s.Zones[z].Records {
				if rec := &s.Zones[z].Records[i]; rec.Value == "165.225.1.9" {
					rec.Comment, rec.Policy = "a\x1b[2Jb", "p\x07q"
				}
			}
		}
	})
	r.onDead()
	r.press(":")
	r.typeText("deregister all dead")
	r.press("enter")
	r.until(" · checksum ", "- www.scalability.expert 60 A 165.225.1.9")
	if raw := r.m.View().Content; strings.Contains(raw, "\x1b[2J") || strings.Contains(raw, "\x07") {
		t.Error("a control sequence from outside is drawn")
	}
}
