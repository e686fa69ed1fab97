package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/common"
)

// command types a whole command.
func (r *rig) command(name string) {
	r.t.Helper()
	r.press(":")
	r.typeText(name)
	r.press("enter")
}

// marked marks rows of the instances, which it shows alone, by their names.
func (r *rig) marked(names ...string) *rig {
	r.t.Helper()
	r.command("instances")
	for _, n := range names {
		r.on(n)
		r.press("space")
	}
	return r
}

// replacing starts the replacement of two nodes, one after the other, which waits in each launch until a stage comes.
func replacing(t *testing.T, w, h int) *rig {
	t.Helper()
	r := newRig(t, w, h, func(_ *ui.Options, f *fake) {
		f.comes, f.hold = make(chan string), make(chan struct{})
	}).ready().byName().marked("use1-www-01", "use1-www-02")
	r.command("replace")
	r.until("type the count to terminate 2 instances")
	r.typeText("2")
	r.press("enter")
	r.until("x stop")
	return r
}

func TestReplaceRunsByItsWholeNameAndItsPlanSaysWhatIsLaunchedWhereAndHowManyAreOut(t *testing.T) {
	r := newRig(t, 140, 50, func(_ *ui.Options, f *fake) {
		f.hold = make(chan struct{})
		close(f.hold)
	}).ready().byName().marked("use1-www-01", "use1-www-02")
	r.press(":")
	r.typeText("repl")
	r.press("enter")
	r.until("changes something: its whole name runs it")
	r.typeText("ace")
	r.press("enter")
	r.until("replace 2 instances", "at most 1 node out of DNS at a time", "Launch www-0a1b-01 in the place of use1-www-01 in aws-use1: nginx-roundrobin with greeting=Ahoy,",
		"Terminate use1-www-01", "type the count to terminate 2 instances", "tab max out 2")
	r.press("tab") // also while it plans
	r.has("planning", "at most 2 nodes out of DNS at a time", "tab max out 1")
	r.press("tab")
	r.has("planning", "at most 1 node out of DNS at a time", "tab max out 2")
	r.press("tab")
	r.until("at most 2 nodes out of DNS at a time", "tab max out 1", "type the count")
	r.press("tab")
	r.until("at most 1 node out of DNS at a time", "type the count")
	r.send(key("tab"))
	r.until("at most 2 nodes out of DNS at a time", "type the count")
	r.typeText("2")
	r.press("enter")
	r.until("done")
	w := r.request()
	if w.Verb != index.VerbReplace || len(w.Replacements) != 1 || w.Replacements[0].MaxOut != 2 || len(w.Replacements[0].Nodes) != 2 || len(r.f.runs) != 1 || len(r.f.typed[0]) > 0 {
		t.Errorf("%+v, ran %d, typed %v", w, len(r.f.runs), r.f.typed)
	}
}

func TestAReplacementWhoseGuardsAskIsConfirmedByOneText(t *testing.T) {
	r := newRig(t, 140, 50, func(_ *ui.Options, f *fake) {
		f.refuse, f.ask = index.GuardThreshold, "2" // as guards of a replacement ask
		f.hold = make(chan struct{})
		close(f.hold)
	}).ready().byName().marked("use1-www-01", "use1-www-02")
	r.command("replace")
	r.until("type the count to terminate 2 instances; joyent-ams answered with an error")
	r.typeText("2")
	r.press("enter")
	r.untilTrue("the run", func() bool {
		r.f.mu.Lock()
		defer r.f.mu.Unlock()
		return len(r.f.runs) == 1
	})
	if len(r.f.typed[0]) != 1 || r.f.typed[0][0] != "2" {
		t.Errorf("typed %v", r.f.typed)
	}
}

func TestOneNodeIsReplacedWithoutAChoiceOfHowManyAreOut(t *testing.T) {
	r := newRig(t, 140, 50).ready().byName().marked()
	r.on("use1-www-01")
	r.command("replace")
	r.until("replace use1-www-01 in aws-use1", "type the name to terminate it")
	r.hasNot("max out")
	r.press("esc", "R")
	r.command("replace")
	r.until("read-only")
	if len(r.requests()) != 1 {
		t.Errorf("%v", r.requests())
	}
}

func TestTheRowOfANodeThatIsReplacedShowsTheStepAndTheHeaderCountsIt(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 40}, {200, 50}} {
		r := replacing(t, size[0], size[1])
		r.press("esc")
		r.until("1 RUNNING")
		row := func(name, text string) {
			t.Helper()
			r.untilTrue(name+" "+text, func() bool { return strings.Contains(r.line(name+" "), text) })
		}
		row("use1-www-01", "launching")
		for _, stage := range []string{"booting", "registering", "propagating"} {
			r.f.comes <- stage
			row("use1-www-01", stage)
		}
		if l := r.line("use1-www-02 "); !strings.Contains(l, "to be replaced") && !strings.Contains(l, "waits") {
			t.Errorf("at %v: %q", size, l)
		}
		close(r.f.comes)
		row("use1-www-01", "draining 42 s")
		r.clock.Advance(20 * time.Second)
		if l := r.line("use1-www-01 "); !strings.Contains(l, "draining 22 s") {
			t.Errorf("at %v: %q", size, l)
		}
		close(r.f.hold)
		r.until("done: ")
		r.hasNot("RUNNING", "draining")
	}
}

func TestAReplacementIsStoppedAndGoesOnFromItsDialog(t *testing.T) {
	r := replacing(t, 140, 50)
	r.f.comes <- "booting"
	r.until("www-0a1b-01 in aws-use1: booting")
	r.press("x")
	r.until("stopped: what was launched and taken out of DNS stays so", "r go on")
	r.hasNot("RUNNING", "x stop")
	r.press("r")
	r.until("type the count")
	if w := r.requests(); len(w) != 2 || w[1].Verb != index.VerbReplace || w[1].Replacements[0].MaxOut != 1 || len(w[1].Replacements[0].Nodes) != 2 {
		t.Errorf("%+v", w)
	}
}

func TestQuittingNamesTheReplacementThatRuns(t *testing.T) {
	r := replacing(t, 140, 50)
	r.press("esc", "q")
	r.has("1 change still running", "replace 2 instances: use1-www-01, use1-www-02; the next start offers to go on")
}

func TestAServiceIsReplacedFromTheServices(t *testing.T) {
	r := servicesRig(t, 140, 50)
	r.press("g")
	r.on("www.scalability.expert")
	r.command("replace")
	r.until("nodes of www.scalability.expert", "type the count", "tab max out 2")
	w := r.request()
	if w.Verb != index.VerbReplace || len(w.Instances) < 10 || len(w.Replacements) != 1 || len(w.Replacements[0].Nodes) != len(w.Instances) {
		t.Fatalf("%+v", w)
	}
	for _, n := range w.Instances {
		if !strings.Contains(n.Name, "-www-") {
			t.Errorf("%+v", n)
		}
	}
	r.press("esc")
	r.on("use1-www-01")
	r.command("replace")
	r.until("replace use1-www-01", "type the name")
	if w := r.request(); len(w.Instances) != 1 {
		t.Errorf("%+v", w)
	}
}

// withUnreplaced adds two replacements that were stopped, beside a drain.
func withUnreplaced(_ *ui.Options, f *fake) {
	unreplaced(f, "r7", 2, f.snap.Clouds[0].Instances[3].Ref(), 0, 1)
	unreplaced(f, "r8", 1, providers.InstanceRef{}, 2)
}

func TestTheNextStartOffersToGoOnWithReplacementsEachWithItsOwnLimit(t *testing.T) {
	r := newRig(t, 140, 40, withUnreplaced)
	r.until("A replacement was not finished", "use1-www-01 in aws-use1 was being replaced at 02:14 by you: stopped after the launch of", "04, which is running and in DNS; the old node is running", "use1-www-02 in aws-use1 was being replaced at 02:14 by you: stopped before the launch of", "g go on", "l leave it so")
	r.hasNot("return to DNS") // none is out of DNS
	r.press("g", "l")
	r.has("A replacement was not finished") // it opened by itself
	r.clock.Advance(time.Second)
	r.press("b", "g")
	r.until("type the count to terminate 3 instances", "out of DNS at a time: at most 2 of 2 nodes, then 1 of 1 node")
	r.hasNot("tab max out")
	w := r.request()
	if w.Verb != index.VerbReplace || len(w.Instances) != 3 || len(w.Replacements) != 2 || w.Replacements[0].MaxOut != 2 || len(w.Replacements[0].Nodes) != 2 || w.Replacements[1].MaxOut != 1 || w.Replacements[1].Nodes[0].Name != "use1-www-03" {
		t.Errorf("%+v", w)
	}
}

func TestAStoppedReplacementIsLeftOrItsNodeReturned(t *testing.T) {
	r := newRig(t, 140, 40, withUnfinished, withUnreplaced)
	r.until("A drain was not finished")
	r.hasNot("use1-www-01 in aws-use1 was being replaced")
	r.clock.Advance(time.Second)
	r.press("esc")
	r.until("A replacement was not finished")
	r.clock.Advance(time.Second)
	r.press("l")
	r.until("3 nodes left in place, and not replaced")
	if len(r.f.leftDrained) != 3 || !r.f.leftDrained[0].Replacement {
		t.Errorf("%+v", r.f.leftDrained)
	}

	r = newRig(t, 140, 40, withUnreplaced, func(_ *ui.Options, f *fake) { f.unfinished[0].OutOfDNS = true })
	r.until("A replacement was not finished", "b return to DNS")
	r.clock.Advance(time.Second)
	r.press("b")
	r.untilTrue("a return", func() bool { return len(r.requests()) == 1 })
	if w := r.request(); w.Verb != index.VerbReturn || len(w.Instances) != 1 || w.Instances[0].Name != "use1-www-01" {
		t.Errorf("%+v", w)
	}
}

func TestTheDialogsOfAReplacementInEverySize(t *testing.T) {
	for name, c := range sizes {
		with := func(more ...func(*ui.Options, *fake)) []func(*ui.Options, *fake) {
			if c.theme != nil {
				more = append(more, c.theme)
			}
			return more
		}
		t.Run("plan "+name, func(t *testing.T) {
			r := newRig(t, c.w, c.h, with()...)
			r.until("Instances 30")
			r.byName().marked("use1-www-01", "use1-www-02")
			r.command("replace")
			r.until("type the count", "type 2")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
		t.Run("unfinished "+name, func(t *testing.T) {
			r := newRig(t, c.w, c.h, with()...)
			r.until("Instances 30")
			if c.h > 10 {
				r.until("DNS 27", "www ")
			}
			withUnreplaced(nil, r.f)
			r.f.mu.Lock()
			r.f.team = &common.Team{Unfinished: r.f.unfinished} // of a member that is gone
			r.f.mu.Unlock()
			r.f.publish(func(*providers.Snapshot) {})
			r.until("A replacement was not")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}
