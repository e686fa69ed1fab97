package ui

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/theme"
)

// input is a line of text that can be edited.
type input struct {
	text []rune
	at   int // cursor, in runes
}

func newInput(s string) input {
	r := []rune(s)
	return input{text: r, at: len(r)}
}

func (in *input) value() string { return string(in.text) }

func (in *input) set(s string) { *in = newInput(s) }

// insert puts text at the cursor, without what cannot be drawn.
func (in *input) insert(s string) {
	r := []rune(Clean(s))
	if len(r) == 0 || len(in.text)+len(r) > inputLimit {
		return
	}
	in.text = append(in.text[:in.at:in.at], append(r, in.text[in.at:]...)...)
	in.at += len(r)
}

const inputLimit = 4096

// key edits the line. It reports whether the key was one of an editor's.
func (in *input) key(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "left", "ctrl+b":
		in.at = max(in.at-1, 0)
	case "right", "ctrl+f":
		in.at = min(in.at+1, len(in.text))
	case "home", "ctrl+a":
		in.at = 0
	case "end", "ctrl+e":
		in.at = len(in.text)
	case "backspace", "ctrl+h":
		if in.at > 0 {
			in.text = append(in.text[:in.at-1:in.at-1], in.text[in.at:]...)
			in.at--
		}
	case "delete", "ctrl+d":
		if in.at < len(in.text) {
			in.text = append(in.text[:in.at:in.at], in.text[in.at+1:]...)
		}
	case "ctrl+u":
		in.text = append([]rune(nil), in.text[in.at:]...)
		in.at = 0
	case "ctrl+k":
		in.text = in.text[:in.at:in.at]
	case "ctrl+w", "alt+backspace":
		i := in.at
		for i > 0 && unicode.IsSpace(in.text[i-1]) {
			i--
		}
		for i > 0 && !unicode.IsSpace(in.text[i-1]) {
			i--
		}
		in.text = append(in.text[:i:i], in.text[in.at:]...)
		in.at = i
	default:
		if k.Text == "" || k.Mod&^(tea.ModShift|tea.ModCapsLock|tea.ModNumLock) != 0 {
			return false
		}
		in.insert(k.Text)
	}
	return true
}

// view draws the line in exactly n cells, scrolled so that the cursor is seen.
func (in *input) view(t *theme.Theme, n int, focused bool, hint string) string {
	if n <= 0 {
		return ""
	}
	if !focused {
		if len(in.text) == 0 {
			return t.Paint(theme.Faint, fit(hint, n, t.Ellipsis))
		}
		return fit(in.value(), n, t.Ellipsis)
	}
	if len(in.text) == 0 {
		return t.PaintOn(theme.Badge, theme.Normal, " ") + t.Paint(theme.Faint, fit(hint, n-1, t.Ellipsis))
	}
	left := string(in.text[:in.at])
	for ansi.StringWidth(left) > n-1 {
		left = left[len(string([]rune(left)[0])):]
	}
	under, right := " ", ""
	if in.at < len(in.text) {
		under, right = string(in.text[in.at]), string(in.text[in.at+1:])
	}
	room := n - ansi.StringWidth(left) - ansi.StringWidth(under)
	if room < 0 {
		return fit(left, n, "")
	}
	return left + t.PaintOn(theme.Badge, theme.Normal, under) + fit(strings.TrimRight(right, " "), room, t.Ellipsis)
}
