package screen

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
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

// detail shows a source: what it is, how it is asked, and how it answers.
func (l *sourcesScreen) detail() {
	r, ok := l.list.Current()
	if !ok {
		return
	}
	f := &dialog.Facts{T: l.Theme, W: l.TextWidth()}
	f.Add("state", string(r.Seen)+" "+r.Problem())
	count := strconv.Itoa(r.Shown)
	if age, ok := r.RowsAge(l.Now()); ok {
		count += ", " + rows.Age(age) + " old"
	}
	f.Add("rows", count)
	f.Add("read by", r.Origin(l.Now()))
	f.Add("error", r.ErrorText())
	f.Add("provider", r.Provider)
	f.Add("account", r.Account)
	f.Add("region", r.Region)
	f.Add("credentials", r.Credentials)
	api := l.Backend.SourceAPI(r.Name)
	f.Add("endpoint", api.Endpoint)
	f.Add("budget", api.Budget)
	l.lastCalls(f, api.Account)
	if r.Kind == rows.KindZone {
		dialog.ZoneLines(l.Context, f, r.Name)
	}
	l.Open(&dialog.Text{Title: r.Name, Lines: f.Out})
}

// lastCallsShown is how many calls the detail of a source shows.
const lastCallsShown = 5

// lastCalls adds how long the calls of an account took, and the last of them.
func (l *sourcesScreen) lastCalls(f *dialog.Facts, account string) {
	calls := slices.DeleteFunc(l.Backend.Calls(), func(c rows.Call) bool { return c.Account != account })
	if account == "" || len(calls) == 0 {
		return
	}
	took := make([]time.Duration, len(calls))
	for i := range calls {
		took[i] = calls[i].Took
	}
	slices.Sort(took)
	f.Add("latency", fmt.Sprintf("half of the last %s took up to %s, the slowest %s", providers.CountOf(len(took), "call"),
		took[(len(took)-1)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond)))
	f.Head("Last calls")
	for _, c := range slices.Backward(calls[max(len(calls)-lastCallsShown, 0):]) {
		text := c.Operation + "  " + c.Result + "  " + c.Took.Round(time.Millisecond).String()
		if c.Error != "" {
			text += "  " + c.Error
		}
		f.Add(c.Time.Local().Format(time.TimeOnly), text)
	}
}

// forget asks whether to forget the cloud under the cursor. It reports whether the row is a cloud that left the config.
func (l *sourcesScreen) forget() bool {
	r, ok := l.list.Current()
	if !ok || !r.Unconfigured {
		return false
	}
	if !l.RefusedReadOnly() {
		dialog.Forget(l.Context, r)
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
	if ok && r.Unconfigured && !l.ReadOnly {
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
