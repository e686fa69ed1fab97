// Package theme holds the console's colours, glyphs and borders as precomputed control sequences, so that drawing a row
// only joins strings.
//
// State is never shown by colour alone: every role for a state comes with a glyph or a word, and without colours the
// cursor is in reverse video.
package theme

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// Role is the meaning of a text, independent of its look.
type Role uint8

// The roles of text.
const (
	Plain Role = iota
	Dim
	Faint
	Strong
	Accent
	Good
	Notice
	Warn
	Bad
	Critical
	Title
	Key
	Border
	BorderFocus
	BorderDanger
	Badge
	BadgeDanger
	roles
)

// Ground is the background of a text: the state of its row.
type Ground uint8

// The grounds of a row.
const (
	Normal Ground = iota
	Cursor        // the row under the cursor, in the pane that takes the keys
	Shadow        // the row under the cursor of the other pane
	Linked        // a counterpart of the row under the cursor
	grounds
)

// Reset ends all styles.
const Reset = "\x1b[m"

// Options choose a theme.
type Options struct {
	NoColor bool // NO_COLOR: bold, faint and reverse only
	ASCII   bool // no characters beyond ASCII
	Light   bool // the terminal's background is light
	Fixed   bool // the config says whether it is light, whatever the terminal reports
}

// Theme holds the styles of all roles. It is immutable.
type Theme struct {
	Options
	Glyphs

	sgr [grounds][roles]string
}

// style is the look of a role on a ground. Without colours reverse and underline replace a background, and faint a
// dimmer foreground.
type style struct {
	fg, bg                          string // "rrggbb", or empty for the terminal's own
	bold, faint, reverse, underline bool
}

// New returns the theme for the options.
func New(o Options) *Theme {
	t := &Theme{Options: o, Glyphs: glyphs(o.ASCII)}
	p := darkPalette()
	if o.Light {
		p = lightPalette()
	}
	for g := range grounds {
		for r := range roles {
			t.sgr[g][r] = sequence(p.style(r, g), o.NoColor)
		}
	}
	return t
}

// SGR returns the sequence that starts a role on a ground. It ends any style before.
func (t *Theme) SGR(r Role, g Ground) string { return t.sgr[g][r] }

// Paint returns s in the style of a role on the normal ground.
func (t *Theme) Paint(r Role, s string) string {
	if r == Plain || s == "" {
		return s
	}
	return t.sgr[Normal][r] + s + Reset
}

// PaintOn returns s in the style of a role on a ground.
func (t *Theme) PaintOn(r Role, g Ground, s string) string { return t.sgr[g][r] + s + Reset }

type palette struct {
	dim, faint, accent, good, notice, warn, bad, critical string
	border, onBadge                                       string
	cursor, shadow, linked                                string
}

// The two palettes are calm: text has the terminal's own colour, and only what needs attention stands out. Grounds are
// nearly grey, so that a terminal of 256 colours picks a grey.

func darkPalette() palette {
	return palette{
		dim: "a3a6ae", faint: "6c6f78", accent: "87afff", good: "8fc58a", notice: "7cc7d8",
		warn: "e0b060", bad: "f2777a", critical: "ff6b9a", border: "4c4f57", onBadge: "16181f",
		cursor: "3b3e4a", shadow: "25262b", linked: "2c3234",
	}
}

func lightPalette() palette {
	return palette{
		dim: "56607a", faint: "8a92a6", accent: "2f5fd0", good: "2f7d32", notice: "0f7285",
		warn: "96650a", bad: "c0303a", critical: "b3125a", border: "b4bbcb", onBadge: "ffffff",
		cursor: "d6dbe8", shadow: "ececef", linked: "dfeae9",
	}
}

func (p palette) style(r Role, g Ground) style {
	var s style
	switch r {
	case Dim:
		s.fg, s.faint = p.dim, true
	case Faint:
		s.fg, s.faint = p.faint, true
	case Strong:
		s.bold = true
	case Accent:
		s.fg = p.accent
	case Good:
		s.fg = p.good
	case Notice:
		s.fg = p.notice
	case Warn:
		s.fg = p.warn
	case Bad:
		s.fg = p.bad
	case Critical:
		s.fg, s.bold = p.critical, true
	case Title:
		s.fg, s.bold = p.accent, true
	case Key:
		s.fg, s.bold = p.accent, true
	case Border:
		s.fg, s.faint = p.border, true
	case BorderFocus:
		s.fg = p.accent
	case BorderDanger:
		s.fg, s.bold = p.bad, true
	case Badge:
		s.fg, s.bg, s.bold, s.reverse = p.onBadge, p.accent, true, true
	case BadgeDanger:
		s.fg, s.bg, s.bold, s.reverse = p.onBadge, p.bad, true, true
	}
	switch g {
	case Cursor:
		s.bg, s.reverse = p.cursor, true
		s.faint = false
		if r == Faint {
			s.fg = p.dim
		}
	case Shadow:
		s.bg, s.underline = p.shadow, true
	case Linked:
		s.bg, s.underline = p.linked, true
	}
	return s
}

// sequence returns the control sequence that ends all styles and starts style s. It is computed once per style.
func sequence(s style, noColor bool) string {
	l := lipgloss.NewStyle().Bold(s.bold)
	if noColor {
		l = l.Faint(s.faint).Underline(s.underline).Reverse(s.reverse)
	} else {
		if s.fg != "" {
			l = l.Foreground(lipgloss.Color("#" + s.fg))
		}
		if s.bg != "" {
			l = l.Background(lipgloss.Color("#" + s.bg))
		}
	}
	const text = "x"
	begin, _, _ := strings.Cut(l.Render(text), text)
	if begin == "" {
		return "\x1b[0m"
	}
	return "\x1b[0;" + strings.TrimPrefix(begin, "\x1b[")
}
