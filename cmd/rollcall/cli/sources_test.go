package cli

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// reconfigure writes the config of the world with some of it replaced, and makes it the config of this test.
func reconfigure(t *testing.T, oldnew ...string) (path string) {
	t.Helper()
	text, err := os.ReadFile(getenv(t, "ROLLCALL_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(oldnew...).Replace(string(text))
	if len(oldnew) > 0 && changed == string(text) {
		t.Fatalf("nothing to replace by %q in\n%s", oldnew, text)
	}
	// Rows of an earlier run belong to another test.
	changed = regexp.MustCompile(`(?m)^state: .*$`).ReplaceAllString(changed, "state: "+filepath.Base(t.TempDir())+strings.ReplaceAll(t.Name(), "/", "-"))
	path = filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	setenv(t, "ROLLCALL_CONFIG", path)
	return path
}

// source returns the row of a source.
func source(t *testing.T, name string) object {
	t.Helper()
	for _, r := range objects(t, "ls", "sources", "-o", "json") {
		if r["name"] == name {
			return r
		}
	}
	t.Fatalf("there is no source %s", name)
	return nil
}

// A source that cannot be set up or found.
var brokenSources = []struct {
	name    string
	source  string // that fails
	why     string // in its error
	fault   world.FaultKind
	replace []string
	env     []string // name and value
}{
	{name: "a zone that the account does not have", source: "unilans.org", why: "has no such zone; correct the name, or use credentials", replace: []string{"unilans.net", "unilans.org"}},
	{name: "a zone list that is empty", source: "scalability.expert", why: "has no such zone", fault: world.EmptyPage},
	{name: "a token of another account", source: "scalability.expert", why: "has no such zone", fault: world.WrongKey},
	{name: "a token that is not set", source: "scalability.expert", why: "no Cloudflare API token: set NOT_SET", replace: []string{"provider: cloudflare", "provider: cloudflare, token_env: NOT_SET"}},
	{name: "a profile that is not there", source: "aws-euw1", why: "the profile nobody is not in the AWS config files", replace: []string{"region: eu-west-1", "region: eu-west-1, profile: nobody"}},
	{name: "a profile of a zone that is not there", source: "unilans.net", why: "the profile nobody is not in the AWS config files", replace: []string{"provider: route53", "provider: route53, profile: nobody"}},
	{name: "a profile of the triton CLI that is not there", source: "joyent-ams", why: ".triton/profiles.d/nobody.json; `triton profile list`", replace: []string{"name: joyent-ams, provider: triton", "name: joyent-ams, provider: triton, profile: nobody"}},
	{name: "a key file that is not there", source: "joyent-ams", why: "nowhere", replace: []string{"name: joyent-ams, provider: triton", "name: joyent-ams, provider: triton, key_file: /nowhere/id_rsa"}},
	{name: "an ssh-agent that is not there", source: "joyent-ams", why: "agent", env: []string{"SSH_AUTH_SOCK", "/nowhere/agent"}},
	{name: "a list of ranges that is not there", source: "ranges", why: "cannot be read", replace: []string{"state:", "ranges: nowhere.json\nstate:"}},
}

// breakSource makes one source fail, and returns the path of the config.
func breakSource(t *testing.T, s *sim.Sim, n int) (path string) {
	t.Helper()
	c := &brokenSources[n]
	path = reconfigure(t, c.replace...)
	if c.fault != "" {
		if err := s.World().SetFault(c.source, c.fault); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.World().SetFault("all", world.NoFault); err != nil {
				t.Error(err)
			}
		})
	}
	if len(c.env) > 0 {
		setenv(t, c.env[0], c.env[1])
	}
	return path
}

func TestASourceThatCannotBeSetUpFailsAloneAndTheRestGoesOn(t *testing.T) {
	s := newWorld(t)
	for n := range brokenSources {
		if !providertest.InPart(n, 3) {
			continue
		}
		c := &brokenSources[n]
		t.Run(c.name, func(t *testing.T) {
			path := breakSource(t, s, n)
			row := source(t, c.source)
			if why, _ := row["error"].(string); row["state"] != "failed" && row["state"] != "partial" || !strings.Contains(why, c.why) {
				t.Errorf("the source is %v: %v", row["state"], row["error"])
			}
			for _, r := range objects(t, "ls", "sources", "-o", "json") {
				same := c.env != nil && r["provider"] == row["provider"] // all of one kind have one agent
				if r["state"] != "complete" && r["name"] != c.source && !same {
					t.Errorf("%v is %v as well: %v", r["name"], r["state"], r["error"])
				}
			}
			if len(objects(t, "ls", "instances", "-o", "json", "--allow-stale")) == 0 || len(objects(t, "ls", "records", "-o", "json", "--allow-stale")) == 0 {
				t.Error("nothing is listed")
			}
			if r := rollcall(t, "drift", "--exit-code", "-o", "json"); r.code != exit.Unknown || len(decode[driftReport](t, r.out).Findings) == 0 || !strings.Contains(r.err, c.why) {
				t.Errorf("drift: exit code %d, %s", r.code, r.err)
			}
			if r := rollcall(t, "deregister", "--dead", "--dry-run"); c.source != app.RangesSource && (r.code != exit.Unknown && r.code != exit.Failed || !strings.Contains(r.err, c.source)) {
				t.Errorf("deregister --dead: exit code %d, %s", r.code, r.err)
			}
			r := rollcall(t, "config", "check")
			if r.code != exit.Usage || !regexp.MustCompile(regexp.QuoteMeta(path)+`:\d+:\d+: .*`+regexp.QuoteMeta(c.why)).MatchString(r.err) {
				t.Errorf("config check: exit code %d, %s", r.code, r.err)
			}
		})
	}
}

func TestWhereTheCredentialsOfASourceComeFromIsShownAndNoSecretIs(t *testing.T) {
	newWorld(t)
	if r := rollcall(t, "config", "check"); r.code != exit.Done || !strings.Contains(r.err, "scalability.expert: credentials from CLOUDFLARE_API_TOKEN") || strings.Contains(r.err, getenv(t, "CLOUDFLARE_API_TOKEN")) {
		t.Errorf("config check: exit code %d, %s", r.code, r.err)
	} else if !regexp.MustCompile(`(?m)^unilans\.net: account 123456789012, zone Z\w+$`).MatchString(r.err) {
		t.Errorf("config check names no account of the Route 53 zone: %s", r.err)
	}
	for name, want := range map[string][2]string{"aws-use1": {"123456789012", "AWS_ACCESS_KEY_ID"}, "unilans.net": {"123456789012", "AWS_ACCESS_KEY_ID"}} {
		if row := source(t, name); row["account"] != want[0] || row["credentials"] != want[1] {
			t.Errorf("%s: account %v, credentials from %v", name, row["account"], row["credentials"])
		}
	}
	reconfigure(t, "provider: cloudflare", "provider: cloudflare, token_env: NOT_SET", "region: eu-west-1", "region: eu-west-1, profile: nobody")
	out := must(t, "ls", "sources", "-o", "wide")
	for source, from := range map[string]string{"aws-euw1": "profile nobody", "scalability.expert": "NOT_SET"} {
		if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(source) + ` .* ` + from + ` `).MatchString(out) {
			t.Errorf("%s is not said to have its credentials from %s:\n%s", source, from, out)
		}
	}
}

func TestASourceSaysWhichRoleAndWhichFileItsCredentialsAreOf(t *testing.T) {
	newWorld(t)
	file := filepath.Join(t.TempDir(), "aws config")
	text := "\ufeff[profile keys]\r\naws_access_key_id = " + getenv(t, "AWS_ACCESS_KEY_ID") + "\r\naws_secret_access_key = " + getenv(t, "AWS_SECRET_ACCESS_KEY") +
		"\r\n[profile \"my ops\"]\r\nsource_profile = keys\r\nrole_arn = arn:aws:iam::123456789012:role/nobody\r\n[profile coded]\r\nsource_profile = keys\r\nrole_arn = arn:aws:iam::123456789012:role/ops\r\nmfa_serial = arn:aws:iam::123456789012:mfa/ops\r\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	setenv(t, "AWS_CONFIG_FILE", file)
	reconfigure(t, "region: us-east-1", "region: us-east-1, profile: keys", "region: eu-west-1", "region: eu-west-1, profile: my ops", "provider: route53", "provider: route53, profile: coded")
	for name, want := range map[string][3]string{ // state, credentials, a part of the error
		"aws-use1":    {"complete", "profile keys in " + file, ""},
		"aws-euw1":    {"failed", "profile my ops, role arn:aws:iam::123456789012:role/nobody with profile keys in " + file, "role arn:aws:iam::123456789012:role/nobody of profile my ops could not be assumed"},
		"unilans.net": {"failed", "profile coded, role arn:aws:iam::123456789012:role/ops with profile keys in " + file, "there is no terminal to ask at: run this in a terminal, or export the keys of a session with aws configure export-credentials --profile coded"},
	} {
		row := source(t, name)
		text, _ := row["error"].(string)
		if row["state"] != want[0] || row["credentials"] != want[1] || !strings.Contains(text, want[2]) {
			t.Errorf("%s: %v, credentials from %v, %s", name, row["state"], row["credentials"], text)
		}
	}
}

func TestAWatchGoesOnWithASourceThatCannotBeSetUp(t *testing.T) {
	s := newWorld(t)
	for _, n := range []int{0, 1, 4, len(brokenSources) - 1} {
		c := &brokenSources[n]
		t.Run(c.name, func(t *testing.T) {
			breakSource(t, s, n)
			w := startWatch(t, watchFlags{})
			until(t, "the failed source and findings", func() bool {
				return strings.Contains(w.out.String(), `"event":"source"`) && strings.Contains(w.out.String(), c.why) && strings.Contains(w.out.String(), `"event":"new"`)
			})
		})
	}
}

func TestTheConsoleOpensWithASourceThatCannotBeSetUp(t *testing.T) {
	s := newWorld(t)
	breakSource(t, s, 0)
	x := newTerminal(t, environment(t).List(), "rollcall")
	x.see("unilans.org", "Instances ")
	x.keys("q")
	x.see("exit code 0")
}

func TestASessionThatGoesOnSetsASourceUpAsSoonAsItCanBe(t *testing.T) {
	newWorld(t)
	config := filepath.Join(t.TempDir(), "aws")
	setenv(t, "AWS_CONFIG_FILE", config)
	reconfigure(t, "region: eu-west-1", "region: eu-west-1, profile: late", "provider: route53", "provider: route53, profile: late")
	s := opened(t)
	state := func(name string) string {
		for _, r := range s.SourceRows(s.Update(s.Fleet.Snapshot())) {
			if r.Name == name {
				return r.State
			}
		}
		return "not there"
	}
	for _, name := range []string{"aws-euw1", "unilans.net"} {
		if got := state(name); got != "failed" {
			t.Fatalf("%s: %s", name, got)
		}
	}
	if err := os.WriteFile(config, []byte("[profile late]\nregion = eu-west-1\naws_access_key_id = "+getenv(t, "AWS_ACCESS_KEY_ID")+"\naws_secret_access_key = "+getenv(t, "AWS_SECRET_ACCESS_KEY")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Fleet.Refresh(t.Context())
	for _, name := range []string{"aws-euw1", "unilans.net"} {
		if got := state(name); got != "complete" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if c, ok := s.Cloud("aws-euw1"); !ok || c.Err != nil || c.Compute == nil {
		t.Errorf("what changes go through is still without an adapter: %+v", c)
	}
}

func TestAListOfRangesIsReadAgainWhenItsFileChangesAndTheLastGoodOneStays(t *testing.T) {
	newWorld(t)
	dir := filepath.Dir(reconfigure(t, "state:", "ranges: amazon.json\nstate:"))
	list, written := filepath.Join(dir, "amazon.json"), time.Now()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		written = written.Add(time.Second) // file systems may count in larger steps than this test
		if err := os.Chtimes(list, written, written); err != nil {
			t.Fatal(err)
		}
	}
	amazon := func(prefix string) string {
		return `{"createDate":"2026-11-01-10-20-30","prefixes":[{"ip_prefix":"` + prefix + `","region":"eu-west-1","service":"EC2"}]}`
	}
	write(amazon("192.0.2.0/24"))
	s := opened(t)
	b := newBackend(s)
	check := func(what, in, why string) {
		t.Helper()
		v := b.Inspect(s.Fleet.Refresh(t.Context()))
		for _, prefix := range []string{"192.0.2.1", "198.51.100.1"} {
			if _, _, ok := v.Options.Ranges.Lookup(netip.MustParseAddr(prefix)); ok != (prefix == in) {
				t.Errorf("%s: %s is in a range: %v", what, prefix, ok)
			}
		}
		row := slices.IndexFunc(s.SourceRows(v), func(r rows.Source) bool { return r.Name == app.RangesSource })
		err := b.Files()[app.RangesSource]
		if (row >= 0) != (why != "") || (err != nil) != (why != "") || err != nil && (!strings.Contains(err.Error(), why) || !strings.HasSuffix(err.Error(), "the list that was read before stays in use")) {
			t.Errorf("%s: row %d, %v", what, row, err)
		}
	}
	check("at first", "192.0.2.1", "")
	write(amazon("198.51.100.0/24"))
	check("another list", "198.51.100.1", "")
	write(amazon("192.0.2.0/24")[:60])
	check("a list that is cut off", "198.51.100.1", "is not Amazon's list")
	check("once more", "198.51.100.1", "is not Amazon's list")
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	check("no list", "198.51.100.1", "cannot be read: no such file or directory")
	if err := os.Mkdir(list, 0o700); err != nil {
		t.Fatal(err)
	}
	check("a directory", "198.51.100.1", "is no regular file")
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	write(amazon("192.0.2.0/24"))
	check("a good list again", "192.0.2.1", "")
}

func TestNothingToDoIsUnknownWhileASourceOfTheAnswerCannotBeRead(t *testing.T) {
	s := newWorld(t)
	for range 3 { // nothing is left that is dead, within the threshold
		r := rollcall(t, "deregister", "--dead")
		for _, confirm := range regexp.MustCompile(`--confirm (\S+):`).FindAllStringSubmatch(r.err, -1) {
			rollcall(t, "deregister", "--dead", "--confirm", confirm[1])
		}
	}
	set := func(source string, kind world.FaultKind) {
		t.Helper()
		if err := s.World().SetFault(source, kind); err != nil {
			t.Fatal(err)
		}
	}
	for n, c := range []struct {
		source string
		fault  world.FaultKind
	}{{"scalability.expert", world.AuthError}, {"unilans.net", world.ShortPage}, {"unilans.net", world.AuthError}, {"joyent-ams", world.ServerError}, {"aws-use1", world.AuthError}, {"all", world.AuthError}} {
		if !providertest.InPart(n, 2) {
			continue
		}
		set(c.source, c.fault)
		for _, args := range [][]string{{"deregister", "--dead"}, {"remedy", "half"}, {"remedy", "orphan-marker", "duplicate"}} {
			r := rollcall(t, args...)
			if r.code != exit.Unknown || !strings.Contains(r.err, strings.Replace(c.source, "all", "joyent-east", 1)) || strings.Contains(r.err, "nothing to do") {
				t.Errorf("%v with %s of %s: exit code %d, %s", args, c.fault, c.source, r.code, r.err)
			}
		}
		row := decode[output.Report](t, rollcall(t, "deregister", "--dead", "-o", "json").out)
		if row.OK || len(row.Incomplete) == 0 || row.Incomplete[0].State == "complete" {
			t.Errorf("%s of %s as JSON: %+v", c.fault, c.source, row)
		}
		set("all", world.NoFault)
	}
}

func TestWhatIsNamedAndNotFoundIsUnknownWhileItsSourceIsIncomplete(t *testing.T) {
	s := newWorld(t)
	cases := []struct {
		source string
		args   []string
	}{
		{"scalability.expert", []string{"deregister", "nobody.scalability.expert/A/192.0.2.1"}},
		{"scalability.expert", []string{"adopt", "nobody.scalability.expert/A/192.0.2.1"}},
		{"scalability.expert", []string{"retarget", "nobody.scalability.expert/A/192.0.2.1"}},
		{"scalability.expert", []string{"quiesce", "nobody.scalability.expert/A/192.0.2.1"}},
		{"scalability.expert", []string{"remedy", "nobody.scalability.expert/A/192.0.2.1"}},
		{"unilans.net", []string{"quiesce", "host:nobody"}},
		{"unilans.net", []string{"service", "balance", "--service", theV1, "--host", "nobody", "--weight", "1"}},
		{"unilans.net", []string{"service", "leave", "--service", theV1, "--host", "nobody"}},
		{"unilans.net", []string{"service", "retire", "v9." + theService}},
		{"joyent-ams", []string{"register", "nobody"}},
		{"joyent-ams", []string{"return", "nobody"}},
		{"joyent-ams", []string{"quiesce", "nobody"}},
		{"joyent-ams", []string{"terminate", "nobody", "--yes"}},
		{"joyent-ams", []string{"stop", "joyent-ams/nobody"}},
	}
	for n, c := range cases {
		if !providertest.InPart(n, 3) {
			continue
		}
		// With every source complete it is not there, which is a failure and no doubt.
		if r := rollcall(t, c.args...); r.code == exit.Unknown {
			t.Errorf("%v with all sources: exit code %d, %s", c.args, r.code, r.err)
		}
	}
	for n, c := range cases {
		if !providertest.InPart(n, 3) {
			continue
		}
		if err := s.World().SetFault(c.source, world.AuthError); err != nil {
			t.Fatal(err)
		}
		if r := rollcall(t, c.args...); r.code != exit.Unknown || !strings.Contains(r.err, c.source) {
			t.Errorf("%v without %s: exit code %d, %s", c.args, c.source, r.code, r.err)
		}
		if err := s.World().SetFault("all", world.NoFault); err != nil {
			t.Fatal(err)
		}
	}
	// A source that could not hold it takes nothing away from the answer.
	if err := s.World().SetFault("unilans.net", world.AuthError); err != nil {
		t.Fatal(err)
	}
	if r := rollcall(t, cases[0].args...); r.code != exit.Usage {
		t.Errorf("%v without unilans.net: exit code %d, %s", cases[0].args, r.code, r.err)
	}
}

func TestWithoutAnyCloudNothingIsKnownToBeAlive(t *testing.T) {
	newWorld(t)
	text, err := os.ReadFile(getenv(t, "ROLLCALL_CONFIG"))
	if err != nil {
		t.Fatal(err)
	}
	i, j := strings.Index(string(text), "clouds:"), strings.Index(string(text), "zones:")
	k := strings.Index(string(text), "services:")
	rest := string(text[k:])
	rest = rest[strings.Index(rest, "guards:"):]
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(string(text[:i])+string(text[j:k])+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	setenv(t, "ROLLCALL_CONFIG", path)
	if r := rollcall(t, "deregister", "--dead"); r.code != exit.Unknown || !strings.Contains(r.err, "no cloud is configured") {
		t.Errorf("exit code %d, %s", r.code, r.err)
	}
}
