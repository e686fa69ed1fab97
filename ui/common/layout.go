package common

// SideBySide is the width from which the panes are next to each other.
const SideBySide = 120

// Layout is the division of the screen. Any part may have no room.
type Layout struct {
	W, H           int
	Header, Footer int // lines
	Body           int
	Wide           bool // two panes fit next to each other
}

// Size is a width and a height, in cells.
type Size struct{ W, H int }

// Divide returns the layout for a size.
func Divide(w, h int) Layout {
	l := Layout{W: w, H: h}
	switch {
	case h >= 20 && w >= SideBySide:
		l.Header = 2
	case h >= 20 && w >= 60:
		l.Header = 3
	case h >= 14:
		l.Header = 2
	case h >= 8:
		l.Header = 1
	}
	switch {
	case h >= 8:
		l.Footer = 2
	case h >= 5:
		l.Footer = 1
	}
	l.Body = max(h-l.Header-l.Footer, 0)
	l.Wide = w >= SideBySide
	return l
}
