package config

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/cloudflare"
	"rollcall/providers/ec2"
	"rollcall/providers/route53"
	"rollcall/providers/triton"
)

const good = `
fleet: 7312345
clouds:
  - {name: aws-use1, provider: ec2, region: us-east-1, profile: prod, production: true}
  - name: joyent-east
    provider: triton
    url: https://us-east-1.api.example.com/
    account: ops
zones:
  - {name: Scalability.expert., provider: cloudflare, servers: [192.0.2.53, "[2001:db8::53]:5353"]}
  - {name: unilans.net, provider: route53, profile: prod}
services:
  - {name: www.scalability.expert, kind: round-robin, ttl: 60, clouds: [aws-use1, joyent-east], select: {tag.service: www}, minimum: 2, linger: 30s, health: {http: "/", port: 80}}
  - {name: v1._theservice._tcp.unilans.net, kind: dns-sd, port: 4218, address: private, txt: {txtvers: "1"}}
guards: {age: 45s, threshold: 25%, grace: 5m, wire: 90s, allow: [203.0.113.0/24, 198.51.100.7]}
refresh: 10s
resolvers: [127.0.0.1:5353, "::1", 9.9.9.9]
wire: false
probe: false
keys: {deregister: D}
team: {store: s3://ops-bucket/rollcall/prod/, endpoint: https://minio.example.com:9000/, profile: ops, region: eu-west-1, sign: true, sign_key: keys/ana.pub, allowed_signers: /etc/rollcall/allowed_signers}
state: here
`

// rules are those of the adapters, and key bindings of a console with few actions.
var rules = Rules{
	Screens:   []string{"fleet", "overview"},
	Columns:   map[string][]string{"instances": {"cloud", "name", "state", "tags"}, "records": {"name", "type", "value"}},
	Providers: []providers.Declaration{ec2.Adapter().Declaration, triton.Adapter().Declaration, cloudflare.Adapter().Declaration, route53.Adapter().Declaration},
	Keys: KeyRules{
		Actions: map[string][]string{"deregister": {"d"}, "launch": {"L"}, "right": {"l"}, "quit": {"q"}},
		Refuse: func(_, key string) string {
			if key == "ctrl+c" {
				return "ctrl+c always quits"
			}
			return ""
		},
	},
	Placeholders: []string{"{id}", "{address}", "{name}"},
}

func TestAConfigIsReadAsItIsMeant(t *testing.T) {
	c, err := Parse("c.yaml", []byte(good), rules)
	if err != nil {
		t.Fatal(err)
	}
	if c.Fleet != "7312345" {
		t.Errorf("fleet = %q: an id of digits must stay a text", c.Fleet)
	}
	want := []Cloud{
		{Pos: Pos{"c.yaml", 4, 5}, Name: "aws-use1", Provider: providers.EC2, Settings: providers.SettingsOf("region", "us-east-1", "profile", "prod"), Production: true},
		{Pos: Pos{"c.yaml", 5, 5}, Name: "joyent-east", Provider: providers.Triton, Settings: providers.SettingsOf("url", "https://us-east-1.api.example.com", "account", "ops")},
	}
	if d := cmp.Diff(want, c.Clouds); d != "" {
		t.Error(d)
	}
	if c.Zones[0].Name != "scalability.expert" || c.Zones[1].Provider != providers.Route53 {
		t.Errorf("zones = %+v", c.Zones)
	}
	www := c.Services[0]
	if www.Zone != "scalability.expert" || www.Select["service"] != "www" || www.Health.Port != 80 || www.Minimum != 2 || www.Linger != 30*time.Second {
		t.Errorf("service = %+v", www)
	}
	if s := c.Services[1]; s.Kind != index.DNSSD || s.Port != 4218 || s.TXT["txtvers"] != "1" || s.Address != index.ScopePrivate || s.Zone != "unilans.net" {
		t.Errorf("service = %+v", s)
	}
	if g := c.Guards; g.Age != 45*time.Second || g.Threshold != 0.25 || g.Grace != 5*time.Minute || g.BootGrace != DefaultBootGrace || len(g.Allow) != 2 || g.Allow[1].Bits() != 32 {
		t.Errorf("guards = %+v", g)
	}
	if want := (Team{Pos: Pos{"c.yaml", 21, 7}, Bucket: "ops-bucket", Prefix: "rollcall/prod", Endpoint: "https://minio.example.com:9000", Profile: "ops", Region: "eu-west-1", Sign: true, SignKey: "keys/ana.pub", AllowedSigners: "/etc/rollcall/allowed_signers"}); c.Team != want || c.Team.Store() != "s3://ops-bucket/rollcall/prod" {
		t.Errorf("team = %+v", c.Team)
	}
	if c.Wire || c.Probe || c.Guards.WireGrace != 90*time.Second {
		t.Errorf("wire %t, probe %t, %v", c.Wire, c.Probe, c.Guards.WireGrace)
	}
	if d := cmp.Diff([]string{"192.0.2.53:53", "[2001:db8::53]:5353"}, c.Zones[0].Servers); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"127.0.0.1:5353", "[::1]:53", "9.9.9.9:53"}, c.Resolvers); d != "" {
		t.Error(d)
	}
}

func TestAByteOrderMarkBeforeAConfigIsPassedOver(t *testing.T) {
	if _, err := Parse("c.yaml", []byte("\ufeff"+good), rules); err != nil {
		t.Error(err)
	}
}

func TestAZoneMayHaveAThresholdOfItsOwn(t *testing.T) {
	c, err := Parse("c.yaml", []byte("guards: {threshold: 0%, from: 3}\nzones:\n  - {name: a.example, provider: route53, threshold: 50%, from: 4}\n  - {name: b.example, provider: route53, threshold: 0%}\n  - {name: c.example, provider: route53}\n"), rules)
	if err != nil {
		t.Fatal(err)
	}
	if c.Guards.Threshold != 0 || c.Guards.From != 3 {
		t.Errorf("guards = %+v", c.Guards)
	}
	if z := c.Zones[0]; z.Threshold == nil || *z.Threshold != 0.5 || z.From != 4 {
		t.Errorf("a.example = %+v", z)
	}
	if z := c.Zones[1]; z.Threshold == nil || *z.Threshold != 0 || z.From != 0 {
		t.Errorf("b.example = %+v", z)
	}
	if z := c.Zones[2]; z.Threshold != nil || z.From != 0 {
		t.Errorf("c.example = %+v", z)
	}
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	c, err := Parse("c.yaml", []byte(good), rules)
	if err != nil {
		t.Fatal(err)
	}
	yes := true
	c.Services[0].Proxied = &yes
	c.Services[0].Select["odd: name"] = "it's #1, \"so\"\n"
	c.Services[1].Name = providers.CanonicalName(`Web "1" (a\.b) ü._theservice._tcp.unilans.net`)
	c.Services[0].Boot = Boot{Template: "mine", Set: map[string]string{"register": "agent"}, Metadata: map[string]string{"cloudflare-token": "NODE_TOKEN"}}
	none, half := 0.0, 0.5
	c.Zones[0].Threshold, c.Zones[0].From, c.Zones[1].Threshold = &half, 4, &none
	c.Guards.Threshold, c.Guards.From = 0.07, 25
	c.Clouds[1].Settings = append(c.Clouds[1].Settings, providers.SettingsOf("key_file", "/home/me/a b/id_rsa", "insecure_tls", "true")...)
	c.RangesFile = "/home/me/ip-ranges.json"
	var b strings.Builder
	if err := Write(&b, c); err != nil {
		t.Fatal(err)
	}
	again, err := Parse("c.yaml", []byte(b.String()), rules)
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	ignore := cmp.Options{cmpopts.IgnoreTypes(Pos{}), cmpopts.IgnoreFields(Config{}, "KeysPos", "Ranges"), cmpopts.EquateComparable(netip.Prefix{})}
	if d := cmp.Diff(c, again, ignore...); d != "" {
		t.Errorf("%s in\n%s", d, b.String())
	}
}

func TestEveryMistakeIsOneLineThatSaysWhereWhatAndWhatToDo(t *testing.T) {
	const clouds = "clouds: [{name: a, provider: ec2}]\nzones: [{name: example.com, provider: route53}]\n"
	for _, c := range []struct{ name, text, want string }{
		{"an unknown key", "fleet: x\nzonez: []\n", `c.yaml:2:1: unknown key "zonez" in the config; did you mean "zones"?`},
		{"an unknown key of a cloud", "clouds:\n  - name: a\n    provider: ec2\n    regoin: us-east-1\n", `c.yaml:4:5: unknown key "regoin" in a cloud; did you mean "region"?`},
		{"an unknown key that is like none", "clouds:\n  - {name: a, provider: ec2, zzzzzz: 1}\n", `c.yaml:2:30: unknown key "zzzzzz" in a cloud; known are account,`},
		{"a key of another provider", "clouds:\n  - {name: a, provider: ec2, url: https://x.example}\n", `c.yaml:2:30: cloud a has no key "url" when its provider is ec2; leave it out`},
		{"a key twice", "fleet: x\nfleet: y\n", `c.yaml:2:1: mapping key "fleet" already defined at [1:1]; keep one of the two`},
		{"a cloud twice", "clouds:\n  - {name: a, provider: ec2}\n  - {name: a, provider: ec2}\n", `c.yaml:3:5: duplicate source "a", first in line 2; rename one or remove it`},
		{"a zone twice, spelled differently", "zones:\n  - {name: example.com, provider: route53}\n  - {name: EXAMPLE.com., provider: cloudflare}\n", `c.yaml:3:5: duplicate source "example.com", first in line 2`},
		{"a service twice", clouds + "services:\n  - {name: www.example.com}\n  - {name: www.example.com}\n", `c.yaml:5:5: duplicate service "www.example.com", first in line 4`},
		{"a cloud without a name", "clouds: [{provider: ec2}]\n", `c.yaml:1:10: a cloud has no name; add name:`},
		{"an unknown provider", "clouds: [{name: a, provider: ecc2}]\n", `c.yaml:1:30: unknown provider "ecc2"; did you mean "ec2"?`},
		{"a zone at a cloud's provider", "zones: [{name: example.com, provider: ec2}]\n", `unknown provider "ec2"; write cloudflare or route53`},
		{"a duration without a unit", "refresh: 30\n", `c.yaml:1:10: refresh "30" is not a duration; write a number and a unit, such as 30s, 10m or 1h`},
		{"a duration out of range", "guards: {age: 2h}\n", `c.yaml:1:15: age 2h is out of range; write 1s to 1h`},
		{"a percentage without the sign", "guards: {threshold: 30}\n", `c.yaml:1:21: threshold "30" is not a percentage; write 0% to 100%`},
		{"a percentage over a hundred", "guards: {threshold: 130%}\n", `threshold "130%" is not a percentage`},
		{"a threshold of a zone without the sign", "zones:\n  - {name: example.com, provider: route53, threshold: 50}\n", `c.yaml:2:55: threshold "50" is not a percentage; write 0% to 100%`},
		{"a threshold of a zone that holds from nothing", "zones:\n  - {name: example.com, provider: route53, from: 0}\n", `from "0" is not valid; write a number from 1 to 1000000`},
		{"a wrong prefix", "guards: {allow: [10.0.0.0/33]}\n", `c.yaml:1:18: allow "10.0.0.0/33" is not a prefix; write an address or a prefix, such as 203.0.113.0/24`},
		{"a service in no zone", clouds + "services:\n  - name: www.elsewhere.org\n", `c.yaml:4:5: service www.elsewhere.org lies in no zone of this config; add the zone to zones, which has example.com`},
		{"a service with an unknown zone", clouds + "services:\n  - {name: www.example.com, zone: exampel.com}\n", `service www.example.com names the unknown zone "exampel.com"; did you mean "example.com"?`},
		{"a service in an unknown cloud", clouds + "services:\n  - {name: www.example.com, clouds: [b-long-name]}\n", `c.yaml:4:5: service www.example.com names the unknown cloud "b-long-name"; add it to clouds, or correct the name`},
		{"a service of an unknown kind", clouds + "services:\n  - {name: www.example.com, kind: robin}\n", `service www.example.com is of the unknown kind "robin"; write round-robin or dns-sd`},
		{"addresses of an unknown scope", clouds + "services:\n  - {name: www.example.com, address: internal}\n", `c.yaml:4:38: address "internal" is not valid; write private or public`},
		{"a DNS-SD service without a port", clouds + "services:\n  - {name: v1._x._tcp.example.com, kind: dns-sd}\n", `service v1._x._tcp.example.com is found by DNS-SD and has no port; add port:`},
		{"a port out of range", clouds + "services:\n  - {name: v1._x._tcp.example.com, kind: dns-sd, port: 70000}\n", `port "70000" is not valid; write a number from 1 to 65535`},
		{"a name that has too long a service label", clouds + "services:\n  - {name: v1._sixteencharacter._tcp.example.com, port: 80}\n", `c.yaml:4:12: name: the service "_sixteencharacter": its name has 16 characters, and 15 is the most`},
		{"an instance name over 63 bytes", clouds + "services:\n  - {name: " + strings.Repeat("ü", 32) + "._x._tcp.example.com, port: 80}\n", `has 64 bytes, and 63 is the most`},
		{"an escape that is no byte", clouds + "services:\n  - {name: 'a\\999._x._tcp.example.com', port: 80}\n", `\999 is no byte`},
		{"a service type in the place of an incarnation", clouds + "services:\n  - {name: _x._tcp.example.com, port: 80}\n", `c.yaml:4:5: service _x._tcp.example.com is a service type; declare its incarnations, such as v1._x._tcp.example.com`},
		{"a DNS-SD service with a name of another kind", clouds + "services:\n  - {name: www.example.com, kind: dns-sd, port: 80}\n", `c.yaml:4:5: service: "www.example.com" is no DNS-SD name`},
		{"a TXT key with an equals sign", clouds + "services:\n  - {name: v1._x._tcp.example.com, port: 80, txt: {'a=b': '1'}}\n", `txt: the TXT key "a=b": a key cannot hold "="`},
		{"a TXT key that is empty", clouds + "services:\n  - {name: v1._x._tcp.example.com, port: 80, txt: {'': '1'}}\n", `has no key before its "="`},
		{"a TXT key that is no ASCII", clouds + "services:\n  - {name: v1._x._tcp.example.com, port: 80, txt: {'ä': '1'}}\n", `may have printable US-ASCII characters only`},
		{"a TXT key twice", clouds + "services:\n  - {name: v1._x._tcp.example.com, port: 80, txt: {path: '1', PATH: '2'}}\n", `is given twice`},
		{"a TXT value that is too long", clouds + "services:\n  - {name: v1._x._tcp.example.com, port: 80, txt: {a: " + strings.Repeat("x", 254) + "}}\n", `has 256 bytes with its value, and 255 is the most`},
		{"a weight that is no number", clouds + "services:\n  - {name: v1._x._tcp.example.com, port: 80, weight: heavy}\n", `weight "heavy" is not valid; write a number from 0 to 65535`},
		{"a TTL that Cloudflare does not take", "zones: [{name: example.com, provider: cloudflare}]\nservices:\n  - {name: www.example.com, ttl: 20}\n", `c.yaml:3:5: service www.example.com has a ttl of 20, which Cloudflare does not take; write 30 to 86400 seconds, or 1 for auto`},
		{"a proxied service at Route 53", clouds + "services:\n  - {name: www.example.com, proxied: true}\n", `c.yaml:4:5: service www.example.com is proxied, which only Cloudflare does`},
		{"a label that is too long", "zones: [{name: " + strings.Repeat("a", 64) + ".com, provider: route53}]\n", `is not a domain name; write labels of 1 to 63 bytes between dots`},
		{"a secret where the name of a variable belongs", clouds + "services:\n  - {name: www.example.com, boot: {metadata: {cloudflare-token: v1.0-abc}}}\n", `c.yaml:4:65: metadata cloudflare-token is not the name of an environment variable; write the name of a variable`},
		{"a key bound twice", "keys: {deregister: l}\n", `c.yaml:1:8: keys: "l" is bound to deregister and to right; bind one of them to another key`},
		{"a key that cannot be bound", "keys: {launch: [L, ctrl+c]}\n", `c.yaml:1:8: keys: launch: ctrl+c always quits; bind another key`},
		{"a first screen that there is not", "first_screen: overwiew\n", `c.yaml:1:15: there is no screen "overwiew"; did you mean "overview"?`},
		{"a column that there is not", "columns: {instances: [name, stat]}\n", `c.yaml:1:29: columns: the instances have no column "stat"; did you mean "state"?`},
		{"a column that is like no other", "columns:\n  records: [zzzzzz]\n", `c.yaml:2:13: columns: the records have no column "zzzzzz"; there are name, type, value`},
		{"a column twice", "columns: {records: [name, NAME]}\n", `c.yaml:1:27: columns: the records have name twice; name it once`},
		{"a list of columns that there is not", "columns: {instance: [name]}\n", `columns: there is no list "instance"; did you mean "instances"?`},
		{"no columns at all", "columns: {instances: []}\n", `columns: the instances would have no column; name at least one, or leave the list out`},
		{"columns that are no list", "columns: {instances: name}\n", `the columns of the instances is not a list; write it as a list`},
		{"a mouse that is neither", "mouse: maybe\n", `c.yaml:1:8: `},
		{"a theme that there is not", "theme: blue\n", `c.yaml:1:8: there is no theme "blue"; write auto, dark or light`},
		{"a state that is a path", "state: ../x\n", `c.yaml:1:8: state "../x" is not a plain name`},
		{"a team without a store", "fleet: f1\nteam: {region: eu-west-1}\n", `c.yaml:2:7: team has no store; add store: s3://BUCKET/PREFIX, or a folder`},
		{"a team whose store is empty", "fleet: f1\nteam: {store: ''}\n", `c.yaml:2:7: team has no store; add store: s3://BUCKET/PREFIX, or a folder`},
		{"a team without a fleet", "team: {store: s3://ops-bucket}\n", `c.yaml:1:7: a team needs a fleet id; add fleet: with the same id for all members`},
		{"a store of another kind", "fleet: f1\nteam: {store: gs://ops-bucket}\n", `c.yaml:2:15: store "gs://ops-bucket" is neither a bucket nor a folder; write s3://BUCKET/PREFIX`},
		{"a store without a bucket", "fleet: f1\nteam: {store: 's3:///prefix'}\n", `c.yaml:2:15: store "s3:///prefix" has no name of a bucket`},
		{"a prefix with spaces", "fleet: f1\nteam: {store: 's3://ops-bucket/my team'}\n", `c.yaml:2:15: the prefix of store "s3://ops-bucket/my team" has a character`},
		{"a folder with a region", "fleet: f1\nteam: {store: /srv/rollcall, region: eu-west-1}\n", `c.yaml:2:7: endpoint, profile and region of team are for a bucket, and /srv/rollcall is a folder`},
		{"an unknown key of the team", "fleet: f1\nteam: {store: /srv/rollcall, bucket: x}\n", `c.yaml:2:30: unknown key "bucket" in team; known are allowed_signers, endpoint, profile, region, sign, sign_key, store`},
		{"a key that signs nothing", "fleet: f1\nteam: {store: /srv/rollcall, sign_key: a.pub}\n", `c.yaml:2:7: sign_key of team names a key, and nothing is signed; add sign: true`},
		{"a key for no action", "keys: {deregistre: l}\n", `c.yaml:1:8: keys: there is no action "deregistre"; did you mean "deregister"?`},
		{"a fleet id that a marker cannot hold", "fleet: my fleet\n", `c.yaml:1:8: the fleet id "my fleet" cannot stand in an owner marker`},
		{"a resolver with a wrong port", "resolvers: [127.0.0.1:99999]\n", `c.yaml:1:13: resolver "127.0.0.1:99999"`},
		{"a server with a wrong port", "zones: [{name: example.com, provider: route53, servers: ['192.0.2.1:0']}]\n", `server "192.0.2.1:0": "192.0.2.1:0" is not an address and a port; write an address, or address:port`},
		{"a probe that is neither on nor off", "probe: maybe\n", `c.yaml:1:8: probe "maybe" is neither true nor false; write true or false`},
		{"a wire that is neither on nor off", "wire: 5m\n", `c.yaml:1:7: wire "5m" is neither true nor false`},
		{"a time for name servers that is none", "guards: {wire: 0s}\n", `c.yaml:1:16: wire 0s is out of range; write 1s to 24h`},
		{"a list where a mapping belongs", "guards: [1]\n", `c.yaml:1:9: guards is not a mapping; write it as key: value`},
		{"no YAML at all", "clouds: [\n", `c.yaml:1:`},
		{"a password in a URL", "clouds: [{name: a, provider: triton, url: 'https://u:p@x.example'}]\n", `url holds a password; keep credentials out of the config`},
		{"a control character", "fleet: \"a\\u001b[31m\"\n", `the fleet id "a\x1b[31m"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("c.yaml", []byte(c.text), rules)
			if err == nil {
				t.Fatal("nothing was wrong with it")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %s\nwant %s", err, c.want)
			}
			if strings.ContainsAny(err.Error(), "\n\x1b") || !strings.HasPrefix(err.Error(), "c.yaml:") {
				t.Errorf("not one clean line that begins with the place: %q", err)
			}
		})
	}
}

func TestAListOfRangesLiesBesideTheConfigAndOneThatCannotBeReadIsNoMistakeInTheConfig(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.yaml", "fleet: x\nranges: amazon.json\n")
	failure := func() string {
		t.Helper()
		c, err := Load(t.Context(), path, rules)
		if err != nil || c.RangesErr == nil {
			t.Fatalf("%v, and of the list %v", err, c)
		}
		if _, _, ok := c.Ranges.Lookup(netip.MustParseAddr("54.72.0.1")); !ok {
			t.Error("the ranges that are known by heart are gone")
		}
		return c.RangesErr.Error()
	}
	if err := failure(); !strings.HasPrefix(err, path+":2:9: ranges: "+filepath.Join(dir, "amazon.json")+" cannot be read: no such file or directory; save https://") {
		t.Errorf("without the list: %v", err)
	}
	for _, text := range []string{"", "{}", `{"createDate":"2026-11-01-10-20-30","prefixes":[{"ip_prefix":"15.230.0.0/16","regi`} {
		write("amazon.json", text)
		if err := failure(); !strings.Contains(err, "is not Amazon's list") {
			t.Errorf("with %q: %v", text, err)
		}
	}
	write("amazon.json", `{"createDate":"2026-11-01-10-20-30","prefixes":[{"ip_prefix":"15.230.0.0/16","region":"eu-west-1","service":"EC2"}]}`)
	c, err := Load(t.Context(), path, rules)
	if err != nil {
		t.Fatal(err)
	}
	if owner, at, ok := c.Ranges.Lookup(netip.MustParseAddr("15.230.1.1")); !ok || owner != "Amazon EC2 eu-west-1" || at.Year() != 2026 {
		t.Errorf("%q %v %v", owner, at, ok)
	}
}

func TestAllMistakesAreFoundAtOnceAndTheFirstIsShown(t *testing.T) {
	_, err := Parse("c.yaml", []byte("refresh: 30\nguards: {age: 2h}\nzonez: 1\n"), rules)
	if got := len(All(err)); got != 3 {
		t.Fatalf("%d mistakes, want 3: %v", got, err)
	}
	if !strings.HasPrefix(err.Error(), "c.yaml:1:") || !strings.HasSuffix(err.Error(), "(and 2 more: rollcall config check lists them)") {
		t.Error(err)
	}
}

func TestAnEmptyFileIsAConfigOfDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n"} {
		c, err := Parse("c.yaml", []byte(text), rules)
		if err != nil || c.Refresh != DefaultRefresh || c.Guards.Age != DefaultGuardAge || !c.Wire || !c.Probe {
			t.Errorf("%q: %+v, %v", text, c, err)
		}
	}
}

func TestTheFileIsTheFlagsThenTheEnvironmentsThenTheDefaultOne(t *testing.T) {
	dir := t.TempDir()
	e := providers.EnvironmentOf("XDG_CONFIG_HOME=" + dir)
	if p, err := Find(e, ""); p != "" || err != nil {
		t.Errorf("without any file: %q, %v", p, err)
	}
	def, env, flag := DefaultPath(e), filepath.Join(dir, "env.yaml"), filepath.Join(dir, "flag.yaml")
	if err := os.MkdirAll(filepath.Dir(def), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{def, env, flag} {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if p, _ := Find(e, ""); p != def {
		t.Errorf("got %q", p)
	}
	e = e.With(EnvConfig + "=" + env)
	if p, _ := Find(e, ""); p != env {
		t.Errorf("got %q", p)
	}
	if p, _ := Find(e, flag); p != flag {
		t.Errorf("got %q", p)
	}
	if _, err := Find(e.With(EnvConfig+"="+filepath.Join(dir, "absent.yaml")), ""); err == nil || !strings.Contains(err.Error(), "there is no such file; correct ROLLCALL_CONFIG") {
		t.Errorf("a named file that is not there: %v", err)
	}
}

func FuzzParseNeverPanics(f *testing.F) {
	f.Add(good)
	f.Add("clouds: [&a {name: x}, *a]\n")
	f.Add("keys: {a: [b], c: {d: e}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Parse("c.yaml", []byte(text), rules); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("an error of two lines: %q", err)
		}
	})
}
