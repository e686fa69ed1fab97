package cli

import (
	"fmt"
	"strings"
	"time"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/providers"
)

// sourcesOf returns the rows of everything that a view rests on: clouds, zones, and the
// list of public ranges when it could not be read.
func sourcesOf(s *app.Session, v *dnsview.View) []sourceRow {
	rows := withWire(sourceRows(v.Snapshot, s.Program.Now(), s.StaleAfter()), v)
	if r, failed := rangesRow(s); failed {
		rows = append(rows, r)
	}
	return rows
}

// rangesRow returns the list of public ranges as a failed source, when it is one.
func rangesRow(s *app.Session) (sourceRow, bool) {
	err := s.RangesErr()
	if err == nil {
		return sourceRow{}, false
	}
	return sourceRow{Name: app.RangesSource, Kind: "file", State: string(providers.CoverageFailed), Error: text(err.Error())}, true
}

// shortfalls reports every source that was not read completely, one line each.
func shortfalls(snap *providers.Snapshot, now time.Time, maxAge time.Duration) []string {
	var out []string
	for _, r := range sourceRows(snap, now, maxAge) {
		if r.State == string(providers.CoverageComplete) {
			continue
		}
		line := r.Name + " is " + r.State
		if r.Error != nil {
			line += ": " + strings.TrimPrefix(*r.Error, r.Name+": ")
		}
		if r.Rows > 0 && r.AgeSeconds != nil {
			line += fmt.Sprintf("; its %d rows are %s old", r.Rows, words.Short(time.Duration(*r.AgeSeconds*float64(time.Second))))
		} else {
			line += "; going on without it"
		}
		out = append(out, line)
	}
	return out
}
