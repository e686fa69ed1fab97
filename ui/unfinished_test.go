package ui_test

import (
	"errors"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui"
	"rollcall/ui/common"
)

// withUnfinished adds to the journal that a drain of a build node, which is in no service, was not finished.
func withUnfinished(_ *ui.Options, f *fake) {
	for _, i := range []int{6, 7} {
		n := &f.snap.Clouds[0].Instances[i]
		f.unfinished = append(f.unfinished, common.UnfinishedDrain{
			Unfinished: journal.Unfinished{Instance: n.Ref(), Run: "r7", At: epoch()},
			Text:       n.Name + " in aws-use1 was being drained at 02:14 by you",
		})
	}
	f.snap.Clouds[0].Instances[7].State = providers.StateTerminated
}

func TestTheNextStartTellsOfADrainThatWasNotFinished(t *testing.T) {
	r := newRig(t, 140, 40, withUnfinished)
	r.until("A drain was not finished", "use1-build-07 in aws-use1 was being drained at 02:14 by you: taken out of DNS, still running", "g go on", "b return to DNS", "l leave it so")
	r.hasNot("use1-build-08 in aws-use1 was being drained") // terminated since
	r.press("g", "b", "l", "esc")
	r.has("A drain was not finished") // it opened by itself
	r.clock.Advance(time.Second)
	r.press("g")
	r.until("type the name to terminate it")
	if w := r.request(); w.Verb != index.VerbDrain || len(w.Instances) != 1 || w.Instances[0].Name != "use1-build-07" {
		t.Errorf("request %+v", w)
	}
}

func TestAnUnfinishedDrainIsReturnedOrLeft(t *testing.T) {
	r := newRig(t, 140, 40, withUnfinished)
	r.until("A drain was not finished")
	r.clock.Advance(time.Second)
	r.press("b")
	r.untilTrue("a return", func() bool { return len(r.requests()) == 1 })
	if w := r.request(); w.Verb != index.VerbReturn || len(w.Instances) != 1 {
		t.Errorf("request %+v", w)
	}

	r = newRig(t, 140, 40, withUnfinished)
	r.until("A drain was not finished")
	r.clock.Advance(time.Second)
	r.press("l")
	r.until("1 node left out of DNS and running")
	r.hasNot("A drain was not finished")
	if len(r.f.leftDrained) != 1 || len(r.requests()) != 0 {
		t.Errorf("left %v, asked for %v", r.f.leftDrained, r.requests())
	}

	r = newRig(t, 140, 40, withUnfinished, func(o *ui.Options, _ *fake) { o.ReadOnly = true })
	r.until("A drain was not finished")
	r.clock.Advance(time.Second)
	r.press("l")
	r.until("read-only")
	if len(r.f.leftDrained) != 0 {
		t.Error("it was left in read-only mode")
	}
}

func TestAnOfferIsWithdrawnOnceAnotherRollcallHasFinishedItOrGoesOnWithIt(t *testing.T) {
	r := newRig(t, 140, 40, withUnfinished)
	r.until("A drain was not finished")
	r.clock.Advance(4 * time.Second)
	r.f.mu.Lock()
	r.f.unfinished = nil
	r.f.mu.Unlock()
	r.clock.Advance(2 * time.Second)
	r.until("another rollcall goes on with it")
	r.hasNot("A drain was not finished")
	if len(r.requests()) > 0 || len(r.f.leftDrained) > 0 {
		t.Errorf("asked for %v, left %v", r.requests(), r.f.leftDrained)
	}
}

func TestAnOfferStaysWhileTheJournalCannotBeAskedAndWhileItStillHolds(t *testing.T) {
	r := newRig(t, 140, 40, withUnfinished)
	r.until("A drain was not finished")
	again := func() { // and the answer before it was taken over
		t.Helper()
		asked := r.f.asksUnfinished.Load()
		r.untilTrue("the journal to be asked again", func() bool { // one that is asked for already is not counted
			r.clock.Advance(6 * time.Second)
			return r.f.asksUnfinished.Load() > asked
		})
	}
	again()
	r.f.mu.Lock()
	r.f.unfinishedErr = errors.New("it is held")
	r.f.mu.Unlock()
	again()
	again()
	r.has("A drain was not finished")
}

func TestAnOfferSaysOfTheNewNodeThatItIsNotYetInDNSAndOfTheOldOneThatItWasTakenOut(t *testing.T) {
	r := newRig(t, 200, 40, func(_ *ui.Options, f *fake) {
		unreplaced(f, "r7", 1, f.snap.Clouds[0].Instances[6].Ref(), 7)
		f.unfinished[0].OutOfDNS = true
	})
	r.until("A replacement was not finished", "which is running and not yet in DNS; the old node", "was taken out of")
}

func TestADrainThatIsStoppedElsewhereWhileTheConsoleRunsIsOfferedToo(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.clock.Advance(20 * time.Second)
	r.f.mu.Lock()
	withUnfinished(nil, r.f)
	r.f.mu.Unlock()
	r.clock.Advance(20 * time.Second)
	r.until("A drain was not finished", "use1-build-07 in aws-use1 was being drained")
	r.clock.Advance(time.Second)
	r.press("esc")
	r.hasNot("A drain was not finished")
	r.clock.Advance(time.Minute)
	r.clock.Advance(time.Minute)
	r.hasNot("A drain was not finished") // it is offered once
}
