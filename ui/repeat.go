package ui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

// again is a key that acts at once, and may be the first repetition of the one before: it waits until the next key, or the lack of
// one, decides.
type again struct {
	key tea.KeyPressMsg
	row any // under the cursor
}

// againMsg is the end of the wait of a key.
type againMsg struct{ of *again }

// repeated notes a key, and reports whether it is not to be handled now: a key that acts at once and is held down acts once,
// however the cursor moves on. It handles the key before, if that one waited and was no repetition.
func (m *Model) repeated(k tea.KeyPressMsg) (cmd tea.Cmd, done bool) {
	if m.releasing {
		return nil, false
	}
	was := m.NoteKey(k)
	waited := m.again
	if m.again = nil; waited != nil && was != common.Held {
		cmd = m.actAgain(waited)
	}
	if was == common.Pressed || !m.actsAtOnce(k) {
		return cmd, false
	}
	if was == common.Held {
		return cmd, true
	}
	a := &again{k, m.top().Table().Cursor()}
	m.again = a
	return tea.Batch(cmd, tea.Tick(common.RepeatEvery, func(time.Time) tea.Msg { return againMsg{a} })), true
}

// actAgain handles a key that waited, if what it would act on is still there.
func (m *Model) actAgain(a *again) tea.Cmd {
	m.again = nil
	if !m.actsAtOnce(a.key) || m.top().Table().Cursor() != a.row || m.quiet(true) || m.hold(a.key) {
		return nil
	}
	return m.pass(a.key)
}

// actsAtOnce reports whether a key changes something, or may, without a question.
func (m *Model) actsAtOnce(k tea.KeyPressMsg) bool {
	if len(m.Dialogs) > 0 || m.prompt != nil {
		return false
	}
	a := m.Bindings[k.String()]
	return a.Changes() || a == common.ActReadOnly || slices.ContainsFunc(m.opts.Commands, func(c common.UserCommand) bool { return c.Action() == a })
}

// quiet reports whether keys are ignored, since a dialog has just opened or closed by itself. A letter prolongs it.
func (m *Model) quiet(letter bool) bool {
	if !m.Now().Before(m.quietUntil) {
		return false
	}
	if letter {
		m.quietUntil = m.Now().Add(common.QuietFor)
	}
	return true
}

// byItself begins a time in which keys are ignored if another dialog is on top now than before a message, which is no operator's.
func (m *Model) byItself(msg tea.Msg, before common.Dialog) {
	switch msg.(type) {
	case tea.KeyPressMsg, tea.MouseClickMsg, tea.MouseWheelMsg, tea.PasteMsg, common.Do, dialog.ColumnsMsg:
		return
	case dialog.AnnotatedMsg:
		if len(m.Dialogs) == 0 { // enter has closed it
			return
		}
	}
	if m.topDialog() != before {
		m.quietUntil = m.Now().Add(common.QuietFor)
	}
}
