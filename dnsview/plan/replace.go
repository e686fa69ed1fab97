package plan

import (
	"maps"
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Replacement is a set of nodes to replace, with a limit of its own.
type Replacement struct {
	MaxOut   int      // how many nodes may be out of DNS at a time; 1 if it is less
	Launches []Launch // Old of each is the node to replace; Queue and MaxOut are set by Replace
}

// Replace plans to launch a node in the place of each one, and to drain that one once the new one is registered, healthy
// and on the wire. It goes on by groups of MaxOut nodes; a group begins when the one before is terminated. One replacement
// comes after the other, and does not need that one to succeed. A node that cannot be drained is skipped, and nothing is
// launched for it.
func Replace(v *dnsview.View, replacements ...Replacement) Plan {
	b := newBuilder(v, index.VerbReplace)
	known := map[index.InstanceKey]bool{}
	var terminated []providers.InstanceRef
	n := 0
	for _, r := range replacements {
		var list []Launch
		for _, l := range r.Launches {
			k := index.InstanceKey{Cloud: l.Old.Key, ID: l.Old.ID}
			if i := v.Instance(l.Old.Key, l.Old.ID); i != nil && i.State.Dead() {
				terminated = append(terminated, l.Old)
			} else if !known[k] && b.replaceable(&l) {
				list, known[k] = append(list, l), true
			}
		}
		b.replace(list, max(r.MaxOut, 1))
		n += len(list)
	}
	b.drain(terminated, nil) // their markers are forgotten
	return b.end("Replace " + index.Plural(n, "node", "nodes"))
}

// replace plans one replacement.
func (b *builder) replace(list []Launch, maxOut int) {
	var queue []providers.InstanceRef
	for i := range list {
		queue = append(queue, list[i].Old)
	}
	var before []int // terminations of the group before
	for group := range slices.Chunk(list, maxOut) {
		launched := map[providers.InstanceRef]int{}
		var old []providers.InstanceRef
		for _, l := range group {
			l.Queue, l.MaxOut = queue, maxOut // those before it are terminated by then
			launched[l.Old] = b.add(Step{Kind: StepLaunch, Launch: &l, Sentence: l.Sentence(), Needs: slices.Clone(before)})
			old = append(old, l.Old)
		}
		queue = queue[len(group):]
		before = b.drain(old, func(r providers.InstanceRef) []int { return []int{launched[r]} })
	}
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

// Sentence returns what the step does.
func (l *Launch) Sentence() string {
	old := l.Old.Name
	if old == "" {
		old = l.Old.ID
	}
	if l.Started != "" {
		return index.Clean("Wait until " + l.Started + " in " + l.Cloud + ", which was launched in the place of " + old + ", is in DNS")
	}
	what, from := l.Name, l.Template
	if what == "" {
		what = "a node"
	}
	for i, name := range slices.Sorted(maps.Keys(l.Set)) {
		from += map[bool]string{true: " with ", false: " "}[i == 0] + name + "=" + l.Set[name]
	}
	text := "Launch " + what + " in the place of " + old + " in " + l.Cloud + ": " + from + ", image " + l.Image + ", size " + l.Size
	switch {
	case l.Assumed:
		text += "; how that one was launched is not in the journal, so the default template of its service and the config's values count"
	case l.Unrecorded:
		text += "; with which values that one was launched is not in the journal, so the config's count"
	}
	return index.Clean(text)
}
