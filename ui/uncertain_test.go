package ui_test

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// uncertain makes the reads of joyent-ams fail after all findings were established.
func uncertain(_ *ui.Options, f *fake) {
	f.seen = map[string]time.Time{}
	for _, n := range f.Inspect(f.snap).Findings {
		f.seen[n.Key()] = epoch().Add(-time.Hour)
	}
}

func TestTheLineAboutAnAlarmSaysFirstWhatItIsNotCertainOf(t *testing.T) {
	for _, w := range []int{80, 120} {
		r := newRig(t, w, 40, uncertain)
		r.until("stopped")
		r.failing(&providers.Error{Kind: providers.KindThrottled, Op: "list machines", Source: "joyent-ams"})
		r.until("stopped?")
		r.press("f")
		r.until("dead?")
		for range 5 {
			if strings.Contains(r.screen(), "▌  ✖ dead?") {
				break
			}
			r.press("j")
		}
		r.until("✖ not certain: joyent-ams, 2 min · www.scal")
		r.press("enter")
		r.until("✖ not certain: joyent-ams, 2 min · www.scal")
	}
}

func TestAnAlarmOfAStaleRowKeepsItsColourAndItsQuestionMarkAtEveryWidth(t *testing.T) {
	r := newRig(t, 120, 40, uncertain)
	r.until("stopped")
	r.failing(&providers.Error{Kind: providers.KindThrottled, Op: "list machines", Source: "joyent-ams"})
	r.until("dead?", "READ", "2m")
	warn := theme.New(theme.Options{}).SGR(theme.Warn, theme.Normal)
	for w := 60; w <= 200; w += 10 {
		r.send(tea.WindowSizeMsg{Width: w, Height: 40})
		row := ""
		for l := range strings.SplitSeq(r.m.View().Content, "\n") {
			if strings.Contains(l, "-www-03") && strings.Contains(l, "2m") && strings.Contains(l, "▲") {
				row = l
				break
			}
		}
		if !strings.Contains(row, warn+" ▲") && !strings.Contains(row, warn+"  ▲") || !strings.Contains(row, "?") {
			t.Errorf("at %d columns the alarm of the stale row is %q", w, row)
		}
	}
	r.press("V")
	r.until("Services", "dead?")
	for _, w := range []int{80, 100, 120, 160} {
		r.send(tea.WindowSizeMsg{Width: w, Height: 40})
		r.has("dead?")
		r.hasNot("dead…", "danglin…", "stoppe…", "missin…")
	}
}
