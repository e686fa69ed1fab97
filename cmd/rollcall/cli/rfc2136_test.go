package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// bindZone starts BIND with the zone example.org and puts it into the config, with a service that selects books. The zone
// has a dead entry: its instance, which had its address, is terminated.
func bindZone(t *testing.T, s *sim.Sim) (n *providertest.Named, owner providers.Owner) {
	t.Helper()
	need(t, "dig")
	list, _ := s.World().Instances("aws-euw1", func(i *world.Instance) bool {
		return i.State == providers.StateRunning && i.Public.IsValid()
	}, 0, 1)
	if len(list) == 0 {
		t.Fatal("no instance runs")
	}
	address := list[0].Public.String()
	if _, _, err := s.World().Do("aws-euw1", list[0].ID, world.PowerLoss); err != nil {
		t.Fatal(err)
	}
	owner = providers.Owner{
		Fleet: fleetOf(t), Cloud: providers.CloudKey(source(t, "aws-euw1")["key"].(string)), Type: "A", Value: address,
		Instance: list[0].ID, Registered: time.Now().Add(-time.Hour).UTC().Truncate(time.Second),
	}
	marker, err := owner.Encode()
	if err != nil {
		t.Fatal(err)
	}
	n = providertest.StartNamed(t, "recursion no; };\nzone \"example.org\" { type primary; file \"example.org.zone\"; allow-transfer { key update.; }; update-policy { grant update. zonesub ANY; }; };\n",
		map[string]string{"example.org": "$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n NS ns1\nns1 A 127.0.0.1\nother A 192.0.2.10\napp A " + address + "\n" +
			providers.MarkerName(owner.Instance, "app.example.org") + ". TXT \"" + marker + "\"\n"})
	n.UntilServed("example.org")
	reconfigure(t, "zones:\n", fmt.Sprintf("zones:\n  - {name: example.org, provider: rfc2136, server: %q, key_file: %q, servers: [%q]}\n", n.Addr, filepath.Join(n.Dir, "update.key"), n.Addr),
		"services:\n", "services:\n  - {name: app.example.org, kind: round-robin, ttl: 60, select: {tag.service: books}}\n")
	return n, owner
}

// fleetOf returns the fleet id of the config.
func fleetOf(t *testing.T) string {
	t.Helper()
	for _, line := range strings.Split(must(t, "config", "show"), "\n") {
		if id, ok := strings.CutPrefix(line, "fleet: "); ok {
			return id
		}
	}
	t.Fatal("the config has no fleet id")
	return ""
}

// served returns the lines that BIND answers to dig over TCP, sorted.
func served(t *testing.T, n *providertest.Named, name, typ string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "dig", "+tcp", "+short", "+time=5", "+tries=1", "@127.0.0.1", "-p", n.Port, name, typ).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(out), "\n")
	return slices.Sorted(slices.Values(slices.DeleteFunc(lines, func(l string) bool { return l == "" })))
}

func TestADeadEntryOfAZoneOnBINDIsFoundDeregisteredAndPutBack(t *testing.T) {
	n, owner := bindZone(t, newWorld(t))
	address, dead := owner.Value, "example.org:app.example.org/A/"+owner.Value
	if r := source(t, "example.org"); r["provider"] != "rfc2136" || r["state"] != string(providers.CoverageComplete) || r["rows"] != float64(6) {
		t.Errorf("the source is %v", r)
	}
	if r := rollcall(t, "config", "check"); r.code != exit.Done || !strings.Contains(r.err, "example.org: account update, zone example.org") || !strings.Contains(r.err, "example.org: credentials from TSIG key update") {
		t.Errorf("config check: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if names := must(t, "ls", "records", "--filter", "zone:example.org", "-o", "name"); !strings.Contains(names, dead+"\n") || !strings.Contains(names, "example.org:other.example.org/A/192.0.2.10\n") {
		t.Errorf("records\n%s", names)
	}
	var found object
	for _, f := range objects(t, "ls", "findings", "--filter", "zone:example.org", "-o", "json") {
		if f["class"] == "dead" || f["class"] == "dangling" {
			found = f
		}
	}
	if found == nil || found["certain"] != true || found["remedy"] == "" {
		t.Fatalf("the finding is %v", found)
	}
	marker := providers.MarkerName(owner.Instance, "app.example.org")
	before := served(t, n, marker, "TXT")
	must(t, "deregister", dead, "--confirm", "app.example.org")
	if got := append(served(t, n, "app.example.org", "A"), served(t, n, marker, "TXT")...); len(got) != 0 {
		t.Errorf("BIND still serves %v", got)
	}
	if got := served(t, n, "other.example.org", "A"); !slices.Equal(got, []string{"192.0.2.10"}) {
		t.Errorf("beside it BIND serves %v", got)
	}
	must(t, "undo")
	if got := served(t, n, "app.example.org", "A"); !slices.Equal(got, []string{address}) || !slices.Equal(served(t, n, marker, "TXT"), before) {
		t.Errorf("after the undo BIND serves %v, %v", got, served(t, n, marker, "TXT"))
	}
}

func TestANodeIsRegisteredQuiescedAndReturnedInAZoneOnBIND(t *testing.T) {
	s := newWorld(t)
	n, _ := bindZone(t, s)
	id := bookNode(t, s)
	address := addressOf(t, id)
	at := func(when string, there bool) {
		t.Helper()
		if got := slices.Contains(served(t, n, "app.example.org", "A"), address); got != there {
			t.Errorf("%s: BIND serves %s: %v", when, address, got)
		}
		markers := strings.Join(served(t, n, providers.MarkerName(id, "app.example.org"), "TXT"), "\n")
		if !strings.Contains(markers, " A "+address) || strings.Contains(markers, " q A ") == there {
			t.Errorf("%s: the markers are %s", when, markers)
		}
	}
	must(t, "register", id, "--service", "app.example.org")
	at("after the registration", true)
	must(t, "quiesce", "example.org:app.example.org/A/"+address)
	at("after it was quiesced", false)
	must(t, "return", id)
	at("after its return", true)
	must(t, "undo")
	at("after the undo", false)
	must(t, "redo")
	at("after the redo", true)
	must(t, "service", "join", "--service", "app.example.org", "--host", "spare", "--address", "192.0.2.44")
	if got := served(t, n, "app.example.org", "A"); !slices.Contains(got, "192.0.2.44") {
		t.Errorf("after a host joined BIND serves %v", got)
	}
	must(t, "service", "leave", "--service", "app.example.org", "--host", "spare")
	if got := served(t, n, "app.example.org", "A"); slices.Contains(got, "192.0.2.44") || !slices.Contains(got, address) {
		t.Errorf("after it left BIND serves %v", got)
	}
	if r := rollcall(t, "launch", "--cloud", "aws-use1=1", "--service", "app.example.org", "--set", "register=agent", "--dry-run"); r.code != exit.Usage ||
		!strings.Contains(r.err, "the agent of a node does not write to zones of rfc2136") {
		t.Errorf("a launch whose node registers itself: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	if r := rollcall(t, "launch", "--cloud", "aws-use1=1", "--service", "app.example.org", "--dry-run"); r.code != exit.Done {
		t.Errorf("a launch: exit code %d\n%s%s", r.code, r.out, r.err)
	}
}

func TestAZoneWhoseNameServerIsDownIsAFailedSourceAndNothingOfItIsCalledDead(t *testing.T) {
	n, owner := bindZone(t, newWorld(t))
	dead := "example.org:app.example.org/A/" + owner.Value
	must(t, "ls", "findings", "-o", "json")
	n.Kill()
	if r := source(t, "example.org"); r["state"] == string(providers.CoverageComplete) || !strings.Contains(fmt.Sprint(r), "no connection to the name server "+n.Addr) {
		t.Errorf("the source is %v", r)
	}
	if r := rollcall(t, "deregister", dead, "--confirm", "app.example.org"); r.code == exit.Done || !strings.Contains(r.out+r.err, "no connection to the name server") {
		t.Errorf("deregister: exit code %d\n%s%s", r.code, r.out, r.err)
	}
	n.Start()
	n.UntilServed("example.org")
	if got := served(t, n, "app.example.org", "A"); len(got) != 1 {
		t.Errorf("BIND serves %v", got)
	}
	must(t, "deregister", dead, "--confirm", "app.example.org")
}

func TestAKeyThatIsNotThereIsAMistakeOfOneSourceWithItsRemedy(t *testing.T) {
	newWorld(t)
	reconfigure(t, "zones:\n", "zones:\n  - {name: example.org, provider: rfc2136, server: \"127.0.0.1:1\", key_file: none.key}\n")
	if r := rollcall(t, "config", "check"); r.code != exit.Usage || !strings.Contains(r.err, "none.key: make one with tsig-keygen, and name its key in the server's config") {
		t.Errorf("config check: exit code %d\n%s", r.code, r.err)
	}
	if r := rollcall(t, "ls", "records", "--filter", "zone:unilans.net", "-o", "name"); r.out == "" {
		t.Errorf("the other zones are not listed\n%s", r.err)
	}
	for text, says := range map[string]string{
		"{name: example.org, provider: rfc2136, key_file: none.key}": "zone example.org has no server; add server: with the host:port of its primary name server",
		"{name: example.org, provider: rfc2136, server: ns1}":        "zone example.org has no key_file; add key_file: with the path of a TSIG key as tsig-keygen writes it",
	} {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte("zones: ["+text+"]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := rollcall(t, "--config", path, "ls", "records"); r.code != exit.Usage || !strings.Contains(r.err, says) {
			t.Errorf("exit code %d\n%s", r.code, r.err)
		}
	}
}
