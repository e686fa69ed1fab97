package cli

import (
	"fmt"
	"strings"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// sourcesOf returns the rows of everything that a view rests on: clouds, zones, and the
// list of public ranges when it could not be read.
func sourcesOf(s *app.Session, v *dnsview.View) []rows.Source {
	list := rows.WithWire(rows.Sources(v.Snapshot, s.Program.Now(), s.StaleAfter()), v)
	if err := s.RangesErr(); err != nil {
		list = append(list, rows.File(app.RangesSource, err))
	}
	return list
}

// shortfalls reports every source that was not read completely, one line each.
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
