package screen

import (
	"fmt"
	"strconv"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// serviceColumns returns the columns of the service tree.
func serviceColumns(sh *common.Context) []grid.Column[*rows.ServiceLine] {
	t := sh.Theme
	type row = *rows.ServiceLine
	return drawn(rows.ServiceScreen(), roles{"TTL": theme.Dim, "HOST": theme.Faint}, cellsByTitle[row]{
		"SERVICE": func(r row, text string) grid.Cell { return treeCell(t, r, text) },
		"CLOUD":   cloudsCell,
		"STATE": func(r row, text string) grid.Cell {
			if r.Node != nil {
				if doing, short := sh.DoingTo(rows.KeyOf(r.Node.Ref)); doing != "" {
					least := t.Wait // of another member
					if verb, rest, _ := strings.Cut(short, " "); verb != "by" || rest == "" {
						least = verb
					}
					return grid.Cell{Text: t.Wait + " " + doing, Short: short, Least: least, Role: theme.Notice}
				}
			}
			return serviceStateCell(t, r, text)
		},
		"ADDRESS": func(r row, text string) grid.Cell { return announcedCell(t, r, text) },
		"HEALTH":  func(r row, text string) grid.Cell { return healthCell(t, r, text) },
		"FINDING": func(r row, text string) grid.Cell {
			f := common.Worst(r.Findings)
			if f == nil {
				return grid.Cell{}
			}
			cell := alarmCell(t, f, text)
			if r.Node == nil {
				cell.Short = alarmGlyph(t, f) + " " + strconv.Itoa(len(r.Findings))
			}
			return cell
		},
	})
}

// treeCell returns the name of a row at its place in the tree.
func treeCell(t *theme.Theme, r *rows.ServiceLine, text string) grid.Cell {
	switch {
	case r.Folded > 0:
		return grid.Cell{Text: r.Indent() + t.Right + " +" + strconv.Itoa(r.Folded) + " " + r.Name, Role: theme.Strong}
	case r.Node == nil:
		return grid.Cell{Text: text, Role: theme.Strong}
	case r.Node.State == tree.NodeDead, r.Node.State == tree.NodeQuiesced:
		return grid.Cell{Text: text, Role: theme.Dim}
	}
	return grid.Cell{Text: text}
}

func cloudsCell(r *rows.ServiceLine, text string) grid.Cell {
	switch {
	case r.Node == nil && len(r.Members.Clouds) > 1:
		return grid.Cell{Text: providers.CountOf(len(r.Members.Clouds), "cloud"), Role: theme.Dim}
	case r.Production:
		return grid.Cell{Text: text, Role: theme.Warn}
	}
	return grid.Cell{Text: text, Role: theme.Dim}
}

func serviceStateCell(t *theme.Theme, r *rows.ServiceLine, text string) grid.Cell {
	if r.Node != nil {
		glyph, role := nodeGlyph(t, r.Node.State)
		return grid.Cell{Text: glyph + " " + text, Short: glyph, Role: role}
	}
	short := fmt.Sprintf("%d of min %d", r.Members.Live, r.Members.Minimum)
	switch {
	case r.Members.Thin():
		return grid.Cell{Text: t.Bad + " " + text, Short: t.Bad + " " + short, Least: t.Bad, Role: theme.Critical}
	case r.Incarnation != nil && r.Incarnation.Closed:
		return grid.Cell{Text: t.Hollow + " " + text, Short: text, Least: t.Hollow, Role: theme.Dim}
	case r.Members.Minimum > 0:
		return grid.Cell{Text: text, Short: short, Role: theme.Dim}
	}
	return grid.Cell{Text: text, Role: theme.Dim}
}

// nodeGlyph returns the glyph and the role of the state of a node.
func nodeGlyph(t *theme.Theme, s tree.NodeState) (string, theme.Role) {
	switch s {
	case tree.NodeRunning, tree.NodeByHand:
		return t.OK, theme.Good
	case tree.NodeQuiesced:
		return t.Hollow, theme.Notice
	case tree.NodeDead, tree.NodeMissing, tree.NodeHalf:
		return t.Bad, theme.Bad
	case tree.NodeStarting, "pending":
		return t.Wait, theme.Notice
	case tree.NodeForeign, tree.NodeOtherFleet, tree.NodeOutside:
		return t.Dot, theme.Dim
	}
	return t.Warn, theme.Warn
}

// announcedCell returns the address of a node, or what announces an incarnation.
func announcedCell(t *theme.Theme, r *rows.ServiceLine, text string) grid.Cell {
	switch {
	case r.Node != nil:
		return grid.Cell{Text: text, Short: r.Address()}
	case r.Incarnation == nil:
		if r.Members.Kind == index.DNSSD && len(r.Service.Incarnations) > 0 && !r.Service.Listed {
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
	if r.Incarnation.TXT == nil || len(r.Incarnation.PTR) == 0 {
		role = theme.Warn
	}
	return grid.Cell{Text: "PTR " + mark(len(r.Incarnation.PTR) > 0) + " TXT " + mark(r.Incarnation.TXT != nil), Role: role}
}

func healthCell(t *theme.Theme, r *rows.ServiceLine, text string) grid.Cell {
	switch {
	case r.Node == nil:
		return grid.Cell{}
	case r.Node.Health == nil:
		return grid.Cell{Text: text, Role: theme.Faint}
	case r.Node.Health.Failed == 0:
		return grid.Cell{Text: t.OK + " " + text, Role: theme.Good}
	case r.Unhealthy():
		return grid.Cell{Text: t.Bad + " " + text, Role: theme.Bad}
	}
	return grid.Cell{Text: t.Warn + " " + text, Role: theme.Warn}
}
