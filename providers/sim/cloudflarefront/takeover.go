package cloudflarefront

import (
	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// keptByHand is the comment of a record that is taken over although no instance has its address.
const keptByHand = "kept by hand"

// takeOver plays world.TakeOver on records that a request names by id: the agent of the instance with a record's
// address takes over the record under the same id, or else a person does.
func (c *call) takeOver(z *world.Zone, ids ...string) {
	if c.kind != world.TakeOver {
		return
	}
	for _, id := range ids {
		var old *world.Record
		z.View(func(tx *world.Tx) { old = tx.Record(id) })
		if old == nil {
			continue
		}
		text := c.front.markerOfHolder(old.Content)
		if old.Comment == keptByHand || sameOwner(old.Comment, text) { // it was taken over before
			continue
		}
		_, _ = z.Update(func(tx *world.Tx) error { // never fails
			if now := tx.Record(id); now != nil {
				r := *now
				r.Comment, r.Modified = text, tx.Now()
				tx.ReplaceRecord(&r)
			}
			return nil
		})
	}
}

// markerOfHolder returns the marker of the instance with an address.
func (f *front) markerOfHolder(address string) string {
	a, ok := providers.ParseAddr(address)
	for _, cloud := range f.w.Clouds() {
		page, _ := f.w.Instances(cloud.Name, func(i *world.Instance) bool { return ok && i.Public == a && !i.State.Dead() }, 0, 1)
		for _, i := range page {
			if text, err := (providers.Owner{Fleet: f.w.FleetID, Cloud: cloud.Key, Instance: i.ID, Registered: f.w.Now()}).Encode(); err == nil {
				return text
			}
		}
	}
	return keptByHand
}

func sameOwner(a, b string) bool {
	x, err := providers.DecodeOwner(a)
	y, other := providers.DecodeOwner(b)
	return err == nil && other == nil && x.Same(y) && !x.Quiesced
}
