package awsfront

import (
	"fmt"
	"slices"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// secondWriter adds a value of nobody to the record set that a batch is about, or makes the
// set, as another node would that joins at the same moment.
func secondWriter(z *world.Zone, changes []setChange, n int) {
	at := slices.IndexFunc(changes, func(ch setChange) bool {
		return (ch.Set.Type == "A" || ch.Set.Type == "SRV") && ch.Set.AliasTarget == nil
	})
	if at < 0 {
		return
	}
	s := changes[at].worldSet()
	value := fmt.Sprintf("198.51.100.%d", n%250+1)
	if s.Type == "SRV" {
		value = fmt.Sprintf("0 0 9 second-%d.%s.", n, z.Name)
	}
	_, _ = z.Update(func(tx *world.Tx) error { // never fails: the set is as it was, with one value more
		old := tx.Set(s.Name, s.Type, s.SetID)
		if old == nil {
			s.Values = []string{value}
			tx.Put(s)
			return nil
		}
		more := *old
		if !slices.ContainsFunc(old.Values, func(v string) bool { return providers.FoldValue(s.Type, v) == providers.FoldValue(s.Type, value) }) {
			more.Values = append(slices.Clone(old.Values), value)
		}
		tx.Put(&more)
		return nil
	})
}
