package cli

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
	"rollcall/providers/sim/world"
)

// The world has dead and dangling entries. What one command found, the next ones go on to say while a source fails.
func TestWhatOneCommandFoundDeadTheNextOnesGoOnToSayWhileASourceFails(t *testing.T) {
	s := newWorld(t)
	type alarm struct{ class, subject string }
	read := func(want int) (found []rows.FindingObject, alarms []alarm) {
		t.Helper()
		r := rollcall(t, "drift", "--exit-code", "-o", "json")
		var report driftReport
		if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.code != want {
			t.Fatalf("exit code %d, want %d, %v: %s", r.code, want, err, r.err)
		}
		for _, f := range report.Findings {
			if f.Class == "dead" || f.Class == "dangling" {
				found, alarms = append(found, f), append(alarms, alarm{f.Class, f.Subject()})
			}
		}
		return found, alarms
	}
	_, before := read(exit.Drift)
	if len(before) == 0 {
		t.Fatal("nothing is dead in the world")
	}
	if err := s.World().SetFault("joyent-ams", world.AuthError); err != nil {
		t.Fatal(err)
	}
	for range 2 { // each is a process of its own
		found, now := read(exit.Unknown)
		if !slices.Equal(now, before) {
			t.Fatalf("while joyent-ams fails: %v, before: %v", now, before)
		}
		for _, f := range found {
			if f.Certain || !slices.Contains(f.UncertainSources, "joyent-ams") || f.Remedy != "" || !strings.Contains(f.Reason, "not certain: joyent-ams") {
				t.Errorf("certain %t, for %q, remedy %q: %s", f.Certain, f.UncertainSources, f.Remedy, f.Reason)
			}
		}
	}
	records := allRecords(s)
	if r := rollcall(t, "deregister", "--dead"); r.code == exit.Done || !strings.Contains(r.err, "not certain: joyent-ams") {
		t.Errorf("deregister --dead: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if now := allRecords(s); !slices.Equal(now, records) {
		t.Errorf("records went while a source failed: %v", now)
	}
	if err := s.World().SetFault("joyent-ams", world.NoFault); err != nil {
		t.Fatal(err)
	}
	found, now := read(exit.Drift)
	if !slices.Equal(now, before) || !found[0].Certain || found[0].Remedy == "" {
		t.Errorf("all is back: %v, %+v", now, found[0])
	}
}
