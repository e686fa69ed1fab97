package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/providertest"
)

// lastRelease is the commit that the last release was built from.
const lastRelease = "87ec615b9fa313a0edf5aef32d11626ddb43bcb4"

// releaseBuild builds the program of the last release from the history of this repository, once: it is
// kept in .cache, which git ignores.
var releaseBuild = sync.OnceValues(func() (program string, err error) {
	git := func(args ...string) (string, error) {
		out, err := exec.Command("git", args...).Output()
		return strings.TrimSpace(string(out)), err
	}
	top, err := git("rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	if _, err := git("rev-parse", "--verify", "--quiet", lastRelease+"^{commit}"); err != nil {
		return "", err
	}
	dir := filepath.Join(top, ".cache", "release-"+lastRelease[:12])
	program = filepath.Join(dir, "bin", "rollcall")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	source := filepath.Join(dir, "source")
	if err := os.MkdirAll(source, 0o755); err != nil {
		return "", err
	}
	archive, err := exec.Command("git", "-C", top, "archive", lastRelease).Output()
	if err != nil {
		return "", err
	}
	unpack := exec.Command("tar", "-x", "-C", source)
	unpack.Stdin = bytes.NewReader(archive)
	if err := unpack.Run(); err != nil {
		return "", err
	}
	fresh := program + ".new"
	build := exec.Command("go", "build", "-o", fresh, "./cmd/rollcall")
	build.Dir = source
	build.Env = append(os.Environ(), "GOFLAGS=")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", err
	}
	return program, os.Rename(fresh, program)
})

// release returns what runs a command of the last release in the world of the test.
func release(t *testing.T) func(args ...string) result {
	t.Helper()
	program, err := releaseBuild()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the last release cannot be built from the history: %v", err)
		}
		t.Skipf("OLD AND NEW ARE NOT TRIED TOGETHER: the last release cannot be built from the history: %v", err)
	}
	return func(args ...string) result {
		t.Helper()
		c := exec.CommandContext(t.Context(), program, args...)
		var out, stderr bytes.Buffer
		c.Env, c.Stdout, c.Stderr = environment(t).List(), &out, &stderr
		if err := c.Run(); c.ProcessState == nil {
			t.Fatalf("the last release: %v", err)
		}
		r := result{code: c.ProcessState.ExitCode(), out: out.String(), err: stderr.String()}
		t.Logf("last release %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.err)
		return r
	}
}

// done fails the test unless the command is done.
func done(t *testing.T, r result) string {
	t.Helper()
	if r.code != exit.Done || strings.Contains(r.err, "panic") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	return r.out
}

// wholeForBoth has both verify the journal.
func wholeForBoth(t *testing.T, old func(...string) result) {
	t.Helper()
	for name, run := range map[string]func(...string) result{"the last release": old, "this one": func(args ...string) result { return rollcall(t, args...) }} {
		r := run("journal", "--verify", "-o", "name")
		if r.code != exit.Done || strings.Contains(r.err, "hash") || strings.Contains(r.err, "chain") || strings.Contains(r.err, "does not know") {
			t.Errorf("for %s the journal is not whole: exit code %d, %s", name, r.code, r.err)
		}
	}
}

func TestTheLastReleaseAndThisOneUndoWhatTheOtherDidInOneJournal(t *testing.T) {
	old := release(t)
	s := newWorld(t)
	new := func(args ...string) result { return rollcall(t, args...) }
	for n, node := range []string{"www-01", "svc-v1-03"} {
		for m, by := range []struct {
			name         string
			first, other func(...string) result
		}{{"this one first", new, old}, {"the last release first", old, new}} {
			if !providertest.InPart(n+m, 2) {
				continue
			}
			before := allRecords(s)
			done(t, by.first("quiesce", node))
			if r := recordOf(t, s, node); r != "" {
				t.Errorf("%s, %s: %s still leads to it", node, by.name, r)
			}
			taken := allRecords(s)
			wholeForBoth(t, old)
			done(t, by.other("undo"))
			if got := allRecords(s); !slices.Equal(got, before) {
				t.Errorf("%s, %s: the undo of the other does not bring the zones back", node, by.name)
			}
			// What the other did is undone by the operator of the first, which takes the node out again and remembers why.
			done(t, new("redo"))
			if got := allRecords(s); !slices.Equal(got, taken) {
				t.Errorf("%s, %s: the redo does not make again what was done:\n%s\nwant\n%s", node, by.name, strings.Join(got, "\n"), strings.Join(taken, "\n"))
			}
			done(t, by.other("return", node))
			if got := allRecords(s); !slices.Equal(got, before) {
				t.Errorf("%s, %s: the return by the other does not bring the zones back", node, by.name)
			}
			wholeForBoth(t, old)
		}
	}
}

func TestTheLastReleaseAndThisOneReadTheSameOwnersAndWriteOneJournalAtOnce(t *testing.T) {
	old := release(t)
	s := newWorld(t)
	owners := func(text string) []string {
		var out []string
		for _, r := range decode[[]object](t, text) {
			if o, ok := r["owner"].(map[string]any); ok {
				out = append(out, strings.Join([]string{r["name"].(string), r["type"].(string), r["value"].(string), o["cloud"].(string), o["instance"].(string)}, " "))
			}
		}
		slices.Sort(out)
		return out
	}
	same := func() {
		t.Helper()
		mine, theirs := owners(must(t, "ls", "records", "-o", "json")), owners(done(t, old("ls", "records", "-o", "json")))
		if len(mine) == 0 || !slices.Equal(mine, theirs) {
			t.Errorf("owners:\n%s\nof the last release:\n%s", strings.Join(mine, "\n"), strings.Join(theirs, "\n"))
		}
	}
	same()
	before := allRecords(s)
	var wg sync.WaitGroup
	for node, run := range map[string]func(...string) result{"www-01": old, "www-02": func(args ...string) result { return rollcall(t, args...) }} {
		wg.Go(func() {
			for range 2 {
				done(t, run("quiesce", node))
				done(t, run("return", node))
			}
		})
	}
	wg.Wait()
	if got := allRecords(s); !slices.Equal(got, before) {
		t.Error("after each has quiesced and returned its node the zones are not what they were")
	}
	wholeForBoth(t, old)
	same()
	seen := map[any]bool{}
	for _, e := range objects(t, "journal", "-o", "json") {
		if seen[e["id"]] || e["state"] != "done" {
			t.Errorf("entry %v twice, or %v", e["id"], e["state"])
		}
		seen[e["id"]] = true
	}
	if len(seen) < 16 {
		t.Errorf("the journal has %d entries", len(seen))
	}
}
