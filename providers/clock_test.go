package providers

import (
	"strings"
	"testing"
	"time"
)

func clocked(skews ...time.Duration) *Snapshot {
	s := &Snapshot{}
	for n, d := range skews {
		c := Coverage{State: CoverageComplete, Skew: d}
		if n%2 == 0 {
			s.Clouds = append(s.Clouds, CloudView{Cloud: Cloud{Name: "c" + string(rune('0'+n))}, Coverage: c})
		} else {
			s.Zones = append(s.Zones, ZoneView{Zone: Zone{Name: "z" + string(rune('0'+n))}, Coverage: c})
		}
	}
	return s
}

func TestASourceWhoseClockIsMoreThanAMinuteOffIsPartialAndSaysByHowMuchAndWhichClockIsWrong(t *testing.T) {
	never := func(string, time.Duration) bool { return false }
	for _, c := range []struct {
		name  string
		skews []time.Duration
		off   []bool
		says  string
	}{
		{"all are right", []time.Duration{0, time.Minute, -time.Minute}, []bool{false, false, false}, ""},
		{"one is ahead", []time.Duration{0, 61 * time.Second, 0}, []bool{false, true, false}, "its clock is 1m1s ahead of this machine's"},
		{"one is behind", []time.Duration{-time.Hour, 0}, []bool{true, false}, "its clock is 1h0m0s behind this machine's"},
		{"it is the only one", []time.Duration{-time.Hour}, []bool{true}, "its clock is 1h0m0s behind this machine's"},
		{"all agree that this machine is ahead", []time.Duration{-time.Hour, 3*time.Second - time.Hour, -time.Hour}, []bool{true, true, true}, "the clock of this machine is wrong: it is 1h0m0s ahead of those of all 3 sources"},
		{"all agree that this machine is behind", []time.Duration{24 * time.Hour, 24 * time.Hour}, []bool{true, true}, "the clock of this machine is wrong: it is 24h0m0s behind those of all 2 sources"},
		{"no two agree", []time.Duration{time.Hour, 2 * time.Hour}, []bool{true, true}, "ahead of this machine's"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := clocked(c.skews...)
			CheckClocks(s, never)
			for n, off := range c.off {
				var cov *Coverage
				if n%2 == 0 {
					cov = &s.Clouds[n/2].Coverage
				} else {
					cov = &s.Zones[n/2].Coverage
				}
				if cov.Complete() == off || off && (KindOf(cov.Err) != KindIncomplete || !strings.Contains(cov.Err.Error(), c.says)) {
					t.Errorf("source %d: %s, %v", n, cov.State, cov.Err)
				}
			}
		})
	}
}

func TestADifferenceThatIsSettledLeavesItsSourceComplete(t *testing.T) {
	s := clocked(5*time.Minute, 5*time.Minute)
	CheckClocks(s, func(name string, d time.Duration) bool { return name == "c0" && d == 5*time.Minute })
	if !s.Clouds[0].Coverage.Complete() || s.Zones[0].Coverage.Complete() {
		t.Errorf("%v, %v", s.Clouds[0].Coverage, s.Zones[0].Coverage)
	}
}

func TestASourceThatFailedKeepsItsReason(t *testing.T) {
	s := clocked(time.Hour)
	s.Clouds[0].Coverage.State, s.Clouds[0].Coverage.Err = CoverageFailed, Errorf(KindAuth, "list", "no")
	CheckClocks(s, func(string, time.Duration) bool { return false })
	if KindOf(s.Clouds[0].Coverage.Err) != KindAuth {
		t.Errorf("%v", s.Clouds[0].Coverage)
	}
}
