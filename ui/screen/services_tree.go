package screen

import (
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
)

// treeOrder says how the tree is laid out as a list.
type treeOrder struct {
	view    *dnsview.View
	filter  filter.Filter
	folded  map[serviceKey]bool
	compare func(a, b *serviceRow) int
	reverse bool
}

// flatten returns the rows from top to bottom, each after its parent, and which of them are
// shown: those that pass the filter with all above them, and without a filter what is not folded.
func (t *treeOrder) flatten(roots []*serviceRow) (rows []*serviceRow, shown map[serviceKey]bool) {
	shown = map[serviceKey]bool{}
	var walk func(list []*serviceRow, hidden bool) bool
	walk = func(list []*serviceRow, hidden bool) (any bool) {
		for _, r := range t.sorted(list) {
			folded := t.filter.Empty() && t.folded[r.key] && len(r.children) > 0
			if folded {
				c := *r
				c.folded = true
				r = &c
			}
			rows = append(rows, r)
			below := walk(r.children, hidden || folded)
			if shown[r.key] = !hidden && (below || t.passes(r)); shown[r.key] {
				any = true
			}
		}
		return any
	}
	walk(roots, false)
	return rows, shown
}

func (t *treeOrder) sorted(list []*serviceRow) []*serviceRow {
	if t.compare == nil {
		return list
	}
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *serviceRow) int {
		switch {
		case (a.node == nil) != (b.node == nil):
			return nodesFirst(a)
		case t.reverse:
			return t.compare(b, a)
		}
		return t.compare(a, b)
	})
	return list
}

func (t *treeOrder) passes(r *serviceRow) bool {
	switch {
	case t.filter.Empty():
		return true
	case r.node != nil:
		return t.filter.Match(rows.NewNode(t.view, r.node))
	}
	return t.filter.Match(&rows.Service{Roster: r.roster})
}

// nodesFirst keeps the nodes of a service itself before its incarnations, whatever the order.
func nodesFirst(a *serviceRow) int {
	if a.node != nil {
		return -1
	}
	return 1
}
