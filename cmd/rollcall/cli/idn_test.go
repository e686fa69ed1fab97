package cli

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
	"rollcall/ui/common"
	"rollcall/userdata"
)

const bookALabel = "xn--bcher-kva.example"

// bookZone makes the zone bücher.example at a provider, and the config of a service in it.
func bookZone(t *testing.T, s *sim.Sim, p providers.Provider) *world.Zone {
	t.Helper()
	z := s.World().AddZone(world.ZoneSpec{Name: bookALabel, Provider: p, Reference: t.Name()})
	reconfigure(t,
		"zones:\n", fmt.Sprintf("zones:\n  - {name: Bücher.example, provider: %s}\n", p),
		"services:\n", "services:\n  - {name: www.bücher.example, kind: round-robin, ttl: 60, select: {tag.service: books}}\n")
	return z
}

// dig asks the name server of the world.
func dig(t *testing.T, s *sim.Sim, name, typ string) string {
	t.Helper()
	need(t, "dig")
	at := netip.MustParseAddrPort(s.Endpoints().DNS)
	out, err := exec.CommandContext(t.Context(), "dig", "+short", "+time=2", "+tries=1", "@"+at.Addr().String(), "-p", fmt.Sprint(at.Port()), name, typ).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestAnInternationalizedZoneIsWrittenReadAndUndoneInOneSpelling(t *testing.T) {
	s := newWorld(t)
	for n, p := range []providers.Provider{providers.Cloudflare, providers.Route53} {
		if !providertest.InPart(n, 2) {
			continue
		}
		t.Run(string(p), func(t *testing.T) {
			z := bookZone(t, s, p)
			if row := source(t, bookALabel); row["state"] != string(providers.CoverageComplete) {
				t.Fatalf("the zone: %v", row)
			}
			records := func() (out []string) {
				t.Helper()
				for _, r := range objects(t, "ls", "records", "--filter", "name:www."+bookALabel, "-o", "json") {
					out = append(out, fmt.Sprint(r["zone"], " ", r["name"], " ", r["type"], " ", r["value"]))
				}
				return out
			}
			must(t, "service", "join", "--service", "www.bücher.example", "--host", "lager", "--address", "192.0.2.10")
			want := []string{bookALabel + " www." + bookALabel + " A 192.0.2.10"}
			if got := records(); len(got) != 1 || got[0] != want[0] {
				t.Fatalf("after the join: %q", got)
			}
			if got := dig(t, s, "www."+bookALabel, "A"); got != "192.0.2.10" {
				t.Errorf("dig: %q", got)
			}
			// A second join under another spelling is the same.
			must(t, "service", "join", "--service", "WWW.BÜCHER.example.", "--host", "lager", "--address", "192.0.2.10")
			must(t, "service", "join", "--service", "www."+bookALabel, "--host", "lager", "--address", "192.0.2.10")
			if got := records(); len(got) != 1 {
				t.Errorf("after it was written twice more: %q", got)
			}
			if r := rollcall(t, "drift", "--filter", "zone:"+bookALabel, "-o", "json"); r.code != exit.Done {
				t.Errorf("drift: exit code %d %s", r.code, r.out)
			}
			for _, filter := range []string{"name:www." + bookALabel, "name:www.bücher.example", "zone:bücher.example type:A", "www.büch"} {
				if out := must(t, "ls", "records", "--filter", filter); !strings.Contains(out, "www.bücher.example") || strings.Contains(out, "xn--") {
					t.Errorf("a person who filters by %s is shown:\n%s", filter, out)
				}
			}
			if out := must(t, "ls", "records", "--filter", "zone:"+bookALabel, "-o", "name"); !strings.Contains(out, bookALabel+":www."+bookALabel+"/A/192.0.2.10") {
				t.Errorf("a program is given:\n%s", out)
			}
			must(t, "service", "leave", "--service", "www.bücher.example", "--host", "lager")
			if got := records(); len(got) != 0 || dig(t, s, "www."+bookALabel, "A") != "" {
				t.Errorf("after the leave: %q", got)
			}
			must(t, "undo")
			if got := records(); len(got) != 1 || got[0] != want[0] {
				t.Errorf("after the undo: %q", got)
			}
			// A record is named in either spelling, and its record of a node is registered and taken out.
			node := bookNode(t, s)
			must(t, "register", node, "--service", "www.bücher.example")
			if got := records(); len(got) != 2 {
				t.Errorf("after the registration: %q", got)
			}
			value := addressOf(t, node)
			must(t, "quiesce", "bücher.example:www.bücher.example/A/"+value)
			if got := records(); len(got) != 1 || strings.Contains(got[0], value) {
				t.Errorf("after the node was taken out: %q", got)
			}
			must(t, "undo")
			if got := records(); len(got) != 2 || !strings.Contains(dig(t, s, "www."+bookALabel, "A"), value) {
				t.Errorf("after it came back: %q", got)
			}
			if err := s.World().RemoveZone(z); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Cloudflare knows such a zone by its Unicode name, which an agent does not have.
func TestABootScriptForAnInternationalizedZoneHasItsID(t *testing.T) {
	s := newWorld(t)
	z := bookZone(t, s, providers.Cloudflare)
	id := func(script []byte) string {
		t.Helper()
		c, ok := userdata.FindAgentConfig(script)
		if !ok {
			t.Fatalf("no config of the agent in\n%s", script)
		}
		return c.ZoneID
	}
	render := []string{"userdata", "render", "nginx-roundrobin", "--service", "www.bücher.example", "--set", "token_source=ssm", "--set", "register=agent"}
	if r := rollcall(t, render...); r.code != exit.Done || id([]byte(r.out)) != "" || !strings.Contains(r.err, "bücher.example is an internationalized zone, which the agent does not find") {
		t.Errorf("of a zone that was never read: exit code %d, %s", r.code, r.err)
	}
	must(t, "ls", "sources")
	if r := rollcall(t, render...); r.code != exit.Done || id([]byte(r.out)) != z.ID || strings.Contains(r.err, "internationalized") {
		t.Errorf("once it was read: exit code %d, %q, %s", r.code, id([]byte(r.out)), r.err)
	}
	b := newBackend(opened(t))
	values := b.Defaults(t.Context(), "www."+bookALabel).Values
	for _, service := range []string{"www." + bookALabel, ""} { // the id is that of the zone that the script names
		text, err := b.Render(t.Context(), common.RenderRequest{Template: "nginx-roundrobin", Service: service, Cloud: "joyent-east", Values: values})
		if err != nil || id(text.Text) != z.ID {
			t.Errorf("a launch of %q: %v, %q", service, err, id(text.Text))
		}
	}
	reconfigure(t, "{name: Bücher.example,", "{name: Bücher.example, id: "+z.ID+",")
	if r := rollcall(t, render...); r.code != exit.Done || id([]byte(r.out)) != z.ID {
		t.Errorf("with the id in the config: exit code %d, %s", r.code, r.err)
	}
}

// bookNode returns a running instance that has the tag of the service.
func bookNode(t *testing.T, s *sim.Sim) string {
	t.Helper()
	list, _ := s.World().Instances("aws-use1", func(i *world.Instance) bool {
		return i.Tags["service"] == "worker" && i.State == providers.StateRunning
	}, 0, 1)
	if len(list) == 0 {
		list, _ = s.World().Instances("aws-use1", func(i *world.Instance) bool { return i.Tags["service"] == "books" }, 0, 1)
	}
	if len(list) == 0 {
		t.Fatal("no worker")
	}
	tags := map[string]string{"service": "books"}
	if err := s.World().SetTags("aws-use1", list[0].ID, tags, nil); err != nil {
		t.Fatal(err)
	}
	return list[0].ID
}

func addressOf(t *testing.T, id string) string {
	t.Helper()
	for _, i := range objects(t, "ls", "instances", "-o", "json") {
		if i["id"] == id {
			return i["public_ips"].([]any)[0].(string)
		}
	}
	t.Fatalf("no instance %s", id)
	return ""
}

func TestANameThatIsNoInternationalizedNameIsOneClearLine(t *testing.T) {
	newWorld(t)
	bad := "a\u0301\u200b\ufffe.example"
	for _, args := range [][]string{
		{"service", "create", "v1._x._tcp." + bad},
		{"service", "join", "--service", bad, "--host", "h", "--address", "192.0.2.1"},
		{"register", "www-01", "--service", bad},
		{"deregister", bad + "/A/192.0.2.1"},
		{"deregister", bad + ":www.x/A/192.0.2.1"},
		{"policy", "aws", "--zone-id", bad + "=Z1"},
	} {
		r := rollcall(t, args...)
		if r.code != exit.Usage || strings.Count(strings.TrimSpace(r.err), "\n") != 0 || !strings.Contains(r.err, "no internationalized domain label") {
			t.Errorf("%q: exit code %d\n%s", args, r.code, r.err)
		}
	}
	text, err := json.Marshal(bad)
	if err != nil {
		t.Fatal(err)
	}
	reconfigure(t, "zones:\n", "zones:\n  - {name: "+string(text)+", provider: route53}\n")
	if r := rollcall(t, "ls", "sources"); r.code != exit.Usage || strings.Count(strings.TrimSpace(r.err), "\n") != 0 || !strings.Contains(r.err, "c.yaml:") || !strings.Contains(r.err, "no internationalized domain label") {
		t.Errorf("in the config: exit code %d\n%s", r.code, r.err)
	}
}

func TestNamesAreShownInUnicodeOrWithASCIIAsTheyAreOnTheWire(t *testing.T) {
	s := newWorld(t)
	z := bookZone(t, s, providers.Cloudflare)
	address := objects(t, "ls", "instances", "--filter", "name=bastion-01", "-o", "json")[0]["public_ips"].([]any)[0].(string)
	node := "node." + bookALabel + "/A/" + address
	if _, err := z.Update(func(tx *world.Tx) error {
		tx.AddRecord(&world.Record{Name: "www." + bookALabel, Type: "A", Content: "203.0.113.9", TTL: 60})
		tx.AddRecord(&world.Record{Name: "node." + bookALabel, Type: "A", Content: address, TTL: 60})
		tx.AddRecord(&world.Record{Name: "shop." + bookALabel, Type: "CNAME", Content: "www." + bookALabel, TTL: 60})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"adopt", node, "--dry-run"},
		{"adopt", node, "--dry-run", "-o", "markdown"},
		{"ls", "records", "--filter", "zone:" + bookALabel},
		{"ls", "sources"},
		{"ls", "services"},
		{"ls", "findings", "--filter", "zone:" + bookALabel},
		{"drift"},
	} {
		for ascii, want := range map[bool]string{false: "bücher.example", true: bookALabel} {
			all := args
			if ascii {
				all = append(slices.Clone(args), "--ascii")
			}
			other := map[bool]string{true: "bücher", false: "xn--"}[ascii]
			if r := rollcall(t, all...); !strings.Contains(r.out, want) || strings.Contains(r.out, other) {
				t.Errorf("%v: exit code %d\n%s%s", all, r.code, r.out, r.err)
			}
		}
	}
	for _, args := range [][]string{{"config", "check"}, {"zone", "export", "buecher.example"}, {"deregister", "www." + bookALabel + "/A/203.0.113.9", "--dry-run"}} {
		if r := rollcall(t, args...); !strings.Contains(r.err, "bücher.example") || strings.Contains(r.err, "xn--") {
			t.Errorf("%v: exit code %d\n%s", args, r.code, r.err)
		}
		if r := rollcall(t, append(args, "--ascii")...); !strings.Contains(r.err, bookALabel) || strings.Contains(r.err, "bücher") {
			t.Errorf("%v --ascii: exit code %d\n%s", args, r.code, r.err)
		}
	}
	if out := must(t, "ls", "records", "--filter", "name:shop", "-o", "name"); !strings.Contains(out, bookALabel+":shop."+bookALabel+"/CNAME/www."+bookALabel+"\n") {
		t.Errorf("what commands take: %s", out)
	}
}
