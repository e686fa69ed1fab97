package providers

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes a text from outside safe for a terminal, a log and a file of lines: whatever could
// move the cursor, start a control sequence, turn the direction of writing or take no room is
// replaced or left out. Line breaks and tabs become spaces, bytes that are not UTF-8 become U+FFFD.
// The result is one line. Plain ASCII comes back as it is, without an allocation.
func Clean(s string) string {
	if printableASCII(s) {
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

// printableASCII reports whether s is printable ASCII only.
func printableASCII(s string) bool {
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

// briefLimit is the most characters that Brief keeps: one line of a screen or two.
const briefLimit = 300

// messageLimit bounds what Message keeps, in characters. The longest messages known are
// EC2's encoded authorization failures, of some thousand characters.
const messageLimit = 64 << 10

// Brief is Clean for a name or a value that stands within a sentence: without
// the white space around it, and cut after 300 characters.
func Brief(s string) string { return cut(s, briefLimit) }

// Message is Clean for the message of an API, which is kept whole: what it says
// at its end is needed (an encoded authorization failure can be decoded only
// when no character is missing). Only a text of more than 65,536 characters is cut.
func Message(s string) string { return cut(s, messageLimit) }

func cut(s string, limit int) string {
	s = Clean(s)
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return strings.TrimSpace(s)
}
