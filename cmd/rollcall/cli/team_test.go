package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/journal"
)

// newTeam makes the config of a world that of a team whose store is a folder. machine makes the next commands those of
// another machine.
func newTeam(t *testing.T) (store string, machine func(name string)) {
	t.Helper()
	store = filepath.Join(t.TempDir(), "store")
	if err := os.Mkdir(store, 0o700); err != nil {
		t.Fatal(err)
	}
	file := getenv(t, "ROLLCALL_CONFIG")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(text, "team: {store: "+store+"}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	states := t.TempDir()
	return store, func(name string) { setenv(t, "XDG_STATE_HOME", filepath.Join(states, name)) }
}

func TestMembersOfATeamShareJournalAndUndo(t *testing.T) {
	s := newWorld(t)
	must(t, "quiesce", "www-01") // before there is a team
	own := getenv(t, "XDG_STATE_HOME")
	before := allRecords(s)
	_, machine := newTeam(t)

	machine("a")
	must(t, "quiesce", "www-02")
	machine("b")
	entries := journalOf(t)
	if len(entries) == 0 || entries[0].Verb != "quiesce" || entries[0].State != journal.Done {
		t.Fatalf("the other machine reads %+v", entries)
	}
	must(t, "undo", entries[0].Run)
	if got := allRecords(s); !slices.Equal(got, before) {
		t.Errorf("after the undo from another machine:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(before, "\n"))
	}
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Done || !strings.Contains(r.err, "the journal is whole") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}

	setenv(t, "XDG_STATE_HOME", own)
	if r := rollcall(t, "quiesce", "www-02", "--dry-run"); !strings.Contains(r.err, "rollcall team join") {
		t.Errorf("nothing says that there is a journal from before the team: %s", r.err)
	}
	if r := rollcall(t, "team", "join"); r.code != exit.Done || !strings.Contains(r.err, "of this machine went into the journal of the team") {
		t.Fatalf("exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "team", "join"); r.code != exit.Done || !strings.Contains(r.err, "no journal from before the team") {
		t.Errorf("a second join: exit code %d, %s", r.code, r.err)
	}
	machine("c")
	entries = journalOf(t)
	oldest := entries[len(entries)-1]
	if !strings.Contains(oldest.Sentence, "www.scalability.expert") || oldest.Local == "" || oldest.State != journal.Done {
		t.Errorf("the oldest entry: %+v", oldest)
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.ID] {
			t.Errorf("two entries have the number %s", e.ID)
		}
		seen[e.ID] = true
	}
	must(t, "undo", oldest.Run)
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Done {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}

func TestAChangeWithoutTheStoreOfTheTeamAsksForItsPlaceAndJoinsLater(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	away := store + ".away"
	if err := os.Rename(store, away); err != nil { // it is not mounted any more
		t.Fatal(err)
	}
	if r := rollcall(t, "timeline", "www-01"); r.code != exit.Unknown || !strings.Contains(r.out, "quiesce") {
		t.Errorf("timeline: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if r := rollcall(t, "journal"); r.code != exit.Unknown || !strings.Contains(r.out, "quiesce") || !strings.Contains(r.err, "does not answer") {
		t.Errorf("journal: exit code %d, %s%s", r.code, r.out, r.err)
	}
	r := rollcall(t, "quiesce", "www-02")
	if r.code != exit.Failed || !strings.Contains(r.err, "--confirm "+store) {
		t.Fatalf("exit code %d, %s", r.code, r.err)
	}
	must(t, "quiesce", "www-02", "--confirm", store)
	if err := os.Rename(away, store); err != nil {
		t.Fatal(err)
	}
	machine("b")
	if n := len(journalOf(t)); n == 0 {
		t.Error("the entries from before the outage are gone")
	}
	machine("a")
	must(t, "journal") // it is back
	machine("b")
	entries := journalOf(t)
	if !slices.ContainsFunc(entries, func(e journal.Entry) bool {
		return e.Local != "" && e.State == journal.Done && strings.Contains(e.Sentence, "out of DNS")
	}) {
		t.Errorf("what was done during the outage is not in the journal of the team: %+v", entries)
	}
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Done {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}

func TestThePolicyOfTheStoreNamesItsBucketAndNeverLetsTheJournalExpire(t *testing.T) {
	newWorld(t)
	file := getenv(t, "ROLLCALL_CONFIG")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "policy", "store"); r.code != exit.Usage || !strings.Contains(r.err, "the config has no team") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if err := os.WriteFile(file, append(text, "team: {store: s3://ops-bucket/rollcall}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	p := decode[storePolicy](t, must(t, "policy", "store", "-o", "json"))
	for _, s := range p.Policy.Statement {
		for _, r := range s.Resource {
			if !strings.HasPrefix(r, "arn:aws:s3:::ops-bucket") {
				t.Errorf("%s is for %s", s.Sid, r)
			}
			if strings.Contains(r, "/journal/") && slices.Contains(s.Action, "s3:DeleteObject") {
				t.Error("the journal can be removed")
			}
		}
	}
	for _, r := range p.Lifecycle.Rules {
		if prefix := r.Filter["Prefix"]; !strings.HasPrefix(prefix, "rollcall/") || strings.Contains(prefix, "journal") {
			t.Errorf("rule %s is for %q", r.ID, prefix)
		}
	}
	if out := must(t, "policy", "store"); !strings.Contains(out, "rollcall/journal/ must never expire") {
		t.Errorf("%s", out)
	}
}

func TestASecondFleetOnTheStoreOfATeamIsRefusedInOneLine(t *testing.T) {
	newWorld(t)
	_, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-02")
	file := getenv(t, "ROLLCALL_CONFIG")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := regexp.MustCompile(`(?m)^fleet: .*$`).ReplaceAll(text, []byte("fleet: 0badf1ee"))
	if err := os.WriteFile(file, other, 0o600); err != nil || string(other) == string(text) {
		t.Fatal(err)
	}
	machine("b")
	for _, args := range [][]string{{"journal"}, {"journal", "--verify"}} {
		r := rollcall(t, args...)
		if n := strings.Count(r.err, "belongs to the fleet"); r.code != exit.Failed || r.out != "" || n != 1 {
			t.Errorf("%v: exit code %d\n%s\n%s", args, r.code, r.out, r.err)
		}
	}
}
