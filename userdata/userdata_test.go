package userdata

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"

	"rollcall/providers"
	"rollcall/providers/adapters"
)

// values are those that every template with an agent needs.
func values(more ...string) map[string]string {
	v := map[string]string{"service": "www.example.com", "zone": "example.com", "dns": "route53"}
	for i := 0; i < len(more); i += 2 {
		v[more[i]] = more[i+1]
	}
	return v
}

var declared = adapters.Declarations() // EC2 is the first

func traitsOf(p providers.Provider) *providers.Traits { return &providers.Declared(declared, p).Traits }

func input(p providers.Provider, more ...string) Input {
	return Input{Provider: p, Declared: declared, Fleet: "7f3a9c1e", Values: values(more...)}
}

// need finds an external tool; without it the test is skipped, and CI has them all.
func need(t *testing.T, tool string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	path, err := exec.LookPath(tool)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed, and CI requires it", tool)
		}
		t.Skipf("%s is not installed", tool)
	}
	return path
}

func shellcheck(t *testing.T, text []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "boot.sh")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(need(t, "shellcheck"), "--shell=sh", file).CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
}

// example returns the example of each variable that has no default.
func example(t *Template) map[string]string {
	v := map[string]string{}
	for i := range t.Variables {
		if x := t.Variables[i]; x.Default == "" && x.Example != "" {
			v[x.Name] = x.Example
		}
	}
	return v
}

func TestEveryBuiltinTemplateRendersWithItsExamplesPassesShellcheckAndFitsEveryCloud(t *testing.T) {
	for _, one := range Builtin().List() {
		for _, p := range []providers.Provider{providers.EC2, providers.Triton} {
			if !one.For(traitsOf(p)) {
				continue
			}
			for _, dns := range []string{"cloudflare", "route53"} {
				for _, register := range []string{"auto", RegisterAgent, RegisterConsole} {
					t.Run(fmt.Sprintf("%s %s %s %s", one.Name, p, dns, register), func(t *testing.T) {
						v := example(&one)
						v["dns"], v["register"] = dns, register
						r, err := Render(one.Name, Input{Provider: p, Declared: declared, Fleet: "7f3a9c1e", Values: v})
						if err != nil {
							t.Fatal(err)
						}
						if len(r.Text)+r.Left != r.Limit || r.Left < roomOnEC2 || p == providers.Triton && r.Compressed() {
							t.Errorf("%d bytes, %d left: operators' own text needs room", len(r.Text), r.Left)
						}
						if one.Format == FormatScript {
							shellcheck(t, r.Plain)
						}
						if !one.Builtin || one.Help == "" {
							t.Errorf("%+v", one)
						}
					})
				}
			}
		}
	}
	if len(Builtin().List()) == 0 {
		t.Fatal("there are no templates")
	}
}

func TestEveryMistakeInAValueIsOneClearLine(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   Input
		want string
	}{
		{"missing", Input{Provider: providers.EC2, Declared: declared, Fleet: "f", Values: map[string]string{"service": "www.example.com", "dns": "route53"}}, "template nginx-roundrobin: zone: it is not set (DNS zone that the name lies in), for example example.com"},
		{"unknown", input(providers.EC2, "colour", "red"), "template nginx-roundrobin: colour: there is no such variable; there are service, zone,"},
		{"port", input(providers.EC2, "port", "70000"), `template nginx-roundrobin: port: "70000" is not a port, 1 to 65535`},
		{"port zero", input(providers.EC2, "port", "0"), `port: "0" is not a port`},
		{"int", input(providers.EC2, "health_need", "two"), `health_need: "two" is not a whole number`},
		{"pattern", input(providers.EC2, "health_path", "index.html"), `health_path: "index.html" does not match`},
		{"bool", input(providers.EC2, "ipv6", "yes"), `ipv6: "yes" is neither true nor false`},
		{"ttl", input(providers.EC2, "ttl", "2147483648"), `ttl: "2147483648" is not seconds`},
		{"enum", input(providers.EC2, "dns", "bind"), `dns: "bind" is not one of cloudflare, route53, rfc2136`},
		{"label", input(providers.EC2, "service", strings.Repeat("a", 64)+".example.com"), "service: the label aaaaaaaaaaaaaaaaaaaa… has 64 bytes, the limit is 63"},
		{"empty label", input(providers.EC2, "service", "www..example.com"), `service: "www..example.com" has an empty label`},
		{"zone", input(providers.EC2, "service", "www.notexample.com"), "service: www.notexample.com does not lie in the zone example.com"},
		{"control character", input(providers.EC2, "greeting", "a\nb"), "greeting: it holds a control character"},
		{"need of", input(providers.EC2, "health_need", "4"), "health_need: 4 of 3 checks cannot pass"},
		{"proxied", input(providers.EC2, "proxied", "true"), "proxied: only Cloudflare has proxied records"},
		{"cloudflare ttl", input(providers.EC2, "dns", "cloudflare", "ttl", "20"), "ttl: 20: Cloudflare takes 30 to 86400 seconds, or 1 for auto"},
		{"fleet", Input{Provider: providers.EC2, Declared: declared, Values: values()}, "register: the agent marks its records with the fleet id, and there is none; rollcall config init makes one"},
		{"token source", input(providers.EC2, "dns", "cloudflare", "register", "agent", "token_source", "metadata"), "token_source: metadata is for Triton; EC2 has ssm"},
		{"no token", input(providers.EC2, "dns", "cloudflare", "register", "agent", "token_source", "script", "token_in_script", TokenInScript), "token: it is not set"},
		{"token without a word", input(providers.EC2, "dns", "cloudflare", "register", "agent", "token_source", "script", "token", "s3cret"), "token_in_script: the token would stand in the script. Everybody who can describe the instance"},
		{"agent at rfc2136", input(providers.EC2, "dns", "rfc2136", "register", "agent"), "template nginx-roundrobin: register: agent: the agent of a node does not write to zones of rfc2136, since each node would hold the key of the whole zone; with register=console the console registers the nodes"},
		{"host", input(providers.EC2, "host", "{name}"), "host: there is no such variable"},
		{"token by mistake", input(providers.EC2, "dns", "cloudflare", "register", "agent", "token", "s3cret"), "token: it would stand in the script for everybody to read"},
		{"too large", input(providers.EC2, "greeting", noise(declared[0].UserData)), "too many; shorten the template or its values"},
		{"provider", Input{Provider: "azure", Declared: declared, Fleet: "f", Values: values()}, `"azure" is neither ec2 nor triton`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Render("nginx-roundrobin", tc.in)
			p, ok := err.(Problems) //nolint:errorlint // Render returns Problems themselves
			if !ok || len(p) != 1 || !strings.Contains(p[0], tc.want) {
				t.Errorf("got %q, want one line with %q", err, tc.want)
			}
		})
	}
	if _, err := Render("none", Input{}); err == nil || !strings.Contains(err.Error(), `no template "none"; there are bare, nginx-roundrobin`) {
		t.Errorf("error %v", err)
	}
}

func TestAnIncarnationHasAnyNameAndItsTypeNone(t *testing.T) {
	in := func(service string) Input {
		return Input{Provider: providers.EC2, Declared: declared, Fleet: "f", Values: map[string]string{"service": service, "zone": "example.com", "dns": "route53"}}
	}
	r, err := Render("service-dnssd", in(`Foo\.Bar Büro (3\. OG)._http._tcp.example.com`))
	if err != nil {
		t.Fatal(err)
	}
	if cfg, ok := FindAgentConfig(r.Text); !ok || cfg.Service != `foo\.bar\032b\195\188ro\032\(3\.\032og\)._http._tcp.example.com` {
		t.Errorf("the agent's config has %q", cfg.Service)
	}
	for service, want := range map[string]string{
		strings.Repeat("ü", 32) + "._http._tcp.example.com":         "has 64 bytes, the limit is 63",
		`a\007b._http._tcp.example.com`:                             "control characters",
		`a\255b._http._tcp.example.com`:                             "UTF-8",
		"v1._sixteencharacter._tcp.example.com":                     "is no name of a service type: up to 15",
		"v1._a--b._tcp.example.com":                                 "is no name of a service type",
		"v1._1234._tcp.example.com":                                 "is no name of a service type",
		"Büro._http._sctp.example.com":                              "is not made of letters",
		"www.example.com":                                           "is no instance of a DNS-SD service",
		"_http._tcp.example.com":                                    "is no instance of a DNS-SD service",
		strings.Repeat("a23456789.", 24) + "_http._tcp.example.com": "the limit is 253",
	} {
		_, err := Render("service-dnssd", in(service))
		p, ok := err.(Problems) //nolint:errorlint // Render returns Problems themselves
		if !ok || len(p) != 1 || !strings.Contains(p[0], want) {
			t.Errorf("%s: %q, want one line with %q", service, err, want)
		}
	}
	if _, err := Render("service-dnssd", in(strings.Repeat("a", 63)+"._http._tcp."+strings.Repeat("a23456789.", 11)+"a234567890.example.com")); err == nil || !strings.Contains(err.Error(), "leaves no room for owner markers") {
		t.Errorf("a name of 207 characters, with a marker of 254: %v", err)
	}
	bad := in("v1._http._tcp.example.com")
	bad.Values["host"] = "web_{id}"
	if _, err := Render("service-dnssd", bad); err == nil {
		t.Error("a host name with an underscore is taken")
	}
}

func TestTheAgentsConfigIsFoundAgainInTheText(t *testing.T) {
	in := input(providers.EC2, "port", "8080", "ttl", "120", "health_path", "/o'k?a=<b>&c", "service", "WWW.Example.COM.")
	in.ZoneID, in.Place, in.Endpoints = "Z1", "us-east-1", map[string]string{"imds": "http://127.0.0.1:1"}
	r, err := Render("nginx-roundrobin", in)
	if err != nil {
		t.Fatal(err)
	}
	want := AgentConfig{
		Format: 1, Fleet: "7f3a9c1e", Service: "www.example.com", Kind: "round-robin", DNS: providers.Route53, Zone: "example.com", ZoneID: "Z1",
		TTL: 120, Port: 8080, Recheck: 600, Health: Health{HTTP: "/o'k?a=<b>&c", Port: 8080, Need: 2, Of: 3, Interval: 5}, Register: RegisterAgent,
		Endpoints: in.Endpoints,
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(r.Plain)
	_ = z.Close()
	for name, text := range map[string][]byte{
		"plain": r.Plain, "base64": []byte(base64.StdEncoding.EncodeToString(r.Plain)), "gzip": zipped.Bytes(),
		"base64 of gzip": []byte(base64.StdEncoding.EncodeToString(zipped.Bytes())),
		"indented":       []byte("#cloud-config\n    " + strings.ReplaceAll(string(r.Plain), "\n", "\n    ")),
	} {
		got, ok := FindAgentConfig(text)
		if !ok || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, ok, got, want)
		}
	}
	for _, text := range []string{"", "#!/bin/sh\n", "not base64!", "cat <<'ROLLCALL_NODE_CONFIG'\n{", "cat <<'ROLLCALL_NODE_CONFIG'\n{}\nROLLCALL_NODE_CONFIG\n"} {
		if _, ok := FindAgentConfig([]byte(text)); ok {
			t.Errorf("a config was found in %q", text)
		}
	}
}

func TestWhoRegistersByDefault(t *testing.T) {
	for _, tc := range []struct {
		at      providers.Provider
		dns     string
		choice  string
		want    string
		source  string
		warning string
	}{
		{providers.EC2, "route53", "auto", RegisterAgent, "", "instance profile"},
		{providers.Triton, "route53", "auto", RegisterConsole, "", "the console registers"},
		{providers.EC2, "cloudflare", "auto", RegisterConsole, "", "the console registers"},
		{providers.EC2, "cloudflare", "agent", RegisterAgent, TokenSSM, "/rollcall/cloudflare-token"},
		{providers.Triton, "cloudflare", "agent", RegisterAgent, TokenMetadata, "key cloudflare-token"},
		{providers.Triton, "route53", "agent", RegisterAgent, "", "aws-access-key-id"},
		{providers.EC2, "rfc2136", "auto", RegisterConsole, "", "the console registers"},
		{providers.Triton, "rfc2136", "console", RegisterConsole, "", "the console registers"},
	} {
		r, err := Render("nginx-roundrobin", input(tc.at, "dns", tc.dns, "register", tc.choice))
		if err != nil {
			t.Errorf("%+v: %v", tc, err)
			continue
		}
		if r.Agent.Register != tc.want || r.Agent.Token.Source != tc.source || !strings.Contains(strings.Join(r.Warnings, "\n"), tc.warning) {
			t.Errorf("%+v: %+v %q", tc, r.Agent, r.Warnings)
		}
		if has := bytes.Contains(r.Plain, []byte(agentMark)); has != (tc.want == RegisterAgent) {
			t.Errorf("%+v: the agent is in the text: %v", tc, has)
		}
	}
}

func TestATokenStandsInTheScriptOnlyOnRequestAndWithAWarning(t *testing.T) {
	r, err := Render("nginx-roundrobin", input(providers.EC2, "dns", "cloudflare", "register", "agent", "token_source", "script", "token", "s3cret-Token", "token_in_script", TokenInScript))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(r.Plain, []byte("s3cret-Token")) || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "Everybody who can describe the instance") {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestNoValueBreaksOutOfItsPlaceInAScript(t *testing.T) {
	set, err := (&Templates{}).Load(fstest.MapFS{"echo.sh": {Data: []byte("---\nname: echo\nhelp: says a word\nvariables:\n  - {name: word, type: string, help: the word}\n---\n#!/bin/sh\n# rollcall: values\nprintf %s \"$word\"\n")}})
	if err != nil {
		t.Fatal(err)
	}
	sh := need(t, "sh")
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching("[ -~é]{0,40}").Draw(t, "word")
		r, err := set.Render("echo", Input{Provider: providers.EC2, Declared: declared, Values: map[string]string{"word": word}})
		if err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(sh, "-c", string(r.Text)).Output()
		if err != nil || string(out) != word {
			t.Fatalf("%q came out as %q (%v)", word, out, err)
		}
	})
	shellcheckWord := `it's $(reboot) "and" ` + "`more`"
	r, err := set.Render("echo", Input{Provider: providers.EC2, Declared: declared, Values: map[string]string{"word": shellcheckWord}})
	if err != nil {
		t.Fatal(err)
	}
	shellcheck(t, r.Text)
}

func TestNoValueBreaksOutOfItsPlaceInACloudConfig(t *testing.T) {
	set, err := (&Templates{}).Load(fstest.MapFS{"c.yaml": {Data: []byte("---\nname: c\nhelp: h\nvariables:\n  - {name: word}\n---\n#cloud-config\nhostname: {{word}}\nlist:\n  - {{ word }}\nother: 1\n")}})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching("[ -~é]{0,40}").Draw(t, "word")
		r, err := set.Render("c", Input{Provider: providers.EC2, Declared: declared, Values: map[string]string{"word": word}})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Hostname string
			List     []string
			Other    int
		}
		if err := yaml.Unmarshal(r.Text, &got); err != nil || got.Hostname != word || len(got.List) != 1 || got.List[0] != word || got.Other != 1 {
			t.Fatalf("%q came out as %+v (%v)", word, got, err)
		}
	})
}

func TestAnOperatorsTemplatesJoinTheBuiltinOnesAndHideThem(t *testing.T) {
	own := "---\nname: %s\nhelp: mine\nagent: dns-sd\n---\n#!/bin/sh\n# rollcall: agent\n"
	set, err := Builtin().Load(fstest.MapFS{
		"a.sh":      {Data: []byte(strings.ReplaceAll(own, "%s", "own"))},
		"b.sh":      {Data: []byte(strings.ReplaceAll(own, "%s", "nginx-roundrobin"))},
		"notes.txt": {Data: []byte("no template")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"own", "nginx-roundrobin"} {
		one, err := set.Get(name)
		if err != nil || one.Builtin || one.Help != "mine" {
			t.Errorf("%+v %v", one, err)
		}
	}
	if one, _ := Builtin().Get("nginx-roundrobin"); !one.Builtin {
		t.Error("the built-in set was written to")
	}
	r, err := set.Render("own", Input{Provider: providers.EC2, Declared: declared, Fleet: "f", Values: values("service", "v1._svc._tcp.example.com", "weight", "7")})
	if err != nil || r.Agent.Weight != 7 || r.Agent.Kind != "dns-sd" {
		t.Errorf("%+v %v", r.Agent, err)
	}
	if _, err := set.Render("own", Input{Provider: providers.EC2, Declared: declared, Fleet: "f", Values: values("weight", "65536")}); err == nil || !strings.Contains(err.Error(), "weight: 65536 is not 0 to 65535") {
		t.Errorf("error %v", err)
	}
}

func TestATemplateThatCannotWorkIsRefusedWithItsFile(t *testing.T) {
	for text, want := range map[string]string{
		"#!/bin/sh\n":                                                            "does not begin with a head",
		"---\nname: X\n---\n#!/bin/sh\n":                                         `name "X"`,
		"---\nname: x\ncolour: red\n---\n#!/bin/sh\n":                            "colour",
		"---\nname: x\n---\necho\n":                                              "does not begin with #!",
		"---\nname: x\nagent: round-robin\n---\n#!x\n":                           "has the line",
		"---\nname: x\n---\n#!x\n# rollcall: agent\n":                            "has the line",
		"---\nname: x\nafter: a b\n---\n#!x\n":                                   "no name of a systemd unit",
		"---\nname: x\nvariables: [{name: A}]\n---\n#!x":                         "variable A",
		"---\nname: x\nvariables: [{name: a, type: port, default: x}]\n---\n#!x": "variable a: default",
		"---\nname: x\nvariables: [{name: a}, {name: a}]\n---\n#!x":              "declared twice",
		"---\nname: x\nvariables: [{name: a, type: enum}]\n---\n#!x":             "an enum has options",
		"---\nname: x\nvariables: [{name: a, pattern: '('}]\n---\n#!x":           "no regular expression",
		"---\nname: x\nvariables: [{name: a, required: true}]\n---\n#!x":         "has an example",
		"---\nname: x\nvariables: [{name: a, type: colour}]\n---\n#!x":           `type "colour"`,
	} {
		_, err := (&Templates{}).Load(fstest.MapFS{"x.sh": {Data: []byte(text)}})
		if err == nil || !strings.Contains(err.Error(), "template x.sh:") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestABootScriptWritesTheAgentAsItIsWithoutWhatItsNodeDoesNotNeed(t *testing.T) {
	for _, at := range []providers.Provider{providers.EC2, providers.Triton} {
		for _, dns := range []providers.Provider{providers.Cloudflare, providers.Route53} {
			r, err := Render("nginx-roundrobin", input(at, "dns", string(dns), "register", RegisterAgent))
			if err != nil {
				t.Fatal(err)
			}
			_, after, _ := strings.Cut(string(r.Plain), "<<'"+agentMark+"'\n")
			out, _, ok := strings.Cut(after, "\n"+agentMark+"\n")
			if !ok || out+"\n" != slimAgent(at, dns) || !strings.HasPrefix(out, "#!/usr/bin/env python3\n"+agentNote) {
				t.Errorf("%s: %d bytes come out", dns, len(out))
			}
			// Its code is that of the whole agent without the other halves.
			var other []string
			for p, part := range agentParts {
				for _, line := range part.begins {
					if p != dns && p != at {
						other = append(other, strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == ':' || r == '(' })[1])
					}
				}
			}
			names, err := json.Marshal(other)
			if err != nil {
				t.Fatal(err)
			}
			got := script(t, out, `
import ast
other = `+string(names)+`
whole = ast.parse(open("node/rollcall-node").read())
left = [n for n in whole.body if getattr(n, "name", "") not in other]
print(len(whole.body) - len(left), [ast.dump(n) for n in left] == [ast.dump(n) for n in ast.parse(sys.stdin.read()).body])`)
			if want := fmt.Sprintln(len(other), "True"); string(got) != want {
				t.Errorf("%s at %s: not what it should be without %q: %q, want %q", dns, at, other, got, want)
			}
		}
	}
}

func TestTheAgentHoldsNoSecretAndWhatStandsAmongItsLinesIsSearched(t *testing.T) {
	r, err := Render("nginx-roundrobin", input(providers.EC2, "register", RegisterAgent))
	if err != nil {
		t.Fatal(err)
	}
	text := string(r.Plain)
	mine := "AWS_KEY=AKIAIOSFODNN7EXAMPLE; export AWS_KEY\n"
	among := strings.Replace(text, "class EC2(Here):\n", mine+"class EC2(Here):\n", 1)
	for name, tc := range map[string]struct {
		text string
		has  bool
	}{"as it is": {text, false}, "a key among its lines": {among, true}} {
		bare := withoutAgent([]byte(tc.text))
		if has := bytes.Contains(bare, []byte("AKIA")); has != tc.has || bytes.Contains(bare, []byte("class Node")) || bytes.Count(bare, []byte("\n")) != strings.Count(tc.text, "\n") {
			t.Errorf("%s: the key is searched: %v", name, has)
		}
	}
}

// noise is a text that cannot be compressed by much.
func noise(n int) string {
	rng := rand.New(rand.NewPCG(3, 4))
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"[rng.IntN(64)]
	}
	return string(b)
}
