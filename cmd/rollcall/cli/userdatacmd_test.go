package cli

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/userdata"
)

// ownTemplates puts templates into the operator's folder.
func ownTemplates(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = filepath.Join(getenv(t, "XDG_CONFIG_HOME"), "rollcall", "templates")
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a folder of a test
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const ownTemplate = "---\nname: mine\nhelp: says a word\nvariables:\n  - {name: word, help: the word, default: hello}\n---\n#!/bin/sh\n# rollcall: values\necho \"$word\"\n"

func TestAnOperatorsTemplateIsListedShownRenderedAndLinted(t *testing.T) {
	need(t, "shellcheck")
	dir := blank(t)
	folder := ownTemplates(t, map[string]string{"mine.sh": ownTemplate})
	values := filepath.Join(dir, "values.yaml")
	if err := os.WriteFile(values, []byte("word: from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "userdata", "list", "-o", "wide"); !strings.Contains(out, filepath.Join(folder, "mine.sh")) || !strings.Contains(out, "nginx-roundrobin") {
		t.Errorf("list: %s", out)
	}
	if out := must(t, "userdata", "show", "mine"); !strings.Contains(out, "mine: says a word") {
		t.Errorf("show: %s", out)
	}
	if out := must(t, "userdata", "render", "mine", "--values", values); out != "#!/bin/sh\nword='from a file'\necho \"$word\"\n" {
		t.Errorf("render: %s", out)
	}
	if out := must(t, "userdata", "render", "mine", "--values", values, "--set", "word=said"); !strings.Contains(out, "word='said'\n") {
		t.Errorf("--set does not go before --values: %s", out)
	}
	if r := rollcall(t, "userdata", "lint", "mine"); r.code != exit.Done || !strings.Contains(r.err, "mine for ec2: 36 bytes, 16348 left below the limit of 16384") {
		t.Errorf("lint: exit code %d, %s", r.code, r.err)
	}
}

func TestTheTemplatesBesideTheConfigThatIsUsedGoBeforeThoseBesideTheDefaultOne(t *testing.T) {
	dir := blank(t)
	ownTemplates(t, map[string]string{"mine.sh": ownTemplate, "both.sh": strings.ReplaceAll(ownTemplate, "mine", "both")})
	used := filepath.Join(dir, "elsewhere", "config.yaml")
	if err := os.MkdirAll(filepath.Join(dir, "elsewhere", "templates"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"config.yaml": "fleet: 7f3a9c1e\n", "templates/near.sh": strings.ReplaceAll(ownTemplate, "mine", "near"),
		"templates/both.sh": strings.NewReplacer("mine", "both", "says", "here says").Replace(ownTemplate),
	} {
		if err := os.WriteFile(filepath.Join(dir, "elsewhere", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(by string, args ...string) {
		out := must(t, append(args, "userdata", "list", "-o", "csv")...)
		for _, want := range []string{"elsewhere/templates/near.sh,says a word", "rollcall/templates/mine.sh,says a word", "elsewhere/templates/both.sh,here says a word", "\nbare,"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", by, want, out)
			}
		}
	}
	check("--config", "--config", used)
	setenv(t, "ROLLCALL_CONFIG", used)
	check("ROLLCALL_CONFIG")
}

func TestATemplateThatCannotBeReadIsToldWithFileAndLineAndTheOthersWork(t *testing.T) {
	blank(t)
	dir := ownTemplates(t, map[string]string{"mine.sh": ownTemplate, "bad.sh": "---\nname: bad\nhelp: h\nvariables:\n  - {name: a, type: nope}\n---\n#!/bin/sh\n"})
	want := "template " + filepath.Join(dir, "bad.sh") + `:5: variable a: type "nope"`
	for args, code := range map[string]int{"userdata list": exit.Usage, "userdata lint bad": exit.Failed, "userdata render mine": exit.Done, "userdata show mine": exit.Done} {
		if r := rollcall(t, strings.Fields(args)...); r.code != code || !strings.Contains(r.err, want) {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.err)
		}
	}
}

func TestLintFailsAtAMistakeAndSaysWhere(t *testing.T) {
	blank(t)
	dir := ownTemplates(t, map[string]string{"mine.sh": ownTemplate + "PASSWORD=hunter22 sleep 1\n"})
	r := rollcall(t, "userdata", "lint", "mine", "-o", "json")
	rows := decode[[]lintRow](t, r.out)
	if r.code != exit.Failed || len(rows) != 1 || rows[0].OK || len(rows[0].Sizes) != 2 {
		t.Fatalf("exit code %d, %+v", r.code, rows)
	}
	found := false
	for _, f := range rows[0].Findings {
		found = found || f.File == filepath.Join(dir, "mine.sh") && f.Line == 10 && f.Level == "error" && strings.Contains(f.Text, "a password seems to stand here")
	}
	if !found {
		t.Errorf("%+v", rows[0].Findings)
	}
}

func TestTheLaunchTemplateOfAGroupHoldsNothingOfOneLaunch(t *testing.T) {
	newWorld(t)
	args := []string{"userdata", "render", "service-dnssd", "--service", "v1._theservice._tcp.unilans.net", "--cloud", "aws-use1", "-o", "asg"}
	out := must(t, args...)
	d := decode[launchTemplateInput](t, out)
	text, err := base64.StdEncoding.DecodeString(d.LaunchTemplateData.UserData)
	if err != nil {
		t.Fatal(err)
	}
	agent, ok := userdata.FindAgentConfig(text)
	if !ok || agent.Host != "{id}" || agent.Place != "" || agent.Register != userdata.RegisterAgent {
		t.Errorf("%+v", agent)
	}
	if d.LaunchTemplateData.IamInstanceProfile == nil || d.LaunchTemplateData.MetadataOptions["HttpTokens"] != "required" {
		t.Errorf("%+v", d)
	}
	for _, tags := range d.LaunchTemplateData.TagSpecifications {
		for _, tag := range tags.Tags {
			if tag.Key == "Name" || tag.Key == "rollcall.launch" {
				t.Errorf("the tag %s belongs to one node or launch", tag.Key)
			}
		}
	}
	if again := must(t, args...); again != out {
		t.Error("a second rendering differs")
	}
	for args, want := range map[string]string{
		"--cloud joyent-east":                  "Auto Scaling groups are of EC2",
		"--cloud aws-use1 --set host={name}.x": "share their name",
	} {
		r := rollcall(t, append([]string{"userdata", "render", "service-dnssd", "--service", "v1._theservice._tcp.unilans.net", "-o", "asg"}, strings.Fields(args)...)...)
		if r.code != exit.Usage || !strings.Contains(r.err, want) || r.out != "" {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.err)
		}
	}
}

func TestMistakesInFilesOfValuesAreToldWithFileAndLine(t *testing.T) {
	dir := blank(t)
	file := filepath.Join(dir, "v.yaml")
	if err := os.WriteFile(file, []byte("port: 80\nlist: [1]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"userdata render bare --values " + file:       file + ":2: the value of list is not one line of text",
		"userdata render bare --values " + dir + "/x": "no such file",
	} {
		if r := rollcall(t, strings.Fields(args)...); r.code != exit.Usage || !strings.Contains(r.err, want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: exit code %d, %s", args, r.code, r.err)
		}
	}
}

func TestANewTemplateIsWrittenOnceAndWorksAsItIs(t *testing.T) {
	need(t, "shellcheck")
	blank(t)
	folder := ownTemplates(t, nil)
	r := rollcall(t, "userdata", "new", "web", "--agent", "round-robin")
	if want := filepath.Join(folder, "web.sh"); r.code != exit.Done || !strings.Contains(r.err, want+": edit it, then rollcall userdata lint web") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "userdata", "lint", "web"); r.code != exit.Done || strings.Contains(r.err, "warning") {
		t.Errorf("lint: exit code %d, %s", r.code, r.err)
	}
	before, err := os.ReadFile(filepath.Join(folder, "web.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "userdata", "new", "web"); r.code != exit.Failed || !strings.Contains(r.err, "is there already: edit it, or take another name") {
		t.Errorf("a second time: exit code %d, %s", r.code, r.err)
	}
	if after, _ := os.ReadFile(filepath.Join(folder, "web.sh")); string(after) != string(before) {
		t.Error("the file was overwritten")
	}
	if r := rollcall(t, "userdata", "new", "../web"); r.code != exit.Usage || !strings.Contains(r.err, "it takes lower-case letters, digits and hyphens") {
		t.Errorf("a path for a name: exit code %d, %s", r.code, r.err)
	}
}
