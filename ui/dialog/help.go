package dialog

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/dnsview/index"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// Help lists all keys and the filter language.
type Help struct{ view viewport.Model }

// Key implements common.Dialog.
func (d *Help) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q", "enter":
		return common.Close{}
	default:
		if sh.Bindings[key] == common.ActHelp {
			return common.Close{}
		}
		common.Scroll(&d.view, key)
	}
	return nil
}

// Draw implements common.Dialog.
func (d *Help) Draw(sh *common.Context, w, _ int) common.Panel {
	t := sh.Theme
	var columns [][]string
	for _, g := range common.KeyGroups() {
		col := []string{t.Paint(theme.Strong, g.Title)}
		for _, d := range g.Actions {
			b := sh.KeyMap[d.Action]
			keys := b.Keys()
			if len(keys) == 0 {
				continue
			}
			names := make([]string, 0, 2)
			for _, k := range keys[:min(len(keys), 2)] {
				names = append(names, keyName(t, common.NormalKey(k)))
			}
			col = append(col, t.Paint(theme.Key, common.Fit(strings.Join(names, " "), 14, t.Ellipsis))+t.Paint(theme.Dim, b.Help().Desc))
		}
		columns = append(columns, col)
	}
	var lines []string
	const wide = 42
	if w >= 3*wide-4 {
		for i := range slices.MaxFunc(columns, func(a, b []string) int { return len(a) - len(b) }) {
			row := ""
			for n, c := range columns {
				cell := ""
				if i < len(c) {
					cell = c[i]
				}
				if n < len(columns)-1 {
					cell = common.Fit(cell, wide, t.Ellipsis)
				}
				row += cell
			}
			lines = append(lines, row)
		}
	} else {
		for i, c := range columns {
			if i > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, c...)
		}
	}
	lines = append(lines, "", t.Paint(theme.Strong, "Filter"))
	lines = append(lines,
		"state:running cloud:aws tag.env=prod -name~canary age>7d finding:dead",
		t.Paint(theme.Dim, ": begins with   = is   ~ contains or regexp   > < compare   - ! not   bare words match what a row shows"))
	names := "fields:"
	for _, f := range filter.Fields() {
		names += " " + f.Name
	}
	for _, l := range common.Wrap(common.Clean(names), max(min(w, 110), 20)) {
		lines = append(lines, t.Paint(theme.Dim, l))
	}
	lines = append(lines, "", t.Paint(theme.Strong, "Glyphs"),
		t.Paint(theme.Bad, t.Bad)+" high or critical   "+t.Paint(theme.Warn, t.Warn)+" medium   "+t.Paint(theme.Notice, t.Note)+" low   "+
			t.Hollow+" info   "+t.Paint(theme.Good, t.OK)+" well   "+t.Paint(theme.Notice, t.Link)+" counterpart   "+t.Paint(theme.Accent, t.Mark)+" marked")
	wire := common.NewLine(t).Add(theme.Plain, "WIRE: servers that agree of those asked  ")
	for _, v := range []index.WireVerdict{index.WireInSync, index.WirePropagating, index.WireSplit, index.WireCached, index.WireUnreachable} {
		glyph, role, word := common.WireGlyph(t, v)
		wire.Gap(1).Add(role, glyph).Add(theme.Plain, " "+word)
	}
	lines = append(lines, wire.B.String()+"  "+t.Ellipsis+" not asked yet")
	return common.Panel{Title: "Keys", Lines: lines, View: &d.view, Hints: common.KeyHints("esc", "close")}
}

// keyName returns the readable name of a key.
func keyName(t *theme.Theme, k string) string {
	if t.ASCII {
		return k
	}
	switch k {
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	}
	return k
}
