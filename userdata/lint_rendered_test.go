package userdata

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"rollcall/providers"
)

// renderedOf renders one template that stands in the file x.sh, and lints the text.
func renderedOf(t *testing.T, text string, values map[string]string, o LintOptions) (Rendered, LintReport) {
	t.Helper()
	set, err := (&Templates{}).Load(fstest.MapFS{"x.sh": {Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Render("x", Input{Provider: providers.EC2, Declared: declared, Values: values})
	if err != nil {
		t.Fatal(err)
	}
	l, err := set.LintRendered(t.Context(), "x", providers.EC2, &r, o)
	if err != nil {
		t.Fatal(err)
	}
	return r, l
}

func noTools(string) (string, error) { return "", errors.New("not there") }

func TestWhatIsLaunchedIsLintedWithTheValuesOfTheLaunch(t *testing.T) {
	need(t, "shellcheck")
	head := "---\nname: x\nhelp: h\nvariables:\n  - {name: word, help: the word, default: a}\n---\n#!/bin/sh\n# rollcall: values\necho \"$word\"\n"
	if _, l := renderedOf(t, head, nil, LintOptions{Declared: declared}); len(l.Findings) != 0 || len(l.Sizes) != 1 {
		t.Errorf("%s%+v", lines(l), l.Sizes)
	}
	_, l := renderedOf(t, head, map[string]string{"word": "password=hunter22"}, LintOptions{Declared: declared})
	if got := lines(l); !l.Failed() || !strings.HasPrefix(got, "x.sh:8 for ec2: error: a password seems to stand here") || strings.Contains(got, "hunter") {
		t.Errorf("%s", got)
	}
	if _, l := renderedOf(t, head+"echo $1\n", nil, LintOptions{Declared: declared}); !strings.Contains(lines(l), "x.sh:10 for ec2: warning: Double quote to prevent") {
		t.Errorf("%s", lines(l))
	}
}

func TestAToolThatIsMissingIsANoteOfWhatIsLaunched(t *testing.T) {
	_, l := renderedOf(t, "---\nname: x\nhelp: h\n---\n#!/bin/sh\ntrue\n", nil, LintOptions{Declared: declared, LookPath: noTools})
	if len(l.Findings) != 1 || !l.Findings[0].Missing || l.Failed() {
		t.Errorf("%s", lines(l))
	}
}

func TestAToolThatTakesTooLongEndsWithTheContextAndKeepsWhatWasFound(t *testing.T) {
	need(t, "shellcheck")
	set, err := (&Templates{}).Load(fstest.MapFS{"x.sh": {Data: []byte("---\nname: x\nhelp: h\n---\n#!/bin/sh\npassword=hunter22\n")}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Render("x", Input{Provider: providers.EC2, Declared: declared})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	l, err := set.LintRendered(ctx, "x", providers.EC2, &r, LintOptions{Declared: declared})
	if err == nil || !strings.HasPrefix(err.Error(), "shellcheck: ") || !l.Failed() {
		t.Errorf("%v: %s", err, lines(l))
	}
}

func TestTheValueOfASecretVariableIsAskedAboutAndNeverShown(t *testing.T) {
	text := "---\nname: x\nhelp: h\nvariables:\n  - {name: key, help: h, secret: true, example: e}\n---\n#!/bin/sh\n# rollcall: values\nuse \"$key\"\n"
	for _, secret := range []string{"s3cret value", "it's s3cret", "api_key=s3cret&more"} {
		r, l := renderedOf(t, text, map[string]string{"key": secret}, LintOptions{Declared: declared, LookPath: noTools})
		if !strings.Contains(r.Readable(), "s3cret") || strings.Contains(r.Shown(), "s3cret") || !strings.Contains(r.Shown(), "key='********'") {
			t.Errorf("shown: %s", r.Shown())
		}
		if got := lines(l); len(l.Findings) != 2 || !l.Findings[0].Asks || l.Failed() || strings.Contains(got, "s3cret") || !strings.Contains(got, "the value of key stands in the script") {
			t.Errorf("%q: %s", secret, got)
		}
	}
	r, l := renderedOf(t, text, nil, LintOptions{Declared: declared, LookPath: noTools})
	if len(l.Findings) != 1 || r.Shown() != r.Readable() {
		t.Errorf("without a value: %s", lines(l))
	}
}

func TestASecretThatDoesNotFitIsRefusedWithoutBeingTold(t *testing.T) {
	for _, said := range []string{"type: port", "type: enum, options: [a, b]", "type: bool", "type: domain", "pattern: '[a-z]+'"} {
		set, err := (&Templates{}).Load(fstest.MapFS{"x.sh": {Data: []byte("---\nname: x\nhelp: h\nvariables:\n  - {name: key, help: h, secret: true, " + said + "}\n---\n#!/bin/sh\n# rollcall: values\nuse \"$key\"\n")}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = set.Render("x", Input{Provider: providers.EC2, Declared: declared, Values: map[string]string{"key": "S3CRET 7"}})
		if err == nil || strings.Contains(strings.ToLower(err.Error()), "s3cret") || !strings.Contains(err.Error(), "key: the value is not fit for a variable of type") {
			t.Errorf("%s: %v", said, err)
		}
	}
}

func TestTheTokenInTheScriptIsNeverShown(t *testing.T) {
	r, err := Render("nginx-roundrobin", Input{Provider: providers.EC2, Declared: declared, Fleet: "7f3a", Values: map[string]string{
		"service": "www.example.com", "zone": "example.com", "dns": "cloudflare", "register": "agent",
		"token_source": TokenScript, "token": "s3cret-Token-0123456789", "token_in_script": TokenInScript,
	}})
	if err != nil || !strings.Contains(r.Readable(), "s3cret") || strings.Contains(r.Shown(), "s3cret") {
		t.Errorf("%v\n%s", err, r.Shown())
	}
	l, err := Builtin().LintRendered(t.Context(), "nginx-roundrobin", providers.EC2, &r, LintOptions{Declared: declared, LookPath: noTools})
	if err != nil || l.Failed() || !l.Findings[0].Asks || strings.Contains(lines(l), "s3cret") {
		t.Errorf("%v\n%s", err, lines(l))
	}
}
