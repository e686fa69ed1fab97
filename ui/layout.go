package ui

// sideBySide is the width from which the panes stand next to each other.
const sideBySide = 120

// layout is how the screen is divided. Every part may have no room at all.
type layout struct {
	w, h           int
	header, footer int // lines
	body           int
	wide           bool // there is room for two panes next to each other
}

type rect struct{ w, h int }

// divide returns the layout for a size.
func divide(w, h int) layout {
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
	return l
}
