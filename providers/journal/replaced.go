package journal

import (
	"slices"
	"time"

	"rollcall/providers"
)

// EndedReplacement is how a replacement ended that launched a node.
type EndedReplacement struct {
	Nodes []providers.InstanceRef // that it was to replace
	Who   string                  // who ended it, by its last entry
	At    time.Time
	Entry string // that entry
	Left  bool   // it was left as it is
}

// LastReplacement returns how the last replacement ended of those that are not among the unfinished ones; ok is false if there is
// none.
func LastReplacement(entries []Entry) (last EndedReplacement, ok bool) {
	open := unfinished(entries)
	isOpen := func(ref providers.InstanceRef) bool {
		return slices.ContainsFunc(open, func(u Unfinished) bool { return u.Replacement && keyOf(u.Instance) == keyOf(ref) })
	}
	var run string
	var nodes []providers.InstanceRef
	for i := range slices.Backward(entries) {
		r := entries[i].Replaces()
		if r == nil || entries[i].State == Failed || entries[i].State == Refused || slices.ContainsFunc(r.Queue, isOpen) {
			continue
		}
		if run == "" {
			run = entries[i].Run
		}
		if run == entries[i].Run {
			nodes = r.Queue // that of its first launch has all nodes
		}
	}
	for i := range slices.Backward(entries) {
		e := &entries[i]
		ref, known := e.node()
		ends := e.Kind == KindPower && e.Action == string(providers.PowerTerminate) && e.State == Done || e.Note == leftInPlace ||
			e.Kind == KindChange && e.Change != nil && e.Change.Op == providers.OpCreate && e.State == Done
		if known && ends && slices.ContainsFunc(nodes, func(n providers.InstanceRef) bool { return keyOf(n) == keyOf(ref) }) {
			at := e.Ended
			if at.IsZero() {
				at = e.Time
			}
			return EndedReplacement{Nodes: nodes, Who: e.Who, At: at, Entry: e.ID, Left: e.Note == leftInPlace}, true
		}
	}
	return last, false
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
