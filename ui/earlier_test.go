package ui_test

import (
	"strings"
	"testing"
	"time"

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

func TestRowsOfAnEarlierRunAreDimmedWithTheirAgeUntilTheirSourceIsRead(t *testing.T) {
	r := newRig(t, 200, 40, ofEarlierRun(true))
	r.until("use1-build-07", "www ")
	r.has("3m old, reading", "1009")
	r.hasNot("dangling", "unknown", "Instances 30")
	faint := theme.New(theme.Options{}).SGR(theme.Faint, theme.Normal)
	roleOf := func(text string) string {
		t.Helper()
		before, _, ok := strings.Cut(r.m.View().Content, text)
		if !ok {
			t.Fatalf("%q is not on the screen", text)
		}
		role := before[strings.LastIndex(before, "\x1b"):]
		return role[:strings.IndexByte(role, 'm')+1]
	}
	isFaint := func(text string) bool { return strings.HasSuffix(faint, roleOf(text)) }
	for _, text := range []string{"use1-www-02", "use1-www-03"} {
		if !isFaint(text) {
			t.Errorf("%s is not dimmed: %q, not %q", text, roleOf(text), faint)
		}
	}
	r.f.publish(func(s *providers.Snapshot) {
		now := world(r.clock.now())
		s.Beginning, s.Clouds, s.Zones = false, now.Clouds, now.Zones
	})
	r.until("Instances 30", "2 dead")
	r.untilTrue("rows that were read are not dimmed", func() bool { return !isFaint("use1-www-02") })
	r.hasNot("3m old")
}
