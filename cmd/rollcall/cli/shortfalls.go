package cli

import (
	"fmt"
	"strings"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// shortfalls returns a line for every source that was not read completely.
func shortfalls(snap *providers.Snapshot, now time.Time, maxAge time.Duration) []string {
	var out []string
	for _, r := range rows.Sources(snap, now, maxAge) {
		if r.State == string(providers.CoverageComplete) {
			continue
		}
		line := r.Name + " is " + r.State
		if r.Error != nil {
			line += ": " + strings.TrimPrefix(*r.Error, r.Name+": ")
		}
		if r.Rows > 0 && r.AgeSeconds != nil {
			line += fmt.Sprintf("; its %d rows are %s old", r.Rows, words.Short(r.Age()))
		} else {
			line += "; going on without it"
		}
		out = append(out, line)
	}
	return out
}
