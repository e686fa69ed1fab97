package ui

import (
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// sourceRow is one source in the list of sources.
type sourceRow struct {
	source
	err string
}

// Key is the identity of the row.
func (r *sourceRow) Key() string { return r.name }

func (m *Model) arrangeSources() tea.Cmd {
	rows := make([]*sourceRow, len(m.sources))
	for i, s := range m.sources {
		rows[i] = &sourceRow{source: s}
		if s.coverage.Err != nil {
			rows[i].err = Clean(s.coverage.Err.Error())
		}
	}
	return m.roll.arrange(rows, nil)
}

func sourceColumns(t *theme.Theme, now func() time.Time) []grid.Column[*sourceRow] {
	type row = *sourceRow
	return []grid.Column[row]{
		{
			Title: "SOURCE", Min: 10, Max: 32,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.name} },
		},
		{
			Title: "PROVIDER", Min: 8, Max: 10, Priority: 4,
			Text: func(r row) grid.Cell { return grid.Cell{Text: Clean(string(r.provider)), Role: theme.Dim} },
		},
		{
			Title: "STATE", Min: 10, Max: 14,
			Text: func(r row) grid.Cell {
				glyph, role := coverageLook(t, r.state)
				word := r.trouble()
				switch word {
				case "":
					word = string(r.state)
				case "lame", unresolvable:
					glyph, role = t.Bad, theme.Bad
				}
				return grid.Cell{Text: glyph + " " + word, Role: role}
			},
		},
		{
			Title: "ROWS", Min: 4, Max: 7, Priority: 1, Right: true,
			Text: func(r row) grid.Cell { return grid.Cell{Text: strconv.Itoa(r.rows)} },
		},
		{
			Title: "AGE", Min: 4, Max: 5, Priority: 2, Right: true,
			Text: func(r row) grid.Cell {
				if d, ok := r.old(now()); ok {
					return grid.Cell{Text: age(d), Role: theme.Dim}
				}
				return grid.Cell{Text: t.Dot, Role: theme.Faint}
			},
		},
		{
			Title: "BUDGET", Min: 6, Max: 6, Priority: 6, Right: true,
			Text: func(r row) grid.Cell {
				if r.budget < 0 {
					return grid.Cell{Text: t.Dot, Role: theme.Faint}
				}
				role := theme.Dim
				if r.budget <= lowBudget {
					role = theme.Warn
				}
				return grid.Cell{Text: strconv.Itoa(r.budget), Role: role}
			},
		},
		{
			Title: "RETRY", Min: 5, Max: 6, Priority: 5, Right: true,
			Text: func(r row) grid.Cell {
				if d := r.retryAt.Sub(now()); !r.retryAt.IsZero() && d > 0 {
					return grid.Cell{Text: age(d), Role: theme.Warn}
				}
				return grid.Cell{}
			},
		},
		{
			Title: "PROD", Min: 4, Max: 4, Priority: 7,
			Text: func(r row) grid.Cell {
				if r.production {
					return grid.Cell{Text: "yes", Role: theme.Warn}
				}
				return grid.Cell{}
			},
		},
		{
			Title: "ERROR", Min: 12, Max: 200, Priority: 3, Wide: true,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.err, Role: theme.Warn} },
		},
	}
}
