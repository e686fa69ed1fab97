package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
)

func TestConfigCheckReadsTheStoreOfTheTeamAndTriesItsWrites(t *testing.T) {
	s := newWorld(t)
	before := allRecords(s)
	store, machine := newTeam(t)
	machine("a")
	r := rollcall(t, "config", "check")
	for _, want := range []string{"team store " + store + ": it can be read, and has no journal yet", "can write to it, and it honours the conditions of writes"} {
		if r.code != exit.Done || !strings.Contains(r.err, want) {
			t.Errorf("exit code %d, no %q: %s", r.code, want, r.err)
		}
	}
	if found, err := filepath.Glob(filepath.Join(store, "*", "*")); err != nil || len(found) > 0 {
		t.Errorf("it has written %v, %v", found, err)
	}
	must(t, "quiesce", "www-01")
	must(t, "undo")
	if r := rollcall(t, "config", "check"); r.code != exit.Done || !strings.Contains(r.err, "and has a journal") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if got := allRecords(s); strings.Join(got, "\n") != strings.Join(before, "\n") {
		t.Errorf("DNS was changed: %v", got)
	}

	if err := os.Rename(store, store+"-away"); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "config", "check"); r.code != exit.Unknown || !strings.Contains(r.err, "team store "+store+" did not answer") {
		t.Errorf("away: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "config", "check", "--offline"); r.code != exit.Done || strings.Contains(r.err, "team store") {
		t.Errorf("offline: exit code %d, %s", r.code, r.err)
	}
	if err := os.Rename(store+"-away", store); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(store, "fleet", "id"), []byte(`{"format":1,"fleet":"of-others"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "config", "check"); r.code != exit.Usage || !strings.Contains(r.err, `it belongs to the fleet "of-others"`) || !strings.Contains(r.err, "config.yaml:") {
		t.Errorf("the store of others: exit code %d, %s", r.code, r.err)
	}
}
