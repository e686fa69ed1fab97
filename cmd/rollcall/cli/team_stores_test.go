package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/journal"
)

// useStore has the config name another store, which is a folder that exists.
func useStore(t *testing.T, store string) {
	t.Helper()
	file := getenv(t, "ROLLCALL_CONFIG")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^team: .*\n`).ReplaceAll(text, nil)
	if store != "" {
		text = append(text, "team: {store: "+store+"}\n"...)
		if err := os.MkdirAll(store, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestTheConfigCanNameAnotherStoreAndGoBack(t *testing.T) {
	newWorld(t)
	old, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	first := journalOf(t)

	other := filepath.Join(t.TempDir(), "other")
	useStore(t, other)
	if entries := journalOf(t); len(entries) > 0 {
		t.Fatalf("the other store has entries of the first: %+v", entries)
	}
	must(t, "quiesce", "www-02")
	second := journalOf(t)
	if len(second) == 0 || second[len(second)-1].ID != "1" || second[0].State != journal.Done {
		t.Fatalf("the journal of the other store: %+v", second)
	}

	useStore(t, old)
	if entries := journalOf(t); len(entries) != len(first) || entries[0].Run != first[0].Run {
		t.Errorf("back at the first store: %+v", entries)
	}
	must(t, "undo", first[0].Run)
	useStore(t, other)
	must(t, "undo", second[0].Run)
	for _, store := range []string{old, other} {
		useStore(t, store)
		if r := rollcall(t, "journal", "--verify"); r.code != exit.Done {
			t.Errorf("%s: exit code %d, %s", store, r.code, r.err)
		}
	}
}

func TestWhatWaitsForOneStoreIsNotSentToAnother(t *testing.T) {
	newWorld(t)
	old, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	away := old + "-away"
	if err := os.Rename(old, away); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "quiesce", "www-02", "--confirm", old); r.code != exit.Done {
		t.Fatalf("while the store is away: exit code %d, %s", r.code, r.err)
	}
	useStore(t, filepath.Join(t.TempDir(), "other"))
	r := rollcall(t, "return", "www-02", "--dry-run")
	if !regexp.MustCompile(`rollcall: [0-9]+ (entries|entry).* waits? for the store `+regexp.QuoteMeta(old)).MatchString(r.err) || strings.Count(r.err, old) != 1 {
		t.Errorf("nothing says once what waits for the first store: %s", r.err)
	}
	if r := rollcall(t, "journal"); !strings.Contains(r.err, "the store "+old) {
		t.Errorf("rollcall journal: %s", r.err)
	}
	if entries := journalOf(t); len(entries) > 0 {
		t.Errorf("the other store has %+v", entries)
	}
	if err := os.Rename(away, old); err != nil {
		t.Fatal(err)
	}
	useStore(t, old)
	entries := journalOf(t)
	if len(entries) == 0 || entries[0].Local == "" || entries[0].Local == entries[0].ID || entries[0].State != journal.Done {
		t.Errorf("back at the first store: %+v", entries)
	}
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Done || strings.Contains(r.err, "wait") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}

func TestAStoreThatWasEmptiedIsRefusedUntilOneCommandSetsItsCopyAside(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	if r := rollcall(t, "team", "set-aside"); r.code != exit.Done || !strings.Contains(r.err, "has read nothing") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	must(t, "quiesce", "www-01")
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	useStore(t, store)
	r := rollcall(t, "quiesce", "www-02")
	if r.code == exit.Done || !strings.Contains(r.err+r.out, "rollcall team set-aside") {
		t.Fatalf("an emptied store: exit code %d, %s%s", r.code, r.out, r.err)
	}
	for _, args := range []string{"journal", "journal -o json", "timeline www-01"} {
		if r := rollcall(t, strings.Fields(args)...); r.code != exit.Unknown || !strings.Contains(r.err, "rollcall team set-aside") || !strings.Contains(r.out, "quiesce") {
			t.Errorf("%s: exit code %d, %s%s", args, r.code, r.out, r.err)
		}
	}
	for args, code := range map[string]int{"undo --dry-run": exit.Unknown, "redo --dry-run": exit.Unknown, "undo": exit.Unknown, "replace --resume --dry-run": exit.Unknown, "quiesce www-02 --dry-run": exit.Failed} {
		if r := rollcall(t, strings.Fields(args)...); r.code != code || !strings.Contains(r.out+r.err, "rollcall team set-aside") {
			t.Errorf("%s: exit code %d, %s%s", args, r.code, r.out, r.err)
		}
	}
	if r := rollcall(t, "journal", "--verify"); r.code != exit.Failed {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	r = rollcall(t, "team", "set-aside")
	if r.code != exit.Done || !strings.Contains(r.err, ".aside-") {
		t.Fatalf("exit code %d, %s", r.code, r.err)
	}
	must(t, "quiesce", "www-02")
	if entries := journalOf(t); len(entries) == 0 || entries[len(entries)-1].ID != "1" {
		t.Errorf("the new journal: %+v", entries)
	}
}

func TestWhatAnEarlierReleaseKeptOfTheStoreIsTakenOver(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	must(t, "quiesce", "www-01")
	must(t, "note", "www-01", "seen")
	found, err := filepath.Glob(filepath.Join(getenv(t, "XDG_STATE_HOME"), "rollcall", "*", "stores", "*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	state := filepath.Dir(filepath.Dir(found[0]))
	files, err := filepath.Glob(filepath.Join(found[0], "team-journal.jsonl*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files { // as it lay before
		if err := os.Rename(f, filepath.Join(state, filepath.Base(f))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(state, "team-journal.jsonl.store")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(found[0], filepath.Join(state, "team")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(store, store+"-away"); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "journal"); r.code != exit.Unknown || !strings.Contains(r.out, "quiesce  done") {
		t.Errorf("exit code %d, %s%s", r.code, r.out, r.err)
	}
	if _, err := os.Stat(filepath.Join(found[0], "annotations.json")); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(state, "team*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAllSpellingsOfAStoreHaveOneCopyOnThisMachine(t *testing.T) {
	newWorld(t)
	store, machine := newTeam(t)
	machine("a")
	link := link(t, store)
	must(t, "quiesce", "www-01")
	away := store + "-away"
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	folder, base := filepath.Split(store)
	for i, spelled := range []string{store + "/", folder + "../" + filepath.Base(filepath.Clean(folder)) + "//" + base, link} {
		useStore(t, spelled)
		rename(store, away)
		node := []string{"www-02", "www-03", "www-04"}[i]
		if r := rollcall(t, "quiesce", node, "--confirm", spelled); r.code != exit.Done {
			t.Fatalf("%s while the store is away: exit code %d, %s", spelled, r.code, r.err)
		}
		rename(away, store)
		useStore(t, store)
		entries := journalOf(t)
		if len(entries) < 3*(i+2) || entries[0].Local == "" || entries[0].Local == entries[0].ID {
			t.Errorf("what waited for %s was not sent to %s: %+v", spelled, store, entries)
		}
	}
	found, err := filepath.Glob(filepath.Join(getenv(t, "XDG_STATE_HOME"), "rollcall", "*", "stores", "*"))
	if err != nil || len(found) != 1 {
		t.Errorf("folders: %v, %v", found, err)
	}
	useStore(t, link)
	if err := os.RemoveAll(store); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(store, 0o700); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "journal"); r.code != exit.Unknown || !strings.Contains(r.err, "rollcall team set-aside") {
		t.Errorf("an emptied store: exit code %d, %s", r.code, r.err)
	}
}

func TestWhatWaitsInTheFolderOfAnotherNameOfTheStoreIsSentToo(t *testing.T) {
	for name, c := range map[string]struct {
		spelled func(t *testing.T, store string) string // the name under which it waits
		after   func(t *testing.T, store, spelled string) string
	}{
		"a link that became a folder": {
			func(t *testing.T, store string) string { return link(t, store) },
			func(_ *testing.T, store, _ string) string { return store },
		},
		"a folder that was moved": {
			func(_ *testing.T, store string) string { return store },
			func(t *testing.T, store, _ string) string {
				moved := filepath.Join(t.TempDir(), "moved")
				if err := os.Rename(store, moved); err != nil {
					t.Fatal(err)
				}
				return moved
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			newWorld(t)
			store, machine := newTeam(t)
			machine("a")
			must(t, "quiesce", "www-01")
			spelled := c.spelled(t, store)
			useStore(t, spelled)
			if err := os.Rename(store, store+"-away"); err != nil {
				t.Fatal(err)
			}
			must(t, "quiesce", "www-02", "--confirm", spelled)
			must(t, "note", "www-03", "wait for me")
			if err := os.Rename(store+"-away", store); err != nil {
				t.Fatal(err)
			}
			stores := filepath.Join(getenv(t, "XDG_STATE_HOME"), "rollcall", "*", "stores", "*")
			if found, err := filepath.Glob(stores); err != nil || len(found) != 1 {
				t.Fatalf("%v, %v", found, err)
			} else if err := os.Rename(found[0], filepath.Join(filepath.Dir(found[0]), "0123456789abcdef")); err != nil { // as a release kept it that knew the spelling only
				t.Fatal(err)
			}
			useStore(t, c.after(t, store, spelled))
			for range 2 { // the first run learns which store it is
				must(t, "ls", "findings")
			}
			entries := journalOf(t)
			if len(entries) == 0 || entries[0].Local == "" || entries[0].Local == entries[0].ID || entries[0].State != journal.Done {
				t.Errorf("what waited was not sent: %+v", entries)
			}
			if r := rollcall(t, "quiesce", "www-04", "--dry-run"); strings.Contains(r.err, "wait") {
				t.Errorf("%s", r.err)
			}
			must(t, "ls", "findings") // the id of the store, by which it knows its notes, came with the journal
			machine("b")
			if out := must(t, "ls", "instances", "--filter", "name:www-03", "-o", "json"); !strings.Contains(out, "wait for me") {
				t.Errorf("the note was not sent: %s", out)
			}
		})
	}
}

// link returns a symbolic link to a folder.
func link(t *testing.T, to string) string {
	t.Helper()
	l := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(to, l); err != nil {
		t.Fatal(err)
	}
	return l
}
