// Package dnssd implements DNS-based service discovery (RFC 6763) with SRV records (RFC 2782): names, TXT keys,
// browsing, resolving, and the choice of a target by a client. It imports providers only. All I/O is done through the
// interfaces that it declares. Package plan makes the plans for its names.
package dnssd

import (
	"fmt"

	"rollcall/providers"
)

// Refusal is why a request cannot be carried out, in one line. Kind is KindInvalid for one that can never be, KindLimit
// if a limit is reached, and KindConflict if another record is in conflict.
type Refusal struct {
	Kind providers.Kind
	Why  string
}

// Error returns Why.
func (e *Refusal) Error() string { return e.Why }

func invalid(format string, args ...any) error {
	return &Refusal{Kind: providers.KindInvalid, Why: fmt.Sprintf(format, args...)}
}
