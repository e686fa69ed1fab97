package ui

import (
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
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

// sourcesScreen lists the clouds and zones with how they answer.
type sourcesScreen struct {
	listScreen[string, *sourceRow]
}

func newSourcesScreen(s *shared) screen {
	l := &sourcesScreen{listScreen[string, *sourceRow]{shared: s, title: "Sources", empty: "sources"}}
	l.columns = func() []grid.Column[*sourceRow] { return sourceColumns(s.theme, s.now) }
	l.rows = func(by filter.Filter) ([]*sourceRow, func(*sourceRow) bool) {
		rows := make([]*sourceRow, len(s.sources))
		for i, x := range s.sources {
			rows[i] = &sourceRow{source: x}
			if x.coverage.Err != nil {
				rows[i].err = Clean(x.coverage.Err.Error())
			}
		}
		return rows, func(r *sourceRow) bool { return by.MatchSource(r.filtered(s.now())) }
	}
	l.start()
	return l
}

// filtered is the row as a filter sees it.
func (r *sourceRow) filtered(now time.Time) *filter.Source {
	kind := "cloud"
	switch {
	case r.zone:
		kind = "zone"
	case r.file:
		kind = "file"
	}
	f := &filter.Source{Name: r.name, Kind: kind, Provider: string(r.provider), State: string(r.state), Trouble: r.trouble(), Error: r.err}
	f.Age, f.Aged = r.old(now)
	return f
}

func (l *sourcesScreen) reload() tea.Cmd { return l.arrange() }

func (l *sourcesScreen) do(a Action) (tea.Cmd, bool) {
	switch a {
	case ActSort, ActReverse: // the order is that of the config
	case ActDetail:
		l.detail()
	default:
		return nil, false
	}
	return nil, true
}

func (l *sourcesScreen) detail() {
	r, ok := l.list.Current()
	if !ok {
		return
	}
	f := &facts{t: l.theme, w: l.textWidth()}
	f.add("state", string(r.state)+" "+r.trouble())
	f.add("rows", strconv.Itoa(r.rows))
	f.add("error", r.err)
	if r.zone {
		l.zoneLines(f, r.name)
	}
	l.open(&textDialog{title: r.name, lines: f.out})
}

func (l *sourcesScreen) current() subject {
	r, ok := l.list.Current()
	return subject{production: ok && r.production}
}

func (l *sourcesScreen) copied() string {
	r, ok := l.list.Current()
	switch {
	case !ok:
		return ""
	case r.err != "":
		return r.name + ": " + r.err
	}
	return r.name
}

func (l *sourcesScreen) about() (left, right *line) {
	left, right = l.listScreen.about()
	if r, ok := l.list.Current(); ok && r.err != "" {
		left.add(theme.Warn, r.err)
	}
	return left, right
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
				glyph, role := coverageGlyph(t, r.state)
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
