package cli

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/watcher"
	"rollcall/providers/journal"
)

func TestAWatchThatReachesTheThresholdOfAZoneStopsItselfAndSaysSo(t *testing.T) {
	s := fastWorld(t)
	_, machine := newTeam(t)
	machine("a")
	file := getenv(t, "ROLLCALL_CONFIG")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	few := strings.Replace(string(text), "threshold: 30%", "threshold: 1%", 1)
	if few == string(text) {
		t.Fatal("the config has another threshold")
	}
	if err := os.WriteFile(file, []byte(few), 0o600); err != nil {
		t.Fatal(err)
	}
	before := allRecords(s)
	got := &receiver{}
	srv := httptest.NewServer(got)
	t.Cleanup(srv.Close)
	f := removing(true, 20)
	f.Webhook, f.Metrics = srv.URL, "127.0.0.1:0"
	w := startWatch(t, f)
	until(t, "the stop", func() bool { return strings.Contains(w.err.String(), "it has stopped removing entries") })
	until(t, "the webhook", func() bool {
		return got.count(watcher.EventStopped, "dead")+got.count(watcher.EventStopped, "dangling") == 1
	})
	if n := sum(w.scrape()["rollcall_remedy_stopped"]); n != 1 {
		t.Errorf("the metric is %g", n)
	}
	w.end()
	if !strings.Contains(w.err.String(), "would go within ten minutes") {
		t.Errorf("it does not say why: %s", w.err.String())
	}
	if !slices.Equal(before, allRecords(s)) {
		t.Error("records have changed")
	}
	for _, e := range journalOf(t) {
		if e.State != journal.Refused {
			t.Errorf("%+v", e)
		}
	}
}

func TestAWatchStopsWhileTheJournalOfItsTeamHasLostEntries(t *testing.T) {
	s := fastWorld(t)
	store, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	objects, err := filepath.Glob(filepath.Join(store, "journal", "*1"))
	if err != nil || len(objects) == 0 {
		t.Fatalf("%v, %v", objects, err)
	}
	text, err := os.ReadFile(objects[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(objects[0], []byte(strings.Replace(string(text), "34.200.16.1", "34.200.16.2", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	machine("b")
	before := allRecords(s)
	w := startWatch(t, removing(true, 20))
	until(t, "the stop", func() bool { return strings.Contains(w.err.String(), "it has stopped removing entries") })
	w.end()
	if !strings.Contains(w.err.String(), "the journal has lost entries") {
		t.Errorf("it does not say why: %s", w.err.String())
	}
	if !slices.Equal(before, allRecords(s)) {
		t.Error("records have changed")
	}
}
