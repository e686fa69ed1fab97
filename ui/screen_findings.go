package ui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// recordOf is the identity of the record that a finding is about.
func recordOf(r *rows.Finding) (providers.Identity, bool) {
	if r.Record == nil {
		return providers.Identity{}, false
	}
	return r.Record.Identity(), true
}

// instanceOf is the identity of the instance that a finding is about.
func instanceOf(r *rows.Finding) (rows.InstanceKey, bool) {
	if r.Instance == nil {
		return rows.InstanceKey{}, false
	}
	return rows.KeyOf(*r.Instance), true
}

// findingsScreen lists what was found, the worst first.
type findingsScreen struct {
	listScreen[string, *rows.Finding]
}

func newFindingsScreen(s *shared) screen {
	f := &findingsScreen{listScreen[string, *rows.Finding]{shared: s, title: "Findings"}}
	f.columns = func() []grid.Column[*rows.Finding] { return findingColumns(s.theme) }
	f.rows = func(by filter.Filter) ([]*rows.Finding, func(*rows.Finding) bool) {
		if s.model == nil {
			return nil, nil
		}
		return s.model.findings, func(r *rows.Finding) bool { return by.Match(r) }
	}
	f.makeList()
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
	if id, ok := recordOf(r); ok {
		if exists, visible := f.goTo(id, rows.InstanceKey{}); visible {
			return nil, true
		} else if exists {
			f.notify(toneWarn, "the filter of the DNS pane hides it")
			return nil, true
		}
	}
	if k, ok := instanceOf(r); ok {
		if exists, visible := f.goTo(providers.Identity{}, k); visible {
			return nil, true
		} else if exists {
			f.notify(toneWarn, "the filter of the instances' pane hides it")
			return nil, true
		}
	}
	return openWhy(f.shared, r.Finding), true
}

func (f *findingsScreen) current() subject {
	r, ok := f.list.Current()
	if !ok {
		return subject{}
	}
	s := subject{finding: r.Finding}
	if k, ok := instanceOf(r); ok {
		s.instance = f.model.ByID[k]
	}
	s.production = s.instance != nil && s.instance.Production
	return s
}

func (f *findingsScreen) records() []*rows.Record {
	var ids []providers.Identity
	for _, r := range f.list.Chosen() {
		if id, ok := recordOf(r); ok && !slices.Contains(ids, id) {
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
		out = append(out, r.Finding)
	}
	return out
}

func (f *findingsScreen) copied() string {
	if r, ok := f.list.Current(); ok {
		return r.About
	}
	return ""
}

func (f *findingsScreen) about() (left, right *line) {
	if r, ok := f.list.Current(); ok {
		return findingAbout(f.shared, r.Finding)
	}
	return f.listScreen.about()
}

func findingColumns(t *theme.Theme) []grid.Column[*rows.Finding] {
	return dress(rows.FindingScreen(), roles{"WHERE": theme.Dim, "REASON": theme.Dim}, looks[*rows.Finding]{
		"FINDING": func(r *rows.Finding, text string) grid.Cell {
			glyph, role := severityGlyph(t, r.Severity)
			return grid.Cell{Text: glyph + " " + text, Role: role}
		},
		"SEVERITY": func(r *rows.Finding, text string) grid.Cell {
			_, role := severityGlyph(t, r.Severity)
			return grid.Cell{Text: text, Role: role}
		},
		"REMEDY": func(_ *rows.Finding, text string) grid.Cell {
			if text == "" {
				return grid.Cell{Text: t.Dot, Role: theme.Faint}
			}
			return grid.Cell{Text: text, Role: theme.Notice}
		},
	})
}
