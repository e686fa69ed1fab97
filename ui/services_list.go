package ui

import (
	"fmt"
	"maps"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// arrangeServices orders, folds and filters the tree in a command.
func (m *Model) arrangeServices() tea.Cmd {
	if m.joined == nil || m.joined.services == nil {
		return nil
	}
	l := m.services
	l.gen++
	gen, columns, order := l.gen, l.columns, l.sort
	t := treeOrder{view: m.joined.view, filter: l.filter, folded: maps.Clone(m.folded)}
	if order.Column >= 0 {
		t.compare = columns[order.Column].Compare
		t.reverse = order.Reverse
	}
	roots := m.joined.services.roots
	return func() tea.Msg {
		rows, shown := t.flatten(roots)
		// The rows come in order: sorted as a list, children would leave their parents.
		as := slices.Clone(columns)
		for i := range as {
			as[i].Compare = nil
		}
		return arranged[serviceKey, *serviceRow]{gen: gen, data: grid.Arrange[serviceKey](as, rows, func(r *serviceRow) bool { return shown[r.key] }, order)}
	}
}

// treeOrder says how the tree is laid out as a list.
type treeOrder struct {
	view    *dnsview.View
	filter  filter.Filter
	folded  map[serviceKey]bool
	compare func(a, b *serviceRow) int
	reverse bool
}

// flatten gives the rows from top to bottom, each after its parent, and which of them are
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
		return t.filter.MatchNode(t.view, r.node)
	}
	return t.filter.MatchRoster(r.roster)
}

// fold folds the row under the cursor with left, unfolds it with right, and turns it round
// with tab. From a node, left goes to what the node lies in.
func (m *Model) fold(a Action) tea.Cmd {
	r, ok := m.services.grid.Current()
	if !ok {
		return nil
	}
	folded := m.folded[r.key]
	if a == ActLeft && (folded || len(r.children) == 0) && r.parent != nil {
		m.services.grid.Select(r.parent.key)
		return nil
	}
	if len(r.children) == 0 || a == ActLeft && folded || a == ActRight && !folded {
		return nil
	}
	if folded {
		delete(m.folded, r.key)
	} else {
		m.folded[r.key] = true
	}
	return m.arrangeServices()
}

// drawServices draws the tree. Its title counts services and nodes, not rows.
func (m *Model) drawServices(l layout) []string {
	g, t := m.services.grid, m.theme
	f := m.listFrame("Services", g, m.services.filter.String(), m.services.sortedBy())
	if m.joined != nil && m.joined.services != nil && m.services.filter.Empty() {
		title := newLine(t).add(theme.Strong, "Services").add(theme.Accent, fmt.Sprintf(" %d", m.joined.services.count)).
			add(theme.Faint, " "+t.Dot+" ").add(theme.Dim, countOf(m.joined.services.nodes, "node"))
		f = m.frameOf(title, g, "", m.services.sortedBy())
	}
	return m.drawList(f, func(h int) []string {
		lines := drawer(m.services, t)(h)
		m.placeholder(lines, g, rect{l.w, l.body}, "services")
		return lines
	}, l)
}

// nodesFirst keeps the nodes of a service itself before its incarnations, whatever the order.
func nodesFirst(a *serviceRow) int {
	if a.node != nil {
		return -1
	}
	return 1
}
