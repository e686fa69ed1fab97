package watcher

import (
	"testing"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

func TestAFindingIsResolvedOnlyByWhatItRestedOn(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	view := func(change func(s *providers.Snapshot, o *index.Options)) *dnsview.View {
		key := providers.NewCloudKey(providers.EC2, "1", "us-east-1")
		done := providers.Coverage{State: providers.CoverageComplete, Key: key, Started: now, Finished: now}
		s := &providers.Snapshot{
			Clouds: []providers.CloudView{{Cloud: providers.Cloud{Name: "aws", Provider: providers.EC2, Key: key}, Coverage: done, Instances: []providers.Instance{{Cloud: "aws", Key: key, ID: "i-1", State: providers.StateRunning}}}},
			Zones:  []providers.ZoneView{{Zone: providers.Zone{Name: "example.com"}, Coverage: done}},
		}
		o := &index.Options{Now: now, MaxAge: time.Minute, WireZones: []index.WireZone{{Zone: "example.com", State: index.WireInSync, At: now}}}
		if change != nil {
			change(s, o)
		}
		return dnsview.Inspect(s, *o)
	}
	rests := func(sources ...string) rows.FindingObject {
		r := rows.FindingObject{Zone: "example.com", Name: "www.example.com A", Service: "www.example.com", Instance: &rows.Ref{Cloud: "aws", ID: "i-1"}}
		for _, s := range sources {
			r.RestsOn = append(r.RestsOn, rows.Basis{Source: s})
		}
		return r
	}
	on := func(state index.WireVerdict) func(*providers.Snapshot, *index.Options) {
		return func(_ *providers.Snapshot, o *index.Options) {
			o.Wire = []*index.WireState{{Zone: "example.com", Name: "www.example.com", Type: "A", State: state, At: now}}
		}
	}
	for _, c := range []struct {
		name   string
		row    rows.FindingObject
		change func(*providers.Snapshot, *index.Options)
		want   bool
	}{
		{"all sources complete", rests("aws", "example.com"), nil, true},
		{"a source that failed", rests("aws", "example.com"), func(s *providers.Snapshot, _ *index.Options) { s.Clouds[0].Coverage.State = providers.CoverageFailed }, false},
		{"a source that is stale", rests("example.com"), func(s *providers.Snapshot, _ *index.Options) {
			s.Zones[0].Coverage.Started = now.Add(-time.Hour)
		}, false},
		{"a source that failed and that it did not rest on", rests("example.com"), func(s *providers.Snapshot, _ *index.Options) { s.Clouds[0].Coverage.State = providers.CoverageFailed }, true},
		{"a source that the config has no more", rests("gone", "example.com"), nil, true},
		{"name servers that answered", rests("name servers of example.com"), on(index.WireInSync), true},
		{"name servers that did not answer for the name", rests("name servers of example.com"), on(index.WireUnreachable), false},
		{"name servers that wait for their turn", rests("name servers of example.com"), on(index.WireWaiting), false},
		{"name servers that nobody asked lately", rests("name servers of example.com"), func(_ *providers.Snapshot, o *index.Options) { o.WireZones = nil }, false},
		{"name servers that are lame", rests("name servers of example.com"), func(_ *providers.Snapshot, o *index.Options) { o.WireZones[0].State = index.WireLame }, false},
		{"a node that nobody looked at", rests("health check"), nil, false},
		{"a node that was looked at", rests("health check"), func(_ *providers.Snapshot, o *index.Options) {
			o.Health = []index.HealthState{{Service: "www.example.com", ID: "i-1", Of: 3, At: now}}
		}, true},
		{"a node that is stopped", rests("health check"), func(s *providers.Snapshot, _ *index.Options) {
			s.Clouds[0].Instances[0].State = providers.StateStopped
		}, true},
		{"a node that is gone", rests("health check"), func(s *providers.Snapshot, _ *index.Options) { s.Clouds[0].Instances = nil }, true},
	} {
		if got := resolved(view(c.change), &c.row); got != c.want {
			t.Errorf("%s: resolved is %t", c.name, got)
		}
	}
}
