package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
)

func TestMistakesOnTheCommandLineEndIn2AndAreOneLine(t *testing.T) {
	blank(t)
	for _, c := range []struct {
		args string
		want string
	}{
		{"", "rollcall --demo ls instances"},
		{"--demo", "rollcall --demo ls instances"},
		{"nope", `unknown command "nope"`},
		{"lst", `did you mean "ls"?`},
		{"ls", "needs a command"},
		{"ls instances x", `takes no argument`},
		{"ls instances --nope", "unknown flag: --nope"},
		{"ls instances -o xml", "write table, wide, json, csv, yaml, name"},
		{"ls instances --sort nope", `there is no column "nope"`},
		{"ls instances --filter age>soon", "--filter"},
		{"ls instances", "there is no config and there are no credentials"},
		{"deregister", "needs records, or --dead"},
		{"deregister --dead www.example.com/A/192.0.2.1", "not both"},
		{"deregister www.example.com", "is no record: write [zone:]name/type/value"},
		{"completion", "needs a shell"},
		{"completion tcsh", `unknown command "tcsh" for "rollcall completion"`},
		{"completion bash x", "takes no argument"},
		{"terminate", "needs the id of an instance"},
		{"quiesce", "needs the id of an instance, or a record"},
		{"quiesce www-01 www.example.com/A/192.0.2.1", "takes instances or records"},
		{"return", "needs the id of an instance"},
		{"retarget", "needs a record"},
		{"retarget www.example.com", "is no record: write [zone:]name/type/value"},
		{"retarget --to x a.example/A/192.0.2.1 b.example/A/192.0.2.1", "retarget --to takes one record"},
		{"adopt", "needs a record"},
		{"remedy", "needs a class of findings, or a record"},
		{"remedy deaf", `there is no class of findings "deaf"`},
		{"deregister --dead -o xml", "write text, json, yaml, markdown"},
		{"undo 1 2", "takes at most one entry"},
		{"launch", "launch needs --cloud"},
		{"launch --cloud a=0", "N from 1 to 1000"},
		{"launch --cloud a,a", `names "a" twice`},
		{"launch --cloud a --set x", "write NAME=VALUE"},
		{"sim fault all", "needs a source and a kind of fault"},
		{"sim fault all slow", "ROLLCALL_SIM is not set"},
		{"sim --instances -1", "--instances"},
		{"userdata render", "needs the name of a template"},
		{"userdata render nope", "nope"},
		{"--config /does/not/exist ls instances", "there is no such file; correct --config"},
		{"config check", "rollcall config init"},
	} {
		t.Run(c.args, func(t *testing.T) {
			r := rollcall(t, strings.Fields(c.args)...)
			if r.code != exit.Usage {
				t.Errorf("exit code %d, want 2", r.code)
			}
			if !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
				t.Errorf("got %q, want one line with %q", r.err, c.want)
			}
			if r.out != "" {
				t.Errorf("something on stdout: %q", r.out)
			}
		})
	}
}

func TestWhatIsNamedAndIsNotThereEndsIn2WithTheNearestName(t *testing.T) {
	newWorld(t)
	for _, c := range []struct{ args, want string }{
		{"config forget nosuch", "no cloud nosuch left the config; rollcall config forget lists"},
		{"config forget nosuch --undo", "nosuch is not forgotten"},
		{"evacuate joyent-am", "the nearest is joyent-ams; the clouds are"},
		{"return --cloud joyent-am", "the nearest is joyent-ams; the clouds are"},
		{"evacuate joyent-ams --service www.scalability.exper", "the nearest is www.scalability.expert; see rollcall ls services"},
		{"deregister www.scalability.exprt/A/192.0.2.1", "the nearest is www.scalability.expert; see rollcall ls records"},
		{"deregister scalability.exprt:www.scalability.expert/A/192.0.2.1", "the nearest is scalability.expert; see rollcall ls sources"},
	} {
		if r := rollcall(t, strings.Fields(c.args)...); r.code != exit.Usage || !strings.Contains(r.err, c.want) {
			t.Errorf("%s ends in %d: %s", c.args, r.code, r.err)
		}
	}
}

func TestWhatTimeoutLeavesUnreadIsUnknown(t *testing.T) {
	newWorld(t)
	for _, args := range []string{"ls instances", "drift", "terminate www-01", "config forget"} {
		if r := rollcall(t, strings.Fields("--timeout 1ns "+args)...); r.code != exit.Unknown || !strings.Contains(r.err, "--timeout 1ns was over") || r.out != "" {
			t.Errorf("%s ends in %d: %s%s", args, r.code, r.out, r.err)
		}
	}
}

func TestAFilterThatWantsACloudOrZoneThatIsNoSourceEndsIn2(t *testing.T) {
	newWorld(t)
	for _, c := range []struct{ args, want string }{
		{"ls instances --filter cloud:aws-usx", `there is no cloud "aws-usx"; the nearest is aws-use1`},
		{"ls instances --filter cloud:aws-usx,joyent-amz", `there is no cloud "aws-usx"`},
		{"ls records --filter zone=unilan.net", `there is no zone "unilan.net"; the nearest is unilans.net`},
		{"ls findings --filter cloud~nope", `there is no cloud "nope"`},
		{"drift --exit-code --filter cloud:aws-usx", `there is no cloud "aws-usx"`},
	} {
		if r := rollcall(t, strings.Fields(c.args)...); r.code != exit.Usage || !strings.Contains(r.err, c.want) || r.out != "" {
			t.Errorf("%s: exit code %d, %q, want 2 and %q", c.args, r.code, r.err, c.want)
		}
	}
	for _, args := range []string{
		"ls instances --filter cloud:aws", "ls instances --filter -cloud:aws-usx", "ls instances --filter cloud~use1",
		"ls instances --filter cloud:aws-use1 --filter name=nope", `ls instances --filter cloud~^aws`,
	} {
		if r := rollcall(t, strings.Fields(args)...); r.code != exit.Done {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.err)
		}
	}
}

func TestAMistakeInTheConfigEndsIn2WithFileAndLineAndStartsNothing(t *testing.T) {
	newWorld(t)
	good, err := os.ReadFile(getenv(t, "ROLLCALL_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"an unknown key", "refresh:", "refersh:", `unknown key "refersh"`},
		{"a duplicate name", "name: joyent-ams", "name: joyent-east", `duplicate source "joyent-east"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.ReplaceAll(string(good), c.old, c.new)
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"ls", "instances"}, {"deregister", "--dead"}, {"config", "check"}} {
				r := rollcall(t, append([]string{"--config", path}, args...)...)
				if r.code != exit.Usage {
					t.Errorf("%v: exit code %d, want 2", args, r.code)
				}
				if !strings.Contains(r.err, path+":") || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
					t.Errorf("%v: got %q, want one line with %q", args, r.err, c.want)
				}
			}
		})
	}
}

func TestARecordIsSplitAtTheFirstType(t *testing.T) {
	for _, c := range []struct {
		in   string
		want recordRef
	}{
		{"www.example.com/A/192.0.2.1", recordRef{"", "www.example.com", "A", "192.0.2.1"}},
		{"WWW.Example.com./a/192.0.2.1", recordRef{"", "www.example.com", "A", "192.0.2.1"}},
		{"example.com:www.example.com/AAAA/2001:db8::1", recordRef{"example.com", "www.example.com", "AAAA", "2001:db8::1"}},
		{"0/25.2.0.192.in-addr.arpa/PTR/host/A/x", recordRef{"", "0/25.2.0.192.in-addr.arpa", "PTR", "host/A/x"}},
		{`example.com/TXT/"a/b" "c"`, recordRef{"", "example.com", "TXT", `"a/b" "c"`}},
		{"v1._s._tcp.example.com/SRV/10 10 80 h.example.com", recordRef{"", "v1._s._tcp.example.com", "SRV", "10 10 80 h.example.com"}},
	} {
		if got, err := splitRecord(c.in); err != nil || got != c.want {
			t.Errorf("%s: %+v, %v", c.in, got, err)
		}
	}
	for _, in := range []string{"", "/A/192.0.2.1", "www.example.com", "www.example.com/A/", "www.example.com/BOGUS/x"} {
		if got, err := splitRecord(in); err == nil {
			t.Errorf("%q is read as %+v", in, got)
		}
	}
}

func TestNumbersInNamesCountAsNumbers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"www-9", "www-10", -1}, {"9.1.1.1", "10.1.1.1", -1}, {"a", "a", 0}, {"a01", "a1", 0}, {"b", "a9", 1}, {"", "a", -1}} {
		if got := rows.NaturalCompare(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestAShellReadsTheExportsAsTheyWere(t *testing.T) {
	if got := exports([]string{"A=http://127.0.0.1:1/x", "B=it's $HOME `x`", "C="}); got != "export A=http://127.0.0.1:1/x\nexport B='it'\\''s $HOME `x`'\nexport C=''\n" {
		t.Errorf("%q", got)
	}
}

func TestJournalsOfWorldsThatAreLongGoneAreForgotten(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	for name, age := range map[string]time.Duration{"sim-0123abcd": 25 * time.Hour, "sim-4567abcd": time.Hour, "7f3a9c1e": 100 * time.Hour, "sim-mine": 100 * time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	forgetWorlds(dir, now)
	var left []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if strings.Join(left, " ") != "7f3a9c1e sim-4567abcd sim-mine" {
		t.Errorf("left: %v", left)
	}
}

func TestAFileThatIsNestedTooDeeplyOrTooLongIsOneClearLine(t *testing.T) {
	newWorld(t)
	file := func(text string) string {
		path := filepath.Join(t.TempDir(), "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	deep := strings.Repeat("[", 200_000)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"config", "check", "--config", file("fleet: x\nzones: " + deep)}, ":2:"},
		{[]string{"config", "check", "--config", file("fleet: x\n# " + strings.Repeat("x", 2<<20))}, "longer than 1 MiB"},
		{[]string{"config", "check", "--config", file("fleet: x\n" + strings.Repeat("- ", 200_000))}, "more than 100 levels deep"},
		{[]string{"deregister", "--dead", "--plan", file("{\n\"steps\": " + deep)}, "line 2, column 109: it is nested more than 100 levels deep"},
		{[]string{"userdata", "render", "nginx", "--values", file("port: " + deep)}, "more than 100 levels deep"},
	} {
		r := rollcall(t, c.args...)
		if r.code != exit.Usage || !strings.Contains(r.err, c.want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: exit code %d, %s", strings.Join(c.args[:2], " "), r.code, r.err)
		}
	}
}
