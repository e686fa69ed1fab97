package ui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
)

// click is the last click on a row.
type click struct {
	at  time.Time
	row string // identity of the row
	x   int
	y   int
}

// doubleClick is the longest time between the two clicks of a double click.
const doubleClick = 400 * time.Millisecond

// wheelRows is how many rows one notch of the wheel scrolls.
const wheelRows = 3

// clicked puts the cursor on the row under the pointer; a second click there opens it, as enter does. In dialogs and prompts
// a click does nothing, so that none confirms a change.
func (m *Model) clicked(e tea.Mouse) tea.Cmd {
	if e.Button != tea.MouseLeft || len(m.Dialogs) > 0 || m.prompt != nil || len(m.held) > 0 {
		return nil
	}
	before := m.lastClick
	m.lastClick = click{}
	if !m.top().Click(e.X, e.Y-m.layout.Header) {
		return nil
	}
	m.top().Moved()
	now := click{at: m.Now(), row: m.Current().Name, x: e.X, y: e.Y}
	if before.row == now.row && before.x == now.x && before.y == now.y && now.at.Sub(before.at) <= doubleClick && !before.at.IsZero() {
		return m.do(common.ActDetail)
	}
	m.lastClick = now
	return nil
}

// wheel scrolls the list under the pointer, or the dialog.
func (m *Model) wheel(e tea.Mouse) tea.Cmd {
	by, key := wheelRows, tea.KeyDown
	switch e.Button {
	case tea.MouseWheelUp:
		by, key = -wheelRows, tea.KeyUp
	case tea.MouseWheelDown:
	default:
		return nil
	}
	if n := len(m.Dialogs); n > 0 {
		return m.act(m.Dialogs[n-1].Key(m.Context, tea.KeyPressMsg{Code: key}))
	}
	if m.prompt != nil || len(m.held) > 0 {
		return nil
	}
	if m.top().Wheel(e.X, e.Y-m.layout.Header, by) {
		m.top().Moved()
	}
	return nil
}
