package screen

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// serviceColumns are the columns of the tree of services. A service and an incarnation
// add up in them what their nodes have.
func serviceColumns(t *theme.Theme) []grid.Column[*serviceRow] {
	type row = *serviceRow
	number := func(title string, most, priority int, text func(r row) string, compare func(a, b row) int) grid.Column[row] {
		return grid.Column[row]{
			Title: title, Min: len(title), Max: most, Priority: priority, Right: true, Compare: compare,
			Text: func(r row) grid.Cell { return grid.Cell{Text: text(r), Role: theme.Plain} },
		}
	}
	return []grid.Column[row]{
		{
			Title: "SERVICE", Min: 17, Max: 48,
			Text:    func(r row) grid.Cell { return treeCell(t, r) },
			Compare: func(a, b row) int { return cmp.Compare(a.natural, b.natural) },
		},
		{
			Title: "CLOUD", Min: 11, Max: 20, Priority: 3,
			Text: func(r row) grid.Cell { return cloudsCell(r) },
			Compare: func(a, b row) int {
				return cmp.Or(cmp.Compare(a.cloudOrder, b.cloudOrder), cmp.Compare(a.clouds, b.clouds), cmp.Compare(a.natural, b.natural))
			},
		},
		{
			Title: "STATE", Min: 11, Max: 16,
			Text: func(r row) grid.Cell { return standCell(t, r) },
			Compare: func(a, b row) int {
				if a.node == nil || b.node == nil {
					return cmp.Compare(a.roster.Live, b.roster.Live)
				}
				return cmp.Compare(a.node.State, b.node.State)
			},
		},
		number("PRIO", 5, 2, (*serviceRow).priority, func(a, b row) int { return compareNumbers(a.priority(), b.priority()) }),
		number("WEIGHT", 6, 1, (*serviceRow).weight, func(a, b row) int { return compareNumbers(a.weight(), b.weight()) }),
		number("PORT", 5, 4, (*serviceRow).port, func(a, b row) int { return compareNumbers(a.port(), b.port()) }),
		{
			Title: "TTL", Min: 4, Max: 6, Priority: 6, Right: true,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.ttl(), Role: theme.Dim} },
		},
		{
			Title: "ADDRESS", Min: 15, Max: 39, Priority: 5,
			Text: func(r row) grid.Cell { return announcedCell(t, r) },
			Compare: func(a, b row) int {
				if a.node == nil || b.node == nil || len(a.node.Addresses) == 0 || len(b.node.Addresses) == 0 {
					return cmp.Compare(a.address, b.address)
				}
				return a.node.Addresses[0].Compare(b.node.Addresses[0])
			},
		},
		{
			Title: "HOST", Min: 10, Max: 30, Priority: 8,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.host, Role: theme.Faint} },
		},
		{
			Title: "HEALTH", Min: 11, Max: 12, Priority: 2,
			Text:    func(r row) grid.Cell { return healthCell(t, r) },
			Compare: func(a, b row) int { return cmp.Compare(a.failing(), b.failing()) },
		},
		{
			Title: "FINDING", Min: 9, Max: 16,
			Text:    func(r row) grid.Cell { return foundCell(t, r) },
			Compare: func(a, b row) int { return cmp.Compare(severityOf(b.findings), severityOf(a.findings)) },
		},
	}
}

// treeCell is the name of a row at its place in the tree.
func treeCell(t *theme.Theme, r *serviceRow) grid.Cell {
	text := r.indent + r.name
	if r.folded {
		text = r.indent + t.Right + " " + r.name
	}
	switch {
	case r.node == nil:
		return grid.Cell{Text: text, Role: theme.Strong}
	case r.node.State == dnsview.NodeDead, r.node.State == dnsview.NodeQuiesced:
		return grid.Cell{Text: text, Role: theme.Dim}
	}
	return grid.Cell{Text: text}
}

func cloudsCell(r *serviceRow) grid.Cell {
	switch {
	case r.node == nil && len(r.roster.Clouds) > 1:
		return grid.Cell{Text: common.CountOf(len(r.roster.Clouds), "cloud"), Role: theme.Dim}
	case r.production:
		return grid.Cell{Text: r.clouds, Role: theme.Warn}
	}
	return grid.Cell{Text: r.clouds, Role: theme.Dim}
}

// standCell says how a node stands, and of a service how many live members it has
// against its minimum.
func standCell(t *theme.Theme, r *serviceRow) grid.Cell {
	if r.node != nil {
		glyph, role := nodeGlyph(t, r.node.State)
		return grid.Cell{Text: glyph + " " + common.Clean(string(r.node.State)), Role: role}
	}
	live := strconv.Itoa(r.roster.Live) + " live"
	if r.roster.Minimum > 0 {
		live += ", min " + strconv.Itoa(r.roster.Minimum)
	}
	short := fmt.Sprintf("%d of min %d", r.roster.Live, r.roster.Minimum)
	switch {
	case r.roster.Thin():
		return grid.Cell{Text: t.Bad + " " + live, Short: t.Bad + " " + short, Role: theme.Critical}
	case r.incarnation != nil && r.incarnation.Closed:
		return grid.Cell{Text: t.Hollow + " closed", Role: theme.Dim}
	case r.roster.Minimum > 0:
		return grid.Cell{Text: live, Short: short, Role: theme.Dim}
	}
	return grid.Cell{Text: live, Role: theme.Dim}
}

// nodeGlyph returns the glyph and the role of the state of a node.
func nodeGlyph(t *theme.Theme, s dnsview.NodeState) (string, theme.Role) {
	switch s {
	case dnsview.NodeRunning, dnsview.NodeByHand:
		return t.OK, theme.Good
	case dnsview.NodeQuiesced:
		return t.Hollow, theme.Notice
	case dnsview.NodeDead, dnsview.NodeMissing, dnsview.NodeHalf:
		return t.Bad, theme.Bad
	case dnsview.NodeStarting, "pending":
		return t.Wait, theme.Notice
	case dnsview.NodeForeign, dnsview.NodeOtherFleet, dnsview.NodeOutside:
		return t.Dot, theme.Dim
	}
	return t.Warn, theme.Warn
}

// announcedCell is the address of a node; of an incarnation, what announces it.
func announcedCell(t *theme.Theme, r *serviceRow) grid.Cell {
	switch {
	case r.node != nil:
		text := r.address
		if n := len(r.node.Addresses); n > 1 {
			text += fmt.Sprintf(" +%d", n-1)
		}
		return grid.Cell{Text: text, Short: r.address}
	case r.incarnation == nil:
		if r.roster.Kind == index.DNSSD && len(r.service.Incarnations) > 0 && !r.service.Listed {
			return grid.Cell{Text: "not listed", Role: theme.Dim}
		}
		return grid.Cell{}
	}
	mark := func(has bool) string {
		if has {
			return t.OK
		}
		return t.Bad
	}
	role := theme.Dim
	if r.incarnation.TXT == nil || len(r.incarnation.PTR) == 0 {
		role = theme.Warn
	}
	return grid.Cell{Text: "PTR " + mark(len(r.incarnation.PTR) > 0) + " TXT " + mark(r.incarnation.TXT != nil), Role: role}
}

// healthCell says what the health checks of a node came to: how many of the last passed.
func healthCell(t *theme.Theme, r *serviceRow) grid.Cell {
	switch n := r.node; {
	case n == nil:
		return grid.Cell{}
	case n.Health == nil:
		return grid.Cell{Text: "not checked", Role: theme.Faint}
	case n.Health.Failed == 0:
		return grid.Cell{Text: t.OK + " " + passed(n.Health), Role: theme.Good}
	case r.unhealthy():
		return grid.Cell{Text: t.Bad + " " + passed(n.Health), Role: theme.Bad}
	}
	return grid.Cell{Text: t.Warn + " " + passed(r.node.Health), Role: theme.Warn}
}

func passed(h *index.HealthState) string { return fmt.Sprintf("%d of %d ok", h.Of-h.Failed, h.Of) }

func (r *serviceRow) unhealthy() bool {
	for _, f := range r.findings {
		if f.Class == dnsview.Unhealthy {
			return true
		}
	}
	return false
}

// failing orders rows by their health: the worst first, those that no one checked last.
func (r *serviceRow) failing() int {
	switch {
	case r.node == nil || r.node.Health == nil:
		return 1
	default:
		return -r.node.Health.Failed
	}
}

// foundCell names the worst that was found about a node, and counts what was found about a service.
func foundCell(t *theme.Theme, r *serviceRow) grid.Cell {
	f := common.Worst(r.findings)
	if f == nil {
		return grid.Cell{}
	}
	glyph, role := common.SeverityGlyph(t, f.Severity)
	if r.node == nil {
		n := len(r.findings)
		return grid.Cell{Text: glyph + " " + common.CountOf(n, "finding"), Short: glyph + " " + strconv.Itoa(n), Role: role}
	}
	return grid.Cell{Text: glyph + " " + string(f.Class), Role: role}
}

func (r *serviceRow) priority() string {
	if r.node == nil || !r.node.HasSRV {
		return ""
	}
	return r.guess(strconv.Itoa(int(r.node.SRV.Priority)))
}

func (r *serviceRow) weight() string {
	switch {
	case r.node == nil:
		return ""
	case r.node.HasSRV:
		return r.guess(strconv.Itoa(int(r.node.SRV.Weight)))
	case r.node.Weighted:
		return strconv.FormatInt(r.node.Weight, 10)
	}
	return ""
}

// guess writes a number of which the marker says only that it may be it.
func (r *serviceRow) guess(s string) string {
	if r.node.Guessed {
		return s + "?"
	}
	return s
}

func (r *serviceRow) port() string {
	if r.node == nil || !r.node.HasSRV {
		return ""
	}
	return strconv.Itoa(int(r.node.SRV.Port))
}

func (r *serviceRow) ttl() string {
	switch {
	case r.node == nil || len(r.node.Records)+len(r.node.Hosts) == 0:
		return ""
	case r.node.AutoTTL:
		return "auto"
	}
	return strconv.FormatUint(uint64(r.node.TTL), 10)
}

// compareNumbers orders numbers that are written as texts; none comes last.
func compareNumbers(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(b, a)
	}
	a, b = strings.TrimSuffix(a, "?"), strings.TrimSuffix(b, "?")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
