package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
)

func TestConfigInitWritesWhatWasFoundAndAFleetIDOnce(t *testing.T) {
	newWorld(t)
	path := filepath.Join(t.TempDir(), "new", "c.yaml")
	setenv(t, "ROLLCALL_CONFIG", path)
	must(t, "config", "init", "--fleet", "new")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"fleet: ", "name: aws-use1", "region: us-east-1", "name: aws-euw1", "region: eu-west-1", "name: triton,", "name: triton-eu-ams-1", "name: scalability.expert", "name: unilans.net"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	must(t, "config", "check")
	if shown := must(t, "config", "show"); !strings.Contains(shown, "name: unilans.net") {
		t.Errorf("config show: %s", shown)
	}
	if r := rollcall(t, "config", "init"); r.code != exit.Failed || !strings.Contains(r.err, "is there already") {
		t.Errorf("a second init: exit code %d, %s", r.code, r.err)
	}
	again, err := os.ReadFile(path)
	if err != nil || string(again) != string(text) {
		t.Errorf("the file has changed: %v", err)
	}
	for _, secret := range []string{getenv(t, "CLOUDFLARE_API_TOKEN"), getenv(t, "AWS_SECRET_ACCESS_KEY")} {
		if strings.Contains(string(text), secret) {
			t.Error("the config holds a secret")
		}
	}
}

func TestConfigInitDoesNotGuessWhetherToJoinAFleet(t *testing.T) {
	newWorld(t)
	path := filepath.Join(t.TempDir(), "c.yaml")
	setenv(t, "ROLLCALL_CONFIG", path)
	r := rollcall(t, "config", "init")
	if r.code != exit.Failed || !strings.Contains(r.err, "7f3a9c1e (") || !strings.Contains(r.err, "--fleet 7f3a9c1e") || !strings.Contains(r.err, "--fleet new") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("a config was written all the same")
	}
	if r := rollcall(t, "config", "init", "--fleet", "not an id"); r.code != exit.Usage || strings.Count(r.err, "\n") != 1 {
		t.Errorf("an id that is none: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "config", "init", "--fleet", "7f3a9c1f"); r.code != exit.Usage || !strings.Contains(r.err, "no record of the fleet 7f3a9c1f, but of 7f3a9c1e (") {
		t.Errorf("a typo: exit code %d, %s", r.code, r.err)
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("a config with a typo was written")
	}
	must(t, "config", "init", "--fleet", "7f3a9c1e")
	if out := must(t, "ls", "findings", "--filter", "finding:other-fleet", "-o", "name"); strings.Count(out, "\n") > 2 {
		t.Errorf("after joining, records are of another fleet:\n%s", out)
	}
}

func TestConfigInitPinsTheProfilesThatItUsed(t *testing.T) {
	newWorld(t)
	home := t.TempDir()
	setenv(t, "HOME", home)
	put := func(path, text string) {
		t.Helper()
		path = filepath.Join(home, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(".triton/profiles.d/ops.json", `{"url":"`+getenv(t, "TRITON_URL")+`","account":"`+getenv(t, "TRITON_ACCOUNT")+`","keyId":"`+getenv(t, "TRITON_KEY_ID")+`"}`)
	put(".triton/config.json", `{"profile":"ops"}`)
	put(".aws/credentials", "[my prod]\naws_access_key_id = "+getenv(t, "AWS_ACCESS_KEY_ID")+"\naws_secret_access_key = "+getenv(t, "AWS_SECRET_ACCESS_KEY")+"\n")
	for k, v := range map[string]string{
		"TRITON_PROFILE": "", "TRITON_URL": "http://127.0.0.1:1", "TRITON_KEY_ID": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
		"AWS_PROFILE": "my prod", "AWS_CONFIG_FILE": filepath.Join(home, ".aws/config"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(home, ".aws/credentials"),
	} {
		setenv(t, k, v)
	}
	path := filepath.Join(home, "c.yaml")
	setenv(t, "ROLLCALL_CONFIG", path)
	must(t, "config", "init", "--fleet", "new")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`name: aws-euw1, provider: ec2, region: eu-west-1, profile: "my prod"`, `name: triton-ops, provider: triton, profile: ops}`,
		`name: unilans.net, provider: route53, profile: "my prod"`, `profile: ops, url: http://`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	setenv(t, "AWS_PROFILE", "")
	setenv(t, "TRITON_ACCOUNT", "other")
	if r := rollcall(t, "config", "check"); r.code != exit.Done {
		t.Errorf("with other variables: exit code %d, %s", r.code, r.err)
	}
}

func TestConfigInitMakesNoFleetWhereItCannotKnowWhetherThereIsOne(t *testing.T) {
	s := newWorld(t)
	path := filepath.Join(t.TempDir(), "c.yaml")
	setenv(t, "ROLLCALL_CONFIG", path)
	for _, sources := range [][]string{{world.CloudflareZone, world.Route53Zone}, {"all"}, {world.Route53Zone}} {
		for _, f := range sources {
			if err := s.World().SetFault(f, world.Unreachable); err != nil {
				t.Fatal(err)
			}
		}
		r := rollcall(t, "config", "init")
		if _, err := os.Lstat(path); err == nil || r.code != exit.Failed || !strings.Contains(r.err, "nothing was written") || !strings.Contains(r.err, "not read: ") {
			t.Errorf("%v: exit code %d, %s", sources, r.code, r.err)
		}
		if err := s.World().SetFault("all", world.NoFault); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.World().SetFault("aws-euw1", world.AuthError); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "config", "init", "--fleet", "7f3a9c1e"); r.code != exit.Unknown || !strings.Contains(r.err, "aws-euw1 is left out") || !strings.Contains(r.err, "lacks what did not answer") {
		t.Errorf("a region that does not answer: exit code %d, %s", r.code, r.err)
	}
}
