package common

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/theme"
)

// Input is an editable line of text in the console's theme. The zero value is an empty line.
type Input struct{ Edit textinput.Model }

// inputLimit is the largest length of a line in characters.
const inputLimit = 4096

// NewInput returns a line with text s and the cursor at its end.
func NewInput(s string) Input {
	in := Input{textinput.New()}
	in.Edit.CharLimit = inputLimit
	in.Edit.KeyMap.Paste = key.NewBinding() // the terminal does the pasting
	in.Edit.SetValue(s)
	in.Edit.Focus()
	return in
}

// Value returns the text.
func (in *Input) Value() string { return in.Edit.Value() }

func (in *Input) empty() bool { return in.Value() == "" }

// Set replaces the text and moves the cursor to its end.
func (in *Input) Set(s string) { *in = NewInput(s) }

// send passes a message to the line.
func (in *Input) send(msg tea.Msg) {
	if !in.Edit.Focused() { // the zero value
		*in = NewInput("")
	}
	in.Edit, _ = in.Edit.Update(msg)
}

// Insert inserts text at the cursor, without characters that cannot be drawn.
func (in *Input) Insert(s string) { in.send(tea.PasteMsg{Content: Clean(s)}) }

// Key edits the line. It reports whether it handled the key.
func (in *Input) Key(k tea.KeyPressMsg) bool {
	if k.Text != "" {
		if k.Mod&^(tea.ModShift|tea.ModCapsLock|tea.ModNumLock) != 0 {
			return false
		}
		in.Insert(k.Text)
		return true
	}
	value, at := in.Value(), in.Edit.Position()
	in.send(k)
	return in.Value() != value || in.Edit.Position() != at
}

// View draws the line in exactly n cells, scrolled to show the cursor.
func (in *Input) View(t *theme.Theme, n int, focused bool, hint string) string {
	if n <= 0 {
		return ""
	}
	if !focused {
		if in.empty() {
			return t.Paint(theme.Faint, Fit(hint, n, t.Ellipsis))
		}
		return Fit(in.Value(), n, t.Ellipsis)
	}
	if in.empty() {
		return t.PaintOn(theme.Badge, theme.Normal, " ") + t.Paint(theme.Faint, Fit(hint, n-1, t.Ellipsis))
	}
	text, at := []rune(in.Value()), in.Edit.Position()
	left := string(text[:at])
	for ansi.StringWidth(left) > n-1 {
		left = left[len(string([]rune(left)[0])):]
	}
	under, right := " ", ""
	if at < len(text) {
		under, right = string(text[at]), string(text[at+1:])
	}
	room := n - ansi.StringWidth(left) - ansi.StringWidth(under)
	if room < 0 {
		return Fit(left, n, "")
	}
	return left + t.PaintOn(theme.Badge, theme.Normal, under) + Fit(strings.TrimRight(right, " "), room, t.Ellipsis)
}
