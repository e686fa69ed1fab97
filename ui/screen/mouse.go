package screen

import "rollcall/ui/common"

// rowLine returns the line of a list that lies at line y of its frame with some lines above the heading, or -1 for the frame
// and the heading.
func rowLine(room common.Size, y, above int) int {
	first := 1 // after the heading
	if _, h := inner(room); h != room.H {
		first++ // and the border
		if y == room.H-1 {
			return -1
		}
	}
	return max(y-first-above, -1)
}

// Click moves the cursor to the row at a place of the body, and reports whether there is one.
func (l *listScreen[K, R]) Click(_, y int) bool {
	layout := common.Divide(l.Width, l.Height)
	return l.list.Click(rowLine(common.Size{W: layout.W, H: layout.Body}, y, l.above))
}

// Wheel scrolls the list.
func (l *listScreen[K, R]) Wheel(_, _, n int) bool {
	l.list.Scroll(n)
	return true
}

// paneAt returns the pane at a place of the body, the place's line in it, and its size.
func (f *fleetScreen) paneAt(x, y int) (p pane, line int, room common.Size) {
	left, right := f.panes.left, f.panes.right
	switch {
	case left.H == 0 || left.W == 0:
		return paneRecords, y, right
	case right.H == 0 || right.W == 0:
		return paneInstances, y, left
	case f.panes.wide && x >= left.W:
		return paneRecords, y, right
	case !f.panes.wide && y >= left.H:
		return paneRecords, y - left.H, right
	}
	return paneInstances, y, left
}

// Click moves focus and cursor to the row at a place of the body, and reports whether there is one.
func (f *fleetScreen) Click(x, y int) bool {
	p, y, room := f.paneAt(x, y)
	line := rowLine(room, y, 0)
	if p == paneRecords && !f.recordList.Click(line) || p == paneInstances && !f.instanceList.Click(line) {
		return false
	}
	f.focus = p
	return true
}

// Wheel scrolls the pane at a place of the body, and reports whether it is the one with the focus.
func (f *fleetScreen) Wheel(x, y, n int) bool {
	p, _, _ := f.paneAt(x, y)
	if p == paneRecords {
		f.recordList.Scroll(n)
	} else {
		f.instanceList.Scroll(n)
	}
	return p == f.focus
}
