package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"rollcall/providers"
	"rollcall/ui"
)

// overAnHour lets an hour pass in which joyent-ams lost its nodes and got them back, and joyent-east was not read for some time.
func overAnHour(r *rig) {
	r.t.Helper()
	const step = 450 * time.Second
	stopped := func(s *providers.Snapshot, state providers.InstanceState) {
		for i := range s.Clouds[3].Instances {
			s.Clouds[3].Instances[i].State = state
		}
	}
	counted := func() bool { return r.m.Trends.Of("www.scalability.expert", "aws-use1", r.clock.Now())[7] == 4 }
	r.untilTrue("a count", counted)
	for n := range 7 {
		r.clock.Advance(step)
		r.f.publish(func(s *providers.Snapshot) {
			now := r.clock.Now()
			for i := range s.Clouds {
				s.Clouds[i].RowsFrom = now
				c := &s.Clouds[i].Coverage
				c.State, c.Err, c.Key, c.Started, c.Finished = providers.CoverageComplete, nil, s.Clouds[i].Cloud.Key, now, now
			}
			for i := range s.Zones {
				s.Zones[i].RowsFrom, s.Zones[i].Coverage.Started, s.Zones[i].Coverage.Finished = now, now, now
			}
			switch n {
			case 2:
				stopped(s, providers.StateStopped)
			case 3:
				stopped(s, providers.StateRunning)
			case 4, 5:
				s.Clouds[2].Coverage = providers.Failed(now, now, &providers.Error{Kind: providers.KindThrottled, Op: "list machines", Source: "joyent-east"})
			}
		})
		r.untilTrue("a count", counted)
	}
}

func TestTheOverviewShowsTheLastHourOfEachCellInEverySize(t *testing.T) {
	for name, c := range sizes {
		t.Run(name, func(t *testing.T) {
			change := []func(*ui.Options, *fake){atWork}
			if c.theme != nil {
				change = append(change, c.theme)
			}
			r := newRig(t, c.w, c.h, change...)
			overAnHour(r)
			r.press("0")
			r.until("Overview", "down.", "✖ 0")
			golden.RequireEqual(t, r.grid(c.w, c.h))
		})
	}
}

func TestWhatWasNotSeenInTheLastHourIsBlank(t *testing.T) {
	r := newRig(t, 200, 40, atWork, func(o *ui.Options, _ *fake) { o.Theme.ASCII = true })
	r.until("Instances 30")
	overAnHour(r)
	r.press("0")
	r.until("Overview", "www.scalability.expert")
	l := r.line("www.scalability.expert")
	for _, want := range []string{"#### 4/4 ########", "###x. 3/5 =====  =", "###x 3/4 +++_++++"} { // read, not read for a quarter of an hour, stopped for a time
		if !strings.Contains(l, want) {
			t.Errorf("%q is not in %q", want, l)
		}
	}
}

func TestTheLastHourIsShownInTheColumnsOfFourCloudsAt120(t *testing.T) {
	r := newRig(t, 120, 40, atWork, func(o *ui.Options, _ *fake) { o.Theme.ASCII = true })
	r.until("Instances 30")
	overAnHour(r)
	r.press("0")
	r.until("Overview", "www.sca")
	l := r.line("www.sca")
	for _, want := range []string{"4/4 ########", "3/5 =====  =", "3/4 +++_++++"} {
		if !strings.Contains(l, want) {
			t.Errorf("%q is not in %q", want, l)
		}
	}
}

// afterRestart returns a new console some time after the hour of overAnHour, with what the last one has kept and a world that
// change has altered.
func afterRestart(t *testing.T, kept []byte, later time.Duration, change func(s *providers.Snapshot)) *rig {
	t.Helper()
	now := epoch().Add(7*450*time.Second + later)
	r := newRig(t, 200, 40, atWork, func(o *ui.Options, f *fake) {
		o.Theme.ASCII, f.lastHour = true, kept
		o.Now = func() time.Time { return now }
		f.snap = clone(f.snap)
		for i := range f.snap.Clouds {
			s := &f.snap.Clouds[i]
			c := &s.Coverage
			s.RowsFrom, c.State, c.Err, c.Key, c.Started, c.Finished = now, providers.CoverageComplete, nil, s.Cloud.Key, now, now
		}
		for i := range f.snap.Zones {
			s := &f.snap.Zones[i]
			s.RowsFrom, s.Coverage.Started, s.Coverage.Finished = now, now, now
		}
		change(f.snap)
	})
	r.until("Instances 30")
	r.press("0")
	r.until("Overview", "www.scalability.expert")
	return r
}

func TestTheLastHourIsKnownAfterARestart(t *testing.T) {
	r := newRig(t, 200, 40, atWork)
	r.until("Instances 30")
	overAnHour(r)
	var kept []byte
	r.untilTrue("a kept hour", func() bool { kept, _ = r.f.LastHour(); return kept != nil })

	same := func(*providers.Snapshot) {}
	r = afterRestart(t, kept, 0, same)
	r.until("#### 4/4 ########", "###x 3/4 +++_++++")

	r = afterRestart(t, kept, 3*450*time.Second, same) // three steps without a console, of which the last is counted now
	r.until("#### 4/4 #####  #")

	r = afterRestart(t, kept, 0, func(s *providers.Snapshot) {
		s.Clouds[3].Coverage = providers.Failed(epoch(), epoch(), &providers.Error{Kind: providers.KindThrottled, Op: "list machines", Source: "joyent-ams"})
	})
	r.until("#### 4/4 ########")
	r.hasNot("+++_") // until the cloud has been read, it may be another

	r = afterRestart(t, kept, 0, func(s *providers.Snapshot) {
		for i := range s.Clouds {
			s.Clouds[i].Coverage.Key = "ffffffffff"
		}
	})
	r.hasNot("#######") // of another account

	r = afterRestart(t, kept[:len(kept)/2], 0, same)
	r.until("#### 4/4        #")
}

func TestAReadOnlyConsoleAndTheDemoKeepNoHour(t *testing.T) {
	for _, set := range []func(*ui.Options){func(o *ui.Options) { o.Demo = true }, func(o *ui.Options) { o.ReadOnly = true }} {
		r := newRig(t, 200, 40, atWork, func(o *ui.Options, _ *fake) { set(o) })
		r.until("Instances 30")
		overAnHour(r)
		if kept, _ := r.f.LastHour(); kept != nil {
			t.Errorf("kept %s", kept)
		}
	}
}
