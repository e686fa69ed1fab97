package dnsserver

import (
	"testing"

	"github.com/miekg/dns"

	"rollcall/providers/sim/world"
)

func TestTheSecondNameServerHearsOfNoChangeUnderSplitAndNeitherDoesUnderLagging(t *testing.T) {
	d := world.DefaultDelays()
	d.Propagate = 0
	w := world.New(world.Options{Seed: 1, Delays: d})
	first, err := Start(w, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	second, err := StartSecond(w, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = first.Close(), second.Close() })
	zone, err := w.Zone(world.Route53Zone)
	if err != nil {
		t.Fatal(err)
	}
	put := func(v string) (id string) {
		id, err := zone.Update(func(tx *world.Tx) error {
			tx.Put(&world.Set{Name: "new." + world.Route53Zone, Type: "A", TTL: 60, Values: []string{v}})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	says := func(s *Server) string {
		t.Helper()
		m := new(dns.Msg)
		m.SetQuestion("new."+world.Route53Zone+".", dns.TypeA)
		r, err := dns.Exchange(m, s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Answer) == 0 {
			return dns.RcodeToString[r.Rcode]
		}
		return r.Answer[0].(*dns.A).A.String()
	}
	for _, c := range []struct {
		fault         world.FaultKind
		value         string
		first, second string
	}{
		{world.Split, "192.0.2.1", "192.0.2.1", "NXDOMAIN"},
		{world.NoFault, "192.0.2.2", "192.0.2.2", "192.0.2.2"},
		{world.Lagging, "192.0.2.3", "192.0.2.2", "192.0.2.2"},
		{world.Split, "192.0.2.4", "192.0.2.4", "192.0.2.3"}, // from here on only
		{world.NoFault, "192.0.2.4", "192.0.2.4", "192.0.2.4"},
	} {
		if err := w.SetFault(world.Route53Zone, c.fault); err != nil {
			t.Fatal(err)
		}
		id := put(c.value)
		if in, ok := zone.ChangeInSync(id); !ok || in != (c.first == c.value && c.second == c.value) {
			t.Errorf("%s: that %s is in sync is said to be %v", c.fault, c.value, in)
		}
		if a, b := says(first), says(second); a != c.first || b != c.second {
			t.Errorf("%s, changed to %s: %s and %s, want %s and %s", c.fault, c.value, a, b, c.first, c.second)
		}
	}
}
