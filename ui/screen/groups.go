package screen

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// groupsScreen shows the instances under headings: their cloud, service or state, with counts. Its rows are those of the
// Picture, and are grouped only while it is on top.
type groupsScreen struct {
	listScreen[rows.GroupKey, *rows.GroupLine]
	by     rows.Grouping
	view   *dnsview.View   // whose rows are shown; nil before
	all    bool            // groups are folded
	chosen map[string]bool // groups that the operator has folded; false for unfolded
}

// newGroupsScreen returns a function that makes the screen for one grouping.
func newGroupsScreen(by rows.Grouping) func(s *common.Context) Screen {
	return func(s *common.Context) Screen {
		g := &groupsScreen{
			listScreen: listScreen[rows.GroupKey, *rows.GroupLine]{Context: s, title: "Instances by " + string(by), empty: "instances", natural: worstFirst},
			by:         by, chosen: map[string]bool{},
		}
		g.columns = func() []grid.Column[*rows.GroupLine] { return groupColumns(s) }
		g.makeList()
		g.list.Markable = func(l *rows.GroupLine) bool { return !l.Heading() }
		return g
	}
}

// folded returns the test for groups whose members are not shown. It may be used in a command.
func (g *groupsScreen) folded() func(name string) bool {
	all, chosen := g.all, maps.Clone(g.chosen)
	return func(name string) bool {
		if folded, ok := chosen[name]; ok {
			return folded
		}
		return all
	}
}

// Shown returns the view that the rows are of.
func (g *groupsScreen) Shown() *dnsview.View { return g.view }

// BuildRows leaves the work to Arrange, which has the rows of the Picture.
func (g *groupsScreen) BuildRows(_ context.Context, _ common.Backend, v *dnsview.View) (take func()) {
	return func() { g.view = v }
}

// Release forgets the rows.
func (g *groupsScreen) Release() {
	g.view = nil
	g.list.release()
}

// Arrange groups, folds, filters and sorts the instances in a command.
func (g *groupsScreen) Arrange() tea.Cmd {
	if g.view == nil || g.Picture == nil {
		return nil
	}
	l := g.list
	l.gen++
	gen, columns, order, by, all := l.gen, l.columns, l.sort, l.filter, g.Picture.Instances
	grouping, folded := g.by, g.folded()
	return func() tea.Msg {
		groups := rows.GroupInstances(all, grouping)
		lines, shown := make([]*rows.GroupLine, 0, len(all)+len(groups)), []int32{}
		for _, group := range groups {
			members := make([]*rows.GroupLine, len(group.Members))
			for i, r := range group.Members {
				members[i] = &rows.GroupLine{Instance: r, Group: group}
			}
			if order.Column >= 0 {
				compare := columns[order.Column].Compare
				slices.SortStableFunc(members, func(a, b *rows.GroupLine) int {
					if order.Reverse {
						a, b = b, a
					}
					return compare(a, b)
				})
			}
			heading := len(lines)
			lines = append(append(lines, &rows.GroupLine{Group: group, Folded: folded(group.Name)}), members...)
			found := false
			for i, m := range members {
				if !by.Empty() && !by.Match(m.Instance) {
					continue
				}
				if !found {
					found = true
					shown = append(shown, int32(heading))
				}
				if !folded(group.Name) {
					shown = append(shown, int32(heading+1+i))
				}
			}
		}
		as := slices.Clone(columns) // the lines are in order
		for i := range as {
			as[i].Compare = nil
		}
		return arranged[rows.GroupKey, *rows.GroupLine]{list: l, gen: gen, by: columns, data: grid.Arrange(nil, as, lines, grid.Filter{
			Pass: func([]int32) []int32 { return shown },
		}, order)}
	}
}

func (g *groupsScreen) Do(a common.Action) (tea.Cmd, bool) {
	r, ok := g.list.Current()
	switch a {
	case common.ActLeft, common.ActRight, common.ActNextPane:
		if !ok {
			return nil, true
		}
		return g.fold(a, r), true
	case common.ActZoom:
		g.all = !g.all
		clear(g.chosen)
		if ok {
			g.list.Select(rows.GroupKey{Group: r.Group.Name})
		}
		return g.Arrange(), true
	case common.ActDetail:
		switch {
		case !ok:
			return nil, true
		case r.Heading():
			return g.fold(common.ActNextPane, r), true
		}
		return dialog.Instance(g.Context, r.Instance), true
	}
	return nil, false
}

// fold folds the group of a line with left, unfolds it with right, and does one or the other otherwise.
func (g *groupsScreen) fold(a common.Action, r *rows.GroupLine) tea.Cmd {
	folded := g.folded()(r.Group.Name)
	to := a == common.ActLeft || a == common.ActNextPane && !folded
	if to == folded {
		return nil
	}
	g.chosen[r.Group.Name] = to
	g.list.Select(rows.GroupKey{Group: r.Group.Name})
	return g.Arrange()
}

// Body draws the groups. The title has the number of instances, not of lines.
func (g *groupsScreen) Body(l common.Layout, production bool) []string {
	f := frameOfList(g.Context, g.title, g.list, production)
	if g.view != nil {
		title := common.NewLine(g.Theme).Add(theme.Strong, g.title)
		if g.list.filter.Empty() {
			title.Add(theme.Accent, " "+strconv.Itoa(len(g.Picture.Instances)))
		}
		f = titled(g.Context, title, g.list, production)
	}
	return g.draw(f, nil, l)
}

// members returns the instances that a command acts on: the marked ones, else the one under the cursor. A heading stands for
// none, so that no key acts on a whole group.
func (g *groupsScreen) members() (out []*rows.Instance) {
	for _, l := range g.list.Chosen() {
		if !l.Heading() {
			out = append(out, l.Instance)
		}
	}
	return out
}

func (g *groupsScreen) Current() common.Subject {
	l, ok := g.list.Current()
	switch {
	case !ok:
		return common.Subject{}
	case l.Heading():
		return common.Subject{Name: l.Group.Name}
	}
	r := l.Instance
	return common.Subject{Instance: r, Finding: common.Worst(r.Findings), Production: r.Production(), Name: r.Inst.ID}
}

func (g *groupsScreen) Records() []*rows.Record {
	var ids []providers.Identity
	for _, r := range g.members() {
		ids = append(ids, r.Records()...)
	}
	return g.RecordsByID(ids)
}

func (g *groupsScreen) Instances() ([]providers.InstanceRef, string) {
	var refs []providers.InstanceRef
	for _, r := range g.members() {
		refs = append(refs, r.Inst.Ref())
	}
	return refs, "instance"
}

func (g *groupsScreen) ChosenFindings() []*dnsview.Finding {
	var out []*dnsview.Finding
	for _, r := range g.members() {
		out = append(out, common.Worst(r.Findings))
	}
	return out
}

func (g *groupsScreen) Copied() string {
	if r := g.Current().Instance; r != nil {
		return r.Ref().ID
	}
	return g.Current().Name
}

func (g *groupsScreen) About() (left, right *common.Line) {
	l, ok := g.list.Current()
	left, right = common.NewLine(g.Theme), common.NewLine(g.Theme)
	switch {
	case !ok:
	case !l.Heading():
		if f := common.Worst(l.Findings); f != nil {
			return findingAbout(g.Context, f)
		}
		left.Add(theme.Plain, l.Ref().Name).Add(theme.Dim, " "+l.Ref().ID+" in "+l.Ref().Cloud)
	default:
		left.Add(theme.Plain, l.Group.Name).Add(theme.Dim, ": "+l.Group.States)
		if l.Group.Urgent > 0 {
			left.Add(theme.Dim, fmt.Sprintf(", %d with something that needs a person", l.Group.Urgent))
		}
	}
	return left, right
}

func (g *groupsScreen) Keys() []KeyHelp {
	return []KeyHelp{
		{common.ActBack, "back"},
		{common.ActHelp, "help"},
		{common.ActDetail, "detail"},
		{common.ActLeft, "fold"},
		{common.ActRight, "unfold"},
		{common.ActZoom, "all"},
		{common.ActFilter, "filter"},
		{common.ActSort, "sort"},
		{common.ActMark, "mark"},
		{common.ActPalette, "commands"},
		{common.ActQuit, "quit"},
	}
}

// groupColumns returns the columns of the instances, with the headings of groups in them. The name comes first.
func groupColumns(sh *common.Context) []grid.Column[*rows.GroupLine] {
	t := sh.Theme
	var out []grid.Column[*rows.GroupLine]
	for _, c := range instanceColumns(sh) {
		if c.Extra {
			continue
		}
		text, compare := c.Text, c.Compare
		w := grid.Column[*rows.GroupLine]{Title: c.Title, Min: c.Min, Max: c.Max, Priority: c.Priority, Middle: c.Middle, Right: c.Right, Wide: c.Wide, Optional: c.Optional}
		if compare != nil {
			w.Compare = func(a, b *rows.GroupLine) int { return compare(a.Instance, b.Instance) }
		}
		heading := func(*rows.GroupLine) grid.Cell { return grid.Cell{} }
		indent := ""
		switch c.Title {
		case "NAME":
			w.Min, w.Max, w.Middle, indent = 16, 40, false, "  "
			heading = func(l *rows.GroupLine) grid.Cell {
				glyph := t.Down
				if l.Folded {
					glyph = t.Right
				}
				n := strconv.Itoa(len(l.Group.Members))
				return grid.Cell{Text: glyph + " " + l.Group.Name + "  " + n, Short: glyph + " " + n + " " + l.Group.Name, Role: theme.Strong}
			}
		case "ADDRESS":
			heading = func(l *rows.GroupLine) grid.Cell { return grid.Cell{Text: l.Group.States, Role: theme.Dim} }
		case "DNS":
			heading = func(l *rows.GroupLine) grid.Cell {
				g := l.Group
				if g.Urgent == 0 {
					return grid.Cell{Text: t.OK, Role: theme.Good}
				}
				glyph, role := common.SeverityGlyph(t, g.Severity())
				return grid.Cell{Text: glyph + " " + strconv.Itoa(g.Urgent), Role: role}
			}
		}
		w.Text = func(l *rows.GroupLine) grid.Cell {
			if l.Heading() {
				return heading(l)
			}
			cell := text(l.Instance)
			cell.Text = indent + cell.Text
			return cell
		}
		if c.Title == "NAME" {
			out = slices.Insert(out, 0, w)
		} else {
			out = append(out, w)
		}
	}
	return out
}
