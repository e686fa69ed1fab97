package fleet

import (
	"context"
	"regexp"
	"strings"
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

// A set-up waits for a key agent or a file, and either may hang for ever.
func TestASetUpThatHangsFailsItsOwnSourceInTimeAndIsTakenInWhenItEnds(t *testing.T) {
	for _, refused := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, b, z := newFakeCloud("a", 3), newFakeCloud("b", 2), zoneOf(newFakeCloud("a", 3))
			why := providers.Errorf(providers.KindAuth, "set up", "no key")
			hang, tries := make(chan struct{}), atomic.Int32{}
			end := func() error {
				tries.Add(1)
				<-hang
				if refused {
					return why
				}
				return nil
			}
			cloud, zone := sourceOf(a), zoneSourceOf(z)
			cloud.Compute, cloud.Err, zone.DNS, zone.Err = nil, why, nil, why
			cloud.SetUp = func() (Compute, error) { return a, end() }
			zone.SetUp = func() (DNS, error) { return z, end() }
			f := New(Options{Clouds: []CloudSource{cloud, sourceOf(b)}, Zones: []ZoneSource{zone}, Every: 30 * time.Second, Timeout: 15 * time.Second})
			begin := time.Now()
			s := f.Refresh(t.Context())
			if took := time.Since(begin); took != 15*time.Second {
				t.Errorf("it took %s", took)
			}
			for _, c := range []providers.Coverage{s.Clouds[0].Coverage, s.Zones[0].Coverage} {
				wantState(t, c, providers.CoverageFailed)
				if c.Err == nil || !strings.Contains(c.Err.Error(), "setting it up has not ended within 15s") {
					t.Errorf("%v", c.Err)
				}
			}
			wantState(t, s.Clouds[1].Coverage, providers.CoverageComplete)

			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if begin = time.Now(); f.Refresh(ctx) == nil || time.Since(begin) != 0 {
				t.Errorf("a caller that went away waited %s", time.Since(begin))
			}
			ctx, cancel = context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); f.Run(ctx) }()
			time.Sleep(10 * time.Minute)
			if n := tries.Load(); n != 2 {
				t.Errorf("%d set-ups while the first two hang", n)
			}
			if s = f.Snapshot(); !regexp.MustCompile(`within (9m[3-5]|10m)`).MatchString(s.Clouds[0].Coverage.Err.Error()) || s.Seq > 500 {
				t.Errorf("after ten minutes: %v, snapshot %d", s.Clouds[0].Coverage.Err, s.Seq)
			}
			close(hang)
			time.Sleep(time.Second)
			for _, c := range []providers.Coverage{f.Snapshot().Clouds[0].Coverage, f.Snapshot().Zones[0].Coverage} {
				if want := providers.CoverageComplete; !refused {
					wantState(t, c, want)
				} else if providers.KindOf(c.Err) != providers.KindAuth {
					t.Errorf("%+v", c)
				}
			}
			cancel()
			<-done
		})
	}
}
