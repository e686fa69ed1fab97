package ui

import (
	"cmp"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/form"
	"rollcall/ui/screen"
)

// Key passes a key to the top dialog, the prompt, or the screen.
func (m *Model) Key(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "ctrl+c":
		return m.quit()
	case "ctrl+z":
		return m.terminal.suspend()
	}
	cmd, done := m.repeated(k)
	if done || m.quiet(k.Text != "") || m.hold(k) {
		return cmd
	}
	return tea.Batch(cmd, m.pass(k))
}

// pass passes a key on.
func (m *Model) pass(k tea.KeyPressMsg) tea.Cmd {
	if n := len(m.Dialogs); n > 0 {
		cmd := m.act(m.Dialogs[n-1].Key(m.Context, k))
		m.NoteTyped(k)
		return cmd
	}
	if m.prompt != nil {
		return m.promptKey(k)
	}
	a, ok := m.Bindings[k.String()]
	if !ok {
		return nil
	}
	if k.String() == "l" && a == common.ActRight && !m.saidLaunch {
		m.saidLaunch = true
		m.Notify(common.ToneInfo, "l goes to the right, as in vim; launch is "+m.KeyMap.Label(common.ActLaunch)+" now")
	}
	return m.do(a)
}

// Paste passes pasted text to the field that is being edited.
func (m *Model) Paste(s string) tea.Cmd {
	if m.quiet(true) {
		return nil
	}
	if n := len(m.Dialogs); n > 0 {
		if p, ok := m.Dialogs[n-1].(common.Paster); ok {
			return m.act(p.Paste(m.Context, s))
		}
		return nil
	}
	if m.prompt != nil {
		m.prompt.input.Insert(s)
		return m.promptChanged()
	}
	return nil
}

// do carries out an action of the key map, by the screen if it handles it. Moving costs the same for any number of
// rows.
func (m *Model) do(a common.Action) tea.Cmd {
	l := m.top().Table()
	l.Hold()
	if cmd, done := m.top().Do(a); done {
		return cmd
	}
	switch a {
	case common.ActUp:
		l.Move(-1)
	case common.ActDown:
		l.Move(1)
	case common.ActTop:
		l.Home()
	case common.ActBottom:
		l.End()
	case common.ActPageUp:
		l.Page(-1)
	case common.ActPageDown:
		l.Page(1)
	case common.ActMark:
		l.ToggleMark()
		l.Move(1)
	case common.ActMarkRange, common.ActMarkAll, common.ActInvert:
		m.markMany(a)
	case common.ActBack:
		return m.back()
	case common.ActQuit:
		return m.quit()
	case common.ActSort, common.ActReverse:
		return m.reorder(a == common.ActReverse)
	default:
		return m.command(a)
	}
	m.top().Moved()
	return nil
}

// markMany marks many rows at once. The frame counts them.
func (m *Model) markMany(a common.Action) {
	l := m.top().Table()
	switch a {
	case common.ActMarkAll:
		l.MarkAll()
	case common.ActInvert:
		l.InvertMarks()
	default:
		if !l.MarkRange() {
			m.Notify(common.ToneInfo, "a range begins at the row that was marked last, and none is on the screen: "+m.KeyMap.Label(common.ActMark)+" marks one")
		}
	}
}

// command carries out actions that open or change something. On a screen without such an action it shows a hint where
// to find it.
func (m *Model) command(a common.Action) tea.Cmd {
	if s, ok := m.screens[a]; ok {
		return m.show(s)
	}
	switch a {
	case common.ActFilter:
		return m.openFilter()
	case common.ActPalette:
		m.Open(dialog.NewPalette(slices.Concat(commands(), m.cloudCommands(), m.userCommands()), m.History[common.PromptCommands]))
	case common.ActTeam:
		m.showTeam()
	case common.ActMessages:
		m.Open(dialog.NewMessages(m.Context))
	case common.ActHelp:
		m.Open(&dialog.Help{})
	case common.ActWhy:
		if marked, hidden := m.top().Table().Marks(); marked+hidden == 0 {
			return dialog.Why(m.Context, m.Current().Finding)
		}
		if screen.HiddenMarks(m.Context, m.top().Table()) {
			return nil
		}
		return dialog.Why(m.Context, m.top().ChosenFindings()...)
	case common.ActTimeline:
		return dialog.Timeline(m.Context, common.Clean(m.Current().Name))
	case common.ActSnooze:
		return m.snooze()
	case common.ActSnoozed:
		m.Notify(common.ToneInfo, "snoozed findings are listed in the findings ("+m.KeyMap.Label(common.ActFindings)+"), with :snoozed")
	case common.ActNote:
		return m.note()
	case common.ActColumns, common.ActWide:
		m.Notify(common.ToneInfo, "columns are chosen in the instances and the records")
	case common.ActRefresh:
		return m.refresh()
	case common.ActPause:
		return m.pause()
	case common.ActReadOnly:
		m.ReadOnly = !m.ReadOnly
		if m.ReadOnly {
			m.Notify(common.ToneInfo, "read-only: nothing can be changed from this screen")
		} else {
			m.Notify(common.ToneWarn, "changes are allowed again")
			if m.opts.AllowWrites != nil {
				m.opts.AllowWrites()
				m.opts.AllowWrites = nil
				return m.recoverJournal()
			}
		}
	case common.ActCopy:
		return m.copy()
	case common.ActCopyAs:
		return m.copyAs()
	case common.ActOpenPage:
		return m.openPage()
	case common.ActSSH:
		return m.shell()
	case common.ActLaunch:
		return m.launches.OpenForm()
	case common.ActDeregister:
		return m.deregister()
	case common.ActTerminate:
		return m.terminate()
	case common.ActUndo, common.ActUndoRun:
		if !m.RefusedReadOnly() {
			return m.StartChange(common.ChangeRequest{Verb: index.VerbUndo}, "undo the last change", false)
		}
	case common.ActRedo:
		return m.redo()
	case common.ActRemedy:
		return m.remedy()
	case common.ActQuiesce:
		return m.changeInstances(common.ChangeRequest{Verb: index.VerbQuiesce}, "quiesce")
	case common.ActReturn:
		return m.changeInstances(common.ChangeRequest{Verb: index.VerbReturn}, "return")
	case common.ActCreate, common.ActBalance, common.ActRetire, common.ActRetargetTo:
		return m.hintFor(a)
	default:
		return m.paletteCommand(a)
	}
	return nil
}

// paletteCommand carries out actions without a key.
func (m *Model) paletteCommand(a common.Action) tea.Cmd {
	switch a {
	case common.ActFleet, common.ActInstances, common.ActRecords:
		m.stack = m.stack[:1]
		m.fleet.Show(a)
	case common.ActTerminateNow:
		return m.changeInstances(common.ChangeRequest{Verb: index.VerbDrain, NoDrain: true}, "terminate now")
	case common.ActReplace:
		return m.replace()
	case common.ActDeregisterAll:
		return m.deregisterAll()
	case common.ActRegister:
		return m.changeInstances(common.ChangeRequest{Verb: index.VerbRegister}, "register")
	case common.ActAdopt:
		return m.changeRecords(index.VerbAdopt, "adopt")
	case common.ActRetarget:
		return m.changeRecords(index.VerbRetarget, "retarget")
	case common.ActMove:
		return m.changeRecords(index.VerbUpdate, "move")
	case common.ActStart, common.ActStop, common.ActReboot:
		return m.changeInstances(common.ChangeRequest{Verb: index.VerbPower, Action: plan.PowerAction(a)}, string(a))
	case common.ActChanges:
		m.showChanges()
	case common.ActConsoleLog:
		return m.consoleLog()
	case common.ActForget:
		m.Notify(common.ToneWarn, "there is no cloud here that left the config: put the cursor on one in the sources ("+m.KeyMap.Label(common.ActSources)+")")
	case common.ActClearMarks:
		m.top().Table().ClearMarks()
	default:
		for i := range m.opts.Commands {
			if c := &m.opts.Commands[i]; c.Action() == a {
				return m.runUserCommand(c)
			}
		}
	}
	return nil
}

// hintFor handles an action that the top screen does not: it shows where the action is available.
func (m *Model) hintFor(a common.Action) tea.Cmd {
	if m.RefusedReadOnly() {
		return nil
	}
	switch a {
	case common.ActCreate:
		m.Open(form.NewIncarnation(""))
	case common.ActBalance:
		m.Notify(common.ToneInfo, "priority and weight are changed in the services: "+m.KeyMap.Label(common.ActServices)+" shows them")
	case common.ActRetire:
		m.Notify(common.ToneWarn, "there is no incarnation here: put the cursor on one in the services ("+m.KeyMap.Label(common.ActServices)+")")
	case common.ActRetargetTo:
		m.Notify(common.ToneWarn, "put one cursor on the record, and that of the other pane on the instance")
	}
	return nil
}

// back reverts the last restriction of the screen: marks, filter, zoom. Then it returns to where the operator came from.
func (m *Model) back() tea.Cmd {
	l := m.top().Table()
	if visible, hidden := l.Marks(); visible+hidden > 0 {
		l.ClearMarks()
		return nil
	}
	if was := m.stack[len(m.stack)-1].filters[l]; l.FilterText() != was {
		return m.setFilter(was)
	}
	if len(m.stack) > 1 {
		m.unwind(len(m.stack) - 1)
		return m.shown()
	}
	m.fleet.Unzoom()
	m.Status = common.Status{}
	return nil
}

// reorder selects the next order of the list, or reverses the order.
func (m *Model) reorder(reverse bool) tea.Cmd {
	l := m.top().Table()
	if reverse {
		l.Reverse()
	} else {
		l.NextSort()
	}
	m.Notify(common.ToneInfo, "sorted "+cmp.Or(l.Order(), "as the rows come"))
	return m.top().Arrange()
}

// quit ends the console. While changes run it asks once.
func (m *Model) quit() tea.Cmd {
	if n := m.changes.Count() + m.launches.Count(); n > 0 {
		if _, ok := m.topDialog().(*dialog.Quit); ok {
			m.Cancel()
			return tea.Quit
		}
		m.Open(&dialog.Quit{N: n, Running: append(m.changes.Running(), m.launches.Running()...)})
		return nil
	}
	m.Cancel()
	return tea.Quit
}

// topDialog returns the dialog that gets the keys, or nil.
func (m *Model) topDialog() common.Dialog {
	if n := len(m.Dialogs); n > 0 {
		return m.Dialogs[n-1]
	}
	return nil
}
