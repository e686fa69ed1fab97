package wire

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

func startSim(t *testing.T) *sim.Sim {
	t.Helper()
	return simtest.Start(t, sim.Options{})
}

// recordsOf returns the records of a zone of the embedded clouds as an API would.
func recordsOf(w *world.Zone) []providers.Record {
	var out []providers.Record
	w.View(func(tx *world.Tx) {
		for _, r := range tx.Records() {
			ttl := r.TTL
			if ttl == 1 {
				ttl = 300
			}
			value := r.Content
			if r.Priority != nil {
				value = strconv.Itoa(int(*r.Priority)) + " " + value
			}
			out = append(out, providers.Record{Zone: w.Name, Name: r.Name, Type: r.Type, TTL: ttl, Value: value, Proxied: r.Proxied})
		}
		for _, s := range tx.Sets() {
			for _, v := range s.Values {
				out = append(out, providers.Record{Zone: w.Name, Name: s.Name, Type: s.Type, TTL: s.TTL, Value: v, SetID: s.SetID})
			}
			if s.Alias != nil {
				out = append(out, providers.Record{Zone: w.Name, Name: s.Name, Type: s.Type, Alias: true})
			}
		}
	})
	return out
}

func zoneOf(w *world.Zone) providers.Zone {
	return providers.Zone{Name: w.Name, Provider: w.Provider, Traits: adapters.Declared(w.Provider).Traits, NameServers: w.NameServers}
}

func TestEveryNameOfTheEmbeddedCloudsIsInSync(t *testing.T) {
	s := startSim(t)
	c := New(Options{Resolvers: []string{s.Endpoints().DNS}, Rate: 1e6, Burst: 1000, Timeout: 10 * time.Second})
	for _, w := range s.World().Zones("") {
		records := recordsOf(w)
		qs := Questions(zoneOf(w), records)
		if len(qs) < 5 {
			t.Fatalf("%s: %d questions of %d records", w.Name, len(qs), len(records))
		}
		z, got := check(t, c, zoneOf(w), qs...)
		if z.State != ZoneInSync || len(z.Servers) != 1 || z.Servers[0].Server.Addr != s.Endpoints().DNS || len(z.Problems) != 0 {
			t.Errorf("%+v", z)
		}
		for k, r := range got {
			if r.State != InSync || len(r.Answers) != 2 {
				t.Errorf("%s: %s: %s", k, r.State, r.Reason)
			}
		}
	}
}

func TestAChangeOfTheEmbeddedCloudsIsSeenOnTheWire(t *testing.T) {
	s := startSim(t)
	w := s.World().Zones(providers.Cloudflare)[0]
	c := New(Options{Resolvers: []string{s.Endpoints().DNS}, Rate: 1e6, Burst: 1000, Timeout: 10 * time.Second})
	q := Question{Name: "fresh." + w.Name, Type: "A", Want: []string{"192.0.2.1"}}
	key := q.Name + "/A"
	_, got := check(t, c, zoneOf(w), q)
	wantState(t, got[key], Propagating, "no such name")
	if _, err := w.Update(func(tx *world.Tx) error {
		tx.AddRecord(&world.Record{Name: q.Name, Type: "A", Content: "192.0.2.1", TTL: 60})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, got = check(t, c, zoneOf(w), q)
	wantState(t, got[key], InSync)
	v, err := values(c.Answers(context.Background(), zoneOf(w), q.Name, "A", 1))
	if err != nil || !slices.Equal(v, []string{"192.0.2.1"}) {
		t.Errorf("%v, %v", v, err)
	}
}

func TestFaultsOfTheEmbeddedCloudsAreStates(t *testing.T) {
	s := startSim(t)
	zones := s.World().Zones("")
	bad, well := zones[0], zones[1]
	c := New(Options{Resolvers: []string{s.Endpoints().DNS}, Rate: 1e6, Burst: 1000, Timeout: 2 * time.Second, Tries: 1})
	ask := func(w *world.Zone) ZoneResult {
		z, _ := check(t, c, zoneOf(w), Questions(zoneOf(w), recordsOf(w))...)
		return z
	}
	if z := ask(bad); z.State != ZoneInSync {
		t.Fatalf("%+v", z)
	}
	for fault, want := range map[world.FaultKind]ZoneState{world.Hang: ZoneUnreachable, world.ServerError: ZoneBroken} {
		if err := s.World().SetFault(bad.Name, fault); err != nil {
			t.Fatal(err)
		}
		if z := ask(bad); z.State != want {
			t.Errorf("%s: %+v", fault, z)
		}
		if z := ask(well); z.State != ZoneInSync { // one zone's failure is not the other's
			t.Errorf("%s: %+v", fault, z)
		}
	}
	if v, err := values(c.Answers(context.Background(), zoneOf(bad), "www."+bad.Name, "A", 1)); err == nil {
		t.Errorf("%v", v)
	}
}
