package providers

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean returns untrusted text as one line that is safe for terminals, logs and line-based files. It replaces or
// removes characters that move the cursor, start a control sequence, change the writing direction or take no room. Line
// breaks and tabs become spaces, and invalid UTF-8 becomes U+FFFD. Printable ASCII is returned unchanged, without an
// allocation.
func Clean(s string) string {
	if printableASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks := maxMarks // no marks are kept before the first letter
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
			// RuneError stands for an invalid byte and for a real U+FFFD.
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
	maxMarks       = 2 // combining marks on one letter; more would be drawn over other lines
	graphemeJoiner = 0x034f
)

// CountOf returns a number with its noun, such as "2 nodes", in the plural unless the number is one.
func CountOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func printableASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// drawable reports whether Clean keeps r. It excludes C0 and C1 controls (ESC and CSI among them), format characters
// (bidirectional overrides and isolates, zero width spaces and joiners, the byte order mark, tags), variation
// selectors, enclosing marks, private use and unassigned code points.
func drawable(r rune) bool {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Cs, r) {
		return false
	}
	if unicode.Is(unicode.Variation_Selector, r) || unicode.Is(unicode.Me, r) {
		return false
	}
	switch r {
	case 0x115f, 0x1160, 0x3164, 0xffa0, graphemeJoiner: // fillers: they take room but are invisible
		return false
	}
	return unicode.IsPrint(r) || unicode.Is(unicode.Zs, r)
}

// briefLimit is the most characters that Brief keeps: one or two lines of a screen.
const briefLimit = 300

// messageLimit is the most characters that Message keeps. The longest known messages are EC2's encoded authorization
// failures, of some thousand characters.
const messageLimit = 64 << 10

// Brief is Clean for a name or value within a sentence. It trims white space and cuts after 300 characters.
func Brief(s string) string { return cut(s, briefLimit) }

// Message is Clean for the message of an API. It keeps the message whole, because an encoded authorization failure can
// be decoded only if no character is missing. It cuts only texts of more than 65,536 characters.
func Message(s string) string { return cut(s, messageLimit) }

func cut(s string, limit int) string {
	s = Clean(s)
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return strings.TrimSpace(s)
}

// shellSafe matches texts that need no quotes in a shell.
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// ShellQuote returns a text as one word of a POSIX shell.
func ShellQuote(s string) string {
	if shellSafe.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
