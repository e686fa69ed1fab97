package ui

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/providers"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// findingRow is one finding in the list of findings.
type findingRow struct {
	finding *dnsview.Finding
	key     string
	about   string
	where   string
	reason  string
	text    string
}

// Key is the identity of the row.
func (r *findingRow) Key() string { return r.key }

// findingRows makes the rows in the order of the findings, which is by severity.
func findingRows(findings []dnsview.Finding) []*findingRow {
	out := make([]*findingRow, len(findings))
	for i := range findings {
		f := &findings[i]
		r := &findingRow{finding: f, key: f.Key(), reason: Clean(f.Reason)}
		switch {
		case f.Record != nil:
			r.about = Clean(f.Record.Name + " " + f.Record.Type + " " + f.Record.Value)
			r.where = Clean(f.Record.Zone)
		case f.Instance != nil:
			r.about = Clean(cmp.Or(f.Instance.Name, f.Instance.ID))
			r.where = Clean(f.Instance.Cloud)
		default:
			r.about = Clean(cmp.Or(f.Name, f.Service, f.Zone, f.Cloud))
			r.where = Clean(cmp.Or(f.Cloud, f.Zone))
		}
		r.text = strings.ToLower(string(f.Class) + " " + r.about + " " + r.where + " " + r.reason)
		out[i] = r
	}
	return out
}

// record is the identity of the record that the finding is about.
func (r *findingRow) record() (providers.Identity, bool) {
	if r.finding.Record == nil {
		return providers.Identity{}, false
	}
	return r.finding.Record.Identity(), true
}

// instance is the identity of the instance that the finding is about.
func (r *findingRow) instance() (instanceKey, bool) {
	if r.finding.Instance == nil {
		return instanceKey{}, false
	}
	return refKey(*r.finding.Instance), true
}

// findingsScreen lists what was found, the worst first.
type findingsScreen struct {
	listScreen[string, *findingRow]
}

func newFindingsScreen(s *shared) screen {
	f := &findingsScreen{listScreen[string, *findingRow]{shared: s, title: "Findings"}}
	f.columns = func() []grid.Column[*findingRow] { return findingColumns(s.theme) }
	f.rows = func(by filter.Filter) ([]*findingRow, func(*findingRow) bool) {
		if s.model == nil {
			return nil, nil
		}
		v := s.model.view
		return s.model.findings, func(r *findingRow) bool { return by.MatchFinding(v, r.finding) }
	}
	f.start()
	return f
}

func (f *findingsScreen) do(a Action) (tea.Cmd, bool) {
	if a != ActDetail {
		return nil, false
	}
	r, ok := f.list.Current()
	if !ok {
		return nil, true
	}
	if id, ok := r.record(); ok {
		if exists, visible := f.goTo(id, instanceKey{}); visible {
			return nil, true
		} else if exists {
			f.notify(toneWarn, "the filter of the DNS pane hides it")
			return nil, true
		}
	}
	if k, ok := r.instance(); ok {
		if exists, visible := f.goTo(providers.Identity{}, k); visible {
			return nil, true
		} else if exists {
			f.notify(toneWarn, "the filter of the instances' pane hides it")
			return nil, true
		}
	}
	return f.why(r.finding), true
}

func (f *findingsScreen) current() subject {
	r, ok := f.list.Current()
	if !ok {
		return subject{}
	}
	s := subject{finding: r.finding}
	if k, ok := r.instance(); ok {
		s.instance = f.model.byID[k]
	}
	s.production = s.instance != nil && s.instance.production
	return s
}

func (f *findingsScreen) records() []*recordRow {
	var ids []providers.Identity
	for _, r := range f.list.Chosen() {
		if id, ok := r.record(); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return f.recordsByID(ids)
}

func (f *findingsScreen) instances() ([]providers.InstanceRef, string) {
	return refOf(f.current().instance), "instance"
}

func (f *findingsScreen) found() []*dnsview.Finding {
	var out []*dnsview.Finding
	for _, r := range f.list.Chosen() {
		out = append(out, r.finding)
	}
	return out
}

func (f *findingsScreen) copied() string {
	if r, ok := f.list.Current(); ok {
		return r.about
	}
	return ""
}

func (f *findingsScreen) about() (left, right *line) {
	if r, ok := f.list.Current(); ok {
		return f.findingAbout(r.finding)
	}
	return f.listScreen.about()
}

func findingColumns(t *theme.Theme) []grid.Column[*findingRow] {
	type row = *findingRow
	return []grid.Column[row]{
		{
			Title: "FINDING", Min: 9, Max: 16,
			Text: func(r row) grid.Cell {
				glyph, role := severityGlyph(t, r.finding.Severity)
				return grid.Cell{Text: glyph + " " + string(r.finding.Class), Role: role}
			},
			Compare: func(a, b row) int {
				return cmp.Or(cmp.Compare(b.finding.Severity, a.finding.Severity), cmp.Compare(a.finding.Class, b.finding.Class))
			},
		},
		{
			Title: "SEVERITY", Min: 8, Max: 8, Priority: 5,
			Text: func(r row) grid.Cell {
				_, role := severityGlyph(t, r.finding.Severity)
				return grid.Cell{Text: r.finding.Severity.String(), Role: role}
			},
		},
		{
			Title: "ABOUT", Min: 12, Max: 48,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: r.about} },
			Compare: func(a, b row) int { return cmp.Compare(a.about, b.about) },
		},
		{
			Title: "WHERE", Min: 8, Max: 20, Priority: 6,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: r.where, Role: theme.Dim} },
			Compare: func(a, b row) int { return cmp.Compare(a.where, b.where) },
		},
		{
			Title: "REMEDY", Min: 8, Max: 10, Priority: 3,
			Text: func(r row) grid.Cell {
				if r.finding.Remedy == dnsview.NoRemedy {
					return grid.Cell{Text: t.Dot, Role: theme.Faint}
				}
				return grid.Cell{Text: string(r.finding.Remedy), Role: theme.Notice}
			},
		},
		{
			Title: "REASON", Min: 20, Max: 44, Priority: 2, Wide: true,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.reason, Role: theme.Dim} },
		},
	}
}
