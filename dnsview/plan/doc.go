// Package plan makes plans from findings and an operator's requests: plain data that can be shown, journalled and
// undone. It writes nothing. For a DNS-SD service it reads single names through Getter. It imports dnsview, services,
// the index, dnssd and providers.
//
// Read Plan and Step, then the functions that make plans from a view: Register, Quiesce, Return, Drain, Replace, Deregister,
// ForFindings, Undo. Join, Leave, Create, Retire and Balance plan on a Zone. A request that cannot be planned is a
// *dnssd.Refusal.
package plan

import (
	"fmt"

	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

// invalid returns the refusal of a request that can never succeed.
func invalid(format string, args ...any) error {
	return &dnssd.Refusal{Kind: providers.KindInvalid, Why: fmt.Sprintf(format, args...)}
}

// conflict returns the refusal of a request that conflicts with another record.
func conflict(format string, args ...any) error {
	return &dnssd.Refusal{Kind: providers.KindConflict, Why: fmt.Sprintf(format, args...)}
}

// overLimit returns the refusal of a request that exceeds a limit.
func overLimit(format string, args ...any) error {
	return &dnssd.Refusal{Kind: providers.KindLimit, Why: fmt.Sprintf(format, args...)}
}
