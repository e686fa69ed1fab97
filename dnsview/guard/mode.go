package guard

import (
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Mode is the set of guards that a change must pass.
type Mode int

// The modes. Whatever takes a value out of DNS is guarded; what adds or
// changes one only has to be true.
const (
	ModeWrite   Mode = iota // create, or an update that keeps the node in DNS
	ModeMarker              // removal of a marker record, which no one resolves
	ModeDead                // removal of an entry as dead
	ModeTakeOut             // removal of an entry whose node may be alive: quiesce, drain, undo of a create
	// ModeLeave is the removal of what a host that joined by hand takes back
	// itself. It rests on no cloud, and on nothing but the host's own wish.
	ModeLeave
	ModeRetire // removal of what belongs to an incarnation and to none of its nodes
)

// ModeOf returns the mode of a change in a plan of that verb. The update that announces a quiesce has the mode of the
// removal that it begins.
func ModeOf(verb index.Verb, c *providers.Change) Mode {
	r := c.Record()
	switch {
	case c.Op == providers.OpDelete && r.IsMarker():
		return ModeMarker
	case c.Op == providers.OpDelete && verb == index.VerbDeregister:
		return ModeDead
	case leaves(verb, c):
		return ModeLeave
	case retires(verb, c):
		return ModeRetire
	case c.Op == providers.OpDelete, c.Op == providers.OpUpdate && !index.IsQuiesced(&c.Before) && index.IsQuiesced(&c.After):
		return ModeTakeOut
	}
	return ModeWrite
}

// InstanceToVerify returns the owner whose instance must be asked for by its id before the guards of a change are
// checked. ok is false when they need none, as for a host that joined by hand.
func InstanceToVerify(verb index.Verb, c *providers.Change) (o providers.Owner, ok bool) {
	r := c.Record()
	if c.Op != providers.OpDelete {
		r = c.After
	}
	if r.IsMarker() {
		// What a quiesced node has left is forgotten only when the node is gone.
		o, ok = index.OwnerInMarker(&r)
		return o, ok && verb == index.VerbDeregister && o.Quiesced && !o.Host()
	}
	o, ok = r.Owner()
	return o, ok && !o.Host()
}

// RelatedRecords returns the name and type of the records that must be read for the guards of a change in addition to its
// own: for a marker that is removed, the name that it marks, of every type; for a record that is created for a node, the
// marker of that node there, which may by now say that the node was taken out on purpose. ok is false when there are none.
func RelatedRecords(verb index.Verb, c *providers.Change) (name, typ string, ok bool) {
	r := c.Record()
	if r.IsMarker() {
		_, name, ok = providers.SplitMarkerName(r.Name)
		return name, "", ok && c.Op == providers.OpDelete && verb == index.VerbDeregister
	}
	o, owned := r.Owner()
	switch verb {
	case index.VerbReturn, index.VerbUndo, index.VerbRedo, index.VerbJoin: // the first three mean it so, and a host that joins has looked itself
		return "", "", false
	}
	return providers.MarkerName(o.Instance, r.Name), "TXT", owned && c.Op == providers.OpCreate && !o.Quiesced
}

// leaves reports whether a change takes back what a host that joined by hand has
// itself put there: on its leaving, or on its joining again with another address.
func leaves(verb index.Verb, c *providers.Change) bool {
	if c.Op != providers.OpDelete || verb != index.VerbLeave && verb != index.VerbJoin {
		return false
	}
	o, ok := c.Before.Owner()
	return ok && o.Host()
}

// retires reports whether a change takes back what belongs to an incarnation and to none of its nodes.
func retires(verb index.Verb, c *providers.Change) bool {
	return c.Op == providers.OpDelete && verb == index.VerbRetire && (c.Before.Type == "PTR" || c.Before.Type == "TXT") && !index.Marked(&c.Before)
}
