package ui

import (
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
)

// viewModel is everything that the screen shows of one snapshot. It is built in a
// command and is immutable afterwards.
type viewModel struct {
	*rows.Joined
	view     *dnsview.View
	findings []*rows.Finding
	summary  []dnsview.ClassCount
	sources  []rows.Source
}
