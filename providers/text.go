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

// briefLimit is how much of an API's message an error keeps, in characters: one line of
// a screen or two.
const briefLimit = 300

// Brief is Clean for a message of an API: without the white space around it,
// and cut where it goes on for too long.
func Brief(s string) string {
	s = Clean(s)
	if r := []rune(s); len(r) > briefLimit {
		s = string(r[:briefLimit]) + "…"
	}
	return strings.TrimSpace(s)
}
