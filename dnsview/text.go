package dnsview

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Clean strips what must not reach a terminal, a log or a file of lines from
// text that comes from outside: control characters, characters that change the
// direction of writing, and bytes that are not UTF-8. Clean text comes back as it is, without an allocation.
func Clean(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return cleanSlow(s)
		}
	}
	return s
}

func cleanSlow(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, s)
}

// ago writes a duration for a person: 14 s, 3 min, 5 h, 12 d.
func ago(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return strconv.Itoa(int(max(d, 0)/time.Second)) + " s"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d/time.Hour)) + " h"
	default:
		return strconv.Itoa(int(d/(24*time.Hour))) + " d"
	}
}

// shortID writes an instance id for a sentence: EC2 ids and host names whole, the first
// eight digits of a UUID.
func shortID(id string) string {
	if len(id) == 36 && id[8] == '-' {
		return id[:8]
	}
	return Clean(id)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
