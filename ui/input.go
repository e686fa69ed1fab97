package ui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/theme"
)

// input is a line of text that can be edited, drawn with the console's own theme. The zero
// value is an empty line.
type input struct{ edit textinput.Model }

// inputLimit is the most characters of a line.
const inputLimit = 4096

// newInput returns a line with the cursor at its end.
func newInput(s string) input {
	in := input{textinput.New()}
	in.edit.CharLimit = inputLimit
	in.edit.KeyMap.Paste = key.NewBinding() // the terminal pastes
	in.edit.SetValue(s)
	in.edit.Focus()
	return in
}

func (in *input) value() string { return in.edit.Value() }

func (in *input) empty() bool { return in.value() == "" }

func (in *input) set(s string) { *in = newInput(s) }

// send has the line take a message.
func (in *input) send(msg tea.Msg) {
	if !in.edit.Focused() { // the zero value
		*in = newInput("")
	}
	in.edit, _ = in.edit.Update(msg)
}

// insert puts text at the cursor, without what cannot be drawn.
func (in *input) insert(s string) { in.send(tea.PasteMsg{Content: Clean(s)}) }

// key edits the line. It reports whether the key was one of an editor's.
func (in *input) key(k tea.KeyPressMsg) bool {
	if k.Text != "" {
		if k.Mod&^(tea.ModShift|tea.ModCapsLock|tea.ModNumLock) != 0 {
			return false
		}
		in.insert(k.Text)
		return true
	}
	value, at := in.value(), in.edit.Position()
	in.send(k)
	return in.value() != value || in.edit.Position() != at
}

// view draws the line in exactly n cells, scrolled so that the cursor is seen.
func (in *input) view(t *theme.Theme, n int, focused bool, hint string) string {
	if n <= 0 {
		return ""
	}
	if !focused {
		if in.empty() {
			return t.Paint(theme.Faint, fit(hint, n, t.Ellipsis))
		}
		return fit(in.value(), n, t.Ellipsis)
	}
	if in.empty() {
		return t.PaintOn(theme.Badge, theme.Normal, " ") + t.Paint(theme.Faint, fit(hint, n-1, t.Ellipsis))
	}
	text, at := []rune(in.value()), in.edit.Position()
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
		return fit(left, n, "")
	}
	return left + t.PaintOn(theme.Badge, theme.Normal, under) + fit(strings.TrimRight(right, " "), room, t.Ellipsis)
}
