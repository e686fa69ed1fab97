package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
)

// fed runs rollcall with a text on its stdin.
func fed(t *testing.T, text string, args ...string) result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	return rollcallFrom(t, in, args...)
}

func TestWhatAListPrintsAsNamesIsWhatCommandsTakeOnStdin(t *testing.T) {
	newWorld(t)
	names := must(t, "ls", "findings", "--filter", "finding:dead type:A", "-o", "name")
	if strings.Count(names, "\n") < 2 {
		t.Fatalf("names %q", names)
	}
	for _, o := range objects(t, "ls", "findings", "--filter", "finding:dead type:A", "-o", "json") {
		if id, _ := o["identity"].(string); !strings.Contains(names, id+"\n") {
			t.Errorf("the identity %q is none of %q", id, names)
		}
	}
	direct := must(t, append(append([]string{"deregister"}, strings.Fields(names)...), "--dry-run", "-o", "json")...)
	want := strings.Count(direct, `"op": "delete"`)
	missing := must(t, "ls", "findings", "--filter", "finding:missing", "-o", "name") // which are about instances
	if r := fed(t, missing, "remedy", "-", "--dry-run"); r.code != exit.Done || !strings.Contains(r.out, "Register") {
		t.Errorf("remedy of %q: exit code %d, %s", missing, r.code, r.err)
	}
	for what, r := range map[string]result{
		"lines": fed(t, names, "deregister", "-", "--dry-run", "-o", "json"),
		"CRLF":  fed(t, strings.ReplaceAll(names, "\n", "\r\n")+"\r\n", "deregister", "-", "--dry-run", "-o", "json"),
		"NULs":  fed(t, strings.ReplaceAll(names, "\n", "\x00"), "deregister", "-", "-0", "--dry-run", "-o", "json"),
	} {
		if n := strings.Count(r.out, `"op": "delete"`); n != want {
			t.Errorf("%s: %d records are deleted of %d: exit code %d, %s", what, n, want, r.code, r.err)
		}
	}
	for text, says := range map[string]string{"": "there are no arguments on stdin", "\n \n": "there are no arguments on stdin", "not a record\n": "is no record"} {
		if r := fed(t, text, "deregister", "-", "--dry-run"); r.code != exit.Usage || !strings.Contains(r.err, says) {
			t.Errorf("%q: exit code %d, %s", text, r.code, r.err)
		}
	}
	if r := rollcall(t, "deregister", "x/A/1", "-0"); r.code != exit.Usage || !strings.Contains(r.err, "write - for them") {
		t.Errorf("-0 alone: exit code %d, %s", r.code, r.err)
	}
}

func TestTheColumnsOfATableAreThoseThatAreAskedFor(t *testing.T) {
	newWorld(t)
	out := must(t, "ls", "instances", "--columns", "NAME,state,region", "--no-headers", "--sort", "name")
	if first, _, _ := strings.Cut(out, "\n"); len(strings.Fields(first)) != 3 || strings.Contains(out, "NAME") {
		t.Errorf("the first row is %q", first)
	}
	if out := must(t, "ls", "instances", "--columns", "name", "-o", "csv"); !strings.HasPrefix(out, "name\n") || strings.Contains(out, ",") {
		t.Errorf("csv begins with %.60q", out)
	}
	for _, args := range [][]string{{"--columns", "nme"}, {"--columns", "name", "-o", "json"}} {
		if r := rollcall(t, append([]string{"ls", "instances"}, args...)...); r.code != exit.Usage || r.out != "" {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.err)
		}
	}
}

func TestDriftAsAnnotationsOfGitHubIsOneLineAFinding(t *testing.T) {
	newWorld(t)
	r := rollcall(t, "drift", "-o", "github", "--exit-code")
	lines := strings.Split(strings.TrimSuffix(r.out, "\n"), "\n")
	if r.code != exit.Drift || len(lines) != len(objects(t, "ls", "findings", "-o", "json")) {
		t.Errorf("exit code %d, %d lines", r.code, len(lines))
	}
	for _, l := range lines {
		_, rest, ok := strings.Cut(l, " title=")
		title, message, ok2 := strings.Cut(rest, "::")
		if !ok || !ok2 || !strings.HasPrefix(l, "::") || strings.ContainsAny(title, ":,") || message == "" {
			t.Errorf("%q", l)
		}
	}
}

func TestReadOnlyIsForEveryCommandAndLeavesTheDryRuns(t *testing.T) {
	newWorld(t)
	for _, args := range [][]string{
		{"deregister", "--dead"},
		{"launch", "--cloud", "aws-use1", "--service", "www.scalability.expert", "--yes"},
		{"undo"},
		{"terminate", "www-01", "--yes"},
		{"service", "create", "v9._theservice._tcp.unilans.net"},
		{"evacuate", "joyent-ams"},
		{"stop", "www-01"},
	} {
		if r := rollcall(t, append([]string{"--read-only"}, args...)...); r.code != exit.Usage || !strings.Contains(r.err, "--read-only is given") {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.err)
		}
	}
	for _, args := range [][]string{{"ls", "findings"}, {"deregister", "--dead", "--dry-run"}, {"drift"}} {
		if r := rollcall(t, append([]string{"--read-only"}, args...)...); r.code != exit.Done || r.out == "" {
			t.Errorf("%v: exit code %d, %s", args, r.code, r.err)
		}
	}
}
