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
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// groupsScreen shows the instances or the records under headings with counts. Its rows are those of the Picture, and are
// grouped only while it is on top.
type groupsScreen[K comparable, R rows.Grouped[K]] struct {
	listScreen[rows.GroupKey[K], *rows.GroupLine[K, R]]
	kind   groupKind[R]
	view   *dnsview.View   // whose rows are shown; nil before
	all    bool            // groups are folded
	chosen map[string]bool // groups that the operator has folded; false for unfolded
}

// groupKind is what instances and records differ in when they are grouped.
type groupKind[R any] struct {
	list      string // whose columns they have, as commands spell it
	rows      func(p *common.Picture) []R
	group     func(list []R) []*rows.Group[R]
	columns   func() []grid.Column[R]
	kinds     string // title of the column with the kinds of a heading
	worst     string // title of the column with its worst finding
	subject   func(r R) common.Subject
	detail    func(r R) tea.Cmd
	records   func(list []R) []*rows.Record
	instances func(list []R) []providers.InstanceRef
	copied    func(r R) string
	about     func(l *common.Line, r R)
}

func newGroups[K comparable, R rows.Grouped[K]](s *common.Context, title, empty string, kind groupKind[R]) Screen {
	g := &groupsScreen[K, R]{
		listScreen: listScreen[rows.GroupKey[K], *rows.GroupLine[K, R]]{Context: s, title: title, empty: empty, natural: worstFirst},
		kind:       kind, chosen: map[string]bool{},
	}
	g.columns = func() []grid.Column[*rows.GroupLine[K, R]] { return groupColumns[K](s.Theme, &g.kind) }
	g.makeList()
	g.list.Markable = func(l *rows.GroupLine[K, R]) bool { return !l.Heading }
	return g
}

// folded returns the test for groups whose members are not shown. It may be used in a command.
func (g *groupsScreen[K, R]) folded() func(name string) bool {
	all, chosen := g.all, maps.Clone(g.chosen)
	return func(name string) bool {
		if folded, ok := chosen[name]; ok {
			return folded
		}
		return all
	}
}

// Shown returns the view that the rows are of.
func (g *groupsScreen[K, R]) Shown() *dnsview.View { return g.view }

// BuildRows leaves the work to Arrange, which has the rows of the Picture.
func (g *groupsScreen[K, R]) BuildRows(_ context.Context, _ common.Backend, v *dnsview.View) (take func()) {
	return func() { g.view = v }
}

// Release forgets the rows.
func (g *groupsScreen[K, R]) Release() {
	g.view = nil
	g.list.release()
}

// Arrange groups, folds, filters and sorts the instances in a command.
func (g *groupsScreen[K, R]) Arrange() tea.Cmd {
	if g.view == nil || g.Picture == nil {
		return nil
	}
	l := g.list
	out, columns, order, by, all := l.next(), l.columns, l.sort, l.filter, g.kind.rows(g.Picture)
	group, folded := g.kind.group, g.folded()
	return l.inTurn(func() tea.Msg {
		groups := group(all)
		lines, shown := make([]*rows.GroupLine[K, R], 0, len(all)+len(groups)), []int32{}
		for _, group := range groups {
			members := make([]*rows.GroupLine[K, R], len(group.Members))
			for i, r := range group.Members {
				members[i] = &rows.GroupLine[K, R]{Member: r, Group: group}
			}
			if order.Column >= 0 {
				compare := columns[order.Column].Compare
				slices.SortStableFunc(members, func(a, b *rows.GroupLine[K, R]) int {
					if order.Reverse {
						a, b = b, a
					}
					return compare(a, b)
				})
			}
			heading := len(lines)
			lines = append(append(lines, &rows.GroupLine[K, R]{Member: group.Members[0], Group: group, Heading: true, Folded: folded(group.Name)}), members...)
			found := false
			for i, m := range members {
				if !by.Empty() && !by.Match(m) {
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
		out.data = grid.Arrange(nil, as, lines, grid.Filter{Pass: func([]int32) []int32 { return shown }}, order)
		return out
	})
}

func (g *groupsScreen[K, R]) Do(a common.Action) (tea.Cmd, bool) {
	r, ok := g.list.Current()
	switch a {
	case common.ActLeft, common.ActRight, common.ActNextPane:
		if !ok {
			return nil, true
		}
		return g.fold(a, r), true
	case common.ActZoom:
		g.all = !g.all
		g.list.changes++
		clear(g.chosen)
		if ok {
			g.list.Select(rows.GroupKey[K]{Group: r.Group.Name})
		}
		return g.Arrange(), true
	case common.ActColumns:
		openColumns(g.Context, g.kind.list, g.list)
		return nil, true
	case common.ActDetail:
		switch {
		case !ok:
			return nil, true
		case r.Heading:
			return g.fold(common.ActNextPane, r), true
		}
		return g.kind.detail(r.Member), true
	}
	return nil, false
}

// fold folds the group of a line with left, unfolds it with right, and does one or the other otherwise.
func (g *groupsScreen[K, R]) fold(a common.Action, r *rows.GroupLine[K, R]) tea.Cmd {
	folded := g.folded()(r.Group.Name)
	to := a == common.ActLeft || a == common.ActNextPane && !folded
	if to == folded {
		return nil
	}
	g.chosen[r.Group.Name] = to
	g.list.changes++
	g.list.Select(rows.GroupKey[K]{Group: r.Group.Name})
	return g.Arrange()
}

// ChooseColumns implements ColumnChooser.
func (g *groupsScreen[K, R]) ChooseColumns(list string, titles []string) {
	if list == g.kind.list {
		g.list.choose(nameFirst(titles))
	}
}

// SetColumns implements ColumnChooser.
func (g *groupsScreen[K, R]) SetColumns(list string, names []string) {
	if list == g.kind.list {
		g.list.setOwn(nameFirst(titlesNamed(names)))
	}
}

// nameFirst returns titles of columns with that of the name first, in whose column headings stand; none for none.
func nameFirst(titles []string) []string {
	if len(titles) == 0 {
		return nil
	}
	return append([]string{nameTitle}, slices.DeleteFunc(slices.Clone(titles), func(t string) bool { return t == nameTitle })...)
}

// nameTitle is the title of the column with the names of rows.
const nameTitle = "NAME"

// Body draws the groups. The title has the number of rows, not of lines.
func (g *groupsScreen[K, R]) Body(l common.Layout, production bool) []string {
	f := frameOfList(g.Context, g.title, g.list, production)
	if g.view != nil {
		title := common.NewLine(g.Theme).Add(theme.Strong, g.title)
		if g.list.filter.Empty() {
			title.Add(theme.Accent, " "+strconv.Itoa(len(g.kind.rows(g.Picture))))
		}
		f = titled(g.Context, title, g.list, production)
	}
	return g.draw(f, nil, l)
}

// members returns the rows that a command acts on: the marked ones, else the one under the cursor. A heading stands for none,
// so that no key acts on a whole group.
func (g *groupsScreen[K, R]) members() (out []R) {
	for _, l := range g.list.Chosen() {
		if !l.Heading {
			out = append(out, l.Member)
		}
	}
	return out
}

func (g *groupsScreen[K, R]) Current() common.Subject {
	l, ok := g.list.Current()
	switch {
	case !ok:
		return common.Subject{}
	case l.Heading:
		return common.Subject{Name: l.Group.Name}
	}
	return g.kind.subject(l.Member)
}

func (g *groupsScreen[K, R]) Records() []*rows.Record { return g.kind.records(g.members()) }

func (g *groupsScreen[K, R]) Instances() ([]providers.InstanceRef, string) {
	return g.kind.instances(g.members()), "instance"
}

func (g *groupsScreen[K, R]) ChosenFindings() []*dnsview.Finding {
	var out []*dnsview.Finding
	for _, r := range g.members() {
		out = append(out, g.kind.subject(r).Finding)
	}
	return out
}

func (g *groupsScreen[K, R]) Copied() string {
	if l, ok := g.list.Current(); ok && !l.Heading {
		return g.kind.copied(l.Member)
	}
	return g.Current().Name
}

func (g *groupsScreen[K, R]) About() (left, right *common.Line) {
	l, ok := g.list.Current()
	left, right = common.NewLine(g.Theme), common.NewLine(g.Theme)
	switch {
	case !ok:
	case !l.Heading:
		if f := g.kind.subject(l.Member).Finding; f != nil {
			return findingAbout(g.Context, f)
		}
		g.kind.about(left, l.Member)
	default:
		left.Add(theme.Plain, l.Group.Name).Add(theme.Dim, ": "+l.Group.Kinds)
		if l.Group.Urgent > 0 {
			left.Add(theme.Dim, fmt.Sprintf(", %d with something that needs a person", l.Group.Urgent))
		}
	}
	return left, right
}

func (g *groupsScreen[K, R]) Keys() []KeyHelp {
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

// groupColumns returns the columns of the rows, with the headings of groups in them. The name comes first.
func groupColumns[K comparable, R rows.Grouped[K]](t *theme.Theme, kind *groupKind[R]) []grid.Column[*rows.GroupLine[K, R]] {
	type line = *rows.GroupLine[K, R]
	var out []grid.Column[line]
	for _, c := range kind.columns() {
		text, compare := c.Text, c.Compare
		w := grid.Column[line]{Title: c.Title, Extra: c.Extra, Min: c.Min, Narrow: c.Narrow, Max: c.Max, Priority: c.Priority, Middle: c.Middle, Right: c.Right, Wide: c.Wide, Optional: c.Optional}
		if compare != nil {
			w.Compare = func(a, b line) int { return compare(a.Member, b.Member) }
		}
		heading := func(line) grid.Cell { return grid.Cell{} }
		indent := ""
		switch c.Title {
		case nameTitle:
			w.Min, w.Max, w.Middle, indent = 16, 40, false, "  "
			heading = func(l line) grid.Cell {
				glyph := t.Down
				if l.Folded {
					glyph = t.Right
				}
				n := strconv.Itoa(len(l.Group.Members))
				return grid.Cell{Text: glyph + " " + l.Group.Name + "  " + n, Short: glyph + " " + n + " " + l.Group.Name, Role: theme.Strong}
			}
		case kind.kinds:
			heading = func(l line) grid.Cell { return grid.Cell{Text: l.Group.Kinds, Role: theme.Dim} }
		case kind.worst:
			heading = func(l line) grid.Cell {
				g := l.Group
				if g.Urgent == 0 {
					return grid.Cell{Text: t.OK, Role: theme.Good}
				}
				glyph, role := common.SeverityGlyph(t, g.Severity())
				return grid.Cell{Text: glyph + " " + strconv.Itoa(g.Urgent), Role: role}
			}
		}
		w.Text = func(l line) grid.Cell {
			if l.Heading {
				return heading(l)
			}
			cell := text(l.Member)
			cell.Text = indent + cell.Text
			return cell
		}
		if c.Title == nameTitle {
			out = slices.Insert(out, 0, w)
		} else {
			out = append(out, w)
		}
	}
	return out
}
