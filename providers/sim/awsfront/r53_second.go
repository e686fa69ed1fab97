package awsfront

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// secondWriter adds an unmarked value to the record set of a batch, or creates the set, like a node that joins at the
// same moment.
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
	_, _ = z.Update(func(tx *world.Tx) error { // never fails: the set only has one more value
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

const takenOver = `"taken over: `

// takeOver changes the owner in the markers of a batch to another instance, like the agent of an instance that takes
// over the records at the same moment.
func takeOver(z *world.Zone, changes []setChange) {
	for i := range changes {
		s := changes[i].worldSet()
		if _, _, ok := providers.SplitMarkerName(providers.CanonicalName(s.Name)); !ok || s.Type != "TXT" {
			continue
		}
		_, _ = z.Update(func(tx *world.Tx) error { // never fails: the set only names another instance
			if old := tx.Set(s.Name, s.Type, s.SetID); old != nil && !strings.HasPrefix(old.Values[0], takenOver) {
				other := *old
				other.Values = nil
				for _, v := range old.Values {
					other.Values = append(other.Values, takenOver+v[1:])
				}
				tx.Put(&other)
			}
			return nil
		})
	}
}
