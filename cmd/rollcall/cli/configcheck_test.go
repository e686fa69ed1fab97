package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers/sim/world"
)

func TestConfigCheckAsksEachAccountWhoItIsAndReadsEachZoneUnlessOffline(t *testing.T) {
	s := newWorld(t)
	r := rollcall(t, "config", "check")
	for _, c := range s.World().Clouds() {
		if want := c.Name + ": account " + c.Account + ", cloud key " + string(c.Key); r.code != exit.Done || !strings.Contains(r.err, want) {
			t.Errorf("exit code %d, no %q: %s", r.code, want, r.err)
		}
	}
	for _, zone := range []string{"scalability.expert: account ", "unilans.net: account 123456789012, zone Z"} {
		if !strings.Contains(r.err, zone) {
			t.Errorf("no %q: %s", zone, r.err)
		}
	}
	for _, c := range []struct {
		source string
		fault  world.FaultKind
		code   int
	}{
		{"aws-use1", world.AuthError, exit.Usage},
		{"joyent-east", world.AuthError, exit.Usage},
		{"unilans.net", world.AuthError, exit.Usage},
		{"joyent-ams", world.Unreachable, exit.Unknown},
	} {
		if err := s.World().SetFault(c.source, c.fault); err != nil {
			t.Fatal(err)
		}
		if r := rollcall(t, "config", "check"); r.code != c.code || !strings.Contains(r.err, c.source) {
			t.Errorf("%s of %s: exit code %d, want %d: %s", c.fault, c.source, r.code, c.code, r.err)
		}
		if r := rollcall(t, "config", "check", "--offline"); r.code != exit.Done || !strings.Contains(r.err, "no account was asked") {
			t.Errorf("%s of %s, offline: exit code %d, %s", c.fault, c.source, r.code, r.err)
		}
		if err := s.World().SetFault("all", world.NoFault); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASourceThatStandsForAllZonesOfAnAccountIsNamedAsAPersonWouldTypeIt(t *testing.T) {
	newWorld(t)
	setenv(t, "ROLLCALL_CONFIG", "")
	setenv(t, "XDG_CONFIG_HOME", t.TempDir())
	setenv(t, "CLOUDFLARE_API_TOKEN", "not-a-token-of-this-world")
	r := rollcall(t, "ls", "sources")
	if !strings.Contains(r.out, "zones of cloudflare  ") || strings.Contains(r.out+r.err, `\032`) {
		t.Errorf("%s%s", r.out, r.err)
	}
}

func TestTheLowestTTLOfAServiceIsThatOfTheZonesPlan(t *testing.T) {
	s := newWorld(t)
	z, err := s.World().Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	reconfigure(t, `ttl: "60"`, `ttl: "30"`)
	r := rollcall(t, "config", "check")
	if r.code != exit.Usage || !strings.Contains(r.err, "has a ttl of 30, which the zone scalability.expert does not take with its plan; write 60 to 86400 seconds") {
		t.Errorf("on a free plan: exit code %d, %s", r.code, r.err)
	}
	id := strings.Fields(must(t, "ls", "instances", "--filter", "finding:missing tag.service=www", "-o", "name"))[0]
	if r := rollcall(t, "register", id, "--service", "www.scalability.expert", "--dry-run"); !strings.Contains(r.out+r.err, "Cloudflare takes 60 to 86400") {
		t.Errorf("register on a free plan: exit code %d, %s%s", r.code, r.out, r.err)
	}
	z.SetPlan("enterprise")
	if r := rollcall(t, "config", "check"); r.code != exit.Done {
		t.Errorf("on an enterprise plan: exit code %d, %s", r.code, r.err)
	}
	if r := rollcall(t, "register", id, "--service", "www.scalability.expert"); r.code != exit.Done {
		t.Errorf("register on an enterprise plan: exit code %d, %s%s", r.code, r.out, r.err)
	}
}

func TestConfigCheckNamesACloudThatAnswersAsAnotherAccountThanInTheLastRun(t *testing.T) {
	newWorld(t)
	must(t, "ls", "instances")
	path := getenv(t, "ROLLCALL_CONFIG")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, "config", "check"); r.code != exit.Done {
		t.Fatalf("exit code %d, %s", r.code, r.err)
	}
	swapped := strings.NewReplacer("name: joyent-east", "name: joyent-ams", "name: joyent-ams", "name: joyent-east").Replace(string(text))
	if err := os.WriteFile(path, []byte(swapped), 0o600); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "config", "check")
	for _, name := range []string{"joyent-east", "joyent-ams"} {
		want := regexp.MustCompile(regexp.QuoteMeta(path) + `:\d+:\d+: cloud ` + name + `: .* now, and all that is known of ` + name + ` is of .*: correct the c.* needs a name of its own in the config`)
		if r.code != exit.Usage || !want.MatchString(r.err) {
			t.Errorf("exit code %d, nothing like %s:\n%s", r.code, want, r.err)
		}
	}
	if strings.Contains(r.err, " is right") || strings.Contains(r.err, "aws-") {
		t.Errorf("%s", r.err)
	}
	if r := rollcall(t, "ls", "sources"); r.code != exit.Unknown && !strings.Contains(r.err+r.out, "all that is known of joyent-east") {
		t.Errorf("a read does not refuse it: exit code %d, %s%s", r.code, r.out, r.err)
	}
	if r := rollcall(t, "config", "check", "--offline"); r.code != exit.Done {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}

func TestATagOfAServiceThatNoInstanceHasIsNamedWithTheNearest(t *testing.T) {
	newWorld(t)
	path := getenv(t, "ROLLCALL_CONFIG")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wrong := regexp.MustCompile(`select: \{[^}]*\}`).ReplaceAllString(string(text), "select: {tag.servcie: www}")
	if wrong == string(text) {
		t.Fatalf("no service selects: %s", text)
	}
	if err := os.WriteFile(path, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "selects its nodes by the tag servcie, which no instance had when the clouds were last read; did you mean service?"
	if r := rollcall(t, "config", "check", "--offline"); strings.Contains(r.err, "servcie") {
		t.Errorf("before any read: %s", r.err)
	}
	rollcall(t, "ls", "instances")
	if r := rollcall(t, "config", "check"); r.code != exit.Done || !strings.Contains(r.err, want) {
		t.Errorf("exit code %d: %s", r.code, r.err)
	}
}

func TestWithoutAPlaceForTheJournalNothingIsDone(t *testing.T) {
	newWorld(t)
	setEnvironment(t, environment(t).Without("HOME", "XDG_STATE_HOME"))
	for _, args := range [][]string{{"ls", "instances"}, {"terminate", "www-01", "--yes"}, {"journal"}} {
		if r := rollcall(t, args...); r.code != exit.Usage || !strings.Contains(r.err, "set HOME, or XDG_STATE_HOME") {
			t.Errorf("%q: exit code %d: %s", args, r.code, r.err)
		}
	}
}
