package ui_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// ofEarlierRun makes all rows of the world those of a run three minutes ago.
func ofEarlierRun(beginning bool) func(*ui.Options, *fake) {
	return func(o *ui.Options, f *fake) {
		at := o.Now().Add(-3 * time.Minute)
		f.snap.Beginning = beginning
		for i := range f.snap.Clouds {
			c := &f.snap.Clouds[i]
			c.Coverage, c.RowsFrom, c.Earlier, c.Left = providers.Coverage{}, at, true, 1000
		}
		for i := range f.snap.Zones {
			z := &f.snap.Zones[i]
			z.Coverage, z.RowsFrom, z.Earlier = providers.Coverage{}, at, true
		}
	}
}

// isFaint reports whether a text on the screen is dimmed.
func (r *rig) isFaint(text string) bool {
	r.t.Helper()
	before, _, ok := strings.Cut(r.m.View().Content, text)
	if !ok {
		r.t.Fatalf("%q is not on the screen", text)
	}
	role := before[strings.LastIndex(before, "\x1b"):]
	return strings.HasSuffix(theme.New(theme.Options{}).SGR(theme.Faint, theme.Normal), role[:strings.IndexByte(role, 'm')+1])
}

func TestRowsOfAnEarlierRunAreDimmedWithTheirAgeUntilTheirSourceIsRead(t *testing.T) {
	r := newRig(t, 200, 40, ofEarlierRun(true))
	r.until("use1-build-07", "www ")
	r.has("3m old, reading", "1009", "by name")
	r.hasNot("worst first", "dangling", "unknown", "Instances 30")
	for _, text := range []string{"use1-www-02", "use1-www-03"} {
		if !r.isFaint(text) {
			t.Errorf("%s is not dimmed", text)
		}
	}
	r.f.publish(func(s *providers.Snapshot) {
		now := world(r.clock.Now())
		s.Beginning, s.Clouds, s.Zones = false, now.Clouds, now.Zones
	})
	r.until("Instances 30", "2 dead", "worst first")
	r.untilTrue("rows that were read are not dimmed", func() bool { return !r.isFaint("use1-www-02") })
	r.hasNot("3m old")
}

func TestRowsOfASourceThatFailsLaterAreDimmedWithTheirAgeOnEveryRowUntilItIsReadAgain(t *testing.T) {
	r := newRig(t, 240, 40)
	r.until("use1-www-02", "euw1-svc-05", "Instances 30")
	r.hasNot("READ")
	fresh := r.f.snap
	fail := func(c *providers.Coverage, from time.Time, kind providers.CoverageState) {
		*c = providers.Coverage{State: kind, Key: c.Key, Started: from.Add(90 * time.Second), Finished: r.clock.Now(), Err: errors.New("throttled")}
	}
	for _, kind := range []providers.CoverageState{providers.CoverageFailed, providers.CoveragePartial} {
		r.clock.Advance(2 * time.Minute)
		r.f.publish(func(s *providers.Snapshot) {
			*s = *fresh
			s.Clouds, s.Zones = slices.Clone(fresh.Clouds), slices.Clone(fresh.Zones)
			fail(&s.Clouds[0].Coverage, s.Clouds[0].RowsFrom, kind)
			fail(&s.Zones[0].Coverage, s.Zones[0].RowsFrom, kind)
		})
		r.untilTrue("the rows of the failed source, and only they, are not dimmed", func() bool {
			return strings.Count(r.screen(), "READ") == 2 && r.isFaint("use1-www-02") && !r.isFaint("euw1-svc-05")
		})
		age, at, dated, others := rows.Age(r.clock.Now().Sub(fresh.Clouds[0].RowsFrom)), -1, 0, 0
		for line := range strings.SplitSeq(r.screen(), "\n") {
			pane, _, _ := strings.Cut(line, "││")
			left, cell := []rune(pane), ""
			if before, _, ok := strings.Cut(pane, "READ"); ok {
				at = len([]rune(before))
			} else if at > 0 && len(left) > at+4 {
				cell = strings.TrimSpace(string(left[at : at+4]))
			}
			switch {
			case at < 0 || !strings.HasPrefix(line, "│"):
			case strings.Contains(pane, "use1-"):
				dated++
				if cell != age {
					t.Errorf("%s: a row without its age, %s: %s", kind, age, pane)
				}
			case strings.Contains(pane, "euw1-"):
				others++
				if cell != "" {
					t.Errorf("%s: a row of a healthy source is dated: %s", kind, pane)
				}
			}
		}
		if dated == 0 || others == 0 {
			t.Errorf("%d rows of the failed source and %d others are on the screen:\n%s", dated, others, r.screen())
		}
		r.f.publish(func(s *providers.Snapshot) {
			now := world(r.clock.Now())
			s.Clouds, s.Zones = now.Clouds, now.Zones
		})
		r.untilTrue("rows that were read again are dimmed or dated", func() bool { return !r.isFaint("use1-www-02") && !strings.Contains(r.screen(), "READ") })
		fresh = r.f.snap
	}
}
