package screen

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// overviewScreen shows services down and clouds across, each cell with the nodes that are in DNS and well, in DNS and not well,
// and not in DNS.
type overviewScreen struct {
	listScreen[string, *rows.Overview]
	table  *rows.OverviewTable // nil until the screen is first shown
	clouds []string            // that the columns are of
}

func newOverviewScreen(s *common.Context) Screen {
	o := &overviewScreen{listScreen: listScreen[string, *rows.Overview]{Context: s, title: "Overview", empty: "services"}}
	o.columns = func() []grid.Column[*rows.Overview] { return overviewColumns(s, o.table) }
	o.rows = func() []*rows.Overview {
		if o.table == nil {
			return nil
		}
		return o.table.Rows
	}
	o.makeList()
	return o
}

func (o *overviewScreen) Shown() *dnsview.View {
	if o.table == nil {
		return nil
	}
	return o.table.View
}

// BuildRows counts the services. The last changes are read from the journal; a read error is ignored here.
func (o *overviewScreen) BuildRows(ctx context.Context, backend common.Backend, v *dnsview.View) (take func()) {
	j, _ := backend.Journal(ctx, journalLimit)
	table := rows.NewOverview(v, j.Entries)
	return func() {
		sameClouds := slices.Equal(o.clouds, table.Clouds)
		o.table, o.clouds = table, table.Clouds
		if !sameClouds {
			was := o.list
			o.makeList()
			o.list.filter, o.list.changes = was.filter, was.changes
		}
		o.Resize(common.Divide(o.Width, o.Height))
	}
}

func (o *overviewScreen) Release() {
	o.table = nil
	o.list.release()
}

func (o *overviewScreen) Restyle() {
	if o.table == nil {
		o.clouds = nil // the columns are made again with the next table
	}
	o.listScreen.Restyle()
}

func (o *overviewScreen) Arrange() tea.Cmd {
	if o.table == nil {
		return nil // keeps the cursor
	}
	return o.listScreen.Arrange()
}

// Resize leaves room for the lines above the services.
func (o *overviewScreen) Resize(l common.Layout) {
	w, h := inner(common.Size{W: l.W, H: l.Body})
	o.list.Resize(w, max(h-len(o.linesAbove(w)), 1))
}

// Body draws the evacuated clouds, and what others of the team change, above the services.
func (o *overviewScreen) Body(l common.Layout, production bool) []string {
	w, _ := inner(common.Size{W: l.W, H: l.Body})
	return o.draw(frameOfList(o.Context, o.title, o.list, production), o.linesAbove(w), l)
}

// linesAbove returns the evacuated clouds, and what others of the team change.
func (o *overviewScreen) linesAbove(w int) []string {
	return append(o.evacuatedLines(w), o.teamLines(w)...)
}

// teamMost is how many changes of others are shown.
const teamMost = 3

// teamLines returns a line for each change of others.
func (o *overviewScreen) teamLines(w int) (lines []string) {
	team := o.Team.Load()
	if team == nil {
		return nil
	}
	for i := range team.Work[:min(len(team.Work), teamMost)] {
		text := team.Work[i].Line(o.Now())
		if left := len(team.Work) - teamMost; i == teamMost-1 && left > 0 {
			text += ", and " + strconv.Itoa(left) + " more"
		}
		lines = append(lines, common.NewLine(o.Theme).Gap(1).Add(theme.Notice, o.Theme.Wait+" "+text).Fill(w))
	}
	return lines
}

// evacuatedMost is how many evacuated clouds are shown.
const evacuatedMost = 3

// evacuatedLines returns a line for each evacuated cloud: since when, by whom and until when.
func (o *overviewScreen) evacuatedLines(w int) (lines []string) {
	if o.table == nil {
		return nil
	}
	t := o.Theme
	for i := range o.table.Evacuated {
		c := &o.table.Evacuated[i]
		role := theme.Notice
		if c.Overdue(o.Now()) || c.Left > 0 {
			role = theme.Warn
		}
		if i == evacuatedMost-1 && len(o.table.Evacuated) > evacuatedMost {
			return append(lines, common.NewLine(t).Gap(1).Add(theme.Warn, strconv.Itoa(len(o.table.Evacuated)-i)+" more clouds are evacuated").Fill(w))
		}
		lines = append(lines, common.NewLine(t).Gap(1).Add(role, t.Warn+" "+c.Text(o.Now())).Fill(w))
	}
	return lines
}

func (o *overviewScreen) Do(a common.Action) (tea.Cmd, bool) {
	if a != common.ActDetail {
		return nil, false
	}
	if r, ok := o.list.Current(); ok {
		o.detail(r)
	}
	return nil, true
}

// detail opens the nodes of a service by cloud, those that are not well with why.
func (o *overviewScreen) detail(r *rows.Overview) {
	f := &dialog.Facts{T: o.Theme, W: o.TextWidth()}
	f.Add("live", r.LiveText())
	f.Add("last change", r.Change)
	for i, cloud := range o.table.Clouds {
		c := r.Clouds[i]
		if c.All() == 0 {
			continue
		}
		f.Head(cloud + ": " + strconv.Itoa(c.Well) + " well, " + strconv.Itoa(c.Unwell) + " not well, " + strconv.Itoa(c.Unsure) + " unknown, " + strconv.Itoa(c.Out) + " not in DNS")
		for _, n := range o.table.Nodes(r, cloud) {
			name := common.Clean(cmp.Or(n.Ref.Name, n.Ref.ID, n.Host, string(n.State)))
			why := string(n.State)
			if worst := common.Worst(n.Findings); worst != nil {
				why = common.Clean(worst.Reason)
			}
			f.Add(common.Fit(name, 12, o.Theme.Ellipsis)+" ", why)
		}
	}
	o.Open(&dialog.Text{Title: r.Name, Lines: f.Out})
}

func (o *overviewScreen) Current() common.Subject {
	r, ok := o.list.Current()
	if !ok {
		return common.Subject{}
	}
	return common.Subject{Finding: common.Worst(r.Findings), Service: r.Name, Name: r.Name}
}

func (o *overviewScreen) Copied() string {
	if r, ok := o.list.Current(); ok {
		return r.Name
	}
	return ""
}

func (o *overviewScreen) About() (left, right *common.Line) {
	left, right = o.listScreen.About()
	t := o.Theme
	r, ok := o.list.Current()
	switch {
	case !ok:
	case len(r.Findings) > 0:
		glyph, role := common.SeverityGlyph(t, r.Findings[0].Severity)
		left.Add(role, glyph+" ").Add(theme.Plain, common.Clean(r.Findings[0].Reason))
	default:
		left.Add(theme.Dim, t.Full+" in DNS and well  "+t.Bad+" in DNS and not well  "+t.Hollow+" not known  "+t.Empty+" not in DNS")
	}
	return left, right
}

func (o *overviewScreen) Keys() []KeyHelp {
	return []KeyHelp{{common.ActBack, "back"}, {common.ActHelp, "help"}, {common.ActDetail, "nodes"}, {common.ActTimeline, "timeline"}, {common.ActServices, "services"}, {common.ActFilter, "filter"}, {common.ActSort, "sort"}, {common.ActPalette, "commands"}, {common.ActQuit, "quit"}}
}

// overviewColumns returns the columns: the service, how many nodes are live, one column for each cloud, the name servers, and the
// last change.
func overviewColumns(s *common.Context, table *rows.OverviewTable) []grid.Column[*rows.Overview] {
	t := s.Theme
	out := []grid.Column[*rows.Overview]{
		{
			Title: "SERVICE", Min: 12, Max: 44, Text: func(r *rows.Overview) grid.Cell { return grid.Cell{Text: r.Name} },
			Compare: func(a, b *rows.Overview) int {
				return strings.Compare(rows.NaturalKey(a.Name), rows.NaturalKey(b.Name))
			},
		},
		{Title: "LIVE", Min: 6, Max: 14, Text: func(r *rows.Overview) grid.Cell { return liveCell(t, r) }, Compare: func(a, b *rows.Overview) int { return cmp.Compare(a.Live, b.Live) }},
	}
	if table != nil {
		clouds := len(table.Clouds) // the columns outlive the rows, and hold none of them
		for i, cloud := range table.Clouds {
			most := 0
			for _, r := range table.Rows {
				most = max(most, r.Clouds[i].All())
			}
			out = append(out, grid.Column[*rows.Overview]{
				Title: strings.ToUpper(cloud), Min: 6, Max: 18 + rows.TrendSteps, Priority: 0, Middle: true, Even: true,
				Text: func(r *rows.Overview) grid.Cell {
					cell := cloudCell(t, r.Clouds[i], most)
					line := sparkline(t, s.Trends.Of(r.Name, cloud, s.Now()), r.Clouds[i].All())
					cell.Text += " " + line
					if s.Width >= 28*clouds && cell.Least != "" && len(strings.ReplaceAll(line, " ", "")) > len(t.Levels[0]) { // more than now
						cell.Short = cell.Least + " " + line
					}
					return cell
				},
				Compare: func(a, b *rows.Overview) int { return cmp.Compare(b.Clouds[i].Unwell, a.Clouds[i].Unwell) },
			})
		}
	}
	return append(
		out,
		grid.Column[*rows.Overview]{Title: "WIRE", Min: 4, Max: 13, Priority: 2, Text: func(r *rows.Overview) grid.Cell {
			if r.Wire == "" {
				return grid.Cell{}
			}
			glyph, role, word := common.WireGlyph(t, r.Wire)
			return grid.Cell{Text: strings.TrimSpace(glyph + " " + word), Short: glyph, Role: role}
		}},
		grid.Column[*rows.Overview]{Title: "LAST CHANGE", Min: 12, Max: 60, Priority: 3, Wide: true, Optional: true, Text: func(r *rows.Overview) grid.Cell {
			if r.Change == "" {
				return grid.Cell{}
			}
			return grid.Cell{Text: rows.Age(s.Now().Sub(r.Changed)) + " " + r.Change, Role: theme.Dim}
		}},
	)
}

func liveCell(t *theme.Theme, r *rows.Overview) grid.Cell {
	switch text := r.LiveText(); {
	case r.Down():
		return grid.Cell{Text: t.Bad + " " + text, Short: t.Bad + " " + strconv.Itoa(r.Live), Role: theme.Bad}
	case r.Thin():
		return grid.Cell{Text: t.Warn + " " + text, Short: t.Warn + " " + strconv.Itoa(r.Live), Role: theme.Warn}
	default:
		return grid.Cell{Text: t.OK + " " + text, Short: t.OK + " " + strconv.Itoa(r.Live), Role: theme.Good}
	}
}

// sparkline draws how many nodes were in DNS and well in the last hour, of all that there are or were. What is not known is blank.
func sparkline(t *theme.Theme, steps [rows.TrendSteps]int, all int) string {
	most, line := max(all, slices.Max(steps[:]), 1), ""
	for _, n := range steps {
		switch n {
		case rows.NoTrend:
			line += " "
		case 0:
			line += t.Levels[0]
		default:
			line += t.Levels[max(1, n*(len(t.Levels)-1)/most)]
		}
	}
	return line
}

// barWidth is the width of the bar of the cloud with the most nodes.
const barWidth = 8

// cloudCell draws the nodes of a service in one cloud as a bar, scaled so that most nodes fill it, and as numbers: those that are
// well, of all. Its short form is the bar and the numbers, its least one the numbers alone.
func cloudCell(t *theme.Theme, c rows.CloudCount, most int) grid.Cell {
	if c.All() == 0 {
		return grid.Cell{Text: t.Dot, Role: theme.Faint}
	}
	scale := func(n int) int {
		if n == 0 || most <= barWidth {
			return n
		}
		return max(1, n*barWidth/most)
	}
	numbers := strconv.Itoa(c.Well) + "/" + strconv.Itoa(c.All())
	bar := strings.Repeat(t.Full, scale(c.Well)) + strings.Repeat(t.Bad, scale(c.Unwell)) + strings.Repeat(t.Hollow, scale(c.Unsure)) + strings.Repeat(t.Empty, scale(c.Out)) + " " + numbers
	cell := grid.Cell{Text: bar, Short: bar, Least: numbers, Role: theme.Good}
	switch {
	case c.Unwell > 0:
		cell.Role, cell.Least = theme.Bad, t.Bad+numbers
	case c.Well == 0:
		cell.Role = theme.Dim
	case c.Unsure > 0:
		cell.Role = theme.Notice
	case c.Out > 0:
		cell.Role = theme.Warn
	}
	return cell
}
