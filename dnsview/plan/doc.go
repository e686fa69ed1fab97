// Package plan turns what an operator wants of a DNS-SD service into plans, as plain data: an
// incarnation is created or retired, a host joins or leaves it, and nodes get another
// priority and weight. It reads names afresh through Getter and writes nothing.
//
// What can't be done as it was asked for is a *dnssd.Refusal.
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
