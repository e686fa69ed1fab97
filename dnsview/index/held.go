package index

import (
	"time"

	"rollcall/providers"
)

// Held says that resolvers may hold values with a longer TTL than the present one: those that a change of the journal took
// out of DNS, or to which it gave a shorter TTL. It is comparable.
type Held struct {
	Set      SetKey
	Value    string        // folded; empty for every value of the set
	Instance InstanceKey   // that a value was taken out for; zero for a change of TTL
	At       time.Time     // of the change
	TTL      time.Duration // before the change
}

// Until returns when no resolver can hold the value any more.
func (h *Held) Until() time.Time { return h.At.Add(h.TTL) }

// Holds reports whether the value is that of a record.
func (h *Held) Holds(r *providers.Record) bool {
	return h.Set == SetKeyOf(r) && (h.Value == "" || h.Value == providers.FoldValue(r.Type, r.Value))
}
