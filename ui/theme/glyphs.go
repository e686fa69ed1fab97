package theme

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// Glyphs are the single characters that show state in addition to colours.
type Glyphs struct {
	Bad, Warn, Note, Hollow, OK          string // ✖ ▲ ● ○ ✓
	Bar, Link, Mark                      string // cursor, counterpart, marked
	Up, Down, Right, Dot, Ellipsis, Wait string
	Thumb                                string // the thumb of a scroll bar, on the border
	Full, Empty                          string // a progress bar
	Box                                  lipgloss.Border
}

func glyphs(ascii bool) Glyphs {
	if ascii {
		return Glyphs{
			Bad: "x", Warn: "!", Note: "*", Hollow: "o", OK: "+",
			Bar: ">", Link: "=", Mark: "#",
			Up: "^", Down: "v", Right: ">", Dot: "-", Ellipsis: "~", Wait: "~",
			Thumb: "#", Full: "#", Empty: ".",
			Box: lipgloss.ASCIIBorder(),
		}
	}
	return Glyphs{
		Bad: "✖", Warn: "▲", Note: "●", Hollow: "○", OK: "✓",
		Bar: "▌", Link: "◆", Mark: "✱",
		Up: "↑", Down: "↓", Right: "›", Dot: "·", Ellipsis: "…", Wait: "◌",
		Thumb: "┃", Full: "━", Empty: "─",
		Box: lipgloss.RoundedBorder(),
	}
}

// Environment returns theme options by environment variables: NO_COLOR (if not empty), ROLLCALL_ASCII, and a locale
// that is not UTF-8.
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
	// Without a locale most terminals still support UTF-8, but the bare Linux console and a dumb terminal do not.
	o.ASCII = o.NoColor && getenv("TERM") == "dumb" || getenv("TERM") == "linux"
	return o
}
