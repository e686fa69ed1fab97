package index

import (
	"time"

	"rollcall/providers"
)

// Held says that resolvers may hold values with a longer TTL than the present one: those that were taken out of DNS or got a
// shorter TTL, by a change of the journal or from outside. It is comparable.
type Held struct {
	Set      SetKey
	Value    string        // folded; empty for every value of the set
	Instance InstanceKey   // that a value was taken out for; zero if that is unknown, and for a change of TTL
	At       time.Time     // of the change, or the end of the first reading after it
	TTL      time.Duration // before the change
}

// Until returns when no resolver can hold the value any more.
func (h *Held) Until() time.Time { return h.At.Add(h.TTL) }

// Holds reports whether the value is that of a record.
func (h *Held) Holds(r *providers.Record) bool {
	return h.Set == SetKeyOf(r) && (h.Value == "" || h.Value == providers.FoldValue(r.Type, r.Value))
}

// LedTo reports whether a value that was taken out of DNS led to an instance. If it is unknown whose it was, its address
// decides.
func (h *Held) LedTo(key InstanceKey, i *providers.Instance) bool {
	switch {
	case h.Value == "":
		return false
	case h.Instance != InstanceKey{}:
		return h.Instance == key
	}
	r := h.Record()
	a, ok := r.LeadsTo()
	return ok && i != nil && i.HasAddress(a)
}

// Record returns the record of a value that was taken out of DNS, with its TTL then.
func (h *Held) Record() providers.Record {
	return providers.Record{Zone: h.Set.Zone, Name: h.Set.Name, Type: h.Set.Type, Value: h.Value, TTL: uint32(h.TTL / time.Second)}
}
