package cloudflare_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/cloudflare"
	"rollcall/providers/providertest"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

const zoneName = "scalability.expert"

// embedded starts a world and returns the adapter for its Cloudflare account and the zone.
func embedded(t *testing.T) (*sim.Sim, *cloudflare.Account, providers.Zone) {
	t.Helper()
	s := simtest.Start(t, sim.Options{})
	a := account(t, s, s.Endpoints().CloudflareToken)
	var zones []providers.Zone
	if cov := a.Zones(t.Context(), func(z []providers.Zone) { zones = append(zones, z...) }); !cov.Complete() {
		t.Fatal(cov.Err)
	}
	i := slices.IndexFunc(zones, func(z providers.Zone) bool { return z.Name == zoneName })
	if i < 0 || len(zones[i].NameServers) == 0 {
		t.Fatalf("zones %+v", zones)
	}
	return s, a, zones[i]
}

func account(t *testing.T, s *sim.Sim, token string) *cloudflare.Account {
	t.Helper()
	return accountThrough(t, s, token, nil)
}

func accountThrough(t *testing.T, s *sim.Sim, token string, through http.RoundTripper) *cloudflare.Account {
	t.Helper()
	a, err := cloudflare.New(cloudflare.Config{
		Name: "cf", Token: token, BaseURL: s.Endpoints().Cloudflare, Budget: budget.New("cf", 0, 1, budget.WithClock(providertest.NewClock(time.Now()).Clock)),
		Env: providers.EnvironmentOf(), Transport: through,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func records(t *testing.T, a *cloudflare.Account, z providers.Zone) ([]providers.Record, providers.Coverage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var rows []providers.Record
	cov := a.Records(ctx, z, func(p []providers.Record) { rows = append(rows, p...) })
	return rows, cov
}

func apply(t *testing.T, a *cloudflare.Account, z providers.Zone, changes ...providers.Change) []providers.Result {
	t.Helper()
	results := a.Apply(t.Context(), z, changes)
	for i, r := range results {
		if r.Err != nil {
			t.Fatalf("change %d: %v", i, r.Err)
		}
	}
	return results
}

func TestTheEmbeddedZoneIsListedAsItsWorldHoldsIt(t *testing.T) {
	s, a, z := embedded(t)
	rows, cov := records(t, a, z)
	wz, err := s.World().Zone(zoneName)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	owned := 0
	wz.View(func(tx *world.Tx) {
		for _, r := range tx.Records() {
			want = append(want, r.ID+" "+r.Name+" "+r.Type)
		}
	})
	for _, r := range rows {
		got = append(got, r.ID+" "+r.Name+" "+r.Type)
		owned += len(r.Owners)
	}
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" || !cov.Complete() || owned == 0 {
		t.Fatalf("%d owned, %v\n%s", owned, cov.Err, d)
	}
}

func TestTheAdapterWorksAgainstTheEmbeddedClouds(t *testing.T) {
	s, _, _ := embedded(t)
	writes := &providertest.Writes{}
	open := func(through http.RoundTripper) *cloudflare.Account {
		return accountThrough(t, s, s.Endpoints().CloudflareToken, through)
	}
	providertest.CheckDNS(t, providertest.DNS{
		Account: open(writes.Transport()), Writes: writes, Another: func() providers.WritableDNS { return open(nil) },
		Zone: zoneName, Unknown: providers.Zone{Name: zoneName, ID: strings.Repeat("0", 32)}, Joins: 200,
	})
}

func TestEveryFaultOfTheEmbeddedZoneIsSeen(t *testing.T) {
	s, _, z := embedded(t)
	for fault, want := range map[world.FaultKind]struct {
		state providers.CoverageState
		kind  providers.Kind
	}{
		world.Unreachable: {providers.CoverageFailed, providers.KindUnreachable},
		world.Throttle:    {providers.CoverageFailed, providers.KindThrottled},
		world.ServerError: {providers.CoverageFailed, providers.KindUnreachable},
		world.AuthError:   {providers.CoverageFailed, providers.KindAuth},
		world.Reset:       {providers.CoverageFailed, providers.KindUnreachable},
		world.ShortPage:   {providers.CoveragePartial, providers.KindIncomplete},
	} {
		if err := s.World().SetFault(zoneName, fault); err != nil {
			t.Fatal(err)
		}
		_, cov := records(t, account(t, s, s.Endpoints().CloudflareToken), z) // an account of its own: a throttle blocks the other's budget
		if cov.State != want.state || providers.KindOf(cov.Err) != want.kind {
			t.Errorf("%s: %s, %v", fault, cov.State, cov.Err)
		}
	}
}

func TestALookupIsNotDeceivedByAnEmptyList(t *testing.T) {
	s, a, z := embedded(t)
	if _, cov := records(t, a, z); !cov.Complete() {
		t.Fatal(cov.Err)
	}
	if rows, err := a.Lookup(t.Context(), z, "nobody."+zoneName, "A"); err != nil || len(rows) != 0 {
		t.Errorf("a name that nobody has: %v, %v", rows, err)
	}
	if err := s.World().SetFault(zoneName, world.EmptyPage); err != nil {
		t.Fatal(err)
	}
	if rows, err := a.Lookup(t.Context(), z, "www."+zoneName, "A"); providers.KindOf(err) != providers.KindIncomplete {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestTheLastRecordOfAZoneCanGoAndComeBack(t *testing.T) {
	_, a, z := embedded(t)
	rows, cov := records(t, a, z)
	if !cov.Complete() {
		t.Fatal(cov.Err)
	}
	var changes []providers.Change
	for _, r := range rows {
		changes = append(changes, providers.Change{Op: providers.OpDelete, Before: r})
	}
	apply(t, a, z, changes...)
	if rows, err := a.Lookup(t.Context(), z, "www."+zoneName, "A"); err != nil || len(rows) != 0 {
		t.Errorf("an empty zone has %v, %v", rows, err)
	}
	apply(t, a, z, providers.Change{Op: providers.OpCreate, After: providers.Record{Zone: zoneName, Name: "www." + zoneName, Type: "A", TTL: 60, Value: "198.51.100.1"}})
}

func TestLostRepliesInTheEmbeddedZone(t *testing.T) {
	s, a, z := embedded(t)
	r := func(value string) providers.Record {
		return providers.Record{Zone: zoneName, Name: "new." + zoneName, Type: "A", TTL: 60, Value: value}
	}
	there := apply(t, a, z, providers.Change{Op: providers.OpCreate, After: r("54.9.9.2")})[0].Record
	if err := s.World().SetFault(zoneName, world.LostReply); err != nil {
		t.Fatal(err)
	}
	results := a.Apply(t.Context(), z, []providers.Change{{Op: providers.OpCreate, After: r("54.9.9.1")}, {Op: providers.OpDelete, Before: there}})
	if results[0].Err != nil || results[0].Record.ID == "" || providers.KindOf(results[1].Err) != providers.KindUncertain {
		t.Fatalf("%+v", results)
	}
	if err := s.World().SetFault(zoneName, world.NoFault); err != nil {
		t.Fatal(err)
	}
	if again := apply(t, a, z, providers.Change{Op: providers.OpDelete, Before: there}); !again[0].Already {
		t.Fatalf("%+v", again[0])
	}
}

func TestAWrongTokenIsRefusedByTheEmbeddedZone(t *testing.T) {
	s, _, z := embedded(t)
	if _, cov := records(t, account(t, s, "wrong"+fmt.Sprint(len(z.Name))), z); cov.State != providers.CoverageFailed || providers.KindOf(cov.Err) != providers.KindAuth {
		t.Fatalf("%s %v", cov.State, cov.Err)
	}
}
