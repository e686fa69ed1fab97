package theme

import (
	"strconv"
	"strings"

	"charm.land/lipgloss/v2"
)

// Glyphs are the single characters that show state in addition to colours.
type Glyphs struct {
	Bad, Warn, Note, Hollow, OK          string // ✖ ▲ ● ○ ✓
	Bar, Link, Mark                      string // cursor, counterpart, marked
	Up, Down, Right, Dot, Ellipsis, Wait string
	Thumb                                string    // the thumb of a scroll bar, on the border
	Full, Empty                          string    // a progress bar
	Levels                               [8]string // characters of a sparkline, the lowest first
	Box                                  lipgloss.Border
}

func glyphs(ascii bool) Glyphs {
	if ascii {
		return Glyphs{
			Bad: "x", Warn: "!", Note: "*", Hollow: "o", OK: "+",
			Bar: ">", Link: "=", Mark: "#",
			Up: "^", Down: "v", Right: ">", Dot: "-", Ellipsis: "~", Wait: "~",
			Thumb: "#", Full: "#", Empty: ".", Levels: [8]string{"_", ".", ":", "-", "=", "+", "*", "#"},
			Box: lipgloss.ASCIIBorder(),
		}
	}
	return Glyphs{
		Bad: "✖", Warn: "▲", Note: "●", Hollow: "○", OK: "✓",
		Bar: "▌", Link: "◆", Mark: "✱",
		Up: "↑", Down: "↓", Right: "›", Dot: "·", Ellipsis: "…", Wait: "◌",
		Thumb: "┃", Full: "━", Empty: "─", Levels: [8]string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
		Box: lipgloss.RoundedBorder(),
	}
}

// Names of the setting theme: which palette is used. Auto follows COLORFGBG, and what the terminal reports.
const (
	Auto  = "auto"
	Dark  = "dark"
	Light = "light"
)

// WithSetting returns the options with the palette of a config; "" is Auto.
func (o Options) WithSetting(name string) Options {
	if name == Dark || name == Light {
		o.Light, o.Fixed = name == Light, true
	}
	return o
}

// lightGround reports whether COLORFGBG, the colours of text and background by number, has a light background.
func lightGround(colorfgbg string) bool {
	_, ground, found := strings.Cut(colorfgbg, ";")
	if i := strings.LastIndexByte(ground, ';'); i >= 0 { // rxvt has a field between
		ground = ground[i+1:]
	}
	n, err := strconv.Atoi(ground)
	return found && err == nil && (n == 7 || n > 8 && n < 16)
}

// Environment returns theme options by environment variables: NO_COLOR (if not empty), ROLLCALL_ASCII, COLORFGBG, and a
// locale that is not UTF-8.
func Environment(getenv func(string) string) Options {
	o := Options{NoColor: getenv("NO_COLOR") != "" || getenv("TERM") == "dumb", Light: lightGround(getenv("COLORFGBG"))}
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
