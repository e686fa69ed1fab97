package common

import (
	"strings"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/theme"
)

// Line is a line of the screen under construction, with its width. Added texts must be clean.
type Line struct {
	t *theme.Theme
	B strings.Builder
	W int
}

// NewLine returns an empty line.
func NewLine(t *theme.Theme) *Line { return &Line{t: t} }

// Add adds a text in the colour of a role.
func (l *Line) Add(r theme.Role, s string) *Line {
	l.B.WriteString(l.t.Paint(r, s))
	l.W += ansi.StringWidth(s)
	return l
}

// Gap adds n spaces.
func (l *Line) Gap(n int) *Line {
	if n > 0 {
		l.B.WriteString(strings.Repeat(" ", n))
		l.W += n
	}
	return l
}

// Join adds another line.
func (l *Line) Join(o *Line) *Line {
	l.B.WriteString(o.B.String())
	l.W += o.W
	return l
}

// Fill returns the line cut or padded to n cells.
func (l *Line) Fill(n int) string {
	if l.W <= n {
		return l.B.String() + strings.Repeat(" ", n-l.W)
	}
	return Fit(l.B.String(), n, l.t.Ellipsis) + theme.Reset
}

// Spread returns a line of n cells with one part at the left and one at the right. If there is no room for both, the
// right one is dropped.
func Spread(left, right *Line, n int) string {
	if left.W+right.W+2 > n {
		return left.Fill(n)
	}
	return left.Gap(n - left.W - right.W).Join(right).Fill(n)
}

// Frame is a border with a title and, if the body scrolls, a scroll bar on the right.
type Frame struct {
	Title  *Line
	Role   theme.Role
	Top    int // first visible row
	Page   int // visible rows
	Total  int // all rows
	Offset int // lines of the body above the first row
}

// Draw returns the body with its border in h lines of w cells. If there is no room for a border it returns the body
// alone.
func (f Frame) Draw(t *theme.Theme, body []string, w, h int) []string {
	if h <= 0 || w <= 0 {
		return nil
	}
	if h < 3 || w < 8 {
		out := make([]string, h)
		for i := range out {
			if i < len(body) {
				out[i] = Fit(body[i], w, t.Ellipsis)
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
	if f.Title != nil && f.Title.W > 0 {
		tw = min(f.Title.W, w-6)
		title = " " + f.Title.Fill(tw) + " "
		tw += 2
	}
	out = append(out, t.Paint(f.Role, b.TopLeft+b.Top)+title+t.Paint(f.Role, strings.Repeat(b.Top, w-3-tw)+b.TopRight))
	left, right := t.Paint(f.Role, b.Left), t.Paint(f.Role, b.Right)
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
	return append(out, t.Paint(f.Role, b.BottomLeft+strings.Repeat(b.Bottom, w-2)+b.BottomRight))
}

// thumb returns the lines of the body that have the scroll bar's thumb.
func (f Frame) thumb(h int) (first, last int) {
	room := h - f.Offset
	if f.Total <= f.Page || f.Page <= 0 || room <= 1 {
		return -1, -1
	}
	size := max(room*f.Page/f.Total, 1)
	first = f.Offset + (room-size)*f.Top/max(f.Total-f.Page, 1)
	return first, first + size
}

// Overlay draws a box over lines, with its upper left corner at x, y. The result has as many lines, of w cells each.
func Overlay(lines, box []string, x, y, w int) []string {
	under := lipgloss.NewLayer(strings.Join(lines, "\n"))
	over := lipgloss.NewLayer(strings.Join(box, "\n")).X(x).Y(y).Z(1)
	drawn := lipgloss.NewCanvas(w, len(lines)).Compose(lipgloss.NewCompositor(under, over)).Render()
	out := strings.Split(drawn, "\n")
	out = append(out, make([]string, max(len(lines)-len(out), 0))...)
	for i := range out { // the canvas omits trailing blanks of a line
		out[i] = Fit(out[i], w, "")
	}
	return out
}
