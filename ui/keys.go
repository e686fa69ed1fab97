package ui

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
)

// key hands a key to whatever takes keys now: the top dialog, the prompt, or the screen.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	if k.String() == "ctrl+c" {
		return m.quit()
	}
	if n := len(m.dialogs); n > 0 {
		return m.act(m.dialogs[n-1].key(m.shared, k))
	}
	if m.prompt != nil {
		return m.promptKey(k)
	}
	a, ok := m.bindings[k.String()]
	if !ok {
		return nil
	}
	return m.do(a)
}

// paste hands pasted text to the field that is being edited.
func (m *Model) paste(s string) tea.Cmd {
	if n := len(m.dialogs); n > 0 {
		if p, ok := m.dialogs[n-1].(paster); ok {
			return m.act(p.paste(m.shared, s))
		}
		return nil
	}
	if m.prompt != nil {
		m.prompt.input.insert(s)
		return m.promptChanged()
	}
	return nil
}

// do carries out an action of the key map: the screen's own way if it has one. Moving costs
// the same whatever the number of rows.
func (m *Model) do(a Action) tea.Cmd {
	l := m.top().table()
	l.Hold()
	if cmd, done := m.top().do(a); done {
		return cmd
	}
	switch a {
	case ActUp:
		l.Move(-1)
	case ActDown:
		l.Move(1)
	case ActTop:
		l.Home()
	case ActBottom:
		l.End()
	case ActPageUp:
		l.Page(-1)
	case ActPageDown:
		l.Page(1)
	case ActMark:
		l.ToggleMark()
		l.Move(1)
	case ActBack:
		return m.back()
	case ActQuit:
		return m.quit()
	case ActSort, ActReverse:
		return m.reorder(a == ActReverse)
	default:
		return m.command(a)
	}
	m.top().moved()
	return nil
}

// command carries out the actions that open or change something, and says of those that
// only some screens have where they can be had.
func (m *Model) command(a Action) tea.Cmd {
	if s, ok := m.screens[a]; ok {
		return m.show(s)
	}
	switch a {
	case ActFilter:
		m.openFilter()
	case ActPalette:
		m.openPalette()
	case ActHelp:
		m.open(&helpDialog{})
	case ActWhy:
		return openWhy(m.shared, m.current().finding)
	case ActRefresh:
		return m.refresh()
	case ActPause:
		return m.pause()
	case ActReadOnly:
		m.readOnly = !m.readOnly
		if m.readOnly {
			m.notify(toneInfo, "read-only: nothing can be changed from this screen")
		} else {
			m.notify(toneWarn, "changes are allowed again")
		}
	case ActCopy:
		return m.copy()
	case ActSSH:
		return m.shell()
	case ActLaunch:
		return m.launches.openForm()
	case ActDeregister:
		return m.deregister()
	case ActTerminate:
		return m.terminate()
	case ActUndo, ActUndoRun:
		if !m.refusedReadOnly() {
			return m.start(ChangeRequest{Verb: dnsview.VerbUndo}, "undo the last change", false)
		}
	case ActRedo:
		return m.redo()
	case ActRemedy:
		return m.remedy()
	case ActQuiesce:
		return m.wantInstances(ChangeRequest{Verb: dnsview.VerbQuiesce}, "quiesce")
	case ActReturn:
		return m.wantInstances(ChangeRequest{Verb: dnsview.VerbReturn}, "return")
	case actCreate, ActBalance, actRetire, actRetargetTo:
		return m.elsewhere(a)
	default:
		return m.paletteCommand(a)
	}
	return nil
}

// paletteCommand carries out what has no key.
func (m *Model) paletteCommand(a Action) tea.Cmd {
	switch a {
	case actFleet, actInstances, actRecords:
		m.stack = m.stack[:1]
		m.fleet.show(a)
	case actTerminateNow:
		return m.wantInstances(ChangeRequest{Verb: dnsview.VerbDrain, NoDrain: true}, "terminate now")
	case actDeregisterAll:
		return m.deregisterAll()
	case actRegister:
		return m.wantInstances(ChangeRequest{Verb: dnsview.VerbRegister}, "register")
	case actAdopt:
		return m.wantRecords(dnsview.VerbAdopt, "adopt")
	case actRetarget:
		return m.wantRecords(dnsview.VerbRetarget, "retarget")
	case actMove:
		return m.wantRecords(dnsview.VerbUpdate, "move")
	case actStart, actStop, actReboot:
		return m.wantInstances(ChangeRequest{Verb: dnsview.VerbPower, Action: dnsview.PowerAction(a)}, string(a))
	case actChanges:
		m.showChanges()
	case actConsoleLog:
		return m.consoleLog()
	case actForget:
		m.notify(toneWarn, "there is no cloud here that left the config: put the cursor on one in the sources ("+m.keymap.label(ActSources)+")")
	case actClearMarks:
		m.top().table().ClearMarks()
	}
	return nil
}

// elsewhere does what an action can do on a screen that has no such rows: of most it says
// where they can be had.
func (m *Model) elsewhere(a Action) tea.Cmd {
	if m.refusedReadOnly() {
		return nil
	}
	switch a {
	case actCreate:
		m.open(createForm(""))
	case ActBalance:
		m.notify(toneInfo, "priority and weight are changed in the services: "+m.keymap.label(ActServices)+" shows them")
	case actRetire:
		m.notify(toneWarn, "there is no incarnation here: put the cursor on one in the services ("+m.keymap.label(ActServices)+")")
	case actRetargetTo:
		m.notify(toneWarn, "put one cursor on the record, and that of the other pane on the instance")
	}
	return nil
}

// back undoes the last thing that narrowed the screen: marks, filter, view, zoom.
func (m *Model) back() tea.Cmd {
	l := m.top().table()
	if visible, hidden := l.Marks(); visible+hidden > 0 {
		l.ClearMarks()
		return nil
	}
	if l.filterText() != "" {
		return m.setFilter("")
	}
	if len(m.stack) > 1 {
		m.stack = m.stack[:len(m.stack)-1]
		return nil
	}
	m.fleet.unzoom()
	m.status = status{}
	return nil
}

// reorder turns to the next order of the list, or turns the order round.
func (m *Model) reorder(reverse bool) tea.Cmd {
	l := m.top().table()
	if reverse {
		l.reverse()
	} else {
		l.nextSort()
	}
	by := l.sortedBy()
	if by == "" {
		by = "source and name"
	}
	m.notify(toneInfo, "sorted by "+by)
	return m.top().arrange()
}

// quit ends the console. While changes run it asks once.
func (m *Model) quit() tea.Cmd {
	if n := m.changes.count() + m.launches.count(); n > 0 {
		if _, ok := m.topDialog().(*quitDialog); ok {
			m.cancel()
			return tea.Quit
		}
		m.open(&quitDialog{n: n})
		return nil
	}
	m.cancel()
	return tea.Quit
}

// topDialog returns the dialog that takes the keys, nil when there is none.
func (m *Model) topDialog() dialog {
	if n := len(m.dialogs); n > 0 {
		return m.dialogs[n-1]
	}
	return nil
}
