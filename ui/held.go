package ui

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
)

// hold keeps a key back, and reports so, while the rows that it would act on are not yet those of the filter, order and folds
// that the operator has chosen. The keys after it wait with it, and esc withdraws them. A dialog that has opened by itself
// drops them.
func (m *Model) hold(k tea.KeyPressMsg) bool {
	switch {
	case len(m.Dialogs) > 0 || m.prompt != nil:
		m.held = nil
		return false
	case len(m.held) == 0 && (!m.top().Pending() || !m.needsRows(m.Bindings[k.String()])):
		return false
	case len(m.held) > 0 && k.String() == "esc":
		m.held = nil
		return true
	}
	m.held = append(m.held, k)
	return true
}

// needsRows reports whether what an action does depends on the row under the cursor or on marks. Moving does not, so that it
// never waits.
func (m *Model) needsRows(a common.Action) bool {
	switch a {
	case "", common.ActUp, common.ActDown, common.ActTop, common.ActBottom, common.ActPageUp, common.ActPageDown,
		common.ActFilter, common.ActSort, common.ActReverse, common.ActBack, common.ActQuit, common.ActPalette, common.ActHelp,
		common.ActMessages, common.ActTeam, common.ActReadOnly, common.ActRefresh, common.ActPause, common.ActFleet, common.ActInstances, common.ActRecords:
		return false
	}
	_, ok := m.screens[a]
	return !ok
}

// releaseHeld handles the keys that were held, as far as the rows on the screen are those that they are for.
func (m *Model) releaseHeld() tea.Cmd {
	if len(m.held) == 0 || m.top().Pending() {
		return nil
	}
	held := m.held
	m.held = nil
	if m.Status == m.heldSaid {
		m.Status = common.Status{}
	}
	if len(m.Dialogs) > 0 || m.prompt != nil {
		return nil
	}
	var cmds []tea.Cmd
	for i, msg := range held {
		m.releasing = true
		_, cmd := m.Update(msg)
		m.releasing = false
		cmds = append(cmds, cmd)
		if len(m.held) > 0 {
			m.held = append(m.held, held[i+1:]...)
			break
		}
	}
	return tea.Batch(cmds...)
}
