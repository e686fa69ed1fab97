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
		return m.act(m.dialogs[n-1].key(m, k))
	}
	if m.prompt != nil {
		return m.promptKey(k)
	}
	a, ok := m.keys[k.String()]
	if !ok {
		return nil
	}
	return m.do(a)
}

// paste hands pasted text to the field that is being edited.
func (m *Model) paste(s string) tea.Cmd {
	if n := len(m.dialogs); n > 0 {
		if p, ok := m.dialogs[n-1].(paster); ok {
			return m.act(p.paste(m, s))
		}
		return nil
	}
	if m.prompt != nil {
		m.prompt.input.insert(s)
		return m.promptChanged()
	}
	return nil
}

// paster is a dialog that takes pasted text.
type paster interface {
	paste(m *Model, s string) action
}

func (d *changeDialog) paste(m *Model, s string) action {
	if d.c.stage == stageConfirm && !d.early(m.now()) {
		d.c.input.insert(s)
	}
	return nil
}

// do carries out an action of the key map. Moving costs the same whatever the
// number of rows.
func (m *Model) do(a Action) tea.Cmd {
	g := m.grid()
	g.Hold()
	switch a {
	case ActUp:
		g.Move(-1)
	case ActDown:
		g.Move(1)
	case ActTop:
		g.Home()
	case ActBottom:
		g.End()
	case ActPageUp:
		g.Page(-1)
	case ActPageDown:
		g.Page(1)
	case ActMark:
		if !m.markable() {
			m.say(sayInfo, "nodes are marked, not services")
			return nil
		}
		g.ToggleMark()
		g.Move(1)
	case ActLeft, ActRight, ActNextPane:
		if m.screen == screenServices {
			return m.fold(a)
		}
		m.focusOn(a)
	case ActZoom:
		m.zoom = !m.zoom
	case ActBack:
		return m.back()
	case ActQuit:
		return m.quit()
	case ActSort, ActReverse:
		return m.reorder(a == ActReverse)
	default:
		return m.command(a)
	}
	m.follow()
	return nil
}

// command carries out the actions that open or change something.
func (m *Model) command(a Action) tea.Cmd {
	switch a {
	case ActFilter:
		m.openFilter()
	case ActPalette:
		m.openPalette()
	case ActHelp:
		m.open(&helpDialog{})
	case ActDetail:
		return m.detail()
	case ActWhy:
		return m.why()
	case ActFindings:
		return m.show(screenFindings)
	case ActJournal:
		return m.show(screenJournal)
	case ActSources:
		return m.show(screenSources)
	case ActServices:
		return m.show(screenServices)
	case ActRefresh:
		return m.refresh()
	case ActPause:
		return m.pause()
	case ActReadOnly:
		m.readOnly = !m.readOnly
		if m.readOnly {
			m.say(sayInfo, "read-only: nothing can be changed from this screen")
		} else {
			m.say(sayWarn, "changes are allowed again")
		}
	case ActCopy:
		return m.copy()
	case ActSSH:
		return m.shell()
	case ActLaunch:
		return m.launchForm()
	case ActDeregister:
		return m.deregister()
	case ActTerminate:
		return m.terminate()
	case ActUndo:
		return m.undo()
	case ActUndoRun:
		return m.undoWholeRun()
	case ActRedo:
		return m.redo()
	case ActRemedy:
		return m.remedy()
	case ActQuiesce:
		return m.wantInstances(Wish{Verb: dnsview.VerbQuiesce}, "quiesce")
	case ActReturn:
		return m.wantInstances(Wish{Verb: dnsview.VerbReturn}, "return")
	case ActBalance:
		return m.balance()
	}
	return nil
}

// show changes what the body shows; the same again goes back to the fleet.
func (m *Model) show(s screen) tea.Cmd {
	if m.screen == s {
		s = screenFleet
	}
	m.screen = s
	switch s {
	case screenJournal:
		return m.readJournal()
	case screenSources:
		return m.arrangeSources()
	case screenServices:
		return m.build()
	}
	return nil
}

// back undoes the last thing that narrowed the screen: marks, filter, zoom, view.
func (m *Model) back() tea.Cmd {
	if visible, hidden := m.grid().Marks(); visible+hidden > 0 {
		m.grid().ClearMarks()
		return nil
	}
	if m.filterText() != "" {
		return m.setFilter("")
	}
	if m.screen != screenFleet {
		m.screen = screenFleet
		return nil
	}
	m.zoom = false
	m.status = status{}
	return nil
}

// focusOn moves the keys to the other pane. When the row under the cursor has
// counterparts there, the cursor goes to the first of them.
func (m *Model) focusOn(a Action) {
	if m.screen != screenFleet {
		return
	}
	to := paneRecords
	if a == ActLeft || (a == ActNextPane && m.focus == paneRecords) {
		to = paneInstances
	}
	if to == m.focus {
		return
	}
	if to == paneRecords {
		if r, ok := m.instances.grid.Current(); ok {
			selectLinked(m.records, r.records)
		}
	} else if r, ok := m.records.grid.Current(); ok {
		selectLinked(m.instances, r.instances)
	}
	m.focus = to
}

// selectLinked puts the cursor on the first of the keys, unless it is on one of them.
func selectLinked[K comparable, R interface{ Key() K }](l *list[K, R], keys []K) {
	if k, ok := l.grid.CursorKey(); ok {
		for _, x := range keys {
			if x == k {
				return
			}
		}
	}
	for _, k := range keys {
		if l.grid.Select(k) {
			return
		}
	}
}

// reorder turns to the next order of the list, or turns the order round.
func (m *Model) reorder(reverse bool) tea.Cmd {
	turn := func(next, back func()) {
		if reverse {
			back()
		} else {
			next()
		}
	}
	var by string
	var cmd tea.Cmd
	switch {
	case m.screen == screenFindings:
		turn(m.findings.nextSort, m.findings.reverse)
		by, cmd = m.findings.sortedBy(), m.arrangeFindings()
	case m.screen == screenJournal:
		turn(m.journal.nextSort, m.journal.reverse)
		by, cmd = m.journal.sortedBy(), m.arrangeJournal()
	case m.screen == screenServices:
		turn(m.services.nextSort, m.services.reverse)
		by, cmd = m.services.sortedBy(), m.arrangeServices()
	case m.screen != screenFleet:
		return nil
	case m.focus == paneRecords:
		turn(m.records.nextSort, m.records.reverse)
		by, cmd = m.records.sortedBy(), m.arrangeRecords()
	default:
		turn(m.instances.nextSort, m.instances.reverse)
		by, cmd = m.instances.sortedBy(), m.arrangeInstances()
	}
	if by == "" {
		by = "source and name"
	}
	m.say(sayInfo, "sorted by "+by)
	return cmd
}

// currentInstance is the instance under the cursor, or the one that the record
// or finding under the cursor belongs to.
func (m *Model) currentInstance() (*instanceRow, bool) {
	if m.joined == nil {
		return nil, false
	}
	var k instanceKey
	switch {
	case m.screen == screenFindings:
		r, ok := m.findings.grid.Current()
		if !ok {
			return nil, false
		}
		if k, ok = r.instance(); !ok {
			return nil, false
		}
	case m.screen == screenServices:
		r, ok := m.services.grid.Current()
		if !ok || r.node == nil || r.node.Instance == nil {
			return nil, false
		}
		k = instanceKey{Cloud: r.node.Instance.Cloud, ID: r.node.Instance.ID}
	case m.screen != screenFleet:
		return nil, false
	case m.focus == paneRecords:
		r, ok := m.records.grid.Current()
		if !ok || len(r.instances) == 0 {
			return nil, false
		}
		k = r.instances[0]
	default:
		return m.instances.grid.Current()
	}
	r, ok := m.joined.byID[k]
	return r, ok
}

// currentFinding is the worst finding of the row under the cursor.
func (m *Model) currentFinding() *dnsview.Finding {
	switch {
	case m.screen == screenFindings:
		if r, ok := m.findings.grid.Current(); ok {
			return r.finding
		}
	case m.screen == screenServices:
		if r, ok := m.services.grid.Current(); ok {
			return worst(r.findings)
		}
	case m.screen != screenFleet:
	case m.focus == paneRecords:
		if r, ok := m.records.grid.Current(); ok {
			return worst(r.findings)
		}
	default:
		if r, ok := m.instances.grid.Current(); ok {
			return worst(r.findings)
		}
	}
	return nil
}

// production reports whether what the cursor is on belongs to a cloud that is
// marked production.
func (m *Model) production() bool {
	switch {
	case m.screen == screenFindings, m.screen == screenFleet && m.focus == paneInstances:
		r, ok := m.currentInstance()
		return ok && r.production
	case m.screen == screenFleet:
		r, ok := m.records.grid.Current()
		return ok && r.production
	case m.screen == screenSources:
		r, ok := m.roll.grid.Current()
		return ok && r.production
	case m.screen == screenServices:
		r, ok := m.services.grid.Current()
		return ok && r.production
	}
	return false
}

// quit ends the console. While changes run it asks once.
func (m *Model) quit() tea.Cmd {
	if n := len(m.running()) + m.launching(); n > 0 {
		if q := m.top(); q != nil {
			if _, ok := q.(*quitDialog); ok {
				m.cancel()
				return tea.Quit
			}
		}
		m.open(&quitDialog{n: n})
		return nil
	}
	m.cancel()
	return tea.Quit
}

func (m *Model) top() dialog {
	if n := len(m.dialogs); n > 0 {
		return m.dialogs[n-1]
	}
	return nil
}
