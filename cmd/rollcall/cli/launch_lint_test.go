package cli

import (
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
)

// ownHead begins a template of an operator, with one secret variable and one other.
const ownHead = "---\nname: own\nhelp: h\nvariables:\n  - {name: key, help: h, secret: true, example: e}\n  - {name: word, help: h, default: a}\n---\n#!/bin/sh\n# rollcall: values\necho \"$key\" \"$word\"\n"

func TestADryRunTellsWhatLintSaysAndAnErrorKeepsALaunchFromStarting(t *testing.T) {
	need(t, "shellcheck")
	newWorld(t)
	ownTemplates(t, map[string]string{"own.sh": ownHead + "cd $1\n"})
	before := len(objects(t, "ls", "instances", "-o", "json"))
	args := []string{"launch", "--cloud", "aws-use1,aws-euw1,joyent-ams", "--template", "own", "--name", "own"}
	r := rollcall(t, append(args, "--dry-run")...)
	if r.code != exit.Failed || !strings.Contains(r.out, "own-") || !strings.Contains(r.err, "own.sh:11: error: Use 'cd ... || exit'") || !strings.Contains(r.err, "(shellcheck)") {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
	if strings.Count(r.err, "SC2164") != 1 || !strings.Contains(r.err, "aws-use1, aws-euw1, joyent-ams: ") {
		t.Errorf("what holds for all clouds is not said once: %s", r.err)
	}
	l := decode[launchRow](t, rollcall(t, append(args, "--dry-run", "-o", "json")...).out)
	if l.OK || len(l.Findings) != 2 || l.Findings[0].Tool != "shellcheck" || l.Findings[0].Level != "error" || l.Findings[0].Line != 11 || len(l.Findings[0].Clouds) != 3 {
		t.Errorf("%+v", l)
	}
	if r := rollcall(t, append(args, "--yes")...); r.code != exit.Failed || r.out != "" || !strings.Contains(r.err, "nothing was launched: lint has 1 error in the boot script") {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	if after := len(objects(t, "ls", "instances", "-o", "json")); after != before {
		t.Errorf("%d instances before, %d after", before, after)
	}
}

func TestNoSecretOfALaunchIsShown(t *testing.T) {
	newWorld(t)
	ownTemplates(t, map[string]string{"own.sh": ownHead})
	for _, args := range [][]string{
		{"--template", "own", "--name", "own", "--set", "key=it's S3CRET & more"},
		{"--service", "www.scalability.expert", "--set", "token_source=script", "--set", "token=S3CRET-Token-0123456789", "--set", "token_in_script=yes-i-know"},
	} {
		for _, more := range [][]string{{"--dry-run"}, {"--dry-run", "-o", "json"}, {"--dry-run", "-o", "yaml"}, {"--yes"}, {"--yes", "-o", "json"}} {
			r := rollcall(t, append(append([]string{"launch", "--cloud", "aws-use1"}, args...), more...)...)
			if r.code != exit.Done || strings.Contains(r.out+r.err, "S3CRET") || !strings.Contains(r.err, "stands in the script") {
				t.Errorf("%v %v: exit code %d: %s", args, more, r.code, r.err)
			}
			if more[0] == "--dry-run" && !strings.Contains(r.out, "********") {
				t.Errorf("%v %v: nothing stands in the place of the secret: %s", args, more, r.out)
			}
		}
	}
	if r := rollcall(t, "journal", "-o", "json"); r.code != exit.Done || strings.Contains(r.out, "S3CRET") {
		t.Errorf("the journal has it: %s", r.out)
	}
	if r := rollcall(t, "ls", "instances", "--all", "-o", "json"); r.code != exit.Done || strings.Contains(r.out, "S3CRET") {
		t.Error("the list of instances has it")
	}
}
