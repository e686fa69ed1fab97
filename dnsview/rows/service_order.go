package rows

import (
	"slices"
)

// ServiceOrder configures the layout of the tree as a list.
type ServiceOrder struct {
	Match   func(r *ServiceLine) bool // the filter, or nil
	Folded  map[ServiceKey]bool       // rows whose children are hidden while there is no filter
	Compare func(a, b *ServiceLine) int
	Reverse bool
}

// Flatten returns all rows from top to bottom, each after its parent, and the set of visible ones: with a filter those
// that match and their ancestors, without one those that are not folded.
func (t *ServiceOrder) Flatten(roots []*ServiceLine) (rows []*ServiceLine, shown map[ServiceKey]bool) {
	shown = map[ServiceKey]bool{}
	var walk func(list []*ServiceLine, hidden bool) bool
	walk = func(list []*ServiceLine, hidden bool) (any bool) {
		for _, r := range t.sorted(list) {
			folded := t.Match == nil && t.Folded[r.key] && len(r.Children) > 0
			if folded {
				c := *r
				c.Folded = true
				r = &c
			}
			rows = append(rows, r)
			below := walk(r.Children, hidden || folded)
			if shown[r.key] = !hidden && (below || (t.Match == nil || t.Match(r))); shown[r.key] {
				any = true
			}
		}
		return any
	}
	walk(roots, false)
	return rows, shown
}

func (t *ServiceOrder) sorted(list []*ServiceLine) []*ServiceLine {
	if t.Compare == nil {
		return list
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *ServiceLine) int {
		switch {
		case (a.Node == nil) != (b.Node == nil):
			return nodesFirst(a)
		case t.Reverse:
			return t.Compare(b, a)
		}
		return t.Compare(a, b)
	})
	return list
}

// nodesFirst returns the sort order that puts a service's own nodes before its incarnations.
func nodesFirst(a *ServiceLine) int {
	if a.Node != nil {
		return -1
	}
	return 1
}
