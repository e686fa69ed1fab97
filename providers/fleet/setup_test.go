package fleet

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rollcall/providers"
)

func TestASourceThatCouldNotBeSetUpIsSetUpOnceItCanBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newFakeCloud("a", 3)
		z := zoneOf(a)
		refused := providers.Errorf(providers.KindAuth, "set up", "no key")
		var tries atomic.Int32
		var possible atomic.Bool
		cloud, zone := sourceOf(a), zoneSourceOf(z)
		cloud.SetUp = func() (Compute, error) {
			tries.Add(1)
			if !possible.Load() {
				return nil, refused
			}
			return a, nil
		}
		zone.SetUp = func() (DNS, error) {
			if !possible.Load() {
				return nil, refused
			}
			return z, nil
		}
		cloud.Compute, cloud.Err, zone.DNS, zone.Err = nil, refused, nil, refused
		f := New(Options{Clouds: []CloudSource{cloud}, Zones: []ZoneSource{zone}, Every: 30 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); f.Run(ctx) }()
		time.Sleep(2 * time.Minute)
		s := f.Snapshot()
		if n := tries.Load(); n < 3 || n > 20 {
			t.Errorf("%d tries in two minutes", n)
		}
		wantState(t, s.Clouds[0].Coverage, providers.CoverageFailed)
		wantState(t, s.Zones[0].Coverage, providers.CoverageFailed)
		if s.Clouds[0].RetryAt.IsZero() || providers.KindOf(s.Clouds[0].Coverage.Err) != providers.KindAuth {
			t.Errorf("%+v", s.Clouds[0])
		}
		possible.Store(true)
		time.Sleep(time.Minute)
		s = f.Snapshot()
		wantState(t, s.Clouds[0].Coverage, providers.CoverageComplete)
		wantState(t, s.Zones[0].Coverage, providers.CoverageComplete)
		if len(s.Clouds[0].Instances) != 3 || len(s.Zones[0].Records) != 3 {
			t.Errorf("%d instances, %d records", len(s.Clouds[0].Instances), len(s.Zones[0].Records))
		}
		cancel()
		<-done
	})
}

func TestASourceWithoutAnAdapterAndWithoutAWayToOneIsNotRead(t *testing.T) {
	a := sourceOf(newFakeCloud("a", 3))
	a.Err = providers.Errorf(providers.KindAuth, "set up", "no key")
	f := New(Options{Clouds: []CloudSource{a}})
	wantState(t, f.Refresh(t.Context()).Clouds[0].Coverage, providers.CoverageFailed)
}
