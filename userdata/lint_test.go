package userdata

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"rollcall/providers"
)

// lintOf lints one template that stands in the file x.sh or x.yaml.
func lintOf(t *testing.T, file, text string, o LintOptions) LintReport {
	t.Helper()
	set, err := (&Templates{}).Load(fstest.MapFS{file: {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Lint(t.Context(), "x", o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func lines(r LintReport) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

func TestLintHasNothingAgainstTheBuiltinTemplates(t *testing.T) {
	need(t, "shellcheck")
	for _, one := range Builtin().List() {
		if one.Format == FormatCloudConfig {
			need(t, "cloud-init")
		}
		for _, dns := range []string{"cloudflare", "route53"} {
			r, err := Builtin().Lint(t.Context(), one.Name, LintOptions{Declared: declared, Values: map[string]string{"dns": dns}, Strict: true})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Findings) > 0 {
				t.Errorf("%s at %s:\n%s", one.Name, dns, lines(r))
			}
			want := 2
			if one.Format == FormatCloudConfig {
				want = 1
			}
			if len(r.Sizes) != want {
				t.Errorf("%s: sizes %+v", one.Name, r.Sizes)
			}
			for _, s := range r.Sizes {
				if s.Bytes+s.Left != s.Limit || s.Left < 1000 {
					t.Errorf("%s: %+v", one.Name, s)
				}
			}
		}
	}
}

func TestLintTellsFileLineAndWhatIsWrong(t *testing.T) {
	need(t, "shellcheck")
	head := "---\nname: x\nhelp: h\nvariables:\n  - {name: word, help: the word, default: a}\n---\n#!/bin/sh\n# rollcall: values\n"
	for _, tc := range []struct{ name, text, want string }{
		{"shellcheck", head + "echo $word\necho \"$nobody\"\n", "x.sh:10: error: nobody is referenced but not assigned. (SC2154)\n"},
		{"style", head + "echo \"$word\" \"`date`\"\n", "x.sh:9: warning: Use $(...) notation instead of legacy backticks `...`. (SC2006)\n"},
		{"syntax", head + "if [ \"$word\" ]; then\n", "x.sh:9: error: "},
		{"unused", head + "true\n", "x.sh: warning: variable word is declared and not used\n"},
		{"no example", strings.Replace(head, ", default: a", "", 1) + "echo \"$word\"\n", "x.sh: warning: variable word has neither a default nor an example"},
		{"secret", head + "echo \"$word\"\nAWS_KEY=AKIAIOSFODNN7EXAMPLE; export AWS_KEY\n", "x.sh:10: error: an AWS access key seems to stand here; user data is no place for secrets\n"},
		{"example out of bounds", strings.Replace(head, "default: a", "default: a, pattern: '[a-z]'", 1) + "echo \"$word\"\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := lines(lintOf(t, "x.sh", tc.text, LintOptions{Declared: declared}))
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
			if strings.Contains(got, "EXAMPLE") {
				t.Error("the secret itself is told")
			}
		})
	}
	r := lintOf(t, "x.sh", head+"echo \"$word\"\n", LintOptions{Declared: declared, Values: map[string]string{"word": "b", "colour": "red"}})
	if !r.Failed() || !strings.Contains(lines(r), "x.sh: error: colour: there is no such variable") {
		t.Errorf("got %s", lines(r))
	}
}

func TestAMissingToolIsAWarningAndAnErrorInCI(t *testing.T) {
	text := "---\nname: x\nhelp: h\n---\n#!/bin/sh\ntrue\n"
	none := func(string) (string, error) { return "", errors.New("not there") }
	for _, strict := range []bool{false, true} {
		r := lintOf(t, "x.sh", text, LintOptions{Declared: declared, LookPath: none, Strict: strict})
		if len(r.Findings) != 1 || !r.Findings[0].Missing || r.Failed() != strict || !strings.Contains(r.Findings[0].Text, "shellcheck is not installed") {
			t.Errorf("strict %v: %s", strict, lines(r))
		}
	}
	r := lintOf(t, "x.yaml", "---\nname: x\nhelp: h\n---\n#cloud-config\nlocale: C\n", LintOptions{Declared: declared, LookPath: none})
	if !strings.Contains(lines(r), "cloud-init is not installed") {
		t.Errorf("got %s", lines(r))
	}
}

func TestACloudConfigIsCheckedAgainstItsSchemaAndItsScriptsToo(t *testing.T) {
	need(t, "cloud-init")
	need(t, "shellcheck")
	head := "---\nname: x\nhelp: h\n---\n#cloud-config\n"
	for text, want := range map[string]string{
		"packages: 7\n":             "error: ",
		"runcmd:\n  - |\n    if\n":  "error: ",
		"packages: [a\nruncmd: x\n": "x.yaml:",
		"locale: C\nruncmd: [id]\n": "",
	} {
		r := lintOf(t, "x.yaml", head+text, LintOptions{Declared: declared})
		if got := lines(r); want == "" && got != "" || !strings.Contains(got, want) || r.Failed() != (want != "") {
			t.Errorf("%q: got %s", text, got)
		}
	}
	if r := lintOf(t, "x.yaml", head+"locale: C\n", LintOptions{Declared: declared, Providers: []providers.Provider{providers.Triton}}); !strings.Contains(lines(r), "Triton runs a user-script as a program") {
		t.Errorf("got %s", lines(r))
	}
}

func TestWhatIsTooLargeForEC2IsCompressedAndForTritonRefused(t *testing.T) {
	text := "---\nname: x\nhelp: h\n---\n#!/bin/sh\n" + strings.Repeat("true # "+strings.Repeat("and again ", 16)+"\n", 500)
	set, err := (&Templates{}).Load(fstest.MapFS{"x.sh": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Render("x", Input{Provider: providers.EC2, Declared: declared})
	if err != nil || !r.Compressed() || len(r.Text)+r.Left != declared[0].UserData || r.Left < 0 || len(r.Warnings) > 0 {
		t.Errorf("%d bytes, %q, %v", len(r.Text), r.Warnings, err)
	}
	if plain, ok := unpack(r.Text); !ok || string(plain) != string(r.Plain) || !strings.HasPrefix(string(plain), "#!/bin/sh\n") {
		t.Error("it does not unpack to what it was")
	}
	if again, _ := set.Render("x", Input{Provider: providers.EC2, Declared: declared}); string(again.Text) != string(r.Text) {
		t.Error("the same template does not give the same bytes: a launch could not be repeated")
	}
	if _, err := set.Render("x", Input{Provider: providers.Triton, Declared: declared}); err == nil || !strings.Contains(err.Error(), "too many; shorten the template") {
		t.Errorf("error %v", err)
	}
	l, err := set.Lint(t.Context(), "x", LintOptions{Declared: declared})
	if err != nil || len(l.Sizes) != 2 || !l.Sizes[0].Compressed || l.Sizes[1].Left >= 0 || !l.Failed() {
		t.Errorf("%+v %v", l.Sizes, err)
	}
}

func TestSecretsAreFoundAndReferencesAreNot(t *testing.T) {
	for text, want := range map[string]bool{
		"key=AKIAIOSFODNN7EXAMPLE":                             true,
		"aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfi": true,
		"-----BEGIN RSA PRIVATE KEY-----":                      true,
		"-----BEGIN PUBLIC KEY-----":                           false,
		"CLOUDFLARE_API_TOKEN=abcdefghij0123456789":            true,
		"CLOUDFLARE_API_TOKEN=$(mdata-get cloudflare-token)":   false,
		"export CF_API_KEY='0123456789abcdef'":                 true,
		"password: hunter22":                                   true,
		"password: \"$PASSWORD\"":                              false,
		"# password: required":                                 false,
		"chpasswd: {expire: false}":                            false,
		"db=postgres://app:s3cr3t@db/app":                      true,
		"db=postgres://app:$PW@db/app":                         false,
		"curl -H 'Authorization: Bearer abcdefghijklmnop1234'": true,
		"curl -H \"Authorization: Bearer $token\"":             false,
		"hashed_passwd: $6$rounds=4096$abcdefgh$abcdefghijkl":  true,
		"t=ghp_abcdefghijklmnopqrstuvwxyz0123456789":           true,
		"token=" + "xoxb-0123456789-abcdef":                    true,
		"api_key={{key}}":                                      false,
		`{"token":{"source":"ssm","key":"/rollcall/token"}}`:   false,
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ someone":       false,
	} {
		if got := len(findSecrets([]byte("#!/bin/sh\n" + text + "\n"))); (got == 1) != want || got > 1 {
			t.Errorf("%q: %d findings, want %v", text, got, want)
		}
	}
	if got := findSecrets([]byte("a\nb\npassword=hunter22\n")); len(got) != 1 || got[0].Line != 3 || strings.Contains(got[0].What, "hunter") {
		t.Errorf("%+v", got)
	}
}

func TestATokenThatIsMeantToStandInTheScriptIsAWarningOfLint(t *testing.T) {
	r, err := Builtin().Lint(t.Context(), "nginx-roundrobin", LintOptions{Declared: declared, Providers: []providers.Provider{providers.EC2}, Values: map[string]string{
		"dns": "cloudflare", "token_source": TokenScript, "token": "s3cret-Token-0123456789", "token_in_script": TokenInScript,
	}, LookPath: func(string) (string, error) { return "", errors.New("not there") }})
	if err != nil || r.Failed() || !strings.Contains(lines(r), "warning: the token stands in the script") || strings.Contains(lines(r), "s3cret") {
		t.Errorf("%v\n%s", err, lines(r))
	}
}

func TestValuesFromAFileAreReadAsTheyAreWritten(t *testing.T) {
	got, err := ParseValues("v.yaml", []byte("# mine\nport: 0080\nipv6: true\nservice: www.example.com\nword: 'it''s'\nempty:\nnumber: \"12\"\n"))
	want := map[string]string{"port": "0080", "ipv6": "true", "service": "www.example.com", "word": "it's", "empty": "", "number": "12"}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"- a\n":                 "v.yaml:1: write one mapping",
		"a: 1\na: 2\n":          "v.yaml:2: ",
		"a: 1\nb: [1]\nc: {}\n": "v.yaml:2: the value of b is not one line of text\nv.yaml:3: the value of c",
		"a: 1\n b: 2\n":         "v.yaml:",
		"just text\n":           "v.yaml:1: write one mapping",
	} {
		if _, err := ParseValues("v.yaml", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
	if got, err := ParseValues("v.yaml", nil); err != nil || len(got) != 0 {
		t.Errorf("nothing: %v %v", got, err)
	}
}

func TestAFolderOfTemplatesGivesTheGoodOnesAndALineForEachBadOne(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"good.sh": "---\nname: good\nhelp: h\n---\n#!/bin/sh\n",
		"bad.sh":  "---\nname: bad\nhelp: h\nvariables:\n  - name: a\n    type: colour\n---\n#!/bin/sh\n",
		"odd.yml": "---\nname: odd\n---\n#cloud-config\nhostname: x\nfoo: a {{b}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := Builtin().LoadDir(dir)
	want := "template " + dir + "/bad.sh:5: variable a: type \"colour\": it is one of string, int, bool, port, ttl, domain, enum\ntemplate " + dir + "/odd.yml:6: it uses the variable b, which it does not declare"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if one, err := set.Get("good"); err != nil || one.Source != filepath.Join(dir, "good.sh") || one.Builtin {
		t.Errorf("%+v %v", one, err)
	}
	if set, err := Builtin().LoadDir(filepath.Join(dir, "none")); err != nil || len(set.List()) != len(Builtin().List()) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func findSecrets(text []byte) []Secret {
	return secretsIn(text, func() []reading { return readings(text) })
}
