package journal

import (
	"cmp"
	"slices"
	"time"

	"rollcall/providers"
)

// EndedReplacement is how a replacement ended that launched a node.
type EndedReplacement struct {
	Nodes []providers.InstanceRef // that it was to replace, in order
	Kept  []providers.InstanceRef // those of them that were not terminated, but left as they are or put back
	Who   string                  // who ended it, by its last entry
	At    time.Time
	Entry string // that entry
}

// LastReplacement returns how the last replacement ended of those that are not unfinished; ok is false if there is none. The
// runs that went on with a replacement are part of it.
func LastReplacement(entries []Entry) (last EndedReplacement, ok bool) {
	of := map[nodeKey]*replaced{} // the last replacement of each node
	var at int
	for i := range entries {
		e := &entries[i]
		if r := e.Replaces(); r != nil {
			if e.State != Failed && e.State != Refused {
				queueReplaced(of, r.Queue)
			}
			continue
		}
		ref, known := e.node()
		n := keyOf(ref)
		r := of[n]
		if !known || r == nil {
			continue
		}
		switch {
		case e.Kind == KindPower && e.Action == string(providers.PowerTerminate) && e.State == Done: // also what was kept until now
			r.ended[n], r.last = terminated, i
		case r.ended[n] == "" && e.keeps():
			r.ended[n], r.last = kept, i
		}
	}
	for _, r := range of {
		if len(r.ended) < len(r.nodes) || ok && r.last <= at {
			continue
		}
		e := &entries[r.last]
		last, at, ok = EndedReplacement{Nodes: r.nodes, Who: e.Who, At: cmp.Or(e.Ended, e.Time), Entry: e.ID}, r.last, true
		for _, ref := range r.nodes {
			if r.ended[keyOf(ref)] == kept {
				last.Kept = append(last.Kept, ref)
			}
		}
	}
	return last, ok
}

// replaced is a replacement of LastReplacement.
type replaced struct {
	nodes []providers.InstanceRef
	ended map[nodeKey]string // terminated or kept
	last  int                // the entry that ended the last of them
}

const terminated, kept = "terminated", "kept"

// queueReplaced notes that a launch had nodes in its queue. If all of them are open, its run goes on with what has them;
// otherwise it began a replacement, which takes over those that are open.
func queueReplaced(of map[nodeKey]*replaced, queue []providers.InstanceRef) {
	isOpen := func(n nodeKey) bool { return of[n] != nil && of[n].ended[n] == "" }
	if !slices.ContainsFunc(queue, func(ref providers.InstanceRef) bool { return !isOpen(keyOf(ref)) }) {
		return
	}
	r := &replaced{nodes: slices.Clone(queue), ended: map[nodeKey]string{}}
	for _, ref := range queue {
		n := keyOf(ref)
		if isOpen(n) {
			of[n].nodes = slices.DeleteFunc(of[n].nodes, func(other providers.InstanceRef) bool { return keyOf(other) == n })
		}
		of[n] = r
	}
}

// keeps reports whether an entry ends the replacement of a node that is not terminated by it: the node was left, put back into
// DNS, or taken out for another reason.
func (e *Entry) keeps() bool {
	if e.Kind != KindChange || e.Change == nil || e.State != Done {
		return e.Note == left || e.Note == leftInPlace
	}
	if r := e.Change.Record(); r.IsMarker() {
		return false
	}
	return e.Change.Op == providers.OpCreate || e.Change.Op == providers.OpDelete && e.Verb != "replace"
}

// Replacing returns the nodes of replacements that are not finished, whether their runs go on or not.
func Replacing(entries []Entry) (refs []providers.InstanceRef) {
	for _, u := range unfinished(entries) {
		if u.Replacement {
			refs = append(refs, u.Instance)
		}
	}
	return refs
}
