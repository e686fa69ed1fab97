package sim_test

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"rollcall/providers"
	"rollcall/providers/ec2"
	"rollcall/providers/providertest"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// accounts are new adapters for every account of a simulation, which have read nothing yet.
func accounts(t *testing.T, s *sim.Sim) (clouds map[string]providers.Compute, zones map[string]providers.DNS) {
	t.Helper()
	e := s.Endpoints()
	keys := aws.Config{Credentials: credentials.NewStaticCredentialsProvider(e.AWSKeyID, e.AWSSecret, "")}
	clouds = map[string]providers.Compute{}
	for _, w := range s.World().Clouds() {
		if w.Provider == providers.Triton {
			clouds[w.Name] = tritonCloud(t, s, w.Name)
			continue
		}
		cfg := keys
		cfg.Region = w.Region
		c, err := ec2.New(ec2.Config{Name: w.Name, Endpoint: e.AWS, AWS: &cfg})
		if err != nil {
			t.Fatal(err)
		}
		clouds[w.Name] = c
	}
	keys.Region = "us-east-1"
	r53, err := route53.New(route53.Config{Name: "route53", Endpoint: e.AWS, AWS: &keys})
	if err != nil {
		t.Fatal(err)
	}
	return clouds, map[string]providers.DNS{"unilans.net": r53, "scalability.expert": cloudflareAccount(t, s)}
}

// rowsOf reads every account to its end.
func rowsOf(t *testing.T, clouds map[string]providers.Compute, zones map[string]providers.DNS) map[string]any {
	t.Helper()
	out := map[string]any{}
	for name, c := range clouds {
		var all []providers.Instance
		var held []providers.Address
		if cov := c.Instances(t.Context(), func(p []providers.Instance) { all = append(all, p...) }); !cov.Complete() {
			t.Fatalf("%s: %v", name, cov.Err)
		}
		if cov := c.Addresses(t.Context(), func(p []providers.Address) { held = append(held, p...) }); !cov.Complete() {
			t.Fatalf("%s: %v", name, cov.Err)
		}
		out[name+" instances"], out[name+" addresses"] = all, held
	}
	for name, a := range zones {
		z, err := providers.FindZone(t.Context(), a, name, providers.ZoneChoice{}, "")
		if err != nil {
			t.Fatal(err)
		}
		var all []providers.Record
		if cov := a.Records(t.Context(), z, func(p []providers.Record) { all = append(all, p...) }); !cov.Complete() {
			t.Fatalf("%s: %v", name, cov.Err)
		}
		out[name] = all
		if e, ok := a.(providers.RecordExpecter); ok { // as a fleet does with the rows that it holds
			held := slices.Clone(all)
			providers.AttachOwners(held)
			e.ExpectRecords(z, held)
		}
	}
	return out
}

func TestAnAdapterThatReadsAListAgainShowsWhatANewOneShows(t *testing.T) {
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	// Time stands still in the world, so that nothing boots between two reads that are compared.
	s := simtest.Start(t, sim.Options{Instances: 2600, Clock: providertest.NewClock(time.Now()).Clock})
	clouds, zones := accounts(t, s)
	first := rowsOf(t, clouds, zones)
	w := s.World()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for n, change := range []func(cloud string, all []providers.Instance){
		func(string, []providers.Instance) {}, // nothing changes
		func(cloud string, all []providers.Instance) { // a name and a tag, on different pages
			do(w.Rename(cloud, all[0].ID, "renamed"))
			do(w.SetTags(cloud, all[len(all)-1].ID, map[string]string{"rack": "<&\"'é]}"}, nil))
		},
		func(cloud string, all []providers.Instance) { // pages shift by one, and back
			_, err := w.Launch(cloud, world.Instance{Name: "another", Type: all[0].Type, Image: all[0].Image, Tags: map[string]string{"service": "www"}})
			do(err)
		},
		func(cloud string, all []providers.Instance) { // an address goes from one node to another
			do(w.Readdress(cloud, all[1].ID, netip.MustParseAddr("203.0.113.77")))
		},
		func(cloud string, all []providers.Instance) {
			do(w.SetTags(cloud, all[0].ID, nil, []string{"service"}))
		},
	} {
		for name := range clouds {
			change(name, first[name+" instances"].([]providers.Instance))
		}
		again := rowsOf(t, clouds, zones)
		newClouds, newZones := accounts(t, s)
		for name, want := range rowsOf(t, newClouds, newZones) {
			if !reflect.DeepEqual(again[name], want) {
				t.Errorf("change %d: %s is not what a new adapter reads", n, name)
			}
		}
		if same := reflect.DeepEqual(first, again); n == 0 && !same || n > 0 && same {
			t.Fatalf("change %d: same rows: %v", n, same)
		}
	}
}

func TestAnAdapterThatReadsAZoneAgainShowsWhatWasWrittenMeanwhile(t *testing.T) {
	s := started(t)
	clouds, zones := accounts(t, s)
	_ = rowsOf(t, clouds, zones)
	for name := range zones {
		_, other := accounts(t, s)
		z, err := providers.FindZone(t.Context(), other[name], name, providers.ZoneChoice{}, "")
		if err != nil {
			t.Fatal(err)
		}
		writer := other[name].(providers.WritableDNS)
		r := providers.Record{Zone: name, Name: "fresh." + name, Type: "A", Value: "198.51.100.77", TTL: 60}
		for _, change := range []func(have []providers.Record) providers.Change{
			func([]providers.Record) providers.Change { return providers.Change{Op: providers.OpCreate, After: r} },
			func(have []providers.Record) providers.Change {
				after := have[0]
				after.TTL = 120
				return providers.Change{Op: providers.OpUpdate, Before: have[0], After: after}
			},
			func(have []providers.Record) providers.Change {
				return providers.Change{Op: providers.OpDelete, Before: have[0]}
			},
		} {
			have, err := writer.(providers.RecordGetter).Lookup(t.Context(), z, r.Name, "A")
			if err != nil {
				t.Fatal(err)
			}
			if res := writer.Apply(t.Context(), z, []providers.Change{change(have)}); res[0].Err != nil {
				t.Fatal(res[0].Err)
			}
			_, newZones := accounts(t, s)
			if !reflect.DeepEqual(rowsOf(t, nil, zones), rowsOf(t, nil, newZones)) {
				t.Errorf("%s: what was written is not read", name)
			}
		}
	}
}
