package cli

import (
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/watcher"
	"rollcall/dnsview/rows"
)

func TestOneWatchOfATeamReadsForAllAndAnotherTakesOver(t *testing.T) {
	fastWorld(t)
	_, machine := newTeam(t)
	machine("a")
	first := startWatch(t, watchFlags{})
	until(t, "the first watch to work", func() bool { return first.count(watcher.EventNew, "dead") == 6 })
	machine("b")
	second := startWatch(t, watchFlags{})

	machine("console")
	var sources []rows.Source
	until(t, "rows of every source", func() bool {
		sources = decode[[]rows.Source](t, must(t, "ls", "sources", "-o", "json"))
		return !slices.ContainsFunc(sources, func(r rows.Source) bool { return r.ReadBy == nil })
	})
	for _, r := range sources {
		if r.State != "complete" || !strings.HasPrefix(*r.ReadBy, "watch on ") || r.Rows == 0 {
			t.Errorf("%+v", r)
		}
	}
	if r := rollcall(t, "ls", "sources", "-o", "wide"); !strings.Contains(r.out, "READ BY") || !strings.Contains(r.out, " s ago") {
		t.Error(r.out)
	}
	own, shown := rollcall(t, "drift", "--exit-code", "-o", "json"), rollcall(t, "ls", "findings", "--filter", "finding:dead", "-o", "name")
	if own.code != exit.Drift || strings.Count(shown.out, "\n") != 6 {
		t.Errorf("drift %d, ls findings: %s", own.code, shown.out)
	}
	if n := len(second.lines()); n != 0 {
		t.Errorf("a watch that waits printed %d lines: %s", n, &second.out)
	}
	first.end()
	until(t, "the second watch to work", func() bool { return second.count(watcher.EventNew, "dead") == 6 })
}

func TestAReadOnlyWatchOfATeamSaysThatItReportsBesideTheOneThatHoldsTheLease(t *testing.T) {
	fastWorld(t)
	_, machine := newTeam(t)
	machine("a")
	first := startWatch(t, watchFlags{})
	until(t, "the first watch to work", func() bool { return first.count(watcher.EventNew, "dead") == 6 })
	machine("b")
	second := startWatch(t, watchFlags{}, func(a *app.Program) { a.WriteNothing(true) })
	until(t, "the read-only watch to report", func() bool { return second.count(watcher.EventNew, "dead") == 6 })
	if text := second.err.String(); strings.Count(text, "beside the watch that holds the lease of the team") != 1 {
		t.Errorf("it does not say that findings are reported twice: %s", text)
	}
	if text := first.err.String(); strings.Contains(text, "--read-only") {
		t.Error(text)
	}
}

func TestAChangeReadsTheSourcesThoughPublishedRowsAreFresh(t *testing.T) {
	fastWorld(t)
	_, machine := newTeam(t)
	machine("a")
	first := startWatch(t, watchFlags{})
	shown := func() bool {
		return strings.Contains(must(t, "ls", "sources", "-o", "json"), `"read_by": "watch on`)
	}
	until(t, "its rows", shown)
	first.end()
	machine("b") // what the watch has published is still fresh
	must(t, "deregister", "--dead", "--dry-run")
	if !shown() {
		t.Error("rows of a watch that has just ended are not shown")
	}
	if r := rollcall(t, "drift", "-o", "json"); strings.Contains(r.out, "watch on") {
		t.Error(r.out)
	}
}

func TestASessionThatHeldTheLeaseShowsTheRowsOfAnotherThoughTheyAreTheSame(t *testing.T) {
	fastWorld(t)
	_, machine := newTeam(t)
	machine("a")
	w := startWatch(t, watchFlags{})
	until(t, "the watch to work", func() bool { return w.count(watcher.EventNew, "dead") == 6 })
	machine("b")
	s := opened(t)
	read := func() (by int) {
		snap := s.Fleet.Snapshot()
		for i := range snap.Clouds {
			if snap.Clouds[i].ReadBy != "" && len(snap.Clouds[i].Instances) > 0 {
				by++
			}
		}
		return by
	}
	until(t, "the rows of every cloud", func() bool {
		s.PollPublished(t.Context())
		return read() == 4
	})
	s.DropPublished() // as while it holds the lease
	if n := read(); n != 0 {
		t.Errorf("rows of another are shown of %d clouds by the holder of the lease", n)
	}
	s.PollPublished(t.Context())
	if n := read(); n != 4 {
		t.Errorf("once it waits again, the rows of %d clouds are shown, though they are the same", n)
	}
}
