package apply

import (
	"slices"
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// heldKey is one value of a set, or no value for a TTL of the set.
type heldKey struct {
	set   index.SetKey
	value string
}

// Held returns what resolvers may hold since changes of the journal, and since changes from outside that readings of zones
// have shown: values that were taken out of DNS or replaced, and values whose TTL was longer. Of a change of the journal that
// may have been made it is assumed. What a reading shows no more because of such a change counts from the change on. What no
// resolver can hold any more at the time now is left out.
func Held(entries []journal.Entry, zones []providers.ZoneView, now time.Time) (out []index.Held) {
	made := map[heldKey][]*journal.Entry{} // of what readings show no more
	for n := range zones {
		for _, f := range zones[n].Former {
			made[heldKey{formerSet(&zones[n], &f), f.Value}] = nil
		}
	}
	note := func(h *index.Held, en *journal.Entry) {
		k := heldKey{h.Set, h.Value}
		if all, wanted := made[k]; wanted {
			made[k] = append(all, en)
		}
	}
	keep := func(h index.Held) {
		if h.Until().After(now) {
			out = append(out, h)
		}
	}
	var gone []index.Held
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
		if c.Op == providers.OpUpdate && c.After.CacheTime() < h.TTL {
			note(&h, en)
			keep(h) // every value of the set may have had that TTL
		}
		h.Value = providers.FoldValue(c.Before.Type, c.Before.Value)
		if _, isGone := removed(c); !isGone {
			keep(h)
			continue
		}
		note(&h, en)
		if en.Instance != nil {
			h.Instance = index.InstanceKey{Cloud: en.Instance.Key, ID: en.Instance.ID}
		}
		gone = append(gone, h)
	}
	for n := range zones {
		for _, f := range zones[n].Former {
			h := index.Held{Set: formerSet(&zones[n], &f), Value: f.Value, Instance: index.InstanceKey{Cloud: f.Cloud, ID: f.Instance}, At: f.At, TTL: f.TTL}
			switch {
			case slices.ContainsFunc(made[heldKey{h.Set, h.Value}], func(en *journal.Entry) bool { return explains(en, &f) }):
			case h.Value == "":
				keep(h)
			default:
				gone = append(gone, h)
			}
		}
	}
	for _, h := range gone {
		r := h.Record()
		for m := range out { // its TTL was longer before
			if o := &out[m]; !o.At.After(h.At) && o.Holds(&r) && o.Until().After(h.Until()) {
				h.At, h.TTL = o.At, o.TTL
			}
		}
		keep(h)
	}
	return out
}

func formerSet(z *providers.ZoneView, f *providers.Former) index.SetKey {
	return index.SetKey{Zone: z.Zone.Name, Name: f.Name, Type: f.Type}
}

// explains reports whether a change of the journal is why a reading shows something no more that the one before showed.
func explains(en *journal.Entry, f *providers.Former) bool {
	return en.State == journal.Done && !en.Time.After(f.At) && !en.Ended.Before(f.Seen) && en.Change.Before.CacheTime() >= f.TTL
}

// heldUntil returns when no resolver can hold a record any more, by what was changed; zero if nothing says.
func heldUntil(held []index.Held, rec *providers.Record) (until time.Time) {
	for n := range held {
		if h := &held[n]; h.Holds(rec) && h.Until().After(until) {
			until = h.Until()
		}
	}
	return until
}
