package theme

import (
	"strings"

	"rollcall/dnsview"
	"rollcall/providers"
)

// Glyphs are the single characters that carry state beside the colours.
type Glyphs struct {
	Bad, Warn, Note, Hollow, OK          string // ✖ ▲ ● ○ ✓
	Bar, Link, Mark                      string // cursor, counterpart, marked
	Up, Down, Right, Dot, Ellipsis, Wait string
	Thumb                                string // the thumb of a scroll bar, on the border
	Full, Empty                          string // a progress bar
	Box                                  Box
}

// Box are the pieces of a border.
type Box struct{ H, V, TL, TR, BL, BR, ML, MR string }

func glyphs(ascii bool) Glyphs {
	if ascii {
		return Glyphs{
			Bad: "x", Warn: "!", Note: "*", Hollow: "o", OK: "+",
			Bar: ">", Link: "=", Mark: "#",
			Up: "^", Down: "v", Right: ">", Dot: "-", Ellipsis: "~", Wait: "~",
			Thumb: "#", Full: "#", Empty: ".",
			Box: Box{H: "-", V: "|", TL: "+", TR: "+", BL: "+", BR: "+", ML: "+", MR: "+"},
		}
	}
	return Glyphs{
		Bad: "✖", Warn: "▲", Note: "●", Hollow: "○", OK: "✓",
		Bar: "▌", Link: "◆", Mark: "✱",
		Up: "↑", Down: "↓", Right: "›", Dot: "·", Ellipsis: "…", Wait: "◌",
		Thumb: "┃", Full: "━", Empty: "─",
		Box: Box{H: "─", V: "│", TL: "╭", TR: "╮", BL: "╰", BR: "╯", ML: "├", MR: "┤"},
	}
}

// Severity gives the glyph and the role of a severity.
func (t *Theme) Severity(s dnsview.Severity) (string, Role) {
	switch {
	case s >= dnsview.Critical:
		return t.Bad, Critical
	case s == dnsview.High:
		return t.Bad, Bad
	case s == dnsview.Medium:
		return t.Warn, Warn
	case s == dnsview.Low:
		return t.Note, Notice
	}
	return t.Hollow, Dim
}

// State gives the glyph and the role of an instance's state.
func (t *Theme) State(s providers.InstanceState) (string, Role) {
	switch s {
	case providers.StateRunning:
		return t.OK, Good
	case providers.StatePending:
		return t.Wait, Notice
	case providers.StateStopping, providers.StateTerminating:
		return t.Wait, Warn
	case providers.StateStopped:
		return t.Hollow, Warn
	case providers.StateTerminated:
		return t.Bad, Faint
	case providers.StateFailed:
		return t.Bad, Bad
	}
	return t.Warn, Warn
}

// Coverage gives the glyph and the role of the state of a source.
func (t *Theme) Coverage(s providers.CoverageState) (string, Role) {
	switch s {
	case providers.CoverageComplete:
		return t.OK, Good
	case providers.CoverageFailed:
		return t.Bad, Bad
	case providers.CoverageNone:
		return t.Wait, Dim
	}
	return t.Warn, Warn
}

// Environment chooses theme options from environment variables: NO_COLOR
// (any value that is not empty), ROLLCALL_ASCII, and a locale that is not UTF-8.
func Environment(getenv func(string) string) Options {
	o := Options{NoColor: getenv("NO_COLOR") != "" || getenv("TERM") == "dumb"}
	if v := getenv("ROLLCALL_ASCII"); v != "" {
		o.ASCII = v != "0" && !strings.EqualFold(v, "false")
		return o
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		v := getenv(name)
		if v == "" {
			continue
		}
		l := strings.ToLower(v)
		o.ASCII = !strings.Contains(l, "utf-8") && !strings.Contains(l, "utf8")
		return o
	}
	// No locale at all says nothing about the terminal, and nearly all of them
	// take UTF-8; the bare Linux console and a dumb terminal do not.
	o.ASCII = o.NoColor && getenv("TERM") == "dumb" || getenv("TERM") == "linux"
	return o
}
