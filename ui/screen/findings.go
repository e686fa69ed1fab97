package screen

import (
	"cmp"
	"slices"
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

// recordOf returns the record of a finding, if any.
func recordOf(r *rows.Finding) (providers.Identity, bool) {
	if r.Record == nil {
		return providers.Identity{}, false
	}
	return r.Record.Identity(), true
}

// instanceOf returns the instance of a finding, if any.
func instanceOf(r *rows.Finding) (rows.InstanceKey, bool) {
	if r.Instance == nil {
		return rows.InstanceKey{}, false
	}
	return rows.KeyOf(*r.Instance), true
}

// findingsScreen lists the findings, the worst first.
type findingsScreen struct {
	listScreen[string, *rows.Finding]
	snoozed bool // it lists those that are snoozed
}

func newFindingsScreen(s *common.Context) Screen {
	f := &findingsScreen{listScreen: listScreen[string, *rows.Finding]{Context: s, title: "Findings", natural: worstFirst}}
	f.columns = func() []grid.Column[*rows.Finding] { return findingColumns(s.Theme, s.Now) }
	f.rows = func() []*rows.Finding {
		if s.Picture == nil {
			return nil
		}
		if f.snoozed {
			return s.Picture.Snoozed
		}
		return s.Picture.Findings
	}
	f.makeList()
	return f
}

func (f *findingsScreen) Do(a common.Action) (tea.Cmd, bool) {
	switch a {
	case common.ActDetail:
	case common.ActSnoozed:
		f.snoozed = !f.snoozed
		f.list.changes++
		f.title = "Findings"
		if f.snoozed {
			f.title = "Snoozed findings"
		}
		return f.Arrange(), true
	default:
		return nil, false
	}
	r, ok := f.list.Current()
	if !ok {
		return nil, true
	}
	if id, ok := recordOf(r); ok {
		if f.GoTo(id, rows.InstanceKey{}) {
			return nil, true
		}
	} else if k, ok := instanceOf(r); ok && f.GoTo(providers.Identity{}, k) {
		return nil, true
	}
	return dialog.Why(f.Context, r.Finding), true
}

func (f *findingsScreen) Current() common.Subject {
	r, ok := f.list.Current()
	if !ok {
		return common.Subject{}
	}
	s := common.Subject{Finding: r.Finding, Name: cmp.Or(r.Finding.Name, r.Finding.Service, r.Finding.Zone)}
	if i := r.Finding.Instance; i != nil {
		s.Name = i.ID
	}
	if id, ok := recordOf(r); ok {
		s.Name = id.Name + "/" + id.Type + "/" + id.Value
		if list := f.RecordsByID([]providers.Identity{id}); len(list) > 0 {
			s.Record = list[0]
		}
	}
	if k, ok := instanceOf(r); ok {
		s.Instance = f.Picture.Instance(k)
	}
	s.Production = s.Instance != nil && s.Instance.Production()
	return s
}

func (f *findingsScreen) Records() []*rows.Record {
	var ids []providers.Identity
	for _, r := range f.list.Chosen() {
		if id, ok := recordOf(r); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return f.RecordsByID(ids)
}

func (f *findingsScreen) Instances() ([]providers.InstanceRef, string) {
	return refOf(f.Current().Instance), "instance"
}

func (f *findingsScreen) ChosenFindings() []*dnsview.Finding {
	var out []*dnsview.Finding
	for _, r := range f.list.Chosen() {
		out = append(out, r.Finding)
	}
	return out
}

func (f *findingsScreen) Copied() string {
	if r, ok := f.list.Current(); ok {
		return r.About
	}
	return ""
}

func (f *findingsScreen) About() (left, right *common.Line) {
	if r, ok := f.list.Current(); ok {
		return findingAbout(f.Context, r.Finding)
	}
	return f.listScreen.About()
}

func findingColumns(t *theme.Theme, now func() time.Time) []grid.Column[*rows.Finding] {
	return drawn(rows.FindingScreen(now), roles{"WHERE": theme.Dim, "SINCE": theme.Dim, "REASON": theme.Dim}, cellsByTitle[*rows.Finding]{
		"FINDING": func(r *rows.Finding, text string) grid.Cell {
			glyph, role := common.SeverityGlyph(t, r.Severity)
			return grid.Cell{Text: glyph + " " + text, Role: role}
		},
		"SEVERITY": func(r *rows.Finding, text string) grid.Cell {
			_, role := common.SeverityGlyph(t, r.Severity)
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
