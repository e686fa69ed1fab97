package apply

import (
	"slices"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// changedSince returns the first entry after en that may have changed the same record or instance again, or nil. The
// state after such an entry does not show that en was not made, because its own outcome may be lost with damaged lines
// of the journal or with an answer.
func changedSince(all []journal.Entry, en *journal.Entry) *journal.Entry {
	at := slices.IndexFunc(all, func(e journal.Entry) bool { return e.ID == en.ID })
	for i := at + 1; i < len(all); i++ {
		e := &all[i]
		if e.State != journal.Failed && e.State != journal.Refused && !e.Already && sameTarget(en, e) {
			return e
		}
	}
	return nil
}

// sameTarget reports whether two entries are about the same value of a record, or the state of the same instance.
func sameTarget(a, b *journal.Entry) bool {
	if a.Change == nil || b.Change == nil {
		return a.Kind == journal.KindPower && b.Kind == journal.KindPower && a.Instance != nil && b.Instance != nil &&
			a.Instance.Key == b.Instance.Key && a.Instance.ID == b.Instance.ID && b.Action != string(plan.PowerReboot)
	}
	if a.Zone != b.Zone {
		return false
	}
	mine := sides(a.Change)
	return slices.ContainsFunc(sides(b.Change), func(r providers.Record) bool {
		return slices.ContainsFunc(mine, func(m providers.Record) bool {
			return m.Name == r.Name && m.Type == r.Type && m.SetID == r.SetID && providers.FoldValue(m.Type, m.Value) == providers.FoldValue(r.Type, r.Value)
		})
	})
}

// sides returns the records before and after a change.
func sides(c *providers.Change) []providers.Record {
	switch c.Op {
	case providers.OpCreate:
		return []providers.Record{c.After}
	case providers.OpDelete:
		return []providers.Record{c.Before}
	default:
		return []providers.Record{c.Before, c.After}
	}
}
