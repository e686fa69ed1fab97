// Package dnssd is DNS-based service discovery (RFC 6763) over SRV records
// (RFC 2782): names and TXT keys, browsing and resolving, and the choice of a target as a
// client makes it. It imports providers only, and does no I/O but through the interfaces
// that it declares. Plans for what it names are made by package plan.
package dnssd

import (
	"fmt"

	"rollcall/providers"
)

// Refusal is why something cannot be done as it was asked for, in one line.
// Kind is KindInvalid for what can never work, KindLimit where no room is left,
// and KindConflict for what stands in the way.
type Refusal struct {
	Kind providers.Kind
	Why  string
}

// Error returns the line.
func (e *Refusal) Error() string { return e.Why }

func invalid(format string, args ...any) error {
	return &Refusal{Kind: providers.KindInvalid, Why: fmt.Sprintf(format, args...)}
}
