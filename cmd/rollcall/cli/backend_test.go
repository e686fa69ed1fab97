package cli

import (
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

func TestARefreshThatBringsNothingNewIsNotInspectedAgain(t *testing.T) {
	w := newWorld(t)
	s := opened(t)
	b := newBackend(s)
	first := b.Inspect(s.Fleet.Snapshot())
	again := s.Fleet.Refresh(t.Context())
	if b.Inspect(again) != first {
		t.Error("the same rows are inspected twice")
	}
	if v := b.view(); v.Snapshot != s.Fleet.Snapshot() {
		t.Error("a plan rests on an older reading than the latest")
	}
	change(t, w, world.NoFault)
	if b.Inspect(s.Fleet.Refresh(t.Context())) == first {
		t.Error("a record went, and nothing is inspected")
	}
	second := b.Inspect(s.Fleet.Snapshot())
	if second != b.Inspect(s.Fleet.Snapshot()) {
		t.Error("the same snapshot is inspected twice")
	}
}

func TestOnlyNewRowsAndStatesOfSourcesAreShownWithoutAPause(t *testing.T) {
	rows, records := []providers.Instance{{ID: "i-1"}}, []providers.Record{{Name: "www.example.com"}}
	snapshot := func(change func(c *providers.CloudView, z *providers.ZoneView, s *providers.Snapshot)) *providers.Snapshot {
		s := &providers.Snapshot{
			Clouds: []providers.CloudView{{Instances: rows, Coverage: providers.Coverage{State: providers.CoverageComplete}}},
			Zones:  []providers.ZoneView{{Records: records, Coverage: providers.Coverage{State: providers.CoverageComplete}}},
		}
		change(&s.Clouds[0], &s.Zones[0], s)
		return s
	}
	as := snapshot(func(*providers.CloudView, *providers.ZoneView, *providers.Snapshot) {})
	for what, c := range map[string]struct {
		same   bool
		change func(c *providers.CloudView, z *providers.ZoneView, s *providers.Snapshot)
	}{
		"a read that begins":      {true, func(c *providers.CloudView, _ *providers.ZoneView, _ *providers.Snapshot) { c.Reading = true }},
		"a read of the same rows": {true, func(c *providers.CloudView, _ *providers.ZoneView, _ *providers.Snapshot) { c.RowsFrom = time.Now() }},
		"a budget":                {true, func(_ *providers.CloudView, z *providers.ZoneView, _ *providers.Snapshot) { z.BudgetLeft = 3 }},
		"a changed instance": {false, func(c *providers.CloudView, _ *providers.ZoneView, _ *providers.Snapshot) {
			c.Instances = []providers.Instance{{ID: "i-1"}}
		}},
		"an instance that is gone": {false, func(c *providers.CloudView, _ *providers.ZoneView, _ *providers.Snapshot) { c.Instances = nil }},
		"a changed record": {false, func(_ *providers.CloudView, z *providers.ZoneView, _ *providers.Snapshot) {
			z.Records = []providers.Record{{Name: "www.example.com"}}
		}},
		"a new address": {false, func(c *providers.CloudView, _ *providers.ZoneView, _ *providers.Snapshot) {
			c.Addresses = []providers.Address{{}}
		}},
		"an answer about one id": {false, func(c *providers.CloudView, _ *providers.ZoneView, _ *providers.Snapshot) {
			c.Lookups = map[string]providers.Lookup{"i-2": {}}
		}},
		"a cloud that fails": {false, func(c *providers.CloudView, _ *providers.ZoneView, _ *providers.Snapshot) {
			c.Coverage.State = providers.CoverageFailed
		}},
		"a zone that fails": {false, func(_ *providers.CloudView, z *providers.ZoneView, _ *providers.Snapshot) {
			z.Coverage.State = providers.CoverageFailed
		}},
		"a cloud that has departed": {false, func(_ *providers.CloudView, _ *providers.ZoneView, s *providers.Snapshot) {
			s.Clouds = append(s.Clouds, providers.CloudView{})
		}},
		"a cloud that is forgotten": {false, func(_ *providers.CloudView, _ *providers.ZoneView, s *providers.Snapshot) {
			s.Forgotten = []providers.CloudKey{"k"}
		}},
	} {
		if got := sameRows(as, snapshot(c.change)); got != c.same {
			t.Errorf("%s: the same rows: %v", what, got)
		}
	}
}
