package common

import (
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// Picture is everything that the screen shows of one snapshot. It is built in a command and immutable afterwards.
type Picture struct {
	*rows.Joined
	View     *dnsview.View
	All      []*rows.Finding // findings
	Findings []*rows.Finding // that are not snoozed
	Snoozed  []*rows.Finding // those that are
	Summary  []dnsview.ClassCount
	// Together holds the SRV values that go with an address record of which one key removes both.
	Together map[providers.Identity][]*providers.Record
}
