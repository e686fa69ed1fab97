package cloudflare_test

import (
	"context"
	"fmt"
	"slices"
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
	a, err := cloudflare.New(cloudflare.Config{
		Name: "cf", Token: token, BaseURL: s.Endpoints().Cloudflare, Budget: budget.New("cf", 0, 1, budget.WithClock(providertest.NewClock(time.Now()).Clock)),
		Getenv: func(string) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func records(t *testing.T, a *cloudflare.Account, z providers.Zone) ([]providers.Record, providers.Coverage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
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

// every returns one record of each type that rollcall writes.
func every() []providers.Record {
	o := providers.Owner{Fleet: "7f3a9c1e", Cloud: "aabbccddee", Instance: "i-0abc", Registered: time.Unix(1_770_000_000, 0).UTC()}
	r := func(name, typ, value string) providers.Record {
		return providers.Record{Zone: zoneName, Name: name + "." + zoneName, Type: typ, TTL: 60, Value: value}
	}
	owned := r("new", "A", "54.9.9.1")
	owned.Owners = []providers.Owner{o}
	auto := r("new", "A", "54.9.9.2")
	auto.TTL, auto.AutoTTL = 300, true
	proxied := auto
	proxied.Name, proxied.Proxied = "front."+zoneName, true
	return []providers.Record{
		owned, auto, proxied, r("new", "AAAA", "2001:db8::9"), r("alias9", "CNAME", "new."+zoneName), r("txt9", "TXT", `"txtvers=1" "a=b c"`),
		r("_x9._tcp", "PTR", "v1._x9._tcp."+zoneName), r("v1._x9._tcp", "SRV", "0 5 4218 new."+zoneName), r("mail9", "MX", "10 new."+zoneName),
	}
}

func TestEveryTypeGoesIntoTheEmbeddedZoneAndComesBackTheSame(t *testing.T) {
	_, a, z := embedded(t)
	_, before := records(t, a, z)
	var adds, deletes []providers.Change
	for _, r := range every() {
		adds = append(adds, providers.Change{Op: providers.OpCreate, After: r})
	}
	made := apply(t, a, z, adds...)
	for i, want := range every() {
		found, err := a.Lookup(t.Context(), z, want.Name, want.Type)
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(found, func(r providers.Record) bool { return r.Value == want.Value })
		if at < 0 {
			t.Fatalf("%s is not there: %+v", want.String(), found)
		}
		if got := made[i].Record; !got.Equal(&found[at]) {
			t.Errorf("the answer and the reading differ:\n%+v\n%+v", got, found[at])
		}
		deletes = append(deletes, providers.Change{Op: providers.OpDelete, Before: found[at]})
		got := found[at]
		got.ID, got.Comment, got.Modified, got.Commented, got.Policy = "", "", time.Time{}, time.Time{}, ""
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", want.String(), d)
		}
	}
	for i, r := range apply(t, a, z, adds...) {
		if !r.Already {
			t.Errorf("%s was added twice", adds[i].After.String())
		}
	}
	apply(t, a, z, deletes...)
	if _, after := records(t, a, z); after.Rows != before.Rows {
		t.Fatalf("%d records, %d before", after.Rows, before.Rows)
	}
	for _, r := range apply(t, a, z, deletes...) {
		if !r.Already {
			t.Errorf("%+v", r)
		}
	}
}

func TestAnUpdateInTheEmbeddedZoneKeepsTheID(t *testing.T) {
	_, a, z := embedded(t)
	was := apply(t, a, z, providers.Change{Op: providers.OpCreate, After: every()[0]})[0].Record
	is := was
	is.TTL, is.Value = 120, "54.9.9.7"
	got := apply(t, a, z, providers.Change{Op: providers.OpUpdate, Before: was, After: is})[0].Record
	if got.ID != was.ID || got.TTL != 120 || got.Value != "54.9.9.7" || !slices.Equal(got.Owners, was.Owners) {
		t.Fatalf("%+v", got)
	}
	r := a.Apply(t.Context(), z, []providers.Change{{Op: providers.OpDelete, Before: was}})
	if providers.KindOf(r[0].Err) != providers.KindConflict {
		t.Fatalf("a delete of what was updated meanwhile: %v", r[0].Err)
	}
}

func TestABadChangeInTheEmbeddedZoneStandsAlone(t *testing.T) {
	_, a, z := embedded(t)
	good := every()
	bad := providers.Record{Zone: zoneName, Name: "alias9." + zoneName, Type: "A", TTL: 60, Value: "54.9.9.3"} // a CNAME stands there
	apply(t, a, z, providers.Change{Op: providers.OpCreate, After: good[4]})
	var changes []providers.Change
	for _, r := range append(good[:4:4], bad) {
		changes = append(changes, providers.Change{Op: providers.OpCreate, After: r})
	}
	results := a.Apply(t.Context(), z, changes)
	for i, r := range results {
		if want := map[bool]providers.Kind{true: providers.KindConflict, false: ""}[i == 4]; providers.KindOf(r.Err) != want {
			t.Errorf("change %d: %v", i, r.Err)
		}
	}
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
	r := every()
	there := apply(t, a, z, providers.Change{Op: providers.OpCreate, After: r[1]})[0].Record
	if err := s.World().SetFault(zoneName, world.LostReply); err != nil {
		t.Fatal(err)
	}
	results := a.Apply(t.Context(), z, []providers.Change{{Op: providers.OpCreate, After: r[0]}, {Op: providers.OpDelete, Before: there}})
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
