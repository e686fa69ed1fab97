package common

import (
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
)

// QuietFor is how long keys are ignored after a dialog has opened or closed by itself, so that keys typed for something else
// do not answer the next one. Letters that come meanwhile prolong it: they are parts of a word.
const QuietFor = 700 * time.Millisecond

// A key that comes again within releasedFor may be one that is held down: terminals repeat it after 250 to 660 ms, and then 20 to 40
// times a second.
const (
	repeatsWithin = 400 * time.Millisecond
	releasedFor   = 2 * time.Second
)

// RepeatEvery is longer than the time between two repetitions of a key that is held down.
const RepeatEvery = 150 * time.Millisecond

// Press is what is known of how a key was pressed.
type Press int

// The kinds of press.
const (
	Pressed Press = iota
	Again         // a press, or the first repetition of a key that is held down
	Held          // a repetition of a key that is held down
)

// NoteKey notes a key before it is handled, and returns how it was pressed.
func (sh *Context) NoteKey(k tea.KeyPressMsg) Press {
	last, at, now := sh.lastKey, sh.lastKeyAt, sh.Now()
	sh.lastKey, sh.lastKeyAt, sh.press = k.String(), now, Pressed
	switch since := now.Sub(at); {
	case k.IsRepeat:
		sh.press = Held
	case sh.KeyEvents || last != sh.lastKey:
	case since < repeatsWithin:
		sh.press = Held
	case since < releasedFor:
		sh.press = Again
	}
	return sh.press
}

// NoteTyped notes that a dialog got a key, for InWord.
func (sh *Context) NoteTyped(k tea.KeyPressMsg) {
	if sh.typedAt = (time.Time{}); k.Text != "" && k.Code != tea.KeyEnter {
		sh.typedAt = sh.Now()
	}
}

// InWord reports whether a dialog got another printable key just before, so that the present one is part of a word and not an
// answer. Nor is one that is held down.
func (sh *Context) InWord() bool {
	return sh.press == Held || sh.Now().Before(sh.typedAt.Add(QuietFor))
}

// Dialog is a box over the screen. It draws itself and turns keys into actions, which the root model carries out.
type Dialog interface {
	// Key handles a key and returns the resulting action.
	Key(sh *Context, k tea.KeyPressMsg) DialogAction
	// Draw returns the content of the box. The box cuts lines that are too long.
	Draw(sh *Context, w, h int) Panel
}

// Paster is a dialog that accepts pasted text.
type Paster interface {
	Paste(sh *Context, s string) DialogAction
}

// Receiver is a dialog that gets messages of commands. Receive reports whether a message was for it.
type Receiver interface {
	Receive(sh *Context, msg tea.Msg) (cmd tea.Cmd, mine bool)
}

// Ticker is a dialog whose Tick is called once a second while it is on top.
type Ticker interface{ Tick(sh *Context) tea.Cmd }

// closer is a dialog whose Closed is called after it has left the screen.
type closer interface{ Closed() }

// Panel is the content of a dialog.
type Panel struct {
	Title  string
	Danger bool
	Lines  []string
	// Fixed lines at the end that do not scroll, e.g. an input.
	Tail  []string
	Hints []key.Binding
	// View selects the lines to show if there is no room for all.
	View  *viewport.Model
	End   bool // always show the last lines
	Width int  // wanted inner width; 0 for that of the lines
}

// DialogAction is a request of a dialog to the root model: one of Close, Request, Cmd and Do, or nil.
type DialogAction any

// Close closes the dialog.
type Close struct{}

// Request closes the dialog and starts a change.
type Request struct {
	Request ChangeRequest
	What    string
	Typed   string // the command that an operator typed for it, or ""
}

// Cmd runs a command.
type Cmd struct{ Cmd tea.Cmd }

// Do closes the dialog and carries out an action as if its key had been pressed. Filter, if it is not empty, is then the
// filter of the list that has the keys.
type Do struct {
	A      Action
	Filter string
	Typed  string // the command that an operator typed for it, or ""
}

// Open opens a dialog on top. A hint about the screen below it goes from the last line; it can be read again.
func (sh *Context) Open(d Dialog) {
	if s := &sh.Status; s.kind == ToneInfo && !s.Busy {
		*s = Status{}
	}
	sh.Dialogs = append(sh.Dialogs, d)
}

// CloseTop closes the top dialog.
func (sh *Context) CloseTop() {
	if n := len(sh.Dialogs); n > 0 {
		d := sh.Dialogs[n-1]
		sh.Dialogs = sh.Dialogs[:n-1]
		if c, ok := d.(closer); ok {
			c.Closed()
		}
	}
}

// Page is the number of lines that a page key scrolls in a dialog.
const Page = 10

// ScrollBy returns the number of lines that a key scrolls, or 0.
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

// Scroll scrolls a text that is longer than its box. It reports whether the key does so.
func Scroll(v *viewport.Model, k string) bool {
	by := ScrollBy(k)
	v.SetYOffset(v.YOffset() + by)
	return by != 0
}
