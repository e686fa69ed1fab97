package ui_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui"
)

// written is a journal of two runs, newest first; the first entry was looked up, the last is taken back.
func written() []journal.Entry {
	o := providers.Owner{Fleet: fleetID, Cloud: "6f04c8cc33", Instance: "i-0dead", Registered: epoch().Add(-24 * time.Hour)}
	was := providers.Record{
		Zone: "scalability.expert", Name: "www.scalability.expert", Type: "A", TTL: 60, Value: "165.225.1.9", ID: "372e67954025e0ba", Comment: "rollcall1 7f3a9c1e", Proxied: true,
		Owners: []providers.Owner{o}, Modified: epoch().Add(-time.Hour),
	}
	is := was
	is.Value, is.TTL = "54.1.20.7", 300
	update := &providers.Change{Op: providers.OpUpdate, Before: was, After: is}
	return []journal.Entry{
		{
			ID: "3", Run: "r3c3c3c3c", Time: epoch().Add(-time.Minute), Ended: epoch().Add(-time.Minute + 340*time.Millisecond), Who: "ops@desk", Verb: "update", Title: "Update 1 entry", Checksum: "0123456789abcdef", Step: 1,
			Kind: "change", Sentence: "change www to 54.1.20.7", Zone: was.Zone, Change: update, Reason: "moved", State: journal.Done, LookedUp: true, Note: "it was looked up, and is there", Ticket: "C0815", Result: &is,
			Guards: []journal.Guard{{Guard: "owner", Pass: true, Why: "its marker names i-0dead of this fleet"}, {Guard: "minimum", Pass: true, Why: "the name would be empty", Typed: "www.scalability.expert"}},
		},
		{ID: "2", Run: "r2b2b2b2b", Time: epoch().Add(-time.Hour), Who: "me@here", Verb: "undo", Kind: "change", Sentence: "restore it", Undoes: "1", State: journal.Done, Change: &providers.Change{Op: providers.OpCreate, After: was}},
		{ID: "1", Run: "r1a1a1a1a", Time: epoch().Add(-2 * time.Hour), Who: "me@here", Verb: "deregister", Kind: "change", Sentence: "delete it", State: journal.Done, Change: &providers.Change{Op: providers.OpDelete, Before: was}},
	}
}

func withJournal(_ *ui.Options, f *fake) { f.entries = written() }

func TestTheJournalIsFilteredAsEverythingElse(t *testing.T) {
	r := newRig(t, 140, 40, withJournal).ready()
	r.press("J")
	r.until("Journal 3", "change www", "restore it", "delete it")
	r.press("/")
	r.typeText("verb:undo")
	r.until("Journal 1/3", "restore it")
	r.hasNot("delete it")
	r.press("enter", "esc")
	r.until("Journal 3", "delete it")
	r.press("/")
	r.typeText("age>30m -verb:undo")
	r.until("Journal 1/3", "delete it")
}

func TestAnEntryThatWasTakenBackSaysSo(t *testing.T) {
	r := newRig(t, 140, 40, withJournal).ready()
	r.press("J")
	r.until("Journal 3")
	if l := r.line("delete it"); !strings.Contains(l, "undone") {
		t.Errorf("%q", l)
	}
	if l := r.line("restore it"); !strings.Contains(l, "✓ done") {
		t.Errorf("%q", l)
	}
}

func TestTheDetailOfAnEntryTellsAllOfIt(t *testing.T) {
	r := newRig(t, 140, 90, withJournal).ready()
	r.press("J")
	r.until("Journal 3")
	r.press("enter")
	r.has(
		"journal entry 3", "3  of run r3c3c3c3c", "done; it was looked up afterwards", "it was looked up, and is there", "after 340ms", "ops@desk",
		"update 0123456789abcdef  Update 1 entry", "C0815", "moved",
		"- www.scalability.expert 60 A 165.225.1.9 ; proxied; owner i-0dead of fleet", "+ www.scalability.expert 300 A 54.1.20.7 ; proxied",
		"Before", "After", "As the provider had it then", "372e67954025e0ba", "rollcall1 7f3a9c1e", "in cloud 6f04c8cc33, since",
		"✓ owner", "its marker names i-0dead", `("www.scalability.expert" was typed)`, "u undo the entry", "U undo its whole run",
	)
	r.press("U")
	r.untilTrue("an undo of the run", func() bool { return len(r.requests()) > 0 })
	if w := r.request(); w.Verb != index.VerbUndo || w.Run != "r3c3c3c3c" {
		t.Errorf("request %+v", w)
	}
}

func TestARunOfTheJournalIsUndoneWithOneKey(t *testing.T) {
	r := newRig(t, 140, 40, withJournal).ready()
	r.press("J")
	r.until("Journal 3")
	r.press("down", "down", "U")
	r.until("undo run r1a1a1a1a")
	r.untilTrue("a request", func() bool { return len(r.requests()) == 1 })
	if w := r.request(); w.Run != "r1a1a1a1a" {
		t.Errorf("request %+v", w)
	}
	r.press("esc", "u")
	r.until("undo entry 1")
	r.untilTrue("another request", func() bool { return len(r.requests()) == 2 })
	if w := r.request(); w.Run != "1" {
		t.Errorf("request %+v", w)
	}
}

func TestWhatIsWrongWithTheJournalStandsAboveItsEntries(t *testing.T) {
	r := newRig(t, 100, 14, withJournal, func(_ *ui.Options, f *fake) {
		f.problems = []journal.Problem{
			{Line: 6, Why: "the chain is broken before this line"},
			{Why: "18 bytes were set aside", Side: "/state/journal.jsonl.damaged-1"},
			{Line: 8, Why: "x"},
			{Line: 9, Why: "evil\x1b[31m"},
		}
	})
	r.until("Instances 30")
	r.press("J")
	r.until("▲ line 6: the chain is broken before this line", "▲ 18 bytes were set aside: /state/journal.jsonl.damaged-1", "▲ and 2 more: rollcall journal --verify lists them", "change www")
	r.press("G")
	r.has("delete it") // the last row is not pushed off the screen
	r.f.mu.Lock()
	r.f.problems = r.f.problems[3:]
	r.f.mu.Unlock()
	r.press("esc", "J")
	r.until("▲ line 9: evil")
	r.hasNot("\x1b[31m", "chain is broken")
}

func TestWhatAStoppedRollcallLeftOpenIsToldAtTheStart(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) {
		f.leftOpen = []string{"journal entry 7 was left open by a rollcall that was stopped, and is done now: delete it", "another"}
	})
	r.until("▲ journal entry 7 was left open by a rollcall that was stopped, and is done now: delete it (and 1 more)", "J journal")
}

func TestAChangeThatEndsWhileTheJournalIsShownStandsInIt(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.onDead()
	r.press("d")
	r.until("✓ done: delete")
	r.press("J")
	r.until("Journal 1")
	r.press("u")
	r.until("restore www", "y do it")
	r.clock.Advance(time.Second)
	r.press("y")
	r.until("✓ restore www")
	r.press("esc")
	r.until("Journal 2")
}

func TestAnEmptyJournalOffersNoKeyForAnEntry(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("J", "u")
	r.until("no entries", "there is no entry under the cursor")
	r.clock.Advance(time.Minute)
	r.hasNot("enter open", "u undo", "U undo the run")
	if len(r.f.plans) > 0 {
		t.Error("the last change is undone from an empty journal")
	}
}

func TestUndoWaitsForTheEntriesOfTheJournal(t *testing.T) {
	r := newRig(t, 140, 40, withJournal).ready()
	r.press("J", "u")
	r.until("undo entry 3")
	if w := r.planned(); w.Run != "3" {
		t.Errorf("%+v", w)
	}
}
