package common

import (
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
)

// Picture is everything that the screen shows of one snapshot. It is built in a command and immutable afterwards.
type Picture struct {
	*rows.Joined
	View     *dnsview.View
	Findings []*rows.Finding
	Summary  []dnsview.ClassCount
}
