// Package words writes counts, durations and texts from outside as commands print them.
package words

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// Clean makes a text from outside safe to print, as one line.
func Clean(s string) string { return providers.Clean(s) }

// Plural counts things in words.
func Plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Short writes a duration with its largest unit, as tables do.
func Short(d time.Duration) string { return rows.Duration(d) }

// shellSafe are texts that no shell reads as anything else than themselves.
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// ShellQuote returns a text as a POSIX shell reads it as one word.
func ShellQuote(s string) string {
	if shellSafe.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
