package main

import (
	"rollcall/dnsview"
	"rollcall/providers"
)

// rangesSource is the name of the list of public ranges among the sources.
const rangesSource = "ranges"

// sources returns the rows of everything that a view rests on: clouds, zones, and the
// list of public ranges when it could not be read.
func (s *session) sources(v *dnsview.View) []sourceRow {
	rows := withWire(sourceRows(v.Snapshot, s.app.now(), s.staleAfter()), v)
	if r, failed := s.rangesRow(); failed {
		rows = append(rows, r)
	}
	return rows
}

// rangesRow returns the list of public ranges as a failed source, when it is one. An entry that
// dangles in a range of that list alone shows as dead.
func (s *session) rangesRow() (sourceRow, bool) {
	if s.config.RangesErr == nil {
		return sourceRow{}, false
	}
	return sourceRow{
		Name: rangesSource, Kind: "file", State: string(providers.CoverageFailed),
		Error: text(s.config.RangesErr.Error() + "; until then an entry that dangles may show as dead"),
	}, true
}

// neverRead reports whether a source could not be set up, so that no read of it ends.
func (s *session) neverRead(name string) bool {
	for i := range s.clouds {
		if s.clouds[i].name == name {
			return s.clouds[i].err != nil
		}
	}
	for i := range s.zones {
		if providers.SameName(s.zones[i].name, name) {
			return s.zones[i].err != nil
		}
	}
	return true
}
