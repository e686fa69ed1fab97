package ui_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui"
)

func TestCursorMovesByArrowsAndLetters(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.has("use1-build-07 i-0")
	r.press("down", "j")
	r.has("use1-build-09 i-0")
	r.press("k", "up")
	r.has("use1-build-07 i-0")
	r.press("G")
	r.has("-ams-www-04 c2f0")
	r.press("g")
	r.has("use1-build-07 i-0")
	r.press("pgdown")
	r.hasNot("use1-build-07 i-0")
	r.press("pgup")
	r.has("use1-build-07 i-0")
}

func TestTabGoesToTheCounterpart(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("j", "j", "j", "j", "j")
	r.has("use1-www-01 i-0")
	if l := r.line(" 54.1.20.1 "); !strings.Contains(l, "◆") {
		t.Errorf("the counterpart is not lit: %q", l)
	}
	r.press("tab")
	r.has("www.scalability.expert A 54.1.20.1 · node use1-www-01")
	if l := r.line("use1-www-01   running"); !strings.Contains(l, "◆") {
		t.Errorf("the instance is not lit: %q", l)
	}
	r.press("tab")
	r.has("use1-www-01 i-0")
}

func TestHAndLChangePanesAndTheOldKeyOfLaunchSaysSoOnce(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("l")
	r.has("launch is L now", "scalability.expert MX")
	r.hasNot("Launch ")
	r.press("h")
	r.has("use1-build-07 i-0")
	r.clock.Advance(time.Minute)
	r.press("l")
	r.hasNot("launch is L now")
	r.has("scalability.expert MX")
	r.press("h", "L")
	r.until("Launch")
}

func TestFilterIsLiveAndEscTakesItBack(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("/")
	r.typeText("cloud:joyent-ams")
	r.until("Instances 7/30 · /cloud:joyent-ams")
	r.press("esc")
	r.until("Instances 30")
	r.press("/")
	r.typeText("state:stopped")
	r.until("Instances 1/30")
	r.press("enter")
	r.has("-ams-www-03 ")
	r.press("esc")
	r.until("Instances 30")
}

func TestAFilterThatCannotBeReadSaysWhyAndKeepsTheRows(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("/")
	r.typeText("age>nonsense")
	r.has("Instances 30", "✖")
	r.press("enter") // not taken
	r.has("✖")
	r.press("esc")
	r.hasNot("nonsense")
}

func TestAHalfTypedFilterLeavesTheRowsAsTheyWere(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("/")
	r.typeText("cloud:joyent-ams ")
	r.until("Instances 7/30")
	for _, c := range "age>7" {
		r.typeText(string(c))
		r.send(nil)
		r.until("Instances 7/30 · /cloud:joyent-ams ")
	}
	r.typeText("d")
	r.until("/cloud:joyent-ams age>7d")
	for range "cloud:joyent-ams age>7d" {
		r.press("backspace")
	}
	r.until("Instances 30")
	r.typeText("state:runing")
	r.has("the nearest is running", "Instances 30")
	r.press("enter")
	r.has("the nearest is running") // it is not taken
	r.press("esc", "/")
	r.typeText("type") // looks like the beginning of a field
	r.has("Instances 30")
	r.press("enter")
	r.until("Instances 0/30 · /type")
}

func TestBareWordsMatchWhatIsOnTheScreen(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("tab")
	for _, c := range []struct{ text, wait string }{
		{"dead", "DNS 2/27"}, {"gone", "DNS 2/27"}, {"foreign", "DNS 1/27"}, {"name=www", "DNS 16/27"}, {"!dead", "DNS 25/27"}, {"~^www\\.", "DNS 16/27"},
	} {
		r.filtered(c.text, c.wait)
		r.press("esc")
		r.until("DNS 27")
	}
}

func TestHiddenMarksAreCountedAndNotActedOn(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("space", "space")
	r.has("2 marked")
	r.press("/")
	r.typeText("joyent")
	r.until("0 marked, 2 hidden")
	r.press("enter", "x")
	r.has("2 marked, all hidden by the filter")
	if len(r.f.plans) != 0 {
		t.Error("a plan was made for rows that cannot be seen")
	}
	r.press("space")
	r.has("1 marked, 2 hidden")
	r.press("x")
	r.until("type the name to terminate it")
	if w := r.f.plans[0]; len(w.Instances) != 1 || w.Instances[0].Cloud != "joyent-east" {
		t.Errorf("the plan is about %v, want the visible mark alone", w.Instances)
	}
}

func TestSortCyclesAndReverses(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("s")
	r.until("by cloud")
	r.press("s")
	r.until("by name", "NAME↑")
	r.press("S")
	r.until("NAME↓")
	if l := r.line("use1-www-04"); l == "" {
		t.Error("no rows")
	}
}

func TestOneDeadRecordIsOneKey(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.onDead()
	r.press("d")
	r.until("✓ done: delete www.scalability.expert A 165.225.1.9", "u undo", "DNS 26")
	if len(r.f.runs) != 1 || len(r.f.runs[0].Steps) != 1 {
		t.Fatalf("runs: %v", r.f.runs)
	}
	r.press("u")
	r.until("restore www.scalability.expert A 165.225.1.9 with its marker", "y do it")
	r.press("y")
	r.has("y do it") // too early: the question has just appeared
	r.clock.Advance(time.Second)
	r.press("y")
	r.until("✓ restore www", "esc close")
	r.press("esc")
	r.until("DNS 27")
}

func TestARefusedGuardIsNamedWithWhatWouldSatisfyIt(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.refuse = index.GuardCoverage }).ready()
	r.onDead()
	r.press("d")
	r.until("guard coverage, refused: joyent-ams answered with an error", "wait until joyent-ams answers")
	r.press("esc")
	r.has("guard coverage") // the dialog opened by itself and takes no keys yet
	r.clock.Advance(time.Second)
	r.press("esc")
	r.hasNot("guard coverage")
	r.has("165.225.1.9 is dead")
}

func TestAGuardThatTypingAnswersIsAsked(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.refuse, f.ask = index.GuardMinimum, "www" }).ready()
	r.onDead()
	r.press("d")
	r.until("1 step: 1 waits for the typed text", "guard minimum, waits for the typed text", "type www")
	r.clock.Advance(time.Second)
	r.typeText("ww")
	r.press("enter")
	r.typeText("w")
	if len(r.f.runs) != 1 {
		t.Fatalf("%d runs before it was typed", len(r.f.runs))
	}
	r.press("enter")
	r.until("✓ delete www", "esc close")
	if got := r.f.typed[1]; len(got) != 1 || got[0] != "www" {
		t.Errorf("typed %q", got)
	}
}

func TestSeveralMarkedShowThePlanFirst(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("f")
	r.until("Findings 5", "54.9.9.9")
	r.press("space", "space", "d")
	r.until("deregister 2 records", "y do it", "54.9.9.9", "165.225.1.9")
	if len(r.f.runs) != 0 {
		t.Fatal("it ran without a confirmation")
	}
	r.clock.Advance(time.Second)
	r.press("y")
	r.until("✓ delete www", "u undo")
	if len(r.f.runs) != 1 || len(r.f.runs[0].Steps) != 2 {
		t.Fatalf("runs: %v", r.f.runs)
	}
}

func TestALiveRecordShowsThePlanAndIsNotDeletedByOneKey(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("tab", "j", "j", "j")
	r.has("www.scalability.expert A 54.1.20.1 ")
	r.press("d")
	r.until("deregister www A 54.1.20.1", "y do it")
	if len(r.f.runs) != 0 {
		t.Fatal("a live record was deleted with one key")
	}
}

func TestTerminationAsksForTheNameAndItsWaitCanBeSkipped(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.hold = make(chan struct{}) }).ready().byName()
	r.press("x")
	r.until("type the name to terminate it", "wait 60s until no resolver")
	r.typeText("www-01")
	r.press("enter")
	if len(r.f.runs) != 0 {
		t.Fatal("a wrong name was taken")
	}
	for range "www-01" {
		r.press("backspace")
	}
	r.typeText("use1-build-07")
	r.press("enter")
	r.until("42s until resolvers forget", "s skip the wait")
	r.clock.Advance(2 * time.Second)
	r.has("40s until resolvers forget")
	r.press("s")
	r.until("resolvers may hold", "type use1-build-07", "esc wait on")
	r.press("s", "enter")
	r.until("is not \"use1-build-07\"", "40s until resolvers forget")
	r.press("backspace")
	r.typeText("use1-build-07")
	r.press("enter")
	r.until("✓ terminate use1-build-07", "esc close")
	if r.f.skipped != 1 {
		t.Errorf("skipped %d waits, want 1", r.f.skipped)
	}
}

func TestAYWithinAWordConfirmsNothing(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("tab", "j", "j", "j")
	r.press("d")
	r.until("deregister www A 54.1.20.1", "y do it")
	r.clock.Advance(time.Second)
	r.typeText("joy 20")
	r.press("enter")
	if n := len(r.sums()); n != 0 {
		t.Fatal("the y of a word was taken for an answer")
	}
	r.clock.Advance(time.Second)
	r.press("y")
	r.untilTrue("the run", func() bool { return len(r.sums()) == 1 })
}

func TestTerminatingSeveralAsksForTheCount(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("space", "space", "space", "x")
	r.until("type the count to terminate 3 instances")
}

func TestARunGoesOnInTheBackgroundAndQuitAsks(t *testing.T) {
	r := newRig(t, 140, 40, func(_ *ui.Options, f *fake) { f.hold = make(chan struct{}) }).ready().byName()
	r.press("x")
	r.until("type the name")
	r.typeText("use1-build-07")
	r.press("enter")
	r.until("42s")
	r.press("esc")
	r.has("goes on in the background")
	r.clock.Advance(10 * time.Second)
	r.has("terminate use1-build-07 in aws-use1: waits 32s")
	r.press("q")
	r.has("1 change still running", "  terminate use1-build-07 in aws-use1", "no new one begins")
	r.press("esc")
	r.press(":")
	r.typeText("changes")
	r.press("enter")
	r.has("s skip the wait")
	close(r.f.hold)
	r.until("✓ terminate use1-build-07")
}

func TestReadOnlyShowsAndRefuses(t *testing.T) {
	r := newRig(t, 140, 40, func(o *ui.Options, _ *fake) { o.ReadOnly = true }).ready()
	r.has("READ-ONLY")
	for _, k := range []string{"x", "d", "u", "L", "a"} {
		r.press(k)
		r.has("read-only: R switches it")
	}
	if len(r.f.plans) != 0 {
		t.Error("a plan was made")
	}
	r.press("R")
	r.hasNot("READ-ONLY")
}

func TestProductionIsAWordAndNotOnlyAColour(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.has("PRODUCTION") // the cursor is on aws-use1
	r.press("G")
	r.hasNot("PRODUCTION") // on joyent-ams
}

func TestWhyShowsEvidenceSourcesAndGuards(t *testing.T) {
	r := newRig(t, 140, 60).ready()
	r.onDead()
	r.press("w")
	r.until("why dead", "Evidence", "Rests on", "joyent-east", "Guards, asked just now", "the coverage guard is content")
	r.press("esc")
	r.hasNot("Evidence")
}

func TestWhyOfSeveralMarkedRecordsShowsEachWithItsGuards(t *testing.T) {
	r := newRig(t, 140, 60).ready()
	r.press("f")
	r.until("Findings 5", "54.9.9.9")
	r.press("space", "space", "w")
	r.until("why 2 findings", "165.225.1.9 is dead", "A 54.9.9.9 is dead", "of: delete www", "of: delete n9")
}

func TestDetailShowsTagsRecordsAndMarker(t *testing.T) {
	r := newRig(t, 140, 60).ready().byName()
	r.press("j", "j", "j", "j", "j", "enter")
	r.has("Tags", "service      www", "Records", "10.0.20.1")
	r.press("esc", "tab", "enter")
	r.has("Owner marker", fleetID, "registered")
}

func TestFindingsListJumpsToTheRow(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("f")
	r.until("Findings 5", "REMEDY", "54.9.9.9")
	r.press("enter")
	r.has("Instances 30", "is dead")
}

func TestARedoAlwaysShowsItsPlanFirst(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.onDead()
	r.press("d")
	r.until("✓ done: delete")
	r.press("u")
	r.until("undo the last change", "restore www", "y do it")
	r.clock.Advance(time.Second)
	r.press("y")
	r.until("✓ restore www")
	r.press("esc", "ctrl+r")
	r.until("redo what was undone", "delete www.scalability.expert A 165.225.1.9 again")
	if w := r.f.plans[len(r.f.plans)-1]; w.Verb != index.VerbRedo || w.Run != "" {
		t.Errorf("request %+v", w)
	}
	n := len(r.f.runs)
	r.press("esc")
	if len(r.f.runs) != n {
		t.Error("a redo ran before its plan was confirmed")
	}
	r.press("R", "ctrl+r")
	r.has("read-only")
	r.hasNot("redo what was undone")
}

func TestJournalListsAndUndoesAnEntry(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.onDead()
	r.press("d")
	r.until("✓ done: delete")
	r.press("J")
	r.until("Journal 1", "ops@desk", "deregister", "delete www.scalability.expert A 165.225.1.9")
	r.press("u")
	r.until("undo entry 1", "restore www")
	if w := r.f.plans[len(r.f.plans)-1]; w.Verb != index.VerbUndo || w.Run != "1" {
		t.Errorf("request %+v", w)
	}
	r.press("esc", "J")
	r.has("Instances")
}

func TestSourcesViewShowsTheErrorInFull(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.f.publish(func(s *providers.Snapshot) {
		s.Clouds[3].Coverage = providers.Failed(epoch(), epoch(), &providers.Error{Kind: providers.KindThrottled, Op: "list machines", Source: "joyent-ams"})
		s.Clouds[3].RowsFrom = epoch().Add(-2 * time.Minute)
		s.Clouds[3].RetryAt = epoch().Add(8 * time.Second)
	})
	r.until("joyent-ams ▲ 2m old, throttled, retry in 8s")
	r.press("v")
	r.until("Sources 6", "joyent-ams: list machines: throttled")
}

func TestRefreshAndPauseReachTheBackend(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.press("r")
	r.until("refreshed")
	r.press("p")
	r.has("PAUSED")
	r.untilTrue("pause", func() bool {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		return r.f.paused && r.f.refreshes == 1
	})
	r.press("p")
	r.hasNot("PAUSED")
}

func TestCopyTakesTheRecordAsTheCommandLineWritesIt(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.onDead()
	r.press("y")
	r.has("copied scalability.expert:www.scalability.expert/A/165.225.1.9")
}

func TestShellErrorIsSaid(t *testing.T) {
	r := newRig(t, 140, 40).ready().byName()
	r.press("o")
	r.until("no shell on use1-build-07 in a test")
}
