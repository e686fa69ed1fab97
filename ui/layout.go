package ui

// sideBySide is the width from which the panes stand next to each other.
const sideBySide = 120

// layout is how the screen is divided. Every part may have no room at all.
type layout struct {
	w, h           int
	header, footer int // lines
	body           int
	wide           bool // panes next to each other
	left, right    rect // panes; a pane without room is not drawn
}

type rect struct{ w, h int }

// divide gives the layout for a size. zoom shows only the pane that has the
// focus; only tells which that is.
func divide(w, h int, zoom bool, only pane) layout {
	l := layout{w: w, h: h}
	switch {
	case h >= 20 && w >= sideBySide:
		l.header = 2
	case h >= 20 && w >= 60:
		l.header = 3
	case h >= 14:
		l.header = 2
	case h >= 8:
		l.header = 1
	}
	switch {
	case h >= 8:
		l.footer = 2
	case h >= 5:
		l.footer = 1
	}
	l.body = max(h-l.header-l.footer, 0)
	l.wide = w >= sideBySide
	switch {
	case zoom || (!l.wide && l.body < 12):
		r := rect{w, l.body}
		if only == paneRecords {
			l.right = r
		} else {
			l.left = r
		}
	case l.wide:
		l.left = rect{w * 46 / 100, l.body}
		l.right = rect{w - l.left.w, l.body}
	default:
		l.left = rect{w, (l.body + 1) / 2}
		l.right = rect{w, l.body - l.left.h}
	}
	return l
}
