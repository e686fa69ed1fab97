package ui_test

import (
	"image/color"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui"
	"rollcall/ui/theme"
)

func TestTheBackgroundThatTheTerminalReportsChoosesThePaletteUnlessTheConfigDoes(t *testing.T) {
	looks := func(setting string, background color.Color) string {
		r := newRig(t, 120, 40, func(o *ui.Options, _ *fake) { o.Theme = o.Theme.WithSetting(setting) }).ready()
		r.send(tea.BackgroundColorMsg{Color: background})
		return r.m.View().Content
	}
	has := func(s string, light bool) bool {
		return strings.Contains(s, theme.New(theme.Options{Light: light}).SGR(theme.BorderFocus, theme.Normal))
	}
	for _, c := range []struct {
		setting    string
		background color.Color
		light      bool
	}{
		{theme.Auto, color.White, true},
		{theme.Auto, color.Black, false},
		{"", color.White, true},
		{theme.Dark, color.White, false},
		{theme.Light, color.Black, true},
	} {
		if s := looks(c.setting, c.background); has(s, c.light) == has(s, !c.light) || !has(s, c.light) {
			t.Errorf("theme %q on %v: light is %v", c.setting, c.background, !c.light)
		}
	}
}
