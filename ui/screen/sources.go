package screen

import (
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// sourcesScreen lists the clouds and zones with their state.
type sourcesScreen struct {
	listScreen[string, *rows.Source]
}

func newSourcesScreen(s *common.Context) Screen {
	l := &sourcesScreen{listScreen[string, *rows.Source]{Context: s, title: "Sources", empty: "sources"}}
	l.columns = func() []grid.Column[*rows.Source] { return sourceColumns(s.Theme, s.Now) }
	l.rows = func() []*rows.Source {
		list := make([]*rows.Source, len(s.Sources))
		for i := range s.Sources {
			row := s.Sources[i]
			list[i] = &row
		}
		return list
	}
	l.makeList()
	return l
}

func (l *sourcesScreen) Reload() tea.Cmd { return l.Arrange() }

func (l *sourcesScreen) Do(a common.Action) (tea.Cmd, bool) {
	switch a {
	case common.ActSort, common.ActReverse: // the order is that of the config
	case common.ActDetail:
		l.detail()
	case common.ActDeregister, common.ActForget:
		return nil, l.forget()
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
	f := &dialog.Facts{T: l.Theme, W: l.TextWidth()}
	f.Add("state", string(r.Seen)+" "+r.Problem())
	f.Add("rows", strconv.Itoa(r.Shown))
	f.Add("credentials", r.From)
	f.Add("error", r.ErrorText())
	if r.Kind == rows.KindZone {
		dialog.ZoneLines(l.Context, f, r.Name)
	}
	l.Open(&dialog.Text{Title: r.Name, Lines: f.Out})
}

// forget asks whether to forget the cloud under the cursor. It reports whether the row is a cloud that left the config.
func (l *sourcesScreen) forget() bool {
	r, ok := l.list.Current()
	if !ok || !r.Unconfigured {
		return false
	}
	if !l.RefusedReadOnly() {
		l.Open(dialog.NewForget(l.Context, r))
	}
	return true
}

func (l *sourcesScreen) Current() common.Subject {
	r, ok := l.list.Current()
	return common.Subject{Production: ok && r.Production}
}

func (l *sourcesScreen) Copied() string {
	r, ok := l.list.Current()
	switch {
	case !ok:
		return ""
	case r.Error != nil:
		return r.Name + ": " + *r.Error
	}
	return r.Name
}

func (l *sourcesScreen) About() (left, right *common.Line) {
	left, right = l.listScreen.About()
	r, ok := l.list.Current()
	if ok && r.Error != nil {
		left.Add(theme.Warn, *r.Error)
	}
	if ok && r.Unconfigured {
		right = common.HintLine(l.Theme, common.KeyHints(l.KeyMap.Label(common.ActDeregister), "forget"))
	}
	return left, right
}

func sourceColumns(t *theme.Theme, now func() time.Time) []grid.Column[*rows.Source] {
	orDot := func(role func(r *rows.Source) theme.Role) cellFunc[*rows.Source] {
		return func(r *rows.Source, text string) grid.Cell {
			if text == "" {
				return grid.Cell{Text: t.Dot, Role: theme.Faint}
			}
			return grid.Cell{Text: text, Role: role(r)}
		}
	}
	return drawn(rows.SourceScreen(now), roles{"PROVIDER": theme.Dim, "ERROR": theme.Warn}, cellsByTitle[*rows.Source]{
		"RETRY": filled[*rows.Source](theme.Warn),
		"PROD":  filled[*rows.Source](theme.Warn),
		"STATE": func(r *rows.Source, text string) grid.Cell {
			glyph, role := common.CoverageGlyph(t, r.Seen)
			if w := r.Problem(); w == string(dnsview.Lame) || w == string(dnsview.Unresolvable) {
				glyph, role = t.Bad, theme.Bad
			}
			return grid.Cell{Text: glyph + " " + text, Short: glyph, Role: role}
		},
		"AGE": orDot(func(*rows.Source) theme.Role { return theme.Dim }),
		"BUDGET": orDot(func(r *rows.Source) theme.Role {
			if *r.BudgetLeft <= common.LowBudget {
				return theme.Warn
			}
			return theme.Dim
		}),
	})
}
