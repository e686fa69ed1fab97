package userdata

import (
	"bytes"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"rollcall/providers"
)

// partFiles are a template in x.sh with two parts beside its own text, which greets in other letters than ASCII's.
func partFiles(change map[string]string) fstest.MapFS {
	texts := map[string]string{
		"x.sh": "---\nname: x\nhelp: h\nagent: round-robin\nparts: [parts/base.yaml, this, parts/late.sh]\nvariables:\n" +
			"  - {name: word, default: grüße, help: h}\n  - {name: secret, secret: true, help: h}\n---\n" +
			"#!/bin/sh\n# rollcall: values\necho \"$word $secret\"\n# rollcall: agent\n",
		"parts/base.yaml": "#cloud-config \t\r\nlocale: C\r\n",
		"parts/late.sh":   "#!/bin/sh\necho late\n",
	}
	maps.Copy(texts, change)
	out := fstest.MapFS{}
	for name, text := range texts {
		if text != "" {
			out[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return out
}

func TestAnArchiveHoldsItsPartsInTheirOrderAndIsReadBack(t *testing.T) {
	set, err := (&Templates{}).Load(partFiles(nil))
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Render("x", input(providers.EC2, "secret", "s3cret-Token"))
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := set.Render("x", input(providers.EC2, "secret", "s3cret-Token")); !bytes.Equal(again.Text, r.Text) {
		t.Error("the same template does not make the same bytes: a launch could not be repeated")
	}
	if !r.Compressed() || r.Left < 5000 || bytes.Contains(r.Plain, []byte("grüße")) {
		t.Errorf("%d bytes are left; other letters than ASCII's stand in an encoded part: %v", r.Left, r.Compressed())
	}
	if cfg, ok := FindAgentConfig(r.Text); !ok || cfg.Service != "www.example.com" {
		t.Errorf("the agent's config is %+v", cfg)
	}
	text := string(Readable(r.Text))
	for _, part := range []string{
		"# --- part 1 of 3: 01-parts-base.yaml (text/cloud-config) ---\n#cloud-config \t\nlocale: C\n# --- part 2 of 3: 02-x (text/x-shellscript) ---\n#!/bin/sh\nword='grüße'\n",
		"# --- part 3 of 3: 03-parts-late.sh (text/x-shellscript) ---\n#!/bin/sh\necho late\n",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the readable form lacks\n%s", part)
		}
	}
	if shown := r.Shown(); strings.Contains(shown, "s3cret-Token") || !strings.Contains(shown, "secret='********'") {
		t.Error("a secret of an encoded part is shown")
	}
}

func TestPartsThatCannotWorkAreRefusedWithTheirFile(t *testing.T) {
	head := "---\nname: x\nhelp: h\nparts: [%s]\n---\n#!/bin/sh\n"
	for name, tc := range map[string]struct {
		files map[string]string
		want  string
	}{
		"no text of its own": {map[string]string{"x.sh": strings.Replace(head, "%s", "parts/late.sh", 1)}, `template x.sh:4: parts: "this" stands for the template's own text, once, and it is there 0 times`},
		"twice":              {map[string]string{"x.sh": strings.Replace(head, "%s", "this, this", 1)}, "it is there 2 times"},
		"missing":            {map[string]string{"parts/late.sh": ""}, "parts: open parts/late.sh: file does not exist"},
		"outside":            {map[string]string{"x.sh": strings.Replace(head, "%s", "this, ../../etc/passwd", 1)}, "write the path of a file in a folder beside the templates"},
		"of no kind":         {map[string]string{"parts/late.sh": "echo\n"}, "parts: parts/late.sh: it begins with none of #!, #cloud-config"},
	} {
		if _, err := (&Templates{}).Load(partFiles(tc.files)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want %q", name, err, tc.want)
		}
	}
	set, err := (&Templates{}).Load(partFiles(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := set.Render("x", input(providers.Triton)); err == nil || !strings.Contains(err.Error(), "it has several parts, and Triton runs a user-script as a program") {
		t.Errorf("Triton: %v", err)
	}
}

func TestTwoCloudConfigsWithOneKeyAreRefused(t *testing.T) {
	own := "---\nname: x\nhelp: h\nagent: round-robin\nparts: [this, parts/base.yaml]\n---\n#cloud-config\nruncmd:\n  - |\n    # rollcall: agent\n"
	for late, refused := range map[string]bool{
		"#cloud-config\nruncmd: [echo late]\n": true, "#cloud-config\npackages: [jq]\n": false, "#cloud-config\nmerge_how: 'list(append)+dict()'\nruncmd: [echo late]\n": false,
	} {
		set, err := (&Templates{}).Load(partFiles(map[string]string{"x.sh": "", "x.yaml": own, "parts/base.yaml": late}))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set.Render("x", input(providers.EC2)); (err != nil) != refused || err != nil && !strings.Contains(err.Error(), "x and parts/base.yaml both have runcmd") {
			t.Errorf("%q: error %v", late, err)
		}
	}
}

func TestLintLooksIntoEveryPart(t *testing.T) {
	need(t, "shellcheck")
	set, err := (&Templates{}).Load(partFiles(map[string]string{
		"parts/late.sh":   "#!/bin/sh\nexport AWS_KEY=AKIAIOSFODNN7EXAMPLE\nif true; then\n",
		"parts/base.yaml": "#cloud-config\nlocale: [\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Lint(t.Context(), "x", LintOptions{Declared: declared, Values: map[string]string{"register": RegisterAgent}})
	if err != nil {
		t.Fatal(err)
	}
	got := lines(r)
	for _, want := range []string{
		"x.sh for ec2: error: an AWS access key seems to stand here; user data is no place for secrets\n",
		"parts/late.sh:3 for ec2: error: ", "parts/base.yaml:2 for ec2: error: ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("lint lacks %q:\n%s", want, got)
		}
	}
}

func TestAJinjaTemplateIsLeftToCloudInitButForWhatIsInserted(t *testing.T) {
	yaml := "---\nname: x\nhelp: h\nvariables:\n  - {name: word, help: h}\n---\n## template: jinja\n#cloud-config\nlocale: {{ word }}\nhostname: {{ v1.local_hostname }}\nfqdn: {{ ds }}\nruncmd:\n  - |\n    # rollcall: values\n    echo \"$word\"\n"
	set, err := (&Templates{}).Load(fstest.MapFS{"x.yaml": {Data: []byte(yaml)}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := set.Render("x", Input{Provider: providers.EC2, Declared: declared, Values: map[string]string{"word": "{{ 7 * 7 }}"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"{% raw %}\nlocale: \"{{ 7 * 7 }}\"\n{% endraw %}\n", "hostname: {{ v1.local_hostname }}\nfqdn: {{ ds }}\n",
		"  - |\n{% raw %}\n    word='{{ 7 * 7 }}'\n{% endraw %}\n    echo",
	} {
		if !strings.Contains(string(r.Plain), want) {
			t.Errorf("the text lacks %q:\n%s", want, r.Plain)
		}
	}
	if _, err := set.Render("x", Input{Provider: providers.EC2, Declared: declared, Values: map[string]string{"word": "{%- endraw %}{{ 7 }}"}}); err == nil || !strings.Contains(err.Error(), "word: {% endraw %} cannot stand in a value") {
		t.Errorf("a value that ends the raw text: %v", err)
	}
	if _, err := set.Render("x", Input{Provider: providers.Triton, Declared: declared}); err == nil || !strings.Contains(err.Error(), "use a template that is a script") {
		t.Errorf("Triton: %v", err)
	}
	if got := lintOf(t, "x.yaml", yaml, LintOptions{Declared: declared, Values: map[string]string{"word": "C"}}); got.Failed() || !strings.Contains(lines(got), "x.yaml:7 for ec2: warning: cloud-init renders it on the node") {
		t.Errorf("lint:\n%s", lines(got))
	}
}

func TestATemplateToBeginWithPassesLint(t *testing.T) {
	need(t, "shellcheck")
	for _, agent := range []string{"round-robin", "dns-sd", AnyKind, "none"} {
		for format, ext := range map[string]string{FormatScript: ".sh", FormatCloudConfig: ".yaml"} {
			text, got, err := NewTemplate("x", format, agent)
			if err != nil || got != ext {
				t.Fatal(got, err)
			}
			if format == FormatCloudConfig {
				need(t, "cloud-init")
			}
			if r := lintOf(t, "x"+ext, text, LintOptions{Declared: declared, Strict: true}); len(r.Findings) > 0 {
				t.Errorf("%s for %s:\n%s", format, agent, lines(r))
			}
		}
	}
	for _, bad := range [][3]string{{"X y", FormatScript, "none"}, {"x", "toml", "none"}, {"x", FormatScript, "dnssd"}} {
		if _, _, err := NewTemplate(bad[0], bad[1], bad[2]); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}
