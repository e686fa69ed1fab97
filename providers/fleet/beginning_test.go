package fleet

import (
	"context"
	"slices"
	"testing"

	"rollcall/providers"
)

// lastRun returns the snapshot of an earlier run as a file keeps it, and its first row of each source.
func lastRun(t *testing.T, f *Fleet) (all, beginning *providers.Snapshot) {
	t.Helper()
	path := t.TempDir() + "/snapshot"
	if err := Save(path, f.Refresh(context.Background())); err != nil {
		t.Fatal(err)
	}
	all, err := Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	all.Zones[0].Zone.Provider = providers.Cloudflare
	first := *all
	first.Beginning, first.Clouds, first.Zones = true, slices.Clone(all.Clouds), slices.Clone(all.Zones)
	c, z := &first.Clouds[0], &first.Zones[0]
	c.Instances, c.Left, z.Records, z.Left = c.Instances[:1], len(c.Instances)-1, z.Records[:1], len(z.Records)-1
	return all, &first
}

func TestTheBeginningOfTheLastRunIsShownAndAllOfItMeasuresTheFirstRead(t *testing.T) {
	f, c, z := pair(10, Options{})
	for i := range z.Rows {
		z.Rows[i].Owners = nil
	}
	all, first := lastRun(t, f)
	loads := 0
	f = New(Options{Last: first, LoadLast: func() *providers.Snapshot { loads++; return all }, Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}})
	s := f.Snapshot()
	if v := &s.Clouds[0]; !s.Beginning || loads != 0 || len(v.Instances) != 1 || v.Left != 9 || !v.Earlier || v.Coverage.State != providers.CoverageNone {
		t.Errorf("before the rest is loaded: %+v", v)
	}
	if v := &s.Zones[0]; len(v.Records) != 1 || v.Left != 9 || !v.Earlier || v.Coverage.State != providers.CoverageNone {
		t.Errorf("before the rest is loaded: %+v", v)
	}
	c.Hidden = map[string]bool{} // the list shows what the beginning has, and the cloud still has the others
	for _, r := range c.Rows[1:] {
		c.Hidden[r.ID] = true
	}
	s = f.Refresh(context.Background())
	wantState(t, s.Clouds[0].Coverage, providers.CoveragePartial)
	if v := &s.Clouds[0]; s.Beginning || loads != 1 || len(v.Instances) != 10 || v.Left != 0 || !v.Earlier {
		t.Errorf("after a short read, %d loads: %+v", loads, v)
	}
	if v := &s.Zones[0]; len(v.Records) != 10 || v.Left != 0 || v.Earlier || !v.Coverage.Complete() {
		t.Errorf("after a read: %+v", v)
	}
	f.Refresh(context.Background())
	if f.LoadLast(); loads != 1 {
		t.Errorf("%d loads", loads)
	}
}

func TestABeginningWhoseRestCannotBeLoadedIsDropped(t *testing.T) {
	f, c, z := pair(10, Options{})
	_, first := lastRun(t, f)
	f = New(Options{Last: first, LoadLast: func() *providers.Snapshot { return nil }, Clouds: []CloudSource{sourceOf(c)}, Zones: []ZoneSource{zoneSourceOf(z)}})
	f.LoadLast()
	s := f.Snapshot()
	if s.Beginning || len(s.Clouds[0].Instances)+len(s.Zones[0].Records)+s.Clouds[0].Left+s.Zones[0].Left != 0 || !s.Clouds[0].RowsFrom.IsZero() {
		t.Errorf("%+v", s)
	}
	s = f.Refresh(context.Background())
	if v := &s.Clouds[0]; !v.Coverage.Complete() || len(v.Instances) != 10 || v.Earlier {
		t.Errorf("%+v", v)
	}
}
