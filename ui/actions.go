package ui

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/providers"
)

// deregister takes dead records out of DNS. One record with a finding whose remedy is
// on one key runs at once; anything else shows the plan and its guards first.
func (m *Model) deregister() tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks(m.top().table()) {
		return nil
	}
	rows := m.top().records()
	if len(rows) == 0 {
		m.notify(toneWarn, "there is no record here to deregister")
		return nil
	}
	if len(rows) == 1 {
		r := rows[0]
		if f := worst(r.findings); f != nil && f.OneKey && (f.Remedy == dnsview.RemedyDelete || f.Remedy == dnsview.RemedyQuiesce) {
			w := ChangeRequest{Verb: dnsview.VerbDeregister, Records: []providers.Identity{r.id}}
			if f.Remedy == dnsview.RemedyQuiesce {
				w = ChangeRequest{Findings: []*dnsview.Finding{f}}
			}
			return m.startChange(w, "deregister "+r.label(), true)
		}
		return m.startChange(ChangeRequest{Verb: dnsview.VerbDeregister, Records: []providers.Identity{r.id}}, "deregister "+r.label(), false)
	}
	ids := make([]providers.Identity, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	return m.startChange(ChangeRequest{Verb: dnsview.VerbDeregister, Records: ids}, fmt.Sprintf("deregister %d records", len(ids)), false)
}

// label names a record in a few words.
func (r *recordRow) label() string { return r.name + " " + Clean(r.rec.Type) + " " + r.value }

// terminate drains instances and terminates them: out of DNS, wait, terminate.
func (m *Model) terminate() tea.Cmd {
	return m.wantInstances(ChangeRequest{Verb: dnsview.VerbDrain}, "terminate")
}

// wantInstances begins a change of the chosen instances.
func (m *Model) wantInstances(w ChangeRequest, verb string) tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks(m.top().table()) {
		return nil
	}
	var noun string
	w.Instances, noun = m.top().instances()
	if len(w.Instances) == 0 {
		m.notify(toneWarn, "there is no "+noun+" here to "+verb)
		return nil
	}
	return m.startChange(w, describe(w.Instances, verb, noun), false)
}

// wantRecords begins a change of the chosen records.
func (m *Model) wantRecords(v dnsview.Verb, verb string) tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks(m.top().table()) {
		return nil
	}
	rows := m.top().records()
	if len(rows) == 0 {
		m.notify(toneWarn, "there is no record here to "+verb)
		return nil
	}
	w := ChangeRequest{Verb: v}
	for _, r := range rows {
		w.Records = append(w.Records, r.id)
	}
	what := fmt.Sprintf("%s %d records", verb, len(rows))
	if len(rows) == 1 {
		what = verb + " " + rows[0].label()
	}
	return m.startChange(w, what, false)
}

// redo shows the plan to make again what the last undo took back.
func (m *Model) redo() tea.Cmd {
	if m.refusedReadOnly() {
		return nil
	}
	return m.startChange(ChangeRequest{Verb: dnsview.VerbRedo}, "redo what was undone", false)
}

// remedy plans what the findings of the chosen rows call for.
func (m *Model) remedy() tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks(m.top().table()) {
		return nil
	}
	var found []*dnsview.Finding
	for _, f := range m.top().found() {
		if f != nil && f.Remedy != dnsview.NoRemedy && !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		m.notify(toneWarn, "nothing here has a remedy")
		return nil
	}
	what := fmt.Sprintf("remedies of %d findings", len(found))
	if len(found) == 1 {
		what = string(found[0].Remedy) + ": " + string(found[0].Class)
	}
	return m.startChange(ChangeRequest{Findings: found}, Clean(what), false)
}
