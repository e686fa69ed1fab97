package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

func TestARefreshReadsAllSourcesAndJoinsThem(t *testing.T) {
	a, b := newFakeCloud("a", 3), newFakeCloud("b", 2)
	z := zoneOf(a)
	f := New(Options{Clouds: []CloudSource{sourceOf(a), sourceOf(b)}, Zones: []ZoneSource{zoneSourceOf(z)}})
	if s := f.Snapshot(); s == nil || len(s.Clouds) != 2 || len(s.Zones) != 1 || s.Clouds[0].Coverage.State != providers.CoverageNone {
		t.Fatalf("the first snapshot is %+v", s)
	}
	s := f.Refresh(context.Background())
	for i, want := range []int{3, 2} {
		v, key := s.Clouds[i], []*fakeCloud{a, b}[i].Self.Key
		wantState(t, v.Coverage, providers.CoverageComplete)
		if len(v.Instances) != want || v.Reading || v.BudgetLeft != -1 || v.Cloud.Key != key || v.Coverage.Key != key {
			t.Errorf("cloud %d: %+v", i, v)
		}
	}
	wantState(t, s.Zones[0].Coverage, providers.CoverageComplete)
	if len(s.Zones[0].Records) != 3 || s.Zones[0].Zone.ID != "Z1" {
		t.Errorf("zone: %+v", s.Zones[0])
	}
	select {
	case <-f.Updates():
	default:
		t.Error("no update was sent for the new snapshot")
	}
}

func TestARefreshThatBringsTheSameRowsSharesThemWithTheLastSnapshot(t *testing.T) {
	a := newFakeCloud("a", 3)
	z := zoneOf(a)
	f := New(Options{Clouds: []CloudSource{sourceOf(a)}, Zones: []ZoneSource{zoneSourceOf(z)}})
	shares := func(old, now *providers.Snapshot) (instances, records bool) {
		return &old.Clouds[0].Instances[0] == &now.Clouds[0].Instances[0], &old.Zones[0].Records[0] == &now.Zones[0].Records[0]
	}
	first := f.Refresh(context.Background())
	second := f.Refresh(context.Background())
	if instances, records := shares(first, second); !instances || !records {
		t.Errorf("nothing has changed: instances are shared: %v, records: %v", instances, records)
	}
	if !second.Clouds[0].RowsFrom.After(first.Clouds[0].RowsFrom) || !second.Zones[0].RowsFrom.After(first.Zones[0].RowsFrom) {
		t.Error("the rows are as old as before")
	}
	a.Set(func(c *fakeCloud) {
		c.Rows = slices.Clone(c.Rows)
		c.Rows[2].State = providers.StateStopped
	})
	if instances, records := shares(second, f.Refresh(context.Background())); instances || !records {
		t.Errorf("an instance has changed: instances are shared: %v, records: %v", instances, records)
	}
}

func TestOnlyTheNamedSourcesAreRead(t *testing.T) {
	a, b := newFakeCloud("a", 3), newFakeCloud("b", 2)
	f := New(Options{Clouds: []CloudSource{sourceOf(a), sourceOf(b)}})
	f.Refresh(context.Background(), "b", "no such source")
	if a.Count() != 0 || b.Count() != 1 {
		t.Errorf("a was read %d times and b %d times", a.Count(), b.Count())
	}
}

func TestASourceThatIgnoresItsContextDoesNotSlowTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newFakeCloud("a", 3), newFakeCloud("b", 2)
		z := zoneOf(b)
		hang := make(chan struct{})
		a.Hang = hang
		f := New(Options{Clouds: []CloudSource{sourceOf(a), sourceOf(b)}, Zones: []ZoneSource{zoneSourceOf(z)}, Timeout: 15 * time.Second})
		began := time.Now()
		done := make(chan *providers.Snapshot)
		go func() { done <- f.Refresh(context.Background()) }()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		s := f.Snapshot()
		wantState(t, cloudView(t, s, "b").Coverage, providers.CoverageComplete)
		wantState(t, s.Zones[0].Coverage, providers.CoverageComplete)
		if v := cloudView(t, s, "a"); !v.Reading || len(v.Instances) != 3 {
			t.Errorf("the hanging source should show its first page while it is read: %+v", v)
		}

		s = <-done
		if took := time.Since(began); took < 15*time.Second || took > 16*time.Second {
			t.Errorf("the refresh took %s, the time limit is 15 s", took)
		}
		v := cloudView(t, s, "a")
		wantState(t, v.Coverage, providers.CoverageFailed)
		if providers.KindOf(v.Coverage.Err) != providers.KindUnreachable || !strings.Contains(v.Coverage.Err.Error(), "no answer") || v.Reading {
			t.Errorf("after the time limit: %+v", v)
		}

		// While the adapter hangs it is not called again, and the source says so.
		time.Sleep(time.Minute)
		s = f.Refresh(context.Background(), "a")
		if err := cloudView(t, s, "a").Coverage.Err; a.Count() != 1 || !strings.Contains(err.Error(), "still hangs") {
			t.Errorf("reads %d, error %v", a.Count(), err)
		}
		a.Set(func(c *fakeCloud) { c.Hang = nil })
		close(hang)
		synctest.Wait()
		s = f.Refresh(context.Background(), "a")
		wantState(t, cloudView(t, s, "a").Coverage, providers.CoverageComplete)
		for _, i := range cloudView(t, s, "a").Instances {
			if i.ID == "i-late" {
				t.Error("a page of a read that was given up landed")
			}
		}
	})
}

func TestReadsOfOneSourceNeverOverlapAndWaitingCallersShareOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 3)
		a.PageAfter = time.Second
		f := New(Options{Clouds: []CloudSource{sourceOf(a)}})
		var wg sync.WaitGroup
		wg.Go(func() { f.Refresh(context.Background()) })
		time.Sleep(100 * time.Millisecond)
		for range 10 {
			wg.Go(func() {
				called := time.Now()
				s := f.Refresh(context.Background())
				if s.Clouds[0].Coverage.Started.Before(called) {
					t.Error("the picture is older than the call")
				}
			})
		}
		wg.Wait()
		if a.Overlaps != 0 || a.Count() != 2 {
			t.Errorf("%d reads with %d overlaps, want 2 and none", a.Count(), a.Overlaps)
		}
	})
}

func TestRowsAppearAsPagesLandAndEachSnapshotStaysAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 10)
		a.PageSize, a.PageAfter = 2, time.Second
		f := New(Options{Clouds: []CloudSource{sourceOf(a)}})
		go f.Refresh(context.Background())
		var snaps []*providers.Snapshot
		for i := range 5 {
			time.Sleep(time.Second)
			synctest.Wait()
			s := f.Snapshot()
			if got := len(s.Clouds[0].Instances); got != 2*(i+1) {
				t.Fatalf("after page %d there are %d rows", i+1, got)
			}
			snaps = append(snaps, s)
		}
		for i, s := range snaps {
			if got := len(s.Clouds[0].Instances); got != 2*(i+1) {
				t.Errorf("snapshot %d changed: it has %d rows now", i, got)
			}
		}
	})
}

func TestManyFastPagesMakeFewSnapshots(t *testing.T) {
	a := newFakeCloud("a", 100_000)
	f := New(Options{Clouds: []CloudSource{sourceOf(a)}})
	before := f.Snapshot().Seq
	s := f.Refresh(context.Background())
	if n := s.Seq - before; len(s.Clouds[0].Instances) != 100_000 || n > 60 {
		t.Errorf("%d rows in 100 pages made %d snapshots", len(s.Clouds[0].Instances), n)
	}
}

func TestTheLastGoodRowsStayWithTheirAgeWhenASourceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 4)
		a.PageSize = 1
		z := zoneOf(a)
		f := New(Options{Clouds: []CloudSource{sourceOf(a)}, Zones: []ZoneSource{zoneSourceOf(z)}})
		first := f.Refresh(context.Background())
		time.Sleep(time.Minute)
		a.ListErr, z.ListErr = errors.New("boom"), errors.New("bang")
		a.Rows[0].State = providers.StateStopped
		s := f.Refresh(context.Background())
		v := s.Clouds[0]
		wantState(t, v.Coverage, providers.CoveragePartial)
		if len(v.Instances) != 4 || !v.RowsFrom.Equal(first.Clouds[0].RowsFrom) || v.RetryAt.IsZero() {
			t.Errorf("%d rows from %s, retry at %s", len(v.Instances), v.RowsFrom, v.RetryAt)
		}
		if v.Instances[0].State != providers.StateStopped || first.Clouds[0].Instances[0].State != providers.StateRunning {
			t.Error("the page that did arrive should be shown, and the older snapshot not written to")
		}
		wantState(t, s.Zones[0].Coverage, providers.CoverageFailed)
		if len(s.Zones[0].Records) != 4 || !s.Zones[0].RowsFrom.Equal(first.Zones[0].RowsFrom) {
			t.Errorf("zone: %d rows from %s", len(s.Zones[0].Records), s.Zones[0].RowsFrom)
		}
	})
}

func TestACloudIsCompleteOnlyWithItsAddresses(t *testing.T) {
	a := newFakeCloud("a", 2)
	a.AddrErr = errors.New("denied")
	f := New(Options{Clouds: []CloudSource{sourceOf(a)}})
	s := f.Refresh(context.Background())
	wantState(t, s.Clouds[0].Coverage, providers.CoveragePartial)
	if len(s.Clouds[0].Instances) != 2 {
		t.Error("the instances should be shown all the same")
	}
}

func TestASourceThatCouldNotBeSetUpIsAFailedSource(t *testing.T) {
	f := New(Options{
		Clouds: []CloudSource{{Name: "a", Err: providers.Errorf(providers.KindAuth, "set up", "no credentials")}, {Name: "b"}},
		Zones:  []ZoneSource{{Name: "z.example", Err: errors.New("no token")}},
	})
	s := f.Refresh(context.Background())
	wantState(t, s.Clouds[0].Coverage, providers.CoverageFailed)
	wantState(t, s.Clouds[1].Coverage, providers.CoverageFailed)
	wantState(t, s.Zones[0].Coverage, providers.CoverageFailed)
}

func TestAZoneThatTheAccountDoesNotHaveIsNotFound(t *testing.T) {
	z := newFakeZone("example.com")
	f := New(Options{Zones: []ZoneSource{{Name: "missing.example", Provider: providers.Cloudflare, DNS: z}}})
	s := f.Refresh(context.Background())
	wantState(t, s.Zones[0].Coverage, providers.CoverageFailed)
	if providers.KindOf(s.Zones[0].Coverage.Err) != providers.KindNotFound {
		t.Errorf("error %v", s.Zones[0].Coverage.Err)
	}
}

func TestMarkersOnALaterPageAreAttachedWithoutTouchingTheAdaptersRows(t *testing.T) {
	c := newFakeCloud("a", 1)
	o := providers.Owner{Fleet: "7f3a", Cloud: c.Self.Key, Instance: "i-1", Registered: time.Unix(1_700_000_000, 0).UTC()}.For("A", "54.1.0.1")
	text, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	z := newFakeZone("example.com",
		providers.Record{Zone: "example.com", Name: "www.example.com", Type: "A", Value: "54.1.0.1"},
		providers.Record{Zone: "example.com", Name: "i-1._rollcall.www.example.com", Type: "TXT", Value: providers.FormatTXT([]string{text})})
	z.PageSize = 1
	f := New(Options{Zones: []ZoneSource{{Name: "example.com", Provider: providers.Route53, DNS: z}}})
	for range 3 {
		s := f.Refresh(context.Background())
		if got := s.Zones[0].Records[0].Owners; len(got) != 1 || got[0] != o {
			t.Fatalf("owners are %+v", got)
		}
	}
	if z.Rows[0].Owners != nil {
		t.Error("the adapter's rows were written to")
	}
}

func TestARefreshThatIsCancelledSaysNothingAboutTheSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 3)
		f := New(Options{Clouds: []CloudSource{sourceOf(a)}})
		f.Refresh(context.Background())
		a.PageAfter = time.Hour
		ctx, cancel := context.WithCancel(context.Background())
		go func() { time.Sleep(time.Second); cancel() }()
		s := f.Refresh(ctx)
		wantState(t, s.Clouds[0].Coverage, providers.CoverageComplete)
		if s.Clouds[0].Reading || len(s.Clouds[0].Instances) != 3 {
			t.Errorf("%+v", s.Clouds[0])
		}
		time.Sleep(time.Second)
	})
}

func TestReadersAndWritersOfManySourcesDoNotRace(t *testing.T) {
	var o Options
	for i := range 4 {
		c := newFakeCloud(fmt.Sprintf("c%d", i), 200)
		c.PageSize = 10
		o.Clouds = append(o.Clouds, sourceOf(c))
		z := zoneOf(c)
		z.PageSize = 10
		o.Zones = append(o.Zones, zoneSourceOf(z))
	}
	f := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { f.Run(ctx) })
	for range 4 {
		wg.Go(func() {
			for range 5 {
				s := f.Refresh(ctx)
				n := 0
				for _, c := range s.Clouds {
					for i := range c.Instances {
						n += len(c.Instances[i].ID)
					}
				}
				for _, z := range s.Zones {
					for i := range z.Records {
						n += len(z.Records[i].Owners)
					}
				}
				if n == 0 {
					t.Error("nothing was read")
				}
			}
		})
	}
	time.AfterFunc(50*time.Millisecond, func() { f.SetPaused(true); f.SetPaused(false) })
	go func() {
		for range f.Updates() {
			_ = f.Snapshot()
		}
	}()
	wg.Go(func() { f.Refresh(ctx); cancel() })
	wg.Wait()
}

func TestTwoCloudsThatAnswerAsOneAreBothFailedAndOneThatLeftTheConfigStays(t *testing.T) {
	a, b := newFakeCloud("a", 2), newFakeCloud("b", 3)
	z := zoneOf(b)
	first := New(Options{Clouds: []CloudSource{sourceOf(a), sourceOf(b)}, Zones: []ZoneSource{zoneSourceOf(z)}, FleetID: "7f3a", KeepUnconfigured: true})
	last := first.Refresh(t.Context())

	twin := sourceOf(a)
	twin.Name = "twin"
	f := New(Options{Clouds: []CloudSource{sourceOf(a), twin}, Zones: []ZoneSource{zoneSourceOf(z)}, FleetID: "7f3a", KeepUnconfigured: true, Last: last})
	s := f.Refresh(t.Context())
	for _, name := range []string{"a", "twin"} {
		v := cloudView(t, s, name)
		wantState(t, v.Coverage, providers.CoverageFailed)
		if len(v.Instances) != 2 {
			t.Errorf("%s shows %d instances", name, len(v.Instances))
		}
	}
	gone := cloudView(t, s, "b")
	wantState(t, gone.Coverage, providers.CoverageFailed)
	if !gone.Unconfigured || len(gone.Instances) != 3 || gone.Cloud.Key != b.Self.Key {
		t.Errorf("%+v", gone)
	}
	f.SetForgotten([]providers.CloudKey{b.Self.Key})
	if s = f.Snapshot(); len(s.Clouds) != 2 || len(s.Forgotten) != 1 {
		t.Errorf("forgotten: %+v", s.Clouds)
	}
	f.SetForgotten(nil)
	if s = f.Snapshot(); len(s.Clouds) != 3 {
		t.Errorf("taken back: %+v", s.Clouds)
	}
	// A file of the last run is not needed: the markers name it.
	f = New(Options{Clouds: []CloudSource{sourceOf(a)}, Zones: []ZoneSource{zoneSourceOf(z)}, FleetID: "7f3a", KeepUnconfigured: true})
	gone = cloudView(t, f.Refresh(t.Context()), string(b.Self.Key))
	wantState(t, gone.Coverage, providers.CoverageFailed)
}

func TestAReadThatGoesOnIsNotGivenUpHoweverLongItTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 40)
		a.PageSize, a.PageAfter = 2, 10*time.Second // 200 s in all
		z := zoneOf(a)
		f := New(Options{Clouds: []CloudSource{sourceOf(a)}, Zones: []ZoneSource{zoneSourceOf(z)}, Timeout: 15 * time.Second})
		go func() {
			time.Sleep(95 * time.Second)
			if p := f.Reading(); len(p) != 1 || p[0].Name != "a" || p[0].Rows != 18 || p[0].Since != 95*time.Second {
				t.Errorf("progress: %+v", p)
			}
		}()
		v := cloudView(t, f.Refresh(t.Context()), "a")
		wantState(t, v.Coverage, providers.CoverageComplete)
		if len(v.Instances) != 40 {
			t.Errorf("%d rows", len(v.Instances))
		}
		a.Set(func(c *fakeCloud) { c.PageAfter = 16 * time.Second })
		v = cloudView(t, f.Refresh(t.Context()), "a")
		if v.Coverage.Complete() || !strings.Contains(v.Coverage.Err.Error(), "nothing came for 15s") || len(v.Instances) != 40 {
			t.Errorf("silent for 16 s: %+v", v.Coverage)
		}
	})
}
