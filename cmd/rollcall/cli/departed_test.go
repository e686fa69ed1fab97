package cli

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/providertest"
	"rollcall/providers/sim/world"
)

// without takes the entry of a cloud out of the config, as an operator who comments it out, and
// out of the services that name it.
func without(t *testing.T, path, cloud string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := regexp.MustCompile(`(?m)^(  - \{name: `+cloud+`,.*)$`).ReplaceAllString(string(text), "  # $1")
	out = regexp.MustCompile(`(, `+cloud+`\b|\b`+cloud+`, )`).ReplaceAllStringFunc(out, func(s string) string {
		return ""
	})
	out = strings.ReplaceAll(out, "{name: provider", "{name: "+cloud+", provider") // of the comment
	if out == string(text) {
		t.Fatalf("no cloud %s in\n%s", cloud, text)
	}
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestACloudThatIsCommentedOutTakesNoAddressAndNoNodeWithIt(t *testing.T) {
	newWorld(t)
	path := reconfigure(t)
	dead := append(recordsOf(t, "dead"), recordsOf(t, "dangling")...)
	before := must(t, "ls", "records", "--all", "-o", "name")
	full, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	without(t, path, "joyent-ams")

	row := source(t, "joyent-ams")
	if row["state"] != "failed" || !strings.Contains(row["error"].(string), "rollcall config forget joyent-ams") || row["rows"].(float64) == 0 {
		t.Errorf("%v", row)
	}
	if r := rollcall(t, "drift", "--exit-code"); r.code != exit.Unknown || !strings.Contains(r.err, "joyent-ams") {
		t.Errorf("drift: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "deregister", "--dead"); r.code != exit.Unknown || !strings.Contains(r.err, "joyent-ams") {
		t.Errorf("deregister --dead: exit code %d, %s", r.code, r.err)
	}
	for n, d := range dead {
		if !providertest.InPart(n, 3) {
			continue
		}
		if r := rollcall(t, "deregister", d); r.code == exit.Done {
			t.Errorf("%s was deregistered while joyent-ams counts as failed", d)
		}
	}
	if after := must(t, "ls", "records", "--all", "-o", "name"); after != before {
		t.Error("the zones have changed")
	}

	if r := rollcall(t, "config", "forget", "joyent-ams"); r.code != exit.Failed || !strings.Contains(r.err, "--confirm joyent-ams") {
		t.Errorf("without the name typed: exit code %d, %s", r.code, r.err)
	}
	for name, code := range map[string]int{"joyent-east": exit.Usage, "nobody": exit.Usage} {
		if r := rollcall(t, "config", "forget", name, "--confirm", name); r.code != code {
			t.Errorf("forget %s: exit code %d, %s", name, r.code, r.err)
		}
	}
	if list := must(t, "config", "forget"); !strings.Contains(list, "joyent-ams") || !strings.Contains(list, "counts as failed") {
		t.Errorf("%s", list)
	}
	must(t, "config", "forget", "joyent-ams", "--confirm", "joyent-ams")
	if list := must(t, "config", "forget"); !strings.Contains(list, "forgotten") {
		t.Errorf("%s", list)
	}
	if r := rollcall(t, "drift", "--exit-code"); r.code == exit.Unknown {
		t.Errorf("drift once it is forgotten: exit code %d, %s", r.code, r.err)
	}
	here := slices.IndexFunc(dead, func(d string) bool { return strings.Contains(d, "www.scalability.expert/A/34.") })
	if here < 0 {
		t.Fatalf("nothing of EC2 is dead: %v", dead)
	}
	must(t, "deregister", dead[here])
	must(t, "undo")

	must(t, "config", "forget", "joyent-ams", "--undo")
	if row := source(t, "joyent-ams"); row["state"] != "failed" || row["rows"].(float64) == 0 {
		t.Errorf("taken back: %v", row)
	}
	must(t, "config", "forget", "joyent-ams", "--confirm", "joyent-ams")
	if err := os.WriteFile(path, full, 0o600); err != nil {
		t.Fatal(err)
	}
	if row := source(t, "joyent-ams"); row["state"] != "complete" {
		t.Errorf("added again: %v", row)
	}
	without(t, path, "joyent-ams")
	if row := source(t, "joyent-ams"); row["state"] != "failed" {
		t.Errorf("taken out a second time: %v", row)
	}
}

func TestACloudThatOnlyMarkersNameCountsAsFailed(t *testing.T) {
	s := newWorld(t)
	path := reconfigure(t)
	without(t, path, "joyent-ams") // before anything was read
	key := ""
	for _, c := range s.World().Clouds() {
		if c.Name == "joyent-ams" {
			key = string(c.Key)
		}
	}
	row := source(t, key)
	if row["state"] != "failed" || !strings.Contains(row["error"].(string), "rollcall config forget "+key) {
		t.Errorf("%v", row)
	}
	if r := rollcall(t, "deregister", "--dead"); r.code != exit.Unknown || !strings.Contains(r.err, key) {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	must(t, "config", "forget", key, "--confirm", key)
	if r := rollcall(t, "drift", "--exit-code"); r.code == exit.Unknown {
		t.Errorf("drift once it is forgotten: exit code %d, %s", r.code, r.err)
	}
}

func TestTheConsoleForgetsACloudThatLeftTheConfigAndNoOther(t *testing.T) {
	newWorld(t)
	path := reconfigure(t)
	must(t, "ls", "sources")
	without(t, path, "joyent-ams")
	s := opened(t)
	b := newBackend(s)
	for _, c := range s.Fleet.Snapshot().Clouds {
		err := b.Forget(t.Context(), c.Cloud.Key)
		if (err == nil) != (c.Cloud.Name == "joyent-ams") {
			t.Errorf("%s: %v", c.Cloud.Name, err)
		}
	}
	for _, r := range s.SourceRows(b.Inspect(s.Fleet.Snapshot())) {
		if r.Name == "joyent-ams" {
			t.Errorf("it still counts: %+v", r)
		}
	}
	if list := must(t, "config", "forget"); !strings.Contains(list, "joyent-ams") || !strings.Contains(list, "forgotten") {
		t.Error(list)
	}
	must(t, "config", "forget", "joyent-ams", "--undo")
	if row := source(t, "joyent-ams"); row["state"] != "failed" || row["rows"].(float64) == 0 {
		t.Errorf("taken back: %v", row)
	}
}

func TestTwoCloudsOfTheConfigThatAreOneAreBothFailedEverywhere(t *testing.T) {
	newWorld(t)
	path := reconfigure(t)
	dead := append(recordsOf(t, "dead"), recordsOf(t, "dangling")...)
	before := must(t, "ls", "records", "--all", "-o", "name")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "region: eu-west-1", "region: us-east-1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"aws-use1", "aws-euw1"} {
		if row := source(t, name); row["state"] != "failed" || !strings.Contains(row["error"].(string), "aws-euw1 and aws-use1 are one cloud") {
			t.Errorf("%v", row)
		}
	}
	if r := rollcall(t, "drift", "--exit-code"); r.code != exit.Unknown {
		t.Errorf("drift: exit code %d", r.code)
	}
	for n, d := range dead {
		if !providertest.InPart(n, 3) {
			continue
		}
		if r := rollcall(t, "deregister", d); r.code == exit.Done {
			t.Errorf("%s was deregistered", d)
		}
	}
	if r := rollcall(t, "deregister", "--dead"); r.code != exit.Unknown || !strings.Contains(r.err, "are one cloud") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "config", "check"); r.code != exit.Usage || !strings.Contains(r.err, path+":") || !strings.Contains(r.err, "are one cloud") {
		t.Errorf("config check: exit code %d, %s", r.code, r.err)
	}
	if after := must(t, "ls", "records", "--all", "-o", "name"); after != before {
		t.Error("the zones have changed")
	}
}

func TestAnEmptyAccountThatWasReadOnceIsNotMissedLater(t *testing.T) {
	s := newWorld(t)
	reconfigure(t)
	must(t, "ls", "sources")
	if err := s.World().SetFault("aws-use1", world.WrongKey); err != nil {
		t.Fatal(err)
	}
	must(t, "ls", "sources")
	if err := s.World().SetFault("aws-use1", world.NoFault); err != nil {
		t.Fatal(err)
	}
	for _, r := range objects(t, "ls", "sources", "-o", "json") {
		if r["state"] != "complete" {
			t.Errorf("%v", r)
		}
	}
}
