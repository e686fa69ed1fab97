package watcher

import (
	"io"
	"slices"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

func TestAFindingIsResolvedOnceTwoScansHaveMissedIt(t *testing.T) {
	s := app.NewSession(&app.Program{Err: io.Discard}, config.Empty(), nil, nil)
	s.State = t.TempDir()
	s.Start(time.Second)
	var events []string
	w := &watcher{s: s, known: map[string]*openFinding{}, states: map[string]string{}, metrics: newMetrics(s, ""), say: func(_ string, row any) error {
		events = append(events, row.(Line).Event)
		return nil
	}}
	record := func(id string) dnsview.Finding {
		return dnsview.Finding{Class: dnsview.Dead, Severity: dnsview.High, Zone: "example.com", Reason: "its node is gone", Record: &providers.Record{Zone: "example.com", Name: "www.example.com", Type: "A", Value: "192.0.2.1", ID: id}}
	}
	for n, step := range []struct {
		found []dnsview.Finding
		want  []string
	}{
		{[]dnsview.Finding{record("1")}, []string{EventNew}},
		{nil, nil},
		{[]dnsview.Finding{record("2")}, nil}, // restored
		{[]dnsview.Finding{record("2"), record("3")}, []string{EventNew}},
		{[]dnsview.Finding{record("3")}, nil},
		{[]dnsview.Finding{record("3")}, []string{EventResolved}}, // of two alike one is gone
		{nil, nil},
		{nil, []string{EventResolved}},
		{[]dnsview.Finding{record("3")}, []string{EventNew}},
	} {
		events = nil
		v := dnsview.Inspect(&providers.Snapshot{}, index.Options{Now: at.Add(time.Duration(n) * time.Minute)})
		v.Findings = step.found
		if err := w.scan(v); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(events, step.want) {
			t.Errorf("scan %d: %q, want %q", n, events, step.want)
		}
	}
}

func TestAFindingThatBecomesWorseIsSentOnceMoreAndOneBelowTheLimitNotRepeated(t *testing.T) {
	s := app.NewSession(&app.Program{Err: io.Discard}, config.Empty(), nil, nil)
	s.State = t.TempDir()
	s.Start(time.Second)
	h := testHooks(t, s, &hook{name: "new"}, &hook{name: "all", always: true})
	w := &watcher{s: s, least: dnsview.Medium, known: map[string]*openFinding{}, states: map[string]string{}, metrics: newMetrics(s, ""), hooks: h}
	for n, step := range []struct {
		severity         dnsview.Severity
		events, standing int
	}{{dnsview.Medium, 0, 0}, {dnsview.Medium, 1, 1}, {dnsview.Medium, 0, 1}, {dnsview.Critical, 1, 1}, {dnsview.Critical, 0, 1}, {dnsview.Low, 0, 0}, {dnsview.Medium, 0, 1}} {
		v := dnsview.Inspect(&providers.Snapshot{}, index.Options{Now: at.Add(time.Duration(n) * time.Minute)})
		v.Findings = []dnsview.Finding{{Class: dnsview.Dead, Severity: step.severity, Zone: "example.com", Name: "www.example.com", Reason: "its node is gone"}}
		if err := w.scan(v); err != nil {
			t.Fatal(err)
		}
		owed, standing := h.hooks[0].owed, h.hooks[1].last.standing
		h.hooks[0].owed = nil
		if len(owed) != step.events || len(standing) != step.standing || len(h.hooks[1].owed) > 0 {
			t.Errorf("scan %d: %d events, %d standing, want %d and %d", n, len(owed), len(standing), step.events, step.standing)
		}
	}
}
