package ui_test

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui"
)

// withDead adds three dead records to the world.
func withDead(_ *ui.Options, f *fake) {
	z := &f.snap.Zones[0]
	for _, r := range z.Records {
		if r.Value == "165.225.1.9" {
			for _, v := range []string{"165.225.1.201", "165.225.1.202", "165.225.1.203"} {
				r.Value, r.ID = v, "rec-"+v
				z.Records = append(z.Records, r)
			}
		}
	}
}

// onDeads puts the cursor on the first of several dead records, in the findings.
func onDeads(t *testing.T) *rig {
	r := newRig(t, 140, 40, withDead)
	r.press("f")
	r.until("Findings 8")
	r.filtered("165.225.1.2", "Findings 3/8")
	return r
}

// deletes waits until so many entries were deleted and are shown no more, and checks that no more were asked for.
func (r *rig) deletes(want int) {
	r.t.Helper()
	r.until([]string{"Findings 3/8", "Findings 2/7", "Findings 1/6", "Findings 0/5"}[want])
	if got := len(r.requests()); got != want {
		r.t.Fatalf("%d deletes were asked for, want %d", got, want)
	}
}

func TestAKeyThatIsHeldDownDeletesOneEntry(t *testing.T) {
	r := onDeads(t)
	r.press("d")
	r.deletes(1)
	for _, after := range []time.Duration{500, 33, 33, 40, 390, 33} {
		r.clock.Advance(after * time.Millisecond)
		r.press("d")
	}
	r.deletes(1)
	r.clock.Advance(410 * time.Millisecond) // a press that no other follows
	r.press("d")
	r.deletes(2)
	r.clock.Advance(2100 * time.Millisecond)
	r.press("d")
	r.deletes(3)
}

func TestAnotherKeyDecidesThatTheOneBeforeWasPressedAgain(t *testing.T) {
	r := onDeads(t)
	r.press("d")
	r.deletes(1)
	r.clock.Advance(450 * time.Millisecond)
	r.press("d", "j", "d")
	r.deletes(3)
}

func TestATerminalThatReportsHeldKeysNeedsNoPause(t *testing.T) {
	r := onDeads(t)
	r.send(tea.KeyboardEnhancementsMsg{Flags: 2})
	r.press("d")
	r.deletes(1)
	held := key("d")
	held.IsRepeat = true
	for range 3 {
		r.clock.Advance(3 * time.Second)
		r.send(held)
	}
	r.deletes(1)
	r.press("d")
	r.deletes(2)
}

func TestAHeldKeySwitchesReadOnlyOnce(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("R", "R", "R", "R")
	r.has("READ-ONLY")
}

func TestAKeyThatIsHeldDownAnswersNoQuestion(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("tab", "j", "j", "j", "d")
	r.until("deregister www A 54.1.20.1", "y do it")
	r.clock.Advance(time.Second)
	for range 40 {
		r.send(key("enter"))
		if len(r.sums()) > 1 {
			t.Fatal("it ran twice")
		}
		r.clock.Advance(33 * time.Millisecond)
	}
	r = newRig(t, 140, 40).ready().byName()
	r.press("tab", "j", "j", "j", ":")
	r.typeText("deregister")
	r.press("enter")
	for range 60 {
		r.clock.Advance(33 * time.Millisecond)
		r.send(key("enter"))
		r.send(nil)
		select {
		case msg := <-r.msgs:
			r.send(msg)
		default:
		}
	}
	r.until("deregister www A 54.1.20.1")
	if len(r.sums()) != 0 {
		t.Fatal("a key that was held down since before the question answered it")
	}
}

func TestAWordThatIsTypedWhileADialogOpensAnswersNothing(t *testing.T) {
	r := newRig(t, 140, 40, withUnfinished)
	r.until("A drain was not finished")
	for _, c := range "yonder-leg-bilge" {
		r.typeText(string(c))
		r.clock.Advance(120 * time.Millisecond)
	}
	r.has("A drain was not finished")
	r.clock.Advance(600 * time.Millisecond)
	r.press("esc")
	r.hasNot("A drain was not finished")
	if n := len(r.requests()); n > 0 {
		t.Fatalf("%d changes were asked for", n)
	}
}

func TestAWordThatIsTypedWhileADialogClosesDoesNothingOnTheScreen(t *testing.T) {
	r := newRig(t, 140, 40, withUnfinished)
	r.until("A drain was not finished")
	r.clock.Advance(4 * time.Second)
	r.f.mu.Lock()
	r.f.unfinished = nil
	r.f.mu.Unlock()
	r.clock.Advance(2 * time.Second)
	r.until("another rollcall goes on with it")
	for _, c := range "yonder-xavier" {
		r.typeText(string(c))
		r.clock.Advance(300 * time.Millisecond)
	}
	r.hasNot("copied")
	if n := len(r.requests()); n > 0 {
		t.Fatalf("%d changes were asked for", n)
	}
	r.clock.Advance(time.Second)
	r.press("y")
	r.has("copied")
}
