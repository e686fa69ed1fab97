package apply

import (
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// Held returns, in the order of the journal, what resolvers may hold since its changes: values that were taken out of DNS or
// replaced, and values whose TTL was longer. Of a change that may have been made it is assumed. What no resolver can hold any more at
// the time now is left out.
func Held(entries []journal.Entry, now time.Time) (out []index.Held) {
	for n := range entries {
		en := &entries[n]
		c := en.Change
		if c == nil || c.Op == providers.OpCreate || c.Before.IsMarker() || en.State == journal.Failed || en.State == journal.Refused {
			continue
		}
		h := index.Held{Set: index.SetKeyOf(&c.Before), At: en.Time, TTL: c.Before.CacheTime()}
		if en.Ended.After(h.At) {
			h.At = en.Ended
		}
		if c.Op == providers.OpUpdate && c.After.CacheTime() < h.TTL && h.Until().After(now) {
			out = append(out, h) // every value of the set may have had that TTL
		}
		h.Value = providers.FoldValue(c.Before.Type, c.Before.Value)
		if _, gone := removed(c); gone && en.Instance != nil {
			h.Instance = index.InstanceKey{Cloud: en.Instance.Key, ID: en.Instance.ID}
			for m := range out { // its TTL was longer before
				if o := &out[m]; o.Holds(&c.Before) && o.Until().After(h.Until()) {
					h.At, h.TTL = o.At, o.TTL
				}
			}
		}
		if h.Until().After(now) {
			out = append(out, h)
		}
	}
	return out
}

// heldUntil returns when, by the journal, no resolver can hold a record any more; zero if none of its changes says.
func heldUntil(held []index.Held, rec *providers.Record) (until time.Time) {
	for n := range held {
		if h := &held[n]; h.Holds(rec) && h.Until().After(until) {
			until = h.Until()
		}
	}
	return until
}
