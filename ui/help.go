package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/ui/theme"
)

// helpDialog lists all keys and the filter language.
type helpDialog struct{ scroll int }

type helpGroup struct {
	title string
	items []helpItem
}

type helpItem struct {
	a    Action
	does string
}

func helpGroups() []helpGroup {
	return []helpGroup{
		{"Move", []helpItem{
			{ActUp, "up"},
			{ActDown, "down"},
			{ActTop, "first row"},
			{ActBottom, "last row"},
			{ActPageUp, "a screen up"},
			{ActPageDown, "a screen down"},
			{ActNextPane, "other pane, to the counterpart"},
			{ActLeft, "left pane"},
			{ActRight, "right pane"},
			{ActZoom, "one pane, both panes"},
		}},
		{"Look", []helpItem{
			{ActFilter, "filter the pane"},
			{ActPalette, "commands"},
			{ActDetail, "detail"},
			{ActWhy, "why: evidence and guards"},
			{ActSort, "next order"},
			{ActReverse, "reverse the order"},
			{ActFindings, "findings"},
			{ActJournal, "journal"},
			{ActSources, "sources"},
			{ActServices, "services"},
			{ActCopy, "copy"},
			{ActBack, "back: marks, filter, view"},
		}},
		{"Act", []helpItem{
			{ActMark, "mark"},
			{ActDeregister, "deregister a dead record"},
			{ActRemedy, "the remedy of the finding"},
			{ActTerminate, "drain and terminate"},
			{ActQuiesce, "quiesce: out of DNS, runs on"},
			{ActReturn, "return a quiesced node"},
			{ActBalance, "priority and weight"},
			{ActLaunch, "launch nodes"},
			{ActUndo, "undo: one change back each time"},
			{ActUndoRun, "journal: undo the whole run"},
			{ActRedo, "redo: shows the plan first"},
			{ActSSH, "ssh"},
			{ActRefresh, "refresh now"},
			{ActPause, "pause the refresh"},
			{ActReadOnly, "read-only on and off"},
			{ActHelp, "this help"},
			{ActQuit, "quit"},
		}},
	}
}

func (d *helpDialog) key(sh *shared, k tea.KeyPressMsg) action {
	switch key := k.String(); key {
	case "esc", "q", "enter":
		return actClose{}
	default:
		if sh.bindings[key] == ActHelp {
			return actClose{}
		}
		scrollKey(key, &d.scroll, 10)
	}
	return nil
}

func (d *helpDialog) draw(sh *shared, w, _ int) panel {
	t := sh.theme
	var columns [][]string
	for _, g := range helpGroups() {
		col := []string{t.Paint(theme.Strong, g.title)}
		for _, it := range g.items {
			keys := sh.keymap[it.a]
			if len(keys) == 0 {
				continue
			}
			names := make([]string, 0, 2)
			for _, k := range keys[:min(len(keys), 2)] {
				names = append(names, keyName(t, NormalKey(k)))
			}
			col = append(col, t.Paint(theme.Key, fit(strings.Join(names, " "), 12, t.Ellipsis))+t.Paint(theme.Dim, it.does))
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
					cell = fit(cell, wide, t.Ellipsis)
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
		t.Paint(theme.Dim, ": begins with   = is   ~ contains   > < compare   - not   bare words match anywhere"))
	names := "fields:"
	for _, f := range filter.Fields() {
		names += " " + f.Name
	}
	for _, l := range wrap(Clean(names), max(min(w, 110), 20)) {
		lines = append(lines, t.Paint(theme.Dim, l))
	}
	lines = append(lines, "", t.Paint(theme.Strong, "Glyphs"),
		t.Paint(theme.Bad, t.Bad)+" high or critical   "+t.Paint(theme.Warn, t.Warn)+" medium   "+t.Paint(theme.Notice, t.Note)+" low   "+
			t.Hollow+" info   "+t.Paint(theme.Good, t.OK)+" well   "+t.Paint(theme.Notice, t.Link)+" counterpart   "+t.Paint(theme.Accent, t.Mark)+" marked")
	wire := newLine(t).add(theme.Plain, "WIRE: servers that agree of those asked  ")
	for _, v := range []dnsview.WireVerdict{dnsview.WireInSync, dnsview.WirePropagating, dnsview.WireSplit, dnsview.WireCached, dnsview.WireUnreachable} {
		glyph, role, word := wireGlyph(t, v)
		wire.gap(1).add(role, glyph).add(theme.Plain, " "+word)
	}
	lines = append(lines, wire.b.String()+"  "+t.Ellipsis+" not asked yet")
	return panel{title: "Keys", lines: lines, scroll: &d.scroll, hints: []hint{{"esc", "close"}}}
}

// keyName writes a key as a person says it.
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
