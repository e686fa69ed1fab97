package rows

import (
	"slices"
)

// ServiceOrder configures the layout of the tree as a list.
type ServiceOrder struct {
	Match   func(r *ServiceLine) bool   // the filter, or nil
	Folded  func(r *ServiceLine) bool   // whether a row is folded into its parent while there is no filter; or nil
	Compare func(a, b *ServiceLine) int // nil for the worst first
	Reverse bool
}

// Flatten returns all rows from top to bottom, each after its parent, and the set of visible ones: with a filter those
// that match and their ancestors, without one those that are not folded.
func (t *ServiceOrder) Flatten(roots []*ServiceLine) (rows []*ServiceLine, shown map[ServiceKey]bool) {
	shown = map[ServiceKey]bool{}
	var walk func(list []*ServiceLine, hidden bool) (visible bool, folded int)
	walk = func(list []*ServiceLine, hidden bool) (visible bool, folded int) {
		for _, r := range t.sorted(list) {
			h := hidden || t.Match == nil && t.Folded != nil && t.Folded(r)
			at := len(rows)
			rows = append(rows, r)
			below, n := walk(r.Children, h)
			switch {
			case h && r.Node != nil:
				folded++
			case h:
				folded += n
			case n > 0:
				c := *r
				c.Folded = n
				rows[at] = &c
			}
			if !h && (below || (t.Match == nil || t.Match(r))) {
				shown[r.Key()] = true
				visible = true
			}
		}
		return visible, folded
	}
	walk(roots, false)
	return rows, shown
}

func (t *ServiceOrder) sorted(list []*ServiceLine) []*ServiceLine {
	if t.Compare == nil {
		at := slices.IndexFunc(list, func(r *ServiceLine) bool { return r.Incarnation != nil && r.Node == nil })
		if at < 0 {
			at = len(list)
		}
		return slices.Concat(worstFirst(list[:at], (*ServiceLine).urgency), worstFirst(list[at:], (*ServiceLine).urgency))
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
