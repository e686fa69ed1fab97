package screen

import (
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// instanceColumns returns the columns of the instances' pane. While a change runs, what is done to its instances
// stands in place of their address.
func instanceColumns(sh *common.Context) []grid.Column[*rows.Instance] {
	t := sh.Theme
	type row = *rows.Instance
	alive := func(role func(r row) theme.Role) cellFunc[row] {
		return func(r row, text string) grid.Cell {
			if r.Inst.State.Dead() {
				return grid.Cell{Text: text, Role: theme.Faint}
			}
			return grid.Cell{Text: text, Role: role(r)}
		}
	}
	return dimmed("DNS", drawn(rows.InstanceScreen(sh.Now), roles{"ID": theme.Faint, "TYPE": theme.Dim, "SERVICE": theme.Dim}, cellsByTitle[row]{
		"AGE": filled[row](theme.Dim),
		"CLOUD": alive(func(r row) theme.Role {
			if r.Production() {
				return theme.Warn
			}
			return theme.Dim
		}),
		"NAME": alive(func(row) theme.Role { return theme.Plain }),
		"ADDRESS": func(r row, text string) grid.Cell {
			if doing, short := sh.DoingTo(r.Key()); doing != "" {
				cell := grid.Cell{Text: t.Wait + " " + doing, Over: doing, Short: short, Role: theme.Notice}
				if _, rest, ok := strings.Cut(short, " "); ok {
					cell.Least = t.Wait + " " + rest
				}
				return cell
			}
			return grid.Cell{Text: text}
		},
		"STATE": func(r row, text string) grid.Cell {
			glyph, role := common.StateGlyph(t, r.Inst.State)
			switch r.Inst.State {
			case providers.StateTerminated:
				return grid.Cell{Text: glyph + " " + text, Short: glyph + " gone", Least: glyph, Role: role}
			case providers.StateRunning:
				return grid.Cell{Text: text, Short: glyph, Role: role}
			}
			return grid.Cell{Text: glyph + " " + text, Short: glyph, Role: role}
		},
		"DNS": func(r row, text string) grid.Cell {
			if f := common.Worst(r.Findings); f != nil {
				return alarmCell(t, f, text)
			}
			if r.CountRecords() == 0 {
				return grid.Cell{Text: t.Dot, Role: theme.Faint}
			}
			return grid.Cell{Text: t.OK + " " + text, Short: t.OK + text, Least: t.OK, Role: theme.Good}
		},
	}))
}

// recordColumns returns the columns of the DNS pane. now is used for the age of outdated rows when they are drawn.
func recordColumns(t *theme.Theme, now func() time.Time) []grid.Column[*rows.Record] {
	type row = *rows.Record
	return dimmed("FINDING", drawn(rows.RecordScreen(now), roles{"ZONE": theme.Faint, "TYPE": theme.Dim, "TTL": theme.Dim}, cellsByTitle[row]{
		"VIA": filled[row](theme.Notice),
		"VALUE": func(r row, text string) grid.Cell {
			cell := grid.Cell{Text: text}
			if short, ok := strings.CutSuffix(text, "."+r.Rec.Zone); ok && r.Type() != "TXT" {
				cell.Short = short + t.Ellipsis // what every row has in common is left out first
			}
			return cell
		},
		"NODE": func(_ row, text string) grid.Cell {
			name, _, _ := strings.Cut(text, " (") // where room is short, the finding of the row says that it is gone
			return grid.Cell{Text: text, Short: name, Role: theme.Dim}
		},
		"WIRE": func(r row, _ string) grid.Cell { return wireCell(t, r.Wire) },
		"FINDING": func(r row, text string) grid.Cell {
			f := common.Worst(r.Findings)
			if f == nil {
				return grid.Cell{}
			}
			return alarmCell(t, f, text)
		},
	}))
}

// alarmCell returns the severity of a finding and a text of it. Where room is short, what is not certain now still looks otherwise
// than what is.
func alarmCell(t *theme.Theme, f *dnsview.Finding, text string) grid.Cell {
	glyph, role := common.SeverityGlyph(t, f.Severity)
	cell := grid.Cell{Text: glyph + " " + text, Short: glyph + text, Least: alarmGlyph(t, f), Role: role}
	if certain, doubted := strings.CutSuffix(text, "?"); doubted {
		cell.Short = glyph + "?" + certain
	}
	return cell
}

// alarmGlyph returns the severity of a finding, with a question mark if the finding was established and is not certain now.
func alarmGlyph(t *theme.Theme, f *dnsview.Finding) string {
	glyph, _ := common.SeverityGlyph(t, f.Severity)
	if len(f.Uncertain) > 0 {
		glyph += "?"
	}
	return glyph
}

// dimmed returns columns in which rows are faint that are not from the last read of their source. What was found of them, in the
// column with the title found, keeps its colour.
func dimmed[R interface{ Outdated() bool }](found string, columns []grid.Column[R]) []grid.Column[R] {
	for i := range columns {
		cell, alarms := columns[i].Text, columns[i].Title == found
		columns[i].Text = func(r R) grid.Cell {
			c := cell(r)
			if r.Outdated() && (!alarms || c.Role == theme.Good) {
				c.Role = theme.Faint
			}
			return c
		}
	}
	return columns
}

// cellFunc draws the cell of a row from the text of its column.
type cellFunc[R any] func(r R, text string) grid.Cell

// filled returns cells with a colour only if they have a text.
func filled[R any](role theme.Role) cellFunc[R] {
	return func(_ R, text string) grid.Cell {
		if text == "" {
			return grid.Cell{}
		}
		return grid.Cell{Text: text, Role: role}
	}
}

// cellsByTitle holds, by title, how columns are drawn that need more than their text.
type cellsByTitle[R any] map[string]cellFunc[R]

// roles holds the colours of columns by title. All others are plain.
type roles map[string]theme.Role

// drawn returns columns with colours and cells for the grid.
func drawn[R any](columns []rows.Column[R], in roles, by cellsByTitle[R]) []grid.Column[R] {
	out := make([]grid.Column[R], len(columns))
	for i, c := range columns {
		out[i] = grid.Column[R]{
			Title: c.Title, Min: c.Min, Narrow: c.Narrow, Max: c.Max, Priority: c.Priority, Right: c.Right, Middle: c.Middle, Wide: c.Fill, Optional: c.Optional, Extra: c.Extra, Compare: c.Compare,
		}
		role, l := in[c.Title], by[c.Title]
		if l == nil {
			l = func(_ R, text string) grid.Cell { return grid.Cell{Text: text, Role: role} }
		}
		out[i].Text = func(r R) grid.Cell { return l(r, c.Text(r)) }
	}
	return out
}

// wireCell returns the state of a record's name at the name servers in a few cells: how many of the queried servers
// agree with the API, or what is wrong.
func wireCell(t *theme.Theme, w *index.WireState) grid.Cell {
	if w == nil {
		return grid.Cell{}
	}
	glyph, role, word := common.WireGlyph(t, w.State)
	agree := glyph + " " + strconv.Itoa(w.Agree) + "/" + strconv.Itoa(w.Servers)
	switch {
	case word == "":
		return grid.Cell{Text: glyph, Role: role}
	case w.State != index.WireInSync:
		return grid.Cell{Text: glyph + " " + word, Short: agree, Least: glyph, Role: role}
	case w.Resolves && len(w.Want) > 0:
		return grid.Cell{Text: glyph + " resolves", Short: glyph + " res", Least: glyph, Role: role}
	}
	return grid.Cell{Text: agree, Least: glyph, Role: role}
}
