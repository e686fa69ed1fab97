package ui

import (
	"cmp"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/screen"
)

// deregister removes dead records from DNS. For a single record whose remedy needs only one key it runs at once;
// otherwise it shows the plan and its guards first.
func (m *Model) deregister() tea.Cmd {
	if m.RefusedReadOnly() || screen.HiddenMarks(m.Context, m.top().Table()) {
		return nil
	}
	chosen := m.top().Records()
	if len(chosen) == 0 {
		m.Notify(common.ToneWarn, "there is no record here to deregister")
		return nil
	}
	if len(chosen) == 1 {
		r := chosen[0]
		marked, _ := m.top().Table().Marks() // the row under the cursor, whose evidence is shown, may be another
		if f := common.Worst(r.Findings); marked == 0 && f != nil && f.OneKey && (f.Remedy == dnsview.RemedyDelete || f.Remedy == dnsview.RemedyQuiesce) {
			w := common.ChangeRequest{Verb: index.VerbDeregister, Records: []providers.Identity{r.Key()}}
			if f.Remedy == dnsview.RemedyQuiesce {
				w = common.ChangeRequest{Findings: []*dnsview.Finding{f}}
			}
			what := "deregister " + cmp.Or(m.RemovedTogether(r.Rec), common.RecordLabel(r))
			w.Announced = 1 + len(m.Picture.Together[r.Key()])
			return m.StartChange(w, what, true)
		}
		return m.StartChange(common.ChangeRequest{Verb: index.VerbDeregister, Records: []providers.Identity{r.Key()}}, "deregister "+common.RecordLabel(r), false)
	}
	ids := make([]providers.Identity, len(chosen))
	for i, r := range chosen {
		ids[i] = r.Key()
	}
	return m.StartChange(common.ChangeRequest{Verb: index.VerbDeregister, Records: ids}, fmt.Sprintf("deregister %d records", len(ids)), false)
}

// terminate drains instances and terminates them: out of DNS, wait, terminate.
func (m *Model) terminate() tea.Cmd {
	return m.changeInstances(common.ChangeRequest{Verb: index.VerbDrain}, "terminate")
}

// replace launches nodes in the place of others, and drains those.
func (m *Model) replace() tea.Cmd {
	if m.RefusedReadOnly() || screen.HiddenMarks(m.Context, m.top().Table()) {
		return nil
	}
	nodes, noun := m.top().Instances()
	if len(nodes) == 0 {
		m.Notify(common.ToneWarn, "there is no "+noun+" here to replace")
		return nil
	}
	return m.StartChange(common.ReplaceRequest(nodes), common.Describe(nodes, "replace", noun), false)
}

// changeInstances starts a change of the chosen instances.
func (m *Model) changeInstances(w common.ChangeRequest, verb string) tea.Cmd {
	if m.RefusedReadOnly() || screen.HiddenMarks(m.Context, m.top().Table()) {
		return nil
	}
	var noun string
	w.Instances, noun = m.top().Instances()
	if len(w.Instances) == 0 {
		m.Notify(common.ToneWarn, "there is no "+noun+" here to "+verb)
		return nil
	}
	return m.StartChange(w, common.Describe(w.Instances, verb, noun), false)
}

// changeRecords starts a change of the chosen records.
func (m *Model) changeRecords(v index.Verb, verb string) tea.Cmd {
	if m.RefusedReadOnly() || screen.HiddenMarks(m.Context, m.top().Table()) {
		return nil
	}
	chosen := m.top().Records()
	if len(chosen) == 0 {
		m.Notify(common.ToneWarn, "there is no record here to "+verb)
		return nil
	}
	w := common.ChangeRequest{Verb: v}
	for _, r := range chosen {
		w.Records = append(w.Records, r.Key())
	}
	what := fmt.Sprintf("%s %d records", verb, len(chosen))
	if len(chosen) == 1 {
		what = verb + " " + common.RecordLabel(chosen[0])
	}
	return m.StartChange(w, what, false)
}

// redo shows the plan that repeats what the last undo reverted.
func (m *Model) redo() tea.Cmd {
	if m.RefusedReadOnly() {
		return nil
	}
	return m.StartChange(common.ChangeRequest{Verb: index.VerbRedo}, "redo what was undone", false)
}

// snooze asks for how long the findings of the chosen rows are to be kept out of alarms. If all of them are, they count
// again.
func (m *Model) snooze() tea.Cmd {
	if m.Picture == nil || screen.HiddenMarks(m.Context, m.top().Table()) {
		return nil
	}
	var found []*dnsview.Finding
	snoozed := 0
	for _, f := range m.top().ChosenFindings() {
		if f != nil && !slices.Contains(found, f) {
			found = append(found, f)
			if m.Picture.View.Snooze(f) != nil {
				snoozed++
			}
		}
	}
	switch {
	case len(found) == 0:
		m.Notify(common.ToneInfo, "nothing was found about this row")
	case snoozed == len(found):
		return dialog.Unsnooze(m.Context, found)
	default:
		dialog.Snooze(m.Context, found)
	}
	return nil
}

// note asks for the note about the record or instance under the cursor.
func (m *Model) note() tea.Cmd {
	if m.Picture == nil {
		return nil
	}
	s := m.Current()
	if r := s.Record; r != nil {
		dialog.Note(m.Context, r.Subject(), common.RecordLabel(r), r.Note())
	} else if s.Instance != nil {
		dialog.Note(m.Context, s.Instance.ID(), s.Instance.Ref().Name, s.Instance.Note())
	} else {
		m.Notify(common.ToneInfo, "a note is about an instance or a record")
	}
	return nil
}

// remedy plans the remedies of the findings of the chosen rows.
func (m *Model) remedy() tea.Cmd {
	if m.RefusedReadOnly() || screen.HiddenMarks(m.Context, m.top().Table()) {
		return nil
	}
	var found []*dnsview.Finding
	for _, f := range m.top().ChosenFindings() {
		if f != nil && f.Remedy != dnsview.NoRemedy && !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		m.Notify(common.ToneWarn, "nothing here has a remedy")
		return nil
	}
	what := fmt.Sprintf("remedies of %d findings", len(found))
	if len(found) == 1 {
		what = string(found[0].Remedy) + ": " + string(found[0].Class)
	}
	return m.StartChange(common.ChangeRequest{Findings: found}, common.Clean(what), false)
}
