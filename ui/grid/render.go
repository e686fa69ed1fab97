package grid

import (
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/theme"
)

// placed is one visible column with its width.
type placed struct{ column, width int }

// gutter is the width before the first column: cursor or link, mark, space.
const gutter = 3

// Draw holds the options for drawing a grid.
type Draw[K comparable] struct {
	Theme   *theme.Theme
	Focused bool
	// Linked reports the rows that are counterparts of the row under the cursor of another grid; nil for none.
	Linked func(K) bool
}

// Lines returns the header and the visible rows in exactly height lines of the grid's width.
func (g *Grid[K, R]) Lines(height int, d Draw[K]) []string {
	lines := make([]string, 0, height)
	if g.layout == nil {
		g.place()
	}
	if height > 0 {
		lines = append(lines, g.header(d.Theme))
	}
	var b strings.Builder
	b.Grow(2 * g.width)
	for i := g.top; i < len(g.data.rows) && len(lines) < height; i++ {
		b.Reset()
		g.row(&b, i, d)
		lines = append(lines, b.String())
	}
	if len(lines) < height {
		blank := strings.Repeat(" ", max(g.width, 0))
		for len(lines) < height {
			lines = append(lines, blank)
		}
	}
	return lines
}

// Extra is the priority from which a column is shown only if all columns before it have the width that their content
// needs, up to a fair one. Columns of lower priority are dropped only if not even their minimum width fits.
const Extra = 5

// place chooses the visible columns and their widths. It runs when the width or the rows change, not for each frame.
func (g *Grid[K, R]) place() {
	room := g.width - gutter
	shown := make([]bool, len(g.columns))
	least := make([]int, len(g.columns))
	for i := range g.columns {
		shown[i] = !g.columns[i].Optional || (i < len(g.data.filled) && g.data.filled[i])
		least[i] = g.leastWidth(i)
	}
	g.form = 0
	for g.totalWidth(g.contentWidths(mediumWidth), shown, 1) > room && g.hideColumn(shown, Extra) {
	}
	for g.totalWidth(least, shown, 1) > room && g.hideColumn(shown, 1) {
	}
	g.gap = 1
	if g.totalWidth(g.contentWidths(ownMost), shown, 2) <= room {
		g.gap = 2
	}
	left := 0
	for {
		g.layout = make([]placed, 0, len(g.columns))
		for i := range g.columns {
			if shown[i] {
				g.layout = append(g.layout, placed{column: i, width: least[i]})
			}
		}
		left = g.widen(room - g.totalWidth(least, shown, g.gap))
		if g.form == forms-1 || g.evenFit() {
			break
		}
		g.form++
	}
	for i := range g.layout {
		if g.columns[g.layout[i].column].Wide && left > 0 {
			g.layout[i].width += left
			break
		}
	}
}

// forms is the number of texts of a cell that stand in for each other.
const forms = 3

// evenFit reports whether all cells of the even columns fit in their present form.
func (g *Grid[K, R]) evenFit() bool {
	return !slices.ContainsFunc(g.layout, func(p placed) bool { return p.width < g.data.even[p.column][g.form] })
}

// natural returns the natural width of a column; that of an even one is of its present form.
func (g *Grid[K, R]) natural(column int) int {
	if all, ok := g.data.even[column]; ok && g.form > 0 {
		return max(all[g.form], width(g.columns[column].Title))
	}
	return g.data.wide[column]
}

// leastWidth returns the width below which a column is dropped.
func (g *Grid[K, R]) leastWidth(column int) int {
	c := &g.columns[column]
	if c.Narrow > 0 && column < len(g.data.wide) {
		return min(c.Min, max(c.Narrow, g.data.wide[column]))
	}
	return c.Min
}

// hideColumn hides the column of the highest priority that is at least from. It reports whether there was one.
func (g *Grid[K, R]) hideColumn(shown []bool, from int) bool {
	worst := -1
	for i := range g.columns {
		p := g.columns[i].Priority
		if shown[i] && p >= from && (worst < 0 || p >= g.columns[worst].Priority) {
			worst = i
		}
	}
	if worst < 0 {
		return false
	}
	shown[worst] = false
	return true
}

// most returns the limit of a column's width: most, or its own Max for ownMost.
func (g *Grid[K, R]) most(column, most int) int {
	switch most {
	case ownMost:
		return g.columns[column].Max
	case math.MaxInt:
		return most
	}
	return min(most, g.columns[column].Max)
}

// contentWidths returns the width that each column's content needs, limited to most but at least its minimum.
func (g *Grid[K, R]) contentWidths(most int) []int {
	w := make([]int, len(g.columns))
	for i := range g.columns {
		w[i] = g.leastWidth(i)
		if i < len(g.data.wide) {
			w[i] = max(w[i], min(g.natural(i), g.most(i, most)))
		}
	}
	return w
}

// Widths that every column gets before any column gets more.
const (
	narrowWidth = 13
	mediumWidth = 17
	ownMost     = -1 // that of the column
)

// widen distributes the remaining room, by priority, until each column has the width that its content needs.
func (g *Grid[K, R]) widen(left int) int {
	left = g.widenTo(left, ownMost, -1)
	for _, most := range []int{narrowWidth, mediumWidth, ownMost, math.MaxInt} {
		left = g.widenTo(left, most, math.MaxInt)
	}
	return left
}

// widenTo widens columns up to a priority to what their contents need, limited to most. It returns the room that is left.
func (g *Grid[K, R]) widenTo(left, most, priority int) int {
	for left > 0 {
		best := -1
		for i, p := range g.layout {
			want := 0
			if p.column < len(g.data.wide) {
				want = min(g.natural(p.column), g.most(p.column, most))
			}
			if p.width < want && g.columns[p.column].Priority <= priority && (best < 0 || g.columns[p.column].Priority < g.columns[g.layout[best].column].Priority) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		p := &g.layout[best]
		n := min(left, min(g.natural(p.column), g.most(p.column, most))-p.width)
		p.width += n
		left -= n
	}
	return left
}

// totalWidth returns the total width of the shown columns with the given widths and gap.
func (g *Grid[K, R]) totalWidth(widths []int, shown []bool, gap int) int {
	n := 0
	for i := range widths {
		if shown[i] {
			n += widths[i] + gap
		}
	}
	return max(n-gap, 0)
}

func (g *Grid[K, R]) header(t *theme.Theme) string {
	var b strings.Builder
	b.WriteString(t.SGR(theme.Dim, theme.Normal))
	b.WriteString(strings.Repeat(" ", min(gutter, g.width)))
	used := min(gutter, g.width)
	for n, p := range g.layout {
		c := &g.columns[p.column]
		title := c.Title
		if g.data.sort.Column == p.column {
			arrow := t.Up
			if g.data.sort.Reverse {
				arrow = t.Down
			}
			title = cut(title, max(p.width-1, 1), "") + arrow
		}
		tail := t.Ellipsis
		if p.width < 4 {
			tail = ""
		}
		used += g.cell(&b, n, used, p.width, cellText{title, c.Right, c.Middle}, tail)
	}
	pad(&b, g.width-used)
	b.WriteString(theme.Reset)
	return b.String()
}

func (g *Grid[K, R]) row(b *strings.Builder, i int, d Draw[K]) {
	t := d.Theme
	r := g.data.rows[i]
	k := r.Key()
	ground, bar, barRole := theme.Normal, " ", theme.Plain
	switch {
	case i == g.pos && d.Focused:
		ground, bar, barRole = theme.Cursor, t.Bar, theme.Accent
	case d.Linked != nil && d.Linked(k):
		ground, bar, barRole = theme.Linked, t.Link, theme.Notice
	case i == g.pos:
		ground = theme.Shadow
	}
	mark := " "
	if _, on := g.marks[k]; on {
		mark = t.Mark
	}
	used := 0
	if g.width >= gutter {
		b.WriteString(t.SGR(barRole, ground))
		b.WriteString(bar)
		b.WriteString(t.SGR(theme.Accent, ground))
		b.WriteString(mark)
		b.WriteByte(' ')
		used = gutter
	}
	last := theme.Accent
	draw := func(n, wide int, c *Column[R], role theme.Role, text string) {
		if role != last {
			b.WriteString(t.SGR(role, ground))
			last = role
		}
		used += g.cell(b, n, used, wide, cellText{text, c.Right, c.Middle}, t.Ellipsis)
	}
	for n := 0; n < len(g.layout); n++ {
		p := g.layout[n]
		c := &g.columns[p.column]
		cell := c.Text(r)
		if end, wide, rest := g.over(n, &cell, r); end > n {
			draw(n, wide, c, cell.Role, cell.Over)
			n = end
			if rest.Text != "" {
				draw(n, width(rest.Text), c, rest.Role, rest.Text)
			}
			continue
		}
		if c.Even {
			cell = Cell{Text: cell.from(g.form), Role: cell.Role}
		}
		draw(n, p.width, c, cell.Role, cell.fitting(p.width))
	}
	pad(b, g.width-used)
	b.WriteString(theme.Reset)
}

// from returns the text of a form, or of the next longer one that the cell has.
func (c *Cell) from(form int) string {
	switch {
	case form == 2 && c.Least != "":
		return c.Least
	case form > 0 && c.Short != "":
		return c.Short
	}
	return c.Text
}

// fitting returns the longest text of a cell that fits, or else the shortest.
func (c *Cell) fitting(room int) (text string) {
	for form := range forms {
		if text = c.from(form); width(text) <= room {
			break
		}
	}
	return text
}

// over returns the column up to which the text Over of the nth cell reaches, the width that it gets, and the cell of that column if there is
// room behind it. The column is n if Text fits, or if Over would hide the last column.
func (g *Grid[K, R]) over(n int, cell *Cell, r R) (end, wide int, rest Cell) {
	need := width(cell.Over)
	wide = g.layout[n].width
	if need == 0 || width(cell.Text) <= wide {
		return n, wide, rest
	}
	for end = n + 1; end < len(g.layout); end++ {
		p := g.layout[end]
		wide += g.gap + p.width
		rest = g.columns[p.column].Text(r)
		rest.Text = rest.fitting(min(p.width, wide-need-g.gap))
		if left := wide - g.gap - width(rest.Text); left >= need {
			return end, left, rest
		}
		if end < len(g.layout)-1 && wide >= need {
			return end, wide, Cell{}
		}
	}
	return n, wide, rest
}

// cellText is the text of a cell, and how it is aligned and cut.
type cellText struct {
	text          string
	right, middle bool
}

// cell writes one cell with the space before it and returns its width, which is never more than the line has left.
func (g *Grid[K, R]) cell(b *strings.Builder, n, used, wide int, c cellText, ellipsis string) int {
	text, right := c.text, c.right
	took := 0
	if n > 0 {
		took = min(g.gap, g.width-used)
		pad(b, took)
	}
	wide = min(wide, g.width-used-took)
	if wide <= 0 {
		return took
	}
	w := width(text)
	if w > wide {
		if c.middle {
			text = CutMiddle(text, wide, ellipsis)
		} else {
			text = cut(text, wide, ellipsis)
		}
		w = width(text)
	}
	if right {
		pad(b, wide-w)
	}
	b.WriteString(text)
	if !right {
		pad(b, wide-w)
	}
	return took + wide
}

const blanks = "                                                                                "

func pad(b *strings.Builder, n int) {
	for n > 0 {
		k := min(n, len(blanks))
		b.WriteString(blanks[:k])
		n -= k
	}
}

// width returns the width of a text. It is fast for plain ASCII, which nearly every cell is.
func width(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 || s[i] < 0x20 {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}

func cut(s string, n int, tail string) string {
	if n <= 0 {
		return ""
	}
	return ansi.Truncate(s, n, tail)
}

// CutMiddle returns a text cut to n cells, with an ellipsis in place of its middle. A little more is left of its end, which
// more often is where texts differ.
func CutMiddle(s string, n int, ellipsis string) string {
	w, tail := width(s), width(ellipsis)
	if w <= n {
		return s
	}
	room := n - tail
	if room < 4 {
		return cut(s, n, ellipsis)
	}
	head := room * 45 / 100
	end := ansi.TruncateLeft(s, w-(room-head), "")
	if width(end) > room-head { // a character of two cells lies across the cut
		end = ansi.TruncateLeft(s, w-(room-head)+1, "")
	}
	return ansi.Truncate(s, head, "") + ellipsis + end
}
