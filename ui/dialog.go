package ui

import (
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
)

// quietFor is how long a dialog that opens by itself takes no keys: who was
// typing something else must not answer it.
const quietFor = 700 * time.Millisecond

// dialog is a box over the screen. It is a plain struct: it draws itself and
// turns keys into actions, which the root carries out.
type dialog interface {
	// key handles a key and says what is to be done.
	key(sh *shared, k tea.KeyPressMsg) action
	// draw returns what is in the box. Lines may be longer than the width; the box cuts them.
	draw(sh *shared, w, h int) panel
}

// paster is a dialog that takes pasted text.
type paster interface {
	paste(sh *shared, s string) action
}

// receiver is a dialog that commands answer: receive takes a message, and reports whether it
// was for this dialog.
type receiver interface {
	receive(sh *shared, msg tea.Msg) (cmd tea.Cmd, mine bool)
}

// ticker is a dialog that is called once a second while it is on top.
type ticker interface{ tick(sh *shared) tea.Cmd }

// closer is a dialog that does something when it has left the screen.
type closer interface{ closed() }

// panel is the content of a dialog.
type panel struct {
	title  string
	danger bool
	lines  []string
	// fixed lines at the end that do not scroll, e.g. an input.
	tail  []string
	hints []key.Binding
	// view says which of the lines are shown when there is no room for all.
	view  *viewport.Model
	end   bool // the last lines are shown, however many come
	width int  // wanted inner width; 0 for as wide as the lines
}

// action is what a dialog wants the root to do; nil for nothing.
type action interface{}

// The actions of dialogs.
type (
	actClose   struct{} // close the dialog
	actRequest struct { // begin another change
		request ChangeRequest
		what    string
	}
	actCmd struct{ cmd tea.Cmd }
	actDo  struct{ a Action } // as if the key of the action had been pressed
)

// open puts a dialog on top.
func (sh *shared) open(d dialog) { sh.dialogs = append(sh.dialogs, d) }

// closeTop takes the top dialog away.
func (sh *shared) closeTop() {
	if n := len(sh.dialogs); n > 0 {
		d := sh.dialogs[n-1]
		sh.dialogs = sh.dialogs[:n-1]
		if c, ok := d.(closer); ok {
			c.closed()
		}
	}
}

// page is how many lines a page key moves through the text of a dialog.
const page = 10

// scrollBy returns by how many lines a key moves through a text, 0 for a key that does not.
func scrollBy(k string) int {
	switch k {
	case "up", "k":
		return -1
	case "down", "j":
		return 1
	case "pgup", "ctrl+b":
		return -page
	case "pgdown", "ctrl+f", "space":
		return page
	case "home", "g":
		return -1 << 20
	case "end", "G":
		return 1 << 20
	}
	return 0
}

// scroll moves through a text that is longer than its box. It reports whether the key does so.
func scroll(v *viewport.Model, k string) bool {
	by := scrollBy(k)
	v.SetYOffset(v.YOffset() + by)
	return by != 0
}
