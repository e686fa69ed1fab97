package cli

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/watcher"
	"rollcall/providers/journal"
)

// removing is a watch that removes what has stood for three seconds.
func removing(runs bool, perHour int) watchFlags {
	return watchFlags{remedies: []string{"dead", "dangling"}, dryRun: !runs, Options: watcher.Options{PerHour: perHour, StandsFor: 3 * time.Second}}
}

func TestAWatchThatActsRemovesWhatIsDeadUnderTheLeaseAndNothingElse(t *testing.T) {
	s := fastWorld(t)
	_, machine := newTeam(t)
	machine("a")
	before := allRecords(s)
	must(t, "snooze", "scalability.expert:www.scalability.expert/A/165.225.128.17", "--for", "1h", "--reason", "mine")
	w := startWatch(t, removing(true, 20))
	until(t, "an entry to go", func() bool { return strings.Contains(w.err.String(), "remedy: done") })
	until(t, "names that would be empty", func() bool { return strings.Contains(w.err.String(), "empties no name") })
	w.end()
	gone := slices.DeleteFunc(slices.Clone(before), func(r string) bool { return slices.Contains(allRecords(s), r) })
	if len(gone) == 0 {
		t.Fatal("nothing is gone")
	}
	for _, r := range gone {
		if strings.Contains(r, "svc-v1-9") && strings.Contains(r, " A ") || strings.Contains(r, "165.225.128.17") {
			t.Errorf("it removed %s", r)
		}
	}
	for _, e := range journalOf(t) {
		if !strings.HasPrefix(e.Who, "watch@") || e.State == journal.Done && e.Verb != "deregister" {
			t.Errorf("%+v", e)
		}
	}
}

func TestAWatchOnlySaysWhatItWouldRemoveUnlessItIsToldToAct(t *testing.T) {
	s := fastWorld(t)
	_, machine := newTeam(t)
	machine("a")
	before := allRecords(s)
	w := startWatch(t, removing(false, 20))
	until(t, "what it would do", func() bool { return strings.Contains(w.err.String(), "would do (--dry-run)") })
	w.end()
	if !slices.Equal(before, allRecords(s)) {
		t.Error("records have changed")
	}
}

func TestAPauseInTheStoreStopsAWatchThatActs(t *testing.T) {
	s := fastWorld(t)
	store, machine := newTeam(t)
	machine("a")
	before := allRecords(s)
	if err := os.WriteFile(filepath.Join(store, watcher.PauseKey), []byte("ana: wait for me\x1b[31m"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := startWatch(t, removing(true, 20))
	until(t, "the pause", func() bool { return strings.Contains(w.err.String(), "the team has paused it: ana: wait for me") })
	w.end()
	if strings.Contains(w.err.String(), "\x1b") || !slices.Equal(before, allRecords(s)) {
		t.Error("it did not pause")
	}
}

func TestAWatchThatReachesTheMostForAnHourStopsItself(t *testing.T) {
	s := fastWorld(t)
	_, machine := newTeam(t)
	machine("a")
	before := allRecords(s)
	got := &receiver{}
	srv := httptest.NewServer(got)
	t.Cleanup(srv.Close)
	f := removing(true, 1)
	f.Webhook = srv.URL
	w := startWatch(t, f)
	until(t, "the stop", func() bool { return strings.Contains(w.err.String(), "it has stopped removing entries") })
	until(t, "the webhook", func() bool {
		return got.count(watcher.EventStopped, "dead")+got.count(watcher.EventStopped, "dangling") == 1
	})
	w.end()
	after := allRecords(s)
	gone := slices.DeleteFunc(before, func(r string) bool { return slices.Contains(after, r) || strings.Contains(r, "_rollcall") })
	if len(gone) > 1 { // one goes if a scan finds it before the others, and that is the most
		t.Errorf("these are gone: %q", gone)
	}
}

func TestAWatchActsOnlyForATeamAndOnlyOnWhatIsDead(t *testing.T) {
	newWorld(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"watch", "--remedy", "dead"}, "needs a team"},
		{[]string{"watch", "--remedy", "foreign"}, "dead and dangling only"},
		{[]string{"watch", "--remedy", "dead", "--max-per-hour", "0"}, "write a number from 1"},
	} {
		if r := rollcall(t, c.args...); r.code != exit.Usage || !strings.Contains(r.err, c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, r.code, r.err)
		}
	}
}

func TestAWatchThatActsRemovesNothingWithoutTheKeyThatSigns(t *testing.T) {
	s := fastWorld(t)
	store, machine := newTeam(t)
	machine("a")
	setTeam(t, "store: "+store+", sign: true") // the agent has the key of Triton only
	before := allRecords(s)
	w := startWatch(t, removing(true, 20))
	until(t, "the refusal", func() bool { return strings.Contains(w.err.String(), "remedy: left alone: ") })
	w.end()
	for line := range strings.Lines(w.err.String()) {
		if strings.Contains(line, "remedy: ") && !strings.Contains(line, "cannot be signed as watch@") && !strings.Contains(line, "empties no name") {
			t.Error(line)
		}
	}
	if !strings.Contains(w.err.String(), "cannot be signed as ") || !slices.Equal(before, allRecords(s)) {
		t.Errorf("it did not refuse: %s", w.err.String())
	}
	if entries := journalOf(t); len(entries) > 0 {
		t.Errorf("journalled: %+v", entries)
	}
}
