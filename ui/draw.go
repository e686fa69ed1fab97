package ui

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/theme"
)

// line collects one line of the screen and knows its width. Texts that are
// added must be clean.
type line struct {
	t *theme.Theme
	b strings.Builder
	w int
}

func newLine(t *theme.Theme) *line { return &line{t: t} }

func (l *line) add(r theme.Role, s string) *line {
	l.b.WriteString(l.t.Paint(r, s))
	l.w += ansi.StringWidth(s)
	return l
}

// gap adds n spaces.
func (l *line) gap(n int) *line {
	if n > 0 {
		l.b.WriteString(strings.Repeat(" ", n))
		l.w += n
	}
	return l
}

// join adds another line.
func (l *line) join(o *line) *line {
	l.b.WriteString(o.b.String())
	l.w += o.w
	return l
}

// fill returns the line in exactly n cells.
func (l *line) fill(n int) string {
	if l.w <= n {
		return l.b.String() + strings.Repeat(" ", n-l.w)
	}
	return fit(l.b.String(), n, l.t.Ellipsis) + theme.Reset
}

// spread puts one line at the left and one at the right of n cells. The right
// one goes first when there is no room for both.
func spread(left, right *line, n int) string {
	if left.w+right.w+2 > n {
		return left.fill(n)
	}
	return left.gap(n - left.w - right.w).join(right).fill(n)
}

// frame is a border with a title and, when there is something to scroll, a thumb on the right.
type frame struct {
	title  *line
	role   theme.Role
	top    int // first visible row
	page   int // visible rows
	total  int // all rows
	offset int // lines in the body above the first row
}

// draw puts the border round a body; the result has h lines of w cells. A room
// that is too small for a border gives the body alone.
func (f frame) draw(t *theme.Theme, body []string, w, h int) []string {
	if h <= 0 || w <= 0 {
		return nil
	}
	if h < 3 || w < 8 {
		out := make([]string, h)
		for i := range out {
			if i < len(body) {
				out[i] = fit(body[i], w, t.Ellipsis)
			} else {
				out[i] = strings.Repeat(" ", w)
			}
		}
		return out
	}
	out := make([]string, 0, h)
	b := t.Box
	title := ""
	tw := 0
	if f.title != nil && f.title.w > 0 {
		tw = min(f.title.w, w-6)
		title = " " + f.title.fill(tw) + " "
		tw += 2
	}
	out = append(out, t.Paint(f.role, b.TopLeft+b.Top)+title+t.Paint(f.role, strings.Repeat(b.Top, w-3-tw)+b.TopRight))
	left, right := t.Paint(f.role, b.Left), t.Paint(f.role, b.Right)
	first, last := f.thumb(h - 2)
	thumb := t.Paint(theme.Accent, t.Thumb)
	blank := strings.Repeat(" ", w-2)
	for i := range h - 2 {
		r := right
		if i >= first && i < last {
			r = thumb
		}
		if i < len(body) {
			out = append(out, left+body[i]+r)
		} else {
			out = append(out, left+blank+r)
		}
	}
	return append(out, t.Paint(f.role, b.BottomLeft+strings.Repeat(b.Bottom, w-2)+b.BottomRight))
}

// thumb gives the lines of the body beside which the thumb stands.
func (f frame) thumb(h int) (first, last int) {
	room := h - f.offset
	if f.total <= f.page || f.page <= 0 || room <= 1 {
		return -1, -1
	}
	size := max(room*f.page/f.total, 1)
	first = f.offset + (room-size)*f.top/max(f.total-f.page, 1)
	return first, first + size
}

// overlay draws a box over lines, with its upper left corner at x, y. The
// result has as many lines, each w cells wide.
func overlay(lines, box []string, x, y, w int) []string {
	under := lipgloss.NewLayer(strings.Join(lines, "\n"))
	over := lipgloss.NewLayer(strings.Join(box, "\n")).X(x).Y(y).Z(1)
	drawn := lipgloss.NewCanvas(w, len(lines)).Compose(lipgloss.NewCompositor(under, over)).Render()
	out := strings.Split(drawn, "\n")
	out = append(out, make([]string, max(len(lines)-len(out), 0))...)
	for i := range out { // the canvas leaves blanks at the end of a line out
		out[i] = fit(out[i], w, "")
	}
	return out
}
