package sim_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/cloudflare"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
	"rollcall/providers/triton"
)

// rsaKey is of the kind that operators have most.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// started starts a simulation whose instances move at once.
func started(t *testing.T) *sim.Sim {
	t.Helper()
	key, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return simtest.Start(t, sim.Options{Delays: simtest.Quick, Key: key})
}

// soon bounds one read: a fault that hangs must not hold up the tests.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return ctx
}

func tritonCloud(t *testing.T, s *sim.Sim, name string) *triton.Cloud {
	t.Helper()
	e := s.Endpoints()
	c, err := triton.New(triton.Config{Name: name, URL: e.Triton[name], Account: e.TritonAccount, KeyID: e.TritonKeyID, AgentSocket: e.AgentSocket})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func cloudflareAccount(t *testing.T, s *sim.Sim) *cloudflare.Account {
	t.Helper()
	e := s.Endpoints()
	a, err := cloudflare.New(cloudflare.Config{Token: e.CloudflareToken, BaseURL: e.Cloudflare})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestTheTritonAdapterReadsEveryDataCentreWhole(t *testing.T) {
	s := started(t)
	for _, w := range s.World().Clouds() {
		if w.Provider != providers.Triton {
			continue
		}
		c := tritonCloud(t, s, w.Name)
		id, err := c.Identify(t.Context())
		if err != nil || id.Key != w.Key {
			t.Errorf("%s is %+v, %v; want the key %s", w.Name, id, err, w.Key)
		}
		rows := 0
		cov := c.Instances(t.Context(), func(page []providers.Instance) { rows += len(page) })
		if _, total := s.World().Instances(w.Name, nil, 0, 1); cov.State != providers.CoverageComplete || rows != total {
			t.Errorf("%s: %d of %d rows, %+v", w.Name, rows, total, cov)
		}
	}
}

func TestNoFaultOfAListLooksLikeAWholeReadToTheTritonAdapter(t *testing.T) {
	s := started(t)
	for _, k := range []world.FaultKind{world.Unreachable, world.Throttle, world.ServerError, world.AuthError, world.Hang, world.ShortPage, world.Reset} {
		if err := s.World().SetFault("joyent-east", k); err != nil {
			t.Fatal(err)
		}
		cov := tritonCloud(t, s, "joyent-east").Instances(soon(t), func([]providers.Instance) {})
		if cov.State == providers.CoverageComplete {
			t.Errorf("under %s: %+v", k, cov)
		}
	}
	if err := s.World().SetFault("joyent-east", world.WrongKey); err != nil {
		t.Fatal(err)
	}
	cov := tritonCloud(t, s, "joyent-east").Instances(soon(t), func([]providers.Instance) {})
	if want := s.World().Clouds()[2].Key; cov.Key == want {
		t.Error("another account has the same key")
	}
}

func TestTheCloudflareAdapterReadsAndWritesTheZone(t *testing.T) {
	s := started(t)
	a := cloudflareAccount(t, s)
	var zones []providers.Zone
	if cov := a.Zones(t.Context(), func(z []providers.Zone) { zones = append(zones, z...) }); cov.State != providers.CoverageComplete || len(zones) != 1 {
		t.Fatalf("%v, %+v", zones, cov)
	}
	read := func() (rows []providers.Record) {
		t.Helper()
		if cov := a.Records(t.Context(), zones[0], func(p []providers.Record) { rows = append(rows, p...) }); cov.State != providers.CoverageComplete {
			t.Fatalf("%+v", cov)
		}
		return rows
	}
	before := read()
	fresh := providers.Record{Zone: zones[0].Name, Name: "fresh.scalability.expert", Type: "A", Value: "198.51.100.77", TTL: 60}
	res := a.Apply(t.Context(), zones[0], []providers.Change{{Op: providers.OpCreate, After: fresh}})
	if res[0].Err != nil {
		t.Fatal(res[0].Err)
	}
	if after := read(); len(after) != len(before)+1 {
		t.Errorf("%d records, then %d", len(before), len(after))
	}
	found, err := a.Lookup(t.Context(), zones[0], fresh.Name, "A")
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	if res := a.Apply(t.Context(), zones[0], []providers.Change{{Op: providers.OpDelete, Before: found[0]}}); res[0].Err != nil {
		t.Error(res[0].Err)
	}
	if after := read(); len(after) != len(before) {
		t.Errorf("%d records, then %d", len(before), len(after))
	}
}

func TestNoFaultOfAListLooksLikeAWholeReadToTheCloudflareAdapter(t *testing.T) {
	s := started(t)
	z := s.World().Zones(providers.Cloudflare)[0]
	zone := providers.Zone{Name: z.Name, ID: z.ID, Provider: providers.Cloudflare}
	for _, k := range []world.FaultKind{world.Unreachable, world.Throttle, world.ServerError, world.AuthError, world.Hang, world.ShortPage, world.Reset, world.WrongKey} {
		if err := s.World().SetFault(z.Name, k); err != nil {
			t.Fatal(err)
		}
		if cov := cloudflareAccount(t, s).Records(soon(t), zone, func([]providers.Record) {}); cov.State == providers.CoverageComplete {
			t.Errorf("under %s: %+v", k, cov)
		}
	}
}
