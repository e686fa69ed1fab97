package ui_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"rollcall/providers"
	"rollcall/ui"
	"rollcall/ui/theme"
)

// grid is the screen as a terminal shows it, cell by cell.
func (r *rig) grid(w, h int) string {
	b := uv.NewScreenBuffer(w, h)
	uv.NewStyledString(r.m.View().Content).Draw(b, b.Bounds())
	return b.Render()
}

func TestScreen80x24(t *testing.T) {
	r := newRig(t, 80, 24).ready()
	golden.RequireEqual(t, r.grid(80, 24))
}

func TestScreen120x40(t *testing.T) {
	r := newRig(t, 120, 40).ready()
	r.onDead()
	golden.RequireEqual(t, r.grid(120, 40))
}

func TestScreenNoColor(t *testing.T) {
	r := newRig(t, 120, 40, func(o *ui.Options, _ *fake) { o.Theme = theme.Options{NoColor: true} }).ready()
	golden.RequireEqual(t, r.grid(120, 40))
}

func TestScreenASCII(t *testing.T) {
	r := newRig(t, 80, 24, func(o *ui.Options, _ *fake) { o.Theme = theme.Options{NoColor: true, ASCII: true} }).ready()
	s := r.grid(80, 24)
	for _, c := range ansi.Strip(s) {
		if c > 0x7e {
			t.Fatalf("%q is not ASCII", c)
		}
	}
	golden.RequireEqual(t, s)
}

func TestScreen40x10(t *testing.T) {
	r := newRig(t, 40, 10)
	r.until("Instances 30")
	golden.RequireEqual(t, r.grid(40, 10))
}

func TestNoColorHasNoColours(t *testing.T) {
	r := newRig(t, 120, 40, func(o *ui.Options, _ *fake) { o.Theme = theme.Options{NoColor: true} }).ready().byName()
	r.press("x")
	r.until("type the name")
	s := r.m.View().Content
	for _, seq := range []string{";38;", ";48;", "[38;", "[48;", "[3"} {
		if strings.Contains(s, seq) {
			t.Errorf("the screen has the sequence %q", seq)
		}
	}
	if !strings.Contains(s, ";7m") {
		t.Error("without colours nothing is in reverse video")
	}
}

func TestTheFirstPictureDoesNotWaitForTheClouds(t *testing.T) {
	r := newRig(t, 120, 40, func(_ *ui.Options, f *fake) {
		for i := range f.snap.Clouds {
			f.snap.Clouds[i] = providers.CloudView{Cloud: f.snap.Clouds[i].Cloud, Reading: true, BudgetLeft: -1}
		}
		for i := range f.snap.Zones {
			f.snap.Zones[i] = providers.ZoneView{Zone: f.snap.Zones[i].Zone, Reading: true, BudgetLeft: -1}
		}
	})
	r.has("rollcall", "Instances reading…", "DNS reading…") // before any message
	r.until("unilans.net ◌ reading…", "Instances 0", "◌ reading…")
	r.f.publish(func(s *providers.Snapshot) { s.Clouds[0].Instances = world(epoch()).Clouds[0].Instances[:2] })
	r.until("Instances 2", "use1-www-02", "aws-use1 2 ◌")
}

func TestTheScreenFitsEverySize(t *testing.T) {
	type state struct {
		name string
		keys []string
		wait string
	}
	states := []state{
		{"fleet", nil, ""},
		{"records", []string{"tab"}, ""},
		{"findings", []string{"f"}, ""},
		{"filter", []string{"/", "w"}, ""},
		{"help", []string{"?"}, ""},
		{"palette", []string{":"}, ""},
		{"detail", []string{"enter"}, ""},
		{"sources", []string{"v"}, ""},
		{"services", []string{"V"}, "Services 2"},
		{"terminate", []string{"x"}, "type the name"},
		{"launch", []string{"L"}, "bytes"},
	}
	sizes := [][2]int{
		{20, 5},
		{20, 6},
		{21, 8},
		{25, 24},
		{30, 10},
		{40, 10},
		{40, 14},
		{59, 20},
		{60, 20},
		{79, 23},
		{80, 24},
		{99, 30},
		{100, 13},
		{119, 40},
		{120, 19},
		{120, 20},
		{120, 40},
		{160, 50},
		{200, 8},
		{250, 70},
	}
	r := newRig(t, 120, 40).ready()
	for _, s := range states {
		r.send(tea.WindowSizeMsg{Width: 140, Height: 40})
		r.press(s.keys...)
		if s.wait != "" {
			r.until(s.wait)
		}
		for _, size := range sizes {
			r.send(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			fits(t, s.name, r.m.View().Content, size[0], size[1])
		}
		r.press("esc", "esc", "esc", "left")
		if slices.Contains([]string{"sources", "findings", "services"}, s.name) {
			r.press("esc")
		}
	}
}

func fits(t *testing.T, name, content string, w, h int) {
	t.Helper()
	lines := strings.Split(content, "\n")
	if len(lines) != h {
		t.Errorf("%s at %dx%d: %d lines", name, w, h, len(lines))
	}
	for i, l := range lines {
		if n := ansi.StringWidth(l); n != w {
			t.Errorf("%s at %dx%d: line %d is %d wide: %q", name, w, h, i, n, ansi.Strip(l))
			return
		}
	}
}

func TestAgesGoOnWhileNothingHappens(t *testing.T) {
	r := newRig(t, 140, 40).ready()
	r.has("aws-use1 9 ✓ 4s")
	r.clock.Advance(30 * time.Second)
	r.has("aws-use1 9 ✓ 34s")
}

func TestNastyTextsFromOutsideAreHarmless(t *testing.T) {
	nasty := "a\x1b[31mred\x1b]0;title\x07\u009b2Jx\u202egnp.exe\u2066\u200b\x00\r\nend"
	r := newRig(t, 140, 40).ready().byName()
	r.f.publish(func(s *providers.Snapshot) {
		i := &s.Clouds[0].Instances[6] // the first row
		i.Name = nasty
		i.Tags = providers.TagsOf(map[string]string{nasty: nasty})
		s.Zones[0].Records[0].Value = nasty
		s.Clouds[1].Coverage = providers.Failed(epoch(), epoch(), fmt.Errorf("bad %s", nasty))
	})
	r.until("a[31mred]0;title2Jxgnp.exe")
	check := func(where string) {
		t.Helper()
		for _, bad := range []string{"\x1b[31m", "\x1b]", "\x07", "\u009b", "\u202e", "\u2066", "\u200b", "\x00", "\r"} {
			if strings.Contains(r.m.View().Content, bad) {
				t.Errorf("%s has %q", where, bad)
			}
		}
		fits(t, where, r.m.View().Content, 140, 40)
	}
	check("the fleet")
	r.press("enter")
	check("the detail")
	r.press("esc", "v")
	check("the sources")
}
