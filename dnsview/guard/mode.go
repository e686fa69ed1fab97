package guard

import (
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Mode is the set of guards that a change must pass.
type Mode int

// The modes. Changes that take a value out of DNS need most guards; others only need a correct value.
const (
	ModeWrite   Mode = iota // create, or an update that keeps the node in DNS
	ModeMarker              // removal of a marker record, which clients do not query
	ModeDead                // removal of an entry as dead
	ModeTakeOut             // removal of an entry whose node may be alive: quiesce, drain, undo of a create
	// ModeLeave is the removal of a record by the host that joined by hand with it. It depends on no cloud.
	ModeLeave
	ModeRetire // removal of what belongs to an incarnation and to none of its nodes
)

// ModeOf returns the mode of a change in a plan of a verb. The update that marks a value as quiesced has the mode of
// the removal that follows.
func ModeOf(verb index.Verb, c *providers.Change) Mode {
	r := c.Record()
	switch {
	case c.Op == providers.OpDelete && r.IsMarker():
		return ModeMarker
	case c.Op == providers.OpDelete && verb == index.VerbDeregister:
		return ModeDead
	case isLeave(verb, c):
		return ModeLeave
	case isRetire(verb, c):
		return ModeRetire
	case c.Op == providers.OpDelete, c.Op == providers.OpUpdate && !index.IsQuiesced(&c.Before) && index.IsQuiesced(&c.After):
		return ModeTakeOut
	}
	return ModeWrite
}

// InstanceToVerify returns the owner whose instance must be asked for by its id before the guards of a change are
// evaluated. ok is false if the guards need no instance, as for a host that joined by hand.
func InstanceToVerify(verb index.Verb, c *providers.Change) (o providers.Owner, ok bool) {
	r := c.Record()
	if c.Op != providers.OpDelete {
		r = c.After
	}
	if r.IsMarker() {
		// The marker of a quiesced node is removed only when the node is gone, and is put back only while it runs.
		o, ok = index.OwnerInMarker(&r)
		return o, ok && (verb == index.VerbDeregister || verb.TakesBack() && c.Op == providers.OpCreate) && o.Quiesced && !o.Host()
	}
	o, ok = r.Owner()
	return o, ok && !o.Host() && !(verb == index.VerbEvacuate && ModeOf(verb, c) == ModeTakeOut)
}

// RelatedRecords returns the name and type of further records that the guards of a change need: for a marker that is
// removed, the name that it marks, of every type; for a record that is created for a node, the node's marker there,
// which may say that the node is quiesced. ok is false if there are none.
func RelatedRecords(verb index.Verb, c *providers.Change) (name, typ string, ok bool) {
	r := c.Record()
	if r.IsMarker() {
		_, name, ok = providers.SplitMarkerName(r.Name)
		return name, "", ok && c.Op == providers.OpDelete && verb == index.VerbDeregister
	}
	o, owned := r.Owner()
	switch verb {
	case index.VerbReturn, index.VerbUndo, index.VerbRedo, index.VerbJoin: // the first three intend it, and a join has read the marker itself
		return "", "", false
	}
	needs := owned && c.Op == providers.OpCreate && !o.Quiesced
	if _, leaves := index.MarkerLeft(c); leaves {
		needs = mustMark(verb)
	}
	return providers.MarkerName(o.Instance, r.Name), "TXT", needs
}

// mustMark reports whether a plan of a verb that finds a value gone has failed if no marker says that it is quiesced: its
// node would register it again. A drained node is terminated, and the marker of an evacuation keeps the nodes of its cloud
// out.
func mustMark(verb index.Verb) bool {
	return verb != index.VerbDrain && verb != index.VerbReplace && verb != index.VerbEvacuate
}

// isLeave reports whether a change removes a record that a host that joined by hand has created: when it leaves, or
// joins again with another address.
func isLeave(verb index.Verb, c *providers.Change) bool {
	if c.Op != providers.OpDelete || verb != index.VerbLeave && verb != index.VerbJoin {
		return false
	}
	o, ok := c.Before.Owner()
	return ok && o.Host()
}

// isRetire reports whether a change removes a record of an incarnation that belongs to none of its nodes.
func isRetire(verb index.Verb, c *providers.Change) bool {
	return c.Op == providers.OpDelete && verb == index.VerbRetire && (c.Before.Type == "PTR" || c.Before.Type == "TXT") && !index.Marked(&c.Before)
}
