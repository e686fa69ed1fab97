package providers

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean strips what must not reach a terminal, a log or a file of lines from
// text that comes from outside: control characters, characters that change the
// direction of writing, and bytes that are not UTF-8. Line breaks and tabs
// become spaces. Clean text comes back as it is, without an allocation.
func Clean(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return strings.Map(cleanRune, s)
		}
	}
	return s
}

func cleanRune(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return ' '
	case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
		return -1
	}
	return r
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
