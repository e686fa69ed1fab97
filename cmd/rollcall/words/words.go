// Package words formats counts, durations and external texts for commands.
package words

import (
	"regexp"
	"strings"
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// Clean returns an external text as one line that is safe to print.
func Clean(s string) string { return providers.Clean(s) }

// Short returns a duration in its largest unit, as tables show it.
func Short(d time.Duration) string { return rows.Duration(d) }

// shellSafe matches texts that need no quotes in a shell.
var shellSafe = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// ShellQuote returns a text as one word of a POSIX shell.
func ShellQuote(s string) string {
	if shellSafe.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
