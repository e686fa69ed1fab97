package ui

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Clean makes a text from outside safe to draw: whatever could move the
// cursor, start a control sequence, turn the direction of writing or take no
// room is replaced or left out. Line breaks and tabs become spaces. The result
// is one line.
func Clean(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks := maxMarks // none before the first letter
	for i, r := range s {
		if unicode.Is(unicode.Mn, r) && !unicode.Is(unicode.Variation_Selector, r) && r != graphemeJoiner {
			if marks++; marks <= maxMarks {
				b.WriteRune(r)
			}
			continue
		}
		marks = maxMarks
		switch {
		case r == utf8.RuneError:
			// A byte that is no UTF-8 and a real U+FFFD look the same.
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 0 {
				continue
			}
			b.WriteRune(utf8.RuneError)
		case r == '\n' || r == '\r' || r == '\t' || r == '\v' || r == '\f' || r == 0x85 || r == 0x2028 || r == 0x2029:
			b.WriteByte(' ')
		case !drawable(r):
		default:
			b.WriteRune(r)
			if unicode.IsLetter(r) {
				marks = 0
			}
		}
	}
	return b.String()
}

const (
	maxMarks       = 2 // combining marks on one letter; piled up they are drawn over other lines
	graphemeJoiner = 0x034f
)

// CleanLines is Clean for a text of several lines, such as a boot script or a
// console log: line breaks stay, tabs become spaces.
func CleanLines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(Clean(strings.ReplaceAll(l, "\t", "    ")), " ")
	}
	return lines
}

// plain reports whether s is printable ASCII only.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// drawable leaves out C0 and C1 controls (ESC and CSI among them), format
// characters (bidirectional overrides and isolates, zero width spaces and
// joiners, the byte order mark, tags), variation selectors, marks that enclose,
// private use and unassigned code points.
func drawable(r rune) bool {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cs, r) {
		return false
	}
	if unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Me, r) {
		return false
	}
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, graphemeJoiner: // fillers: they take room and show nothing
		return false
	}
	return unicode.IsPrint(r) || unicode.Is(unicode.Zs, r)
}

// fit returns s in exactly n cells: cut with the ellipsis, or padded. s may hold
// style sequences.
func fit(s string, n int, ellipsis string) string {
	if n <= 0 {
		return ""
	}
	w := ansi.StringWidth(s)
	if w > n {
		s = ansi.Truncate(s, n, ellipsis)
		w = ansi.StringWidth(s)
	}
	if w < n {
		s += strings.Repeat(" ", n-w)
	}
	return s
}

// wrap breaks a text into lines of at most n cells.
func wrap(s string, n int) []string {
	if n <= 0 {
		return nil
	}
	return strings.Split(ansi.Wrap(s, n, ""), "\n")
}
