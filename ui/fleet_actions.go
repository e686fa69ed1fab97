package ui

import (
	"cmp"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/providers"
)

// refusedReadOnly says that the screen is read-only, when it is.
func (m *Model) refusedReadOnly() bool {
	if m.readOnly {
		m.say(sayWarn, "read-only: "+m.keymap.label(ActReadOnly)+" switches it")
	}
	return m.readOnly
}

// hiddenMarks refuses to act while every mark is hidden by the filter, and says so.
func (m *Model) hiddenMarks() bool {
	if visible, hidden := m.grid().Marks(); hidden > 0 && visible == 0 {
		by := "by the filter"
		if m.filterText() == "" {
			by = "in folded rows"
		}
		m.say(sayWarn, fmt.Sprintf("%d marked, all hidden %s: nothing is acted on that cannot be seen", hidden, by))
		return true
	}
	return false
}

// chosenRecords are the records that a command acts on: the marked ones, or
// those of the row under the cursor.
func (m *Model) chosenRecords() []*recordRow {
	if m.joined == nil {
		return nil
	}
	switch {
	case m.screen == screenFindings:
		var ids []providers.Identity
		for _, r := range m.findings.grid.Chosen() {
			if id, ok := r.record(); ok && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		return m.recordsByID(ids)
	case m.screen == screenServices:
		return m.recordsByID(m.nodeRecordIDs())
	case m.screen != screenFleet:
		return nil
	case m.focus == paneRecords:
		return m.records.grid.Chosen()
	}
	var ids []providers.Identity
	for _, r := range m.instances.grid.Chosen() {
		ids = append(ids, r.records...)
	}
	return m.recordsByID(ids)
}

// recordsByID finds rows whether the filter leaves them or not: they were
// chosen by a row that is seen.
func (m *Model) recordsByID(ids []providers.Identity) []*recordRow {
	if len(ids) == 0 {
		return nil
	}
	wanted := make(map[providers.Identity]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	var out []*recordRow
	for _, r := range m.joined.records {
		if wanted[r.id] {
			out = append(out, r)
		}
	}
	return out
}

// deregister takes dead records out of DNS. One record with a finding whose remedy is
// on one key runs at once; anything else shows the plan and its guards first.
func (m *Model) deregister() tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks() {
		return nil
	}
	rows := m.chosenRecords()
	if len(rows) == 0 {
		m.say(sayWarn, "there is no record here to deregister")
		return nil
	}
	if len(rows) == 1 {
		r := rows[0]
		if f := worst(r.findings); f != nil && f.OneKey && (f.Remedy == dnsview.RemedyDelete || f.Remedy == dnsview.RemedyQuiesce) {
			w := Wish{Verb: dnsview.VerbDeregister, Records: []providers.Identity{r.id}}
			if f.Remedy == dnsview.RemedyQuiesce {
				w = Wish{Findings: []*dnsview.Finding{f}}
			}
			return m.want(w, "deregister "+r.label(), true)
		}
		return m.want(Wish{Verb: dnsview.VerbDeregister, Records: []providers.Identity{r.id}}, "deregister "+r.label(), false)
	}
	ids := make([]providers.Identity, len(rows))
	for i, r := range rows {
		ids[i] = r.id
	}
	return m.want(Wish{Verb: dnsview.VerbDeregister, Records: ids}, fmt.Sprintf("deregister %d records", len(ids)), false)
}

// label names a record in a few words.
func (r *recordRow) label() string { return r.name + " " + Clean(r.rec.Type) + " " + r.value }

// chosenInstances are the instances that a command acts on.
func (m *Model) chosenInstances() []providers.InstanceRef {
	var refs []providers.InstanceRef
	if m.screen == screenServices {
		return m.nodeRefs()
	}
	if m.screen == screenFleet && m.focus == paneInstances {
		for _, r := range m.instances.grid.Chosen() {
			refs = append(refs, r.inst.Ref())
		}
		return refs
	}
	if r, ok := m.currentInstance(); ok {
		refs = append(refs, r.inst.Ref())
	}
	return refs
}

// terminate drains instances and terminates them: out of DNS, wait, terminate.
func (m *Model) terminate() tea.Cmd {
	return m.wantInstances(Wish{Verb: dnsview.VerbDrain}, "terminate")
}

// wantInstances begins a change of the chosen instances.
func (m *Model) wantInstances(w Wish, verb string) tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks() {
		return nil
	}
	noun := "instance"
	if m.screen == screenServices {
		noun = "node"
	}
	w.Instances = m.chosenInstances()
	if len(w.Instances) == 0 {
		m.say(sayWarn, "there is no "+noun+" here to "+verb)
		return nil
	}
	return m.want(w, describe(w.Instances, verb, noun), false)
}

// wantRecords begins a change of the chosen records.
func (m *Model) wantRecords(v dnsview.Verb, verb string) tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks() {
		return nil
	}
	rows := m.chosenRecords()
	if len(rows) == 0 {
		m.say(sayWarn, "there is no record here to "+verb)
		return nil
	}
	w := Wish{Verb: v}
	for _, r := range rows {
		w.Records = append(w.Records, r.id)
	}
	what := fmt.Sprintf("%s %d records", verb, len(rows))
	if len(rows) == 1 {
		what = verb + " " + rows[0].label()
	}
	return m.want(w, what, false)
}

// retargetTo gives the record under the cursor to the instance under the cursor of the other pane.
func (m *Model) retargetTo() tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks() {
		return nil
	}
	rows := m.chosenRecords()
	i, ok := m.instances.grid.Current()
	if m.screen != screenFleet || m.focus != paneRecords || len(rows) != 1 || !ok {
		m.say(sayWarn, "put one cursor on the record, and that of the other pane on the instance")
		return nil
	}
	ref := i.inst.Ref()
	return m.want(Wish{Verb: dnsview.VerbRetarget, Records: []providers.Identity{rows[0].id}, Instances: []providers.InstanceRef{ref}},
		"retarget "+rows[0].label()+" to "+Clean(cmp.Or(ref.Name, ref.ID))+" in "+Clean(ref.Cloud), false)
}

// undo takes back the last run that is not undone yet; in the journal, the entry
// under the cursor.
func (m *Model) undo() tea.Cmd {
	if m.refusedReadOnly() {
		return nil
	}
	if m.screen == screenJournal {
		if r, ok := m.journal.grid.Current(); ok {
			return m.undoRun(r.entry.ID, "undo entry "+Clean(r.entry.ID))
		}
	}
	return m.undoRun("", "undo the last change")
}

// remedy plans what the findings of the chosen rows call for.
func (m *Model) remedy() tea.Cmd {
	if m.refusedReadOnly() || m.hiddenMarks() {
		return nil
	}
	var found []*dnsview.Finding
	add := func(f *dnsview.Finding) {
		if f != nil && f.Remedy != dnsview.NoRemedy && !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	switch {
	case m.screen == screenFindings:
		for _, r := range m.findings.grid.Chosen() {
			add(r.finding)
		}
	case m.screen == screenServices:
		for _, r := range m.services.grid.Chosen() {
			add(worst(r.findings))
		}
	case m.screen != screenFleet:
		return nil
	case m.focus == paneRecords:
		for _, r := range m.records.grid.Chosen() {
			add(worst(r.findings))
		}
	default:
		for _, r := range m.instances.grid.Chosen() {
			add(worst(r.findings))
		}
	}
	if len(found) == 0 {
		m.say(sayWarn, "nothing here has a remedy")
		return nil
	}
	what := fmt.Sprintf("remedies of %d findings", len(found))
	if len(found) == 1 {
		what = string(found[0].Remedy) + ": " + string(found[0].Class)
	}
	return m.want(Wish{Findings: found}, Clean(what), false)
}
