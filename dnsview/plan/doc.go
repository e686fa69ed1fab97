// Package plan turns findings and what an operator wants into plans, as plain data that can be shown, journalled and
// undone. It writes nothing; of a DNS-SD service it reads names afresh through Getter. It imports dnsview, services,
// the index, dnssd and providers.
//
// Read Plan and Step, then the functions that make them from a view: Register, Quiesce, Return, Drain, Deregister,
// ForFindings, Undo. Join, Leave, Create, Retire and Balance plan on a Zone. What can't be done as it was asked for is
// a *dnssd.Refusal.
package plan

import (
	"fmt"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

// invalid refuses what can never work.
func invalid(format string, args ...any) error {
	return &dnssd.Refusal{Kind: providers.KindInvalid, Why: fmt.Sprintf(format, args...)}
}

// inTheWay refuses what another record stands in the way of.
func inTheWay(format string, args ...any) error {
	return &dnssd.Refusal{Kind: providers.KindConflict, Why: fmt.Sprintf(format, args...)}
}

// overLimit refuses what there is no room for.
func overLimit(format string, args ...any) error {
	return &dnssd.Refusal{Kind: providers.KindLimit, Why: fmt.Sprintf(format, args...)}
}
