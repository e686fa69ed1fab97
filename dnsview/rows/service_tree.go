package rows

import (
	"slices"
)

// ServiceOrder says how the tree is laid out as a list.
type ServiceOrder struct {
	Match   func(r *ServiceLine) bool // the filter; nil without one
	Folded  map[ServiceKey]bool       // what is folded away while there is no filter
	Compare func(a, b *ServiceLine) int
	Reverse bool
}

// Flatten returns the rows from top to bottom, each after its parent, and which of them are
// shown: those that pass the filter with all above them, and without a filter what is not folded.
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

// nodesFirst keeps the nodes of a service itself before its incarnations, whatever the order.
func nodesFirst(a *ServiceLine) int {
	if a.Node != nil {
		return -1
	}
	return 1
}
