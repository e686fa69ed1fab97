package providers_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
)

func TestACloudThatLeftTheConfigCountsUntilItIsForgotten(t *testing.T) {
	at := time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	cloud := func(name string, key providers.CloudKey, rows int) providers.CloudView {
		v := providers.CloudView{Cloud: providers.Cloud{Name: name, Provider: providers.EC2, Region: "us-east-1", Key: key}, RowsFrom: at}
		if key != "" {
			v.Coverage = providers.Coverage{State: providers.CoverageComplete, Key: key}
		}
		for range rows {
			v.Instances = append(v.Instances, providers.Instance{Cloud: name, Key: key, ID: "i-1", PublicIPs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}})
		}
		return v
	}
	elsewhere := cloud("new", "", 0)
	elsewhere.Cloud.Region = "eu-west-1"
	type views = []providers.CloudView
	type keys = []providers.CloudKey
	for _, c := range []struct {
		name             string
		clouds, last     views
		named, forgotten keys
		want             string
	}{
		{"nothing has changed", views{cloud("a", "k1", 1)}, views{cloud("a", "k1", 1)}, keys{"k1"}, nil, ""},
		{"renamed", views{cloud("b", "k1", 1)}, views{cloud("a", "k1", 1)}, keys{"k1"}, nil, ""},
		{"taken out", views{cloud("b", "k2", 1)}, views{cloud("a", "k1", 1), cloud("b", "k2", 1)}, nil, nil, "a 1"},
		{"all taken out", nil, views{cloud("a", "k1", 1)}, nil, nil, "a 1"},
		{"taken out and forgotten", views{cloud("b", "k2", 1)}, views{cloud("a", "k1", 1)}, keys{"k1"}, keys{"k1"}, ""},
		{"taken out, empty and named by no marker", views{cloud("b", "k2", 1)}, views{cloud("a", "k1", 0)}, nil, nil, ""},
		{"taken out, empty and named by a marker", views{cloud("b", "k2", 1)}, views{cloud("a", "k1", 0)}, keys{"k1"}, nil, "a 0"},
		{"its name given to another account", views{cloud("a", "k2", 1)}, views{cloud("a", "k1", 1)}, nil, nil, "a-k1 1"},
		{"perhaps renamed: the new name has not said who it is", views{cloud("b", "", 0)}, views{cloud("a", "k1", 1)}, keys{"k1"}, nil, ""},
		{"taken out while another region has not said who it is", views{elsewhere}, views{cloud("a", "k1", 1)}, keys{"k1"}, nil, "a 1"},
		{"known by markers only", views{cloud("b", "k2", 1)}, nil, keys{"k1", "k2"}, nil, "k1 0"},
		{"known by markers only, while a cloud has not said who it is", views{elsewhere}, nil, keys{"k1"}, nil, ""},
		{"known by markers only, and forgotten", views{cloud("b", "k2", 1)}, nil, keys{"k1"}, keys{"k1"}, ""},
	} {
		var got []string
		for _, v := range providers.UnconfiguredClouds(c.clouds, c.last, c.named, c.forgotten) {
			got = append(got, v.Cloud.Name+" "+string(rune('0'+len(v.Instances))))
			says := "rollcall config forget " + v.Cloud.Name
			if v.Cloud.Name == "a-k1" {
				says = "a answers as another account now"
			}
			if !v.Unconfigured || v.Coverage.State != providers.CoverageFailed || !strings.Contains(v.Coverage.Err.Error(), says) {
				t.Errorf("%s: %+v", c.name, v)
			}
			for _, i := range v.Instances {
				if i.Cloud != v.Cloud.Name {
					t.Errorf("%s: an instance of %s lies in %s", c.name, v.Cloud.Name, i.Cloud)
				}
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestMarkersOfThisFleetNameItsClouds(t *testing.T) {
	o := func(fleet string, cloud providers.CloudKey, id string) providers.Owner {
		return providers.Owner{Fleet: fleet, Cloud: cloud, Instance: id, Registered: time.Unix(1, 0)}
	}
	orphan, err := providers.Owner{Fleet: "f", Cloud: "0123456789", Instance: "i-9", Registered: time.Unix(1, 0), Type: "A", Value: "192.0.2.1"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	records := []providers.Record{
		{Name: "a.example.com", Owners: []providers.Owner{o("f", "k2", "i-1"), o("f", "k1", "i-2")}},
		{Name: "b.example.com", Owners: []providers.Owner{o("other", "k3", "i-1")}},
		{Name: "c.example.com", Owners: []providers.Owner{o("f", "k4", "host:web1")}},
		{Name: providers.MarkerName("i-9", "d.example.com"), Type: "TXT", Value: `"` + orphan + `"`},
	}
	if got := providers.MarkedClouds("f", records); !slices.Equal(got, []providers.CloudKey{"0123456789", "k1", "k2"}) {
		t.Errorf("%v", got)
	}
	if got := providers.MarkedClouds("", records); got != nil {
		t.Errorf("without a fleet: %v", got)
	}
}

func TestSourcesThatAreOneAreAllFailed(t *testing.T) {
	complete := func(key providers.CloudKey) providers.Coverage {
		return providers.Coverage{State: providers.CoverageComplete, Key: key, Account: "1"}
	}
	s := &providers.Snapshot{
		Clouds: []providers.CloudView{
			{Cloud: providers.Cloud{Name: "a"}, Coverage: complete("k1")},
			{Cloud: providers.Cloud{Name: "b"}, Coverage: complete("k2")},
			{Cloud: providers.Cloud{Name: "c"}, Coverage: complete("k1")},
			{Cloud: providers.Cloud{Name: "d"}},
			{Cloud: providers.Cloud{Name: "e"}},
		},
		Zones: []providers.ZoneView{
			{Zone: providers.Zone{Name: "x", ID: "Z1", Provider: providers.Route53}, Coverage: complete("")},
			{Zone: providers.Zone{Name: "y", ID: "Z1", Provider: providers.Route53}, Coverage: complete("")},
			{Zone: providers.Zone{Name: "z", ID: "Z1", Provider: providers.Cloudflare}, Coverage: complete("")},
		},
	}
	providers.FailDuplicates(s)
	var failed []string
	for _, c := range s.Clouds {
		if c.Coverage.State == providers.CoverageFailed {
			failed = append(failed, c.Cloud.Name)
			if !strings.HasPrefix(c.Coverage.Err.Error(), "a and c are one cloud (account 1, key k1)") {
				t.Error(c.Coverage.Err)
			}
		}
	}
	for _, z := range s.Zones {
		if z.Coverage.State == providers.CoverageFailed {
			failed = append(failed, z.Zone.Name)
			if !strings.HasPrefix(z.Coverage.Err.Error(), "x and y are one zone (route53 Z1)") {
				t.Error(z.Coverage.Err)
			}
		}
	}
	if strings.Join(failed, " ") != "a c x y" {
		t.Errorf("failed: %v", failed)
	}
}
