package ui

import (
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
)

// worst is the most severe finding of a row.
func worst(f []*dnsview.Finding) *dnsview.Finding {
	if len(f) == 0 {
		return nil
	}
	return f[0]
}

// viewModel is everything that the screen shows of one snapshot. It is built in a
// command and is immutable afterwards.
type viewModel struct {
	*rows.Joined
	view     *dnsview.View
	findings []*rows.Finding
	summary  []dnsview.ClassCount
	sources  []rows.Source
	services *services // nil unless its screen was shown when the rows were made
}

// join makes the rows of a view. It is pure.
func join(v *dnsview.View) *viewModel {
	return &viewModel{
		Joined: rows.Join(v), view: v, summary: v.Counts(), findings: rows.Findings(v),
		sources: rows.WithFindings(rows.Sources(v.Snapshot, v.Options.Now, v.Options.MaxAge), v),
	}
}
