// Package words formats counts, durations and external texts for commands.
package words

import (
	"time"

	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// Clean returns an external text as one line that is safe to print.
func Clean(s string) string { return providers.Clean(s) }

// Short returns a duration in its largest unit, as tables show it.
func Short(d time.Duration) string { return rows.Duration(d) }
