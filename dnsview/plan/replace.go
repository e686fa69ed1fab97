package plan

import (
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Replace plans to launch a node in the place of each one, and to drain that one once the new one is registered, healthy
// and on the wire. It goes on by groups of maxOut nodes, 1 if it is less; a group begins when the one before is terminated.
// Old of each launch is the node to replace; Queue and MaxOut are set by Replace. A node that cannot be drained is skipped,
// and nothing is launched for it.
func Replace(v *dnsview.View, maxOut int, launches ...Launch) Plan {
	b := newBuilder(v, index.VerbReplace)
	var list []Launch
	var queue, terminated []providers.InstanceRef
	for _, l := range launches {
		if i := v.Instance(l.Old.Key, l.Old.ID); i != nil && i.State.Dead() {
			terminated = append(terminated, l.Old)
		} else if !slices.ContainsFunc(queue, func(r providers.InstanceRef) bool { return r.Key == l.Old.Key && r.ID == l.Old.ID }) && b.replaceable(&l) {
			list, queue = append(list, l), append(queue, l.Old)
		}
	}
	maxOut = max(maxOut, 1)
	var before []int // terminations of the group before
	for group := range slices.Chunk(list, maxOut) {
		launched := map[providers.InstanceRef]int{}
		var old []providers.InstanceRef
		for _, l := range group {
			l.Queue, l.MaxOut = queue, maxOut // those before it are terminated by then
			launched[l.Old] = b.add(Step{Kind: StepLaunch, Launch: &l, Sentence: l.sentence(), Needs: slices.Clone(before)})
			old = append(old, l.Old)
		}
		queue = queue[len(group):]
		before = b.drain(old, func(r providers.InstanceRef) []int { return []int{launched[r]} })
	}
	b.drain(terminated, nil) // their markers are forgotten
	return b.end("Replace " + index.Plural(len(list), "node", "nodes"))
}

// replaceable reports whether a node can be drained, and its service take the new one in. If not, it is skipped with the
// reason.
func (b *builder) replaceable(l *Launch) bool {
	i := b.v.Instance(l.Old.Key, l.Old.ID)
	switch {
	case i != nil && b.v.Index.ServicesByName[l.Service] == nil:
		b.skip(index.Label(i) + " is a node of no service in the config, so nothing says when another one is in its place: launch one, then terminate this")
		return false
	case b.v.Index.EvacuatedAt(l.Key, l.Service) != nil:
		b.skip(index.Clean(l.Old.Name) + " is not replaced: " + index.Clean(l.Cloud) + " is evacuated, and a new node would stay out of DNS")
		return false
	}
	alone := Drain(b.v, l.Old)
	for _, why := range alone.Skipped {
		b.skip(why)
	}
	return slices.ContainsFunc(alone.Steps, func(s Step) bool { return s.Kind == StepPower })
}

// sentence returns what the step does.
func (l *Launch) sentence() string {
	old := l.Old.Name
	if old == "" {
		old = l.Old.ID
	}
	if l.Started != "" {
		return index.Clean("Wait until " + l.Started + " in " + l.Cloud + ", which was launched in the place of " + old + ", is in DNS")
	}
	return index.Clean("Launch a node in the place of " + old + " in " + l.Cloud + ": " + l.Template + ", image " + l.Image + ", size " + l.Size)
}
