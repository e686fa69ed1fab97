package world

import (
	"slices"
	"time"
)

// ZoneChange is one change of a zone: the removed and the added values. A value whose TTL, comment or proxying was
// changed is in both.
type ZoneChange struct {
	Zone    string
	ID      string // as returned by Update
	At      time.Time
	Removed []ZoneValue
	Added   []ZoneValue
}

// ZoneValue is one value of a zone with all its visible fields.
type ZoneValue struct {
	Name, Type, SetID, Value string
	ID, Comment              string // Cloudflare
	TTL                      uint32
	Proxied, Alias           bool
}

// Values returns all values of the zone.
func (tx *Tx) Values() []ZoneValue { return valuesOf(tx.sets, tx.records, nil) }

// valuesOf returns the values of some names, or of all if names is nil.
func valuesOf(sets []*Set, records []*Record, names map[string]bool) (out []ZoneValue) {
	for _, s := range sets {
		if names != nil && !names[s.Name] {
			continue
		}
		v := ZoneValue{Name: s.Name, Type: s.Type, SetID: s.SetID, TTL: s.TTL}
		if s.Alias != nil {
			v.Alias, v.Value = true, s.Alias.Name
			out = append(out, v)
		}
		for _, v.Value = range s.Values {
			out = append(out, v)
		}
	}
	for _, r := range records {
		if names == nil || names[r.Name] {
			out = append(out, ZoneValue{Name: r.Name, Type: r.Type, Value: r.Content, ID: r.ID, Comment: r.Comment, TTL: r.TTL, Proxied: r.Proxied})
		}
	}
	return out
}

// reportChange reports a change before it becomes visible.
func (z *Zone) reportChange(id string, tx *Tx) {
	if z.w.changed == nil || len(tx.touched) == 0 {
		return
	}
	before, after := valuesOf(z.sets, z.records, tx.touched), valuesOf(tx.sets, tx.records, tx.touched)
	c := ZoneChange{Zone: z.Name, ID: id, At: tx.now, Removed: without(before, after), Added: without(after, before)}
	if len(c.Removed)+len(c.Added) > 0 {
		z.w.changed(c)
	}
}

// without returns the values of a that are not in b.
func without(a, b []ZoneValue) []ZoneValue {
	have := make(map[ZoneValue]int, len(b))
	for _, v := range b {
		have[v]++
	}
	return slices.DeleteFunc(slices.Clone(a), func(v ZoneValue) bool {
		have[v]--
		return have[v] >= 0
	})
}
