package ui_test

import (
	"slices"
	"testing"

	"rollcall/dnsview/apply"
	"rollcall/ui"
)

// storeAway is what a journal asks whose store is away.
func storeAway() *apply.Ask {
	return &apply.Ask{Text: "s3://team/ops", Why: "the store of the team cannot be used now: connection refused"}
}

func TestALaunchAsksForThePlaceOfAStoreThatIsAwayOnceAnOutage(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.journal.ask = storeAway() }).ready()
	open := func() {
		r.press("L")
		r.until("of 16384 bytes")
		r.toButton()
		r.until("launch 1 node")
		r.press("enter", "enter")
	}
	open()
	r.until("cannot be used now: connection refused", "type s3://team/ops")
	r.read()
	r.typeText("s3://team")
	r.press("enter")
	r.until("nothing is launched then")
	if len(r.f.launches) > 0 {
		t.Fatal("it launched")
	}
	r.typeText("/ops")
	r.press("enter")
	r.until("1 of 1 registered")
	r.read()
	r.press("esc")
	open()
	r.until("1 of 1 registered")
	if !slices.Equal(r.f.journal.answered, []string{"s3://team/ops"}) || len(r.f.launches) != 2 {
		t.Errorf("answered %q, launched %d times", r.f.journal.answered, len(r.f.launches))
	}
}

func TestALaunchThatIsNotAnsweredForStartsNothingAndTheFormStays(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.journal.ask = storeAway() }).ready()
	r.press("L")
	r.until("of 16384 bytes")
	r.toButton()
	r.until("launch 1 node")
	r.press("enter", "enter")
	r.until("type s3://team/ops")
	r.read()
	r.press("esc")
	r.until("enter again launches 1 node")
	if len(r.f.launches)+len(r.f.journal.answered) > 0 {
		t.Errorf("answered %q, launched %d times", r.f.journal.answered, len(r.f.launches))
	}
}

func TestARetryOfALaunchAsksForThePlaceOfAStoreThatWentAwayMeanwhile(t *testing.T) {
	r := newRig(t, 140, 44, func(_ *ui.Options, f *fake) { f.fail = true }).ready()
	r.press("L")
	r.until("of 16384 bytes")
	r.toButton()
	r.until("launch 1 node")
	r.press("enter", "enter")
	r.until("r retry what is missing")
	r.read()
	r.f.mu.Lock()
	r.f.journal.ask = storeAway()
	r.f.mu.Unlock()
	r.press("r")
	r.until("type s3://team/ops")
	r.read()
	r.typeText("s3://team/ops")
	r.press("enter")
	r.until("1 of 1 registered")
	if len(r.f.relaunch) != 1 {
		t.Errorf("retried %v", r.f.relaunch)
	}
}
