package ui_test

import (
	"strings"
	"testing"

	"rollcall/providers"
)

// filtered sets the filter of the pane with the keys.
func (r *rig) filtered(text, wait string) {
	r.t.Helper()
	r.press("/")
	r.typeText(text)
	r.until(wait)
	r.press("enter")
}

func TestEnterOnAFindingLiftsTheFilterThatHidesItsRecordAndEscGoesBack(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("tab")
	r.filtered("value:54.1.40", "DNS 4/27")
	r.press("j", "j")
	at := r.line("www.scalability.expert A 54.1.40.3")
	r.press("f")
	r.until("Findings 5", "165.225.1.9 is dead")
	r.filtered("class:dead -54.9.9.9", "Findings 1/5")
	r.press("enter")
	r.has("www.scalability.expert A 165.225.1.9 is dead", "DNS 27", "the filter value:54.1.40 hides it and is lifted", "esc goes back")
	r.press("w")
	r.until("why dead", "Evidence")
	r.press("esc", "esc")
	r.has("Findings 1/5", "165.225.1.9")
	r.hasNot("is lifted")
	r.press("esc")
	r.until("Findings 5")
	r.press("esc")
	r.has("DNS 4/27", at)
}

func TestEscapeFromAFilterThatIsTypedPutsTheCursorBack(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("j", "j")
	at := r.line("▌")
	r.press("/")
	r.typeText("east-www-04")
	r.until("Instances 1/30")
	r.press("esc")
	r.until("Instances 30 ")
	r.untilTrue("the row of before", func() bool { return r.line("▌") == at })
}

func TestTheKeyAfterAFindingActsOnItsRecord(t *testing.T) {
	for _, filter := range []string{"", "value:54.1", "type:SRV", "name:nothing-has-this"} {
		r := newRig(t, 140, 40).ready()
		r.press("tab")
		if filter != "" {
			r.filtered(filter, "/"+filter)
		}
		r.press("f")
		r.until("Findings 5", "165.225.1.9 is dead")
		r.filtered("class:dead -54.9.9.9", "Findings 1/5")
		r.press("enter", "d") // before any message arrives
		r.untilTrue("a request", func() bool { return len(r.requests()) == 1 })
		if w := r.request(); len(w.Records) != 1 || w.Records[0].Value != "165.225.1.9" {
			t.Errorf("with the filter %q the request is %+v", filter, w)
		}
	}
}

func TestAFilterThatWasTypedAfterAJumpIsClearedBeforeEscGoesBack(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.onDead()
	r.filtered("type:A", "/type:A")
	r.press("esc")
	r.until("DNS 27")
	r.has("165.225.1.9 is dead")
	r.press("esc")
	r.has("Findings 5")
	r.press("esc")
	r.has("Instances 30", "use1-build-07 i-0")
}

func TestEscLeavesScreensInTheOrderInWhichTheyWereEntered(t *testing.T) {
	r := newRig(t, 140, 40, withJournal).ready()
	r.press("f")
	r.until("Findings 5")
	r.press("J")
	r.until("Journal 3")
	r.press("v")
	r.until("Sources 6")
	r.press("esc")
	r.has("Journal 3")
	r.press("esc")
	r.has("Findings 5")
	r.press("esc")
	r.has("Instances 30")
}

func TestAJumpToAnInstanceLiftsTheFilterOfItsPane(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.filtered("cloud:aws", "Instances 15/30")
	r.press("f")
	r.until("Findings 5")
	r.filtered("class:missing", "Findings 1/5")
	r.press("enter")
	r.has("Instances 30", "east-www-04", "cloud:aws hides it and is lifted")
	r.press("esc", "esc", "esc")
	r.until("Instances 15/30")
}

func TestTabSaysThatTheCounterpartIsHidden(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("tab")
	r.filtered("type:MX", "DNS 1/27")
	r.press("tab", "j", "j", "j", "j", "j")
	r.has("use1-www-01 i-0")
	r.press("tab")
	r.has("type:MX of this pane hides the counterpart")
}

func TestOneMarkedRecordElsewhereIsNotDeletedWithOneKey(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.onDead()
	r.press("space")
	if !strings.Contains(r.screen(), "1 marked") {
		t.Fatal("nothing is marked")
	}
	r.press("d")
	r.until("y do it")
	if len(r.f.runs) != 0 {
		t.Error("a marked record that is not under the cursor was deleted with one key")
	}
	if w := r.request(); len(w.Records) != 1 || w.Records[0] == (providers.Identity{}) {
		t.Errorf("request %+v", w)
	}
}
