package ui_test

import (
	"slices"
	"strings"
	"testing"

	"rollcall/ui/common"
)

func TestARangeIsMarkedFromTheLastMarkToTheCursorInEitherDirection(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("ctrl+space")
	r.has("a range begins at the row that was marked last", "space marks one")
	r.press("j", "space", "j", "j", "ctrl+space") // space goes one down
	r.has("4 marked")
	r.press("j", "j", "ctrl+space")
	r.has("6 marked")
	r.press("g", "ctrl+space")
	r.has("7 marked")
	r.press("x")
	r.until("terminate 7 instances")
	if w := r.planned(); w.Instances[0].Name != "use1-build-07" || w.Instances[6].Name != "use1-www-02" {
		t.Errorf("%v", w.Instances)
	}
}

func TestARangeFollowsTheRowsAndNotTheirNumbers(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("space") // use1-build-07
	r.press("S")
	r.untilTrue("the order is turned", func() bool { return strings.Contains(r.screen(), "CLOUD↓") })
	r.press("G", "k", "ctrl+space")
	r.has("2 marked") // the last two in this order are the first two in the other
}

func TestAllThatPassTheFilterAreMarkedAndMarksAreInverted(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("space")
	r.filtered("cloud:joyent-east", "Instances 8/30")
	r.press("A")
	r.has("8 marked, 1 hidden")
	r.press("g", "space", "*")
	r.has("1 marked, 1 hidden")
	r.press("esc")
	r.hasNot("marked")
	r.press("*")
	r.has("8 marked")
	r.press("*")
	r.hasNot("marked")
	r.press("A", "esc", "esc")
	r.until("Instances 30")
	r.hasNot("marked")
}

func TestInTheServicesOnlyNodesAreMarkedAtOnce(t *testing.T) {
	r := foldedRig(t, 140, 40)
	r.press("A")
	r.has("4 marked") // those that are not folded
	r.press("x")
	r.until("terminate 4 nodes")
	var names []string
	for _, i := range r.planned().Instances {
		names = append(names, i.Name)
	}
	if !slices.Contains(names, "east-www-04") || slices.Contains(names, "use1-www-01") {
		t.Errorf("%q", names)
	}
}

// planned waits until the first plan is asked for, and returns what it is to change.
func (r *rig) planned() common.ChangeRequest {
	r.t.Helper()
	var out common.ChangeRequest
	r.untilTrue("the plan is asked for", func() bool {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		if len(r.f.plans) > 0 {
			out = r.f.plans[0]
		}
		return len(r.f.plans) > 0
	})
	return out
}
