package plan_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

const (
	zoneName = "unilans.net"
	typeName = "_theservice._tcp.unilans.net"
	v1       = "v1." + typeName
	v2       = "v2." + typeName
	allTypes = "_services._dns-sd._udp.unilans.net"
)

func zoneWith(p providers.Provider, records ...providers.Record) plan.Zone {
	for i := range records {
		records[i].Zone = zoneName
		if records[i].TTL == 0 {
			records[i].TTL = 60
		}
	}
	providers.AttachOwners(records)
	return plan.Zone{Zone: providers.Zone{Name: zoneName, ID: "Z1", Provider: p, Traits: adapters.Declared(p).Traits}, Fleet: "f1", Now: noon, Records: records}
}

func row(name, typ, value string) providers.Record {
	return providers.Record{Name: name, Type: typ, Value: value}
}

// announced are the records of v1 and v2.
func announced() []providers.Record {
	return []providers.Record{
		row(allTypes, "PTR", typeName), row(typeName, "PTR", v1), row(typeName, "PTR", v2),
		row(v1, "TXT", `"txtvers=1"`), row(v2, "TXT", `"txtvers=1"`),
	}
}

// hostOf are the records of a host that has joined v1.
func hostOf(z *plan.Zone, name, addr, srv string) []providers.Record {
	o := z.HostOwner(name)
	a, s := row(name+"."+zoneName, "A", addr), row(v1, "SRV", srv)
	a.Owners, s.Owners = []providers.Owner{o.For("A", addr)}, []providers.Owner{o.For("SRV", srv)}
	return []providers.Record{a, s}
}

func name(t *testing.T, s string) dnssd.Name {
	t.Helper()
	n, err := dnssd.ParseName(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func web1(t *testing.T) plan.Node {
	return plan.Node{
		Service: name(t, v1), Host: "web1", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7")}, Port: 4218, Priority: 10, Weight: 20,
		TXT: dnssd.TXT{{Key: "txtvers", Value: "1", HasValue: true}},
	}
}

// did writes the steps of a plan for comparison.
func did(m plan.Planned) []string {
	var out []string
	for _, s := range m.Plan.Steps {
		r := s.Change.Record()
		line := string(s.Change.Op) + " " + r.Name + " " + r.Type + " " + r.Value
		if s.Change.Op == providers.OpUpdate {
			line += " -> " + s.Change.After.Value
		}
		out = append(out, line)
	}
	return out
}

func wantSteps(t *testing.T, m plan.Planned, err error, want ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if got := did(m); !slices.Equal(got, want) {
		t.Errorf("the plan is\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func wantRefusal(t *testing.T, err error, kind providers.Kind, text string) {
	t.Helper()
	r, ok := errors.AsType[*dnssd.Refusal](err)
	if !ok || r.Kind != kind || !strings.Contains(err.Error(), text) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want %s with %q", err, kind, text)
	}
}
