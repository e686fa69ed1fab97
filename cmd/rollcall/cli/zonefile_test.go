package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
)

// addZoneFile puts a zone of a file beside the config into the config. The file has an address that an instance holds which is
// not there any more, and one that an instance has.
func addZoneFile(t *testing.T) (file, record string) {
	t.Helper()
	owner := providers.Owner{Type: "A", Value: "192.0.2.77", Instance: "i-0123456789abcdef0", Registered: time.Now().Add(-time.Hour).UTC().Truncate(time.Second)}
	for _, r := range objects(t, "ls", "sources", "-o", "json") {
		if r["name"] == "aws-use1" {
			owner.Cloud = providers.CloudKey(r["key"].(string))
		}
	}
	owner.Fleet = fleetOf(t)
	marker, err := owner.Encode()
	if err != nil {
		t.Fatal(err)
	}
	config := reconfigure(t, "zones:\n", "zones:\n  - {name: example.org, provider: zonefile, file: example.org.zone}\n")
	file = filepath.Join(filepath.Dir(config), "example.org.zone")
	text := "$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 86400 300\n NS ns1\nns1 A 127.0.0.1\napp A 192.0.2.77\nplain A " + runningAddress(t) + "\n" +
		providers.MarkerName(owner.Instance, "app.example.org") + ". TXT \"" + marker + "\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, "example.org:app.example.org/A/192.0.2.77"
}

// runningAddress returns the IPv4 address of an instance that runs.
func runningAddress(t *testing.T) string {
	t.Helper()
	for _, r := range objects(t, "ls", "instances", "--filter", "state:running", "-o", "json") {
		if ips, _ := r["public_ips"].([]any); len(ips) > 0 {
			return ips[0].(string)
		}
	}
	t.Fatal("no instance has an address")
	return ""
}

func TestAZoneFileIsListedWithItsFindingsAndNothingIsEverWrittenToIt(t *testing.T) {
	newWorld(t)
	file, dead := addZoneFile(t)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if r := source(t, "example.org"); r["provider"] != "zonefile" || r["state"] != string(providers.CoverageComplete) || r["rows"] != float64(6) {
		t.Errorf("the source is %v", r)
	}
	if names := must(t, "ls", "records", "--filter", "zone:example.org", "-o", "name"); !strings.Contains(names, dead+"\n") || !strings.Contains(names, "example.org:plain.example.org/A/") {
		t.Errorf("records\n%s", names)
	}
	found, unmarked := false, ""
	for _, f := range objects(t, "ls", "findings", "-o", "json") {
		if f["zone"] != "example.org" {
			continue
		}
		if record, ok := f["record"].(map[string]any); ok && record["name"] == "plain.example.org" {
			unmarked = "example.org:plain.example.org/A/" + record["value"].(string)
		}
		if f["class"] == "dead" || f["class"] == "dangling" {
			found = true
		}
		if remedy, _ := f["remedy"].(string); remedy != "" {
			t.Errorf("a remedy is offered for %v", f)
		}
	}
	if !found {
		t.Error("the dead address is not found")
	}
	for _, args := range [][]string{{"deregister", dead}, {"deregister", dead, "--dry-run"}, {"deregister", unmarked}, {"adopt", unmarked}, {"quiesce", dead}, {"deregister", "example.org:ns1.example.org/A/127.0.0.1"}} {
		r := rollcall(t, args...)
		if r.code != exit.Failed || !strings.Contains(r.err+r.out, "the zone example.org is read-only: its provider lists it and takes no changes") {
			t.Errorf("%v: exit code %d\n%s%s", args, r.code, r.out, r.err)
		}
	}
	if r := rollcall(t, "deregister", "--dead", "--dry-run", "-o", "json"); strings.Contains(r.out, `"zone": "example.org"`) || !strings.Contains(r.out, `"zone": "`) {
		t.Errorf("--dead: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("the file is\n%s%v", after, err)
	}
	if r := rollcall(t, "config", "check"); r.code != exit.Done {
		t.Errorf("config check: exit code %d\n%s", r.code, r.err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "config", "check"); r.code != exit.Usage || !strings.Contains(r.err, "there is no file "+file) {
		t.Errorf("config check without the file: exit code %d\n%s", r.code, r.err)
	}
}

func TestAZoneFileThatIsNotNamedIsAMistakeInTheConfig(t *testing.T) {
	dir := blank(t)
	path := filepath.Join(dir, "c.yaml")
	if err := os.WriteFile(path, []byte("zones:\n  - {name: example.org, provider: zonefile}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "--config", path, "ls", "records"); r.code != exit.Usage || !strings.Contains(r.err, path+":2:5: zone example.org has no file; add file: with the path of its master file") {
		t.Errorf("exit code %d\n%s", r.code, r.err)
	}
}
