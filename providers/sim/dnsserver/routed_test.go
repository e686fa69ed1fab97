package dnsserver

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// values are the addresses and aliases of an answer, in its order.
func values(m *dns.Msg) []string {
	var out []string
	for _, rr := range m.Answer {
		out = append(out, strings.TrimPrefix(rr.String(), rr.Header().String()))
	}
	return out
}

func TestASetWithARoutingPolicyIsAnsweredAlone(t *testing.T) {
	weight := func(n int64) *int64 { return &n }
	set := func(name, id, value string, extra map[string]string, w *int64) *world.Set {
		return &world.Set{Name: name + ".unilans.net", Type: "A", SetID: id, TTL: 60, Values: []string{value}, Weight: w, Extra: extra}
	}
	alias := set("aliased", "", "", nil, nil)
	alias.Values, alias.Alias = nil, &world.Alias{Zone: "Z1", Name: "weighted.unilans.net."}
	outside := set("outside", "", "", nil, nil)
	outside.Values, outside.Alias = nil, &world.Alias{Zone: "Z1", Name: "lb.elsewhere.example."}
	s := fast(
		t,
		set("weighted", "a", "192.0.2.1", nil, weight(3)), set("weighted", "b", "192.0.2.2", nil, weight(1)), set("weighted", "c", "192.0.2.3", nil, weight(0)),
		set("failover", "a", "192.0.2.1", map[string]string{"Failover": "SECONDARY"}, nil), set("failover", "b", "192.0.2.2", map[string]string{"Failover": "PRIMARY"}, nil),
		set("many", "a", "192.0.2.1", map[string]string{"MultiValueAnswer": "true"}, nil), set("many", "b", "192.0.2.2", map[string]string{"MultiValueAnswer": "true"}, nil),
		set("place", "a", "192.0.2.1", map[string]string{"GeoLocation.CountryCode": "DE"}, nil),
		set("default", "a", "192.0.2.1", map[string]string{"GeoLocation.CountryCode": "DE"}, nil), set("default", "b", "192.0.2.2", map[string]string{"GeoLocation.CountryCode": "*"}, nil),
		alias, outside,
	)
	count := map[string]int{}
	for range 40 {
		v := values(ask(t, s, "udp", "weighted.unilans.net.", dns.TypeA))
		if len(v) != 1 {
			t.Fatalf("%v", v)
		}
		count[v[0]]++
	}
	if count["192.0.2.1"] != 30 || count["192.0.2.2"] != 10 {
		t.Errorf("not by weight: %v", count)
	}
	for name, want := range map[string]string{
		"failover": "192.0.2.2", "place": "", "default": "192.0.2.2", "outside": "192.0.2.200",
	} {
		m := ask(t, s, "udp", name+".unilans.net.", dns.TypeA)
		if got := strings.Join(values(m), " "); got != want || m.Rcode != dns.RcodeSuccess {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if v := values(ask(t, s, "udp", "many.unilans.net.", dns.TypeA)); len(v) != 2 {
		t.Errorf("multivalue: %v", v)
	}
	if v := values(ask(t, s, "udp", "aliased.unilans.net.", dns.TypeA)); len(v) != 1 || v[0] == "192.0.2.3" {
		t.Errorf("alias: %v", v)
	}
}

func TestAnAliasThatIsFlattenedIsAnsweredWithAddresses(t *testing.T) {
	w := world.New(world.Options{Seed: 1})
	s, err := Start(w, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	z, err := w.Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		tx.AddRecord(&world.Record{Name: "target." + z.Name, Type: "A", Content: "192.0.2.7", TTL: 60})
		tx.AddRecord(&world.Record{Name: "flat." + z.Name, Type: "CNAME", Content: "target." + z.Name, TTL: 60, Settings: []byte(`{"flatten_cname":true}`)})
		tx.AddRecord(&world.Record{Name: "alias." + z.Name, Type: "CNAME", Content: "target." + z.Name, TTL: 60})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if v := values(ask(t, s, "udp", "flat."+z.Name+".", dns.TypeA)); len(v) != 1 || v[0] != "192.0.2.7" {
		t.Errorf("a record that is flattened: %v", v)
	}
	if v := values(ask(t, s, "udp", "alias."+z.Name+".", dns.TypeA)); len(v) != 2 || !providers.SameName(v[0], "target."+z.Name) {
		t.Errorf("one that is not: %v", v)
	}
	z.FlattenAll(true)
	if v := values(ask(t, s, "udp", "alias."+z.Name+".", dns.TypeA)); len(v) != 1 || v[0] != "192.0.2.7" {
		t.Errorf("a zone that flattens all: %v", v)
	}
}

func TestAValueThatDoesNotFitOnTheWireHoldsUpNoAnswer(t *testing.T) {
	s := fast(t, &world.Set{Name: "keys.unilans.net", Type: "SSHFP", TTL: 60, Values: []string{"1 1 abc", "4 2 " + strings.Repeat("0a", 32), "1 1 zz"}})
	for _, network := range []string{"udp", "tcp"} {
		if m := ask(t, s, network, "keys.unilans.net.", dns.TypeSSHFP); len(m.Answer) != 1 {
			t.Errorf("over %s: %v", network, m.Answer)
		}
	}
}
