package ui_test

import "testing"

func TestARowIsCopiedInTheFormThatIsChosen(t *testing.T) {
	r := newRig(t, 120, 40).ready().byName()
	r.press("Y")
	r.until("Copy of use1-build-07", "ssh 54.1.20.7", "JSON", "YAML")
	r.press("a")
	r.until("copied 54.1.20.7")
	r.hasNot("Copy of")
	r.press("Y", "y")
	r.until("copied YAML of use1-build-07")
	r.onDead()
	r.press("Y")
	r.until("Copy of", "dig +noall +answer -q ", "record", "value")
	r.press("down", "enter")
	r.until("copied ")
	r.hasNot("Copy of")
	r.press("Y", "esc")
	r.hasNot("Copy of")
	r.press("esc")
	r.until("Findings")
	r.press("Y")
	r.until("Copy of", "dig ")
}

func TestTheProvidersPageOfARowIsCopiedAndOpened(t *testing.T) {
	r := newRig(t, 120, 40).ready().byName()
	r.press("O")
	r.until("copied https://console.example/i-0ab1a4c1d2e3f4a5")
	r.untilTrue("the page", func() bool {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		return len(r.f.opened) == 1
	})
	r.press("tab", "O")
	r.until("copied https://console.example/zone/scalability.expert")
	r.press("tab", "G", "O")
	r.until("no page is known in a web console of Triton")
}

func TestANoteOnAnInstanceWithRecordsIsAboutTheInstance(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.press("/")
	r.typeText("use1-www-01")
	r.press("enter")
	r.until("Instances 1/30")
	r.press("m")
	r.until("Note about use1-www-01")
}
