package common

import (
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
)

// QuietFor is how long a dialog that opens by itself takes no keys: who was
// typing something else must not answer it.
const QuietFor = 700 * time.Millisecond

// Dialog is a box over the screen. It is a plain struct: it draws itself and
// turns keys into actions, which the root carries out.
type Dialog interface {
	// Key handles a key and says what is to be done.
	Key(sh *Context, k tea.KeyPressMsg) DialogAction
	// Draw returns what is in the box. Lines may be longer than the width; the box cuts them.
	Draw(sh *Context, w, h int) Panel
}

// Paster is a dialog that takes pasted text.
type Paster interface {
	Paste(sh *Context, s string) DialogAction
}

// Receiver is a dialog that commands answer: receive takes a message, and reports whether it
// was for this dialog.
type Receiver interface {
	Receive(sh *Context, msg tea.Msg) (cmd tea.Cmd, mine bool)
}

// Ticker is a dialog that is called once a second while it is on top.
type Ticker interface{ Tick(sh *Context) tea.Cmd }

// closer is a dialog that does something when it has left the screen.
type closer interface{ Closed() }

// Panel is the content of a dialog.
type Panel struct {
	Title  string
	Danger bool
	Lines  []string
	// fixed lines at the end that do not scroll, e.g. an input.
	Tail  []string
	Hints []key.Binding
	// View says which of the lines are shown when there is no room for all.
	View  *viewport.Model
	End   bool // the last lines are shown, however many come
	Width int  // wanted inner width; 0 for as wide as the lines
}

// DialogAction is what a dialog wants the root to do: one of Close, Request, Cmd and Do, or nil.
type DialogAction interface{}

// Close closes the dialog.
type Close struct{}

// Request closes the dialog and begins a change.
type Request struct {
	Request ChangeRequest
	What    string
}

// Cmd runs a command.
type Cmd struct{ Cmd tea.Cmd }

// Do closes the dialog and acts as if the key of an action had been pressed.
type Do struct{ A Action }

// Open puts a dialog on top.
func (sh *Context) Open(d Dialog) { sh.Dialogs = append(sh.Dialogs, d) }

// CloseTop takes the top dialog away.
func (sh *Context) CloseTop() {
	if n := len(sh.Dialogs); n > 0 {
		d := sh.Dialogs[n-1]
		sh.Dialogs = sh.Dialogs[:n-1]
		if c, ok := d.(closer); ok {
			c.Closed()
		}
	}
}

// Page is how many lines a page key moves through the text of a dialog.
const Page = 10

// ScrollBy returns by how many lines a key moves through a text, 0 for a key that does not.
func ScrollBy(k string) int {
	switch k {
	case "up", "k":
		return -1
	case "down", "j":
		return 1
	case "pgup", "ctrl+b":
		return -Page
	case "pgdown", "ctrl+f", "space":
		return Page
	case "home", "g":
		return -1 << 20
	case "end", "G":
		return 1 << 20
	}
	return 0
}

// Scroll moves through a text that is longer than its box. It reports whether the key does so.
func Scroll(v *viewport.Model, k string) bool {
	by := ScrollBy(k)
	v.SetYOffset(v.YOffset() + by)
	return by != 0
}
