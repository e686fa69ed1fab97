// Package grid is a virtual table. It draws only the visible rows, and a key press costs the same for any number of
// rows.
//
// The expensive part, filtering and sorting, is Arrange: a pure function for a command. The Grid shows its result, and
// holds cursor and marks as identities, never as row numbers.
package grid

import (
	"rollcall/ui/theme"
)

// Keyed is a row with an identity.
type Keyed[K comparable] interface{ Key() K }

// Cell is one drawn value. Its text must not contain control characters.
type Cell struct {
	Text  string
	Over  string // shown over the next cells if Text does not fit; may be empty
	Short string // shown if neither fits; may be empty
	Least string // shown if none of them fits, so that it is never cut; may be empty
	Role  theme.Role
}

// Column describes one column. Text and Compare are called for visible rows, and in Arrange for all rows, so they must
// be cheap and pure.
type Column[R any] struct {
	Title string
	// Min and Max limit the width in cells. Below Min the column is dropped instead of cut, as long as others can be
	// dropped. Above Max it only gets room that no other column needs.
	Min, Max int
	// Narrow is the width in place of Min while no row has a wider text; 0 for Min.
	Narrow int
	// Priority decides which columns are dropped if room is short: the highest first, and zero never. One below zero gets the
	// room for its texts before all others. See Extra.
	Priority int
	// Middle cuts texts in the middle, because both their ends tell rows apart.
	Middle bool
	// Right aligns the column to the right.
	Right bool
	// Even columns show all of their cells in one form: the longest of Text, Short and Least that fits in all of them.
	Even bool
	// Wide columns get the room that remains.
	Wide bool
	// Optional hides the column while no row has a text in it.
	Optional bool
	// Extra columns are shown only if they are chosen. The grid itself shows all columns that it is given.
	Extra   bool
	Text    func(R) Cell
	Compare func(a, b R) int // nil: not sortable
}

// Sort is a column and a direction. A negative column keeps the given order of the rows.
type Sort struct {
	Column  int
	Reverse bool
}

// Grid is one table on the screen.
type Grid[K comparable, R Keyed[K]] struct {
	columns []Column[R]
	data    *Data[K, R]

	pos    int // of the cursor in data.rows; Set derives it from cursor
	cursor K
	has    bool // cursor is valid
	moved  bool // the operator has used the cursor: it no longer stays at the top
	top    int  // first visible row
	page   int  // rows that fit since the last Resize

	marks  map[K]struct{}
	marked int // marks on visible rows
	anchor K   // where a range of marks begins: the row that was marked last
	// Markable reports whether a row can be one of several that are marked at once; nil if all can.
	Markable func(R) bool

	width  int
	layout []placed
	form   int // of even columns: 0 Text, 1 Short, 2 Least
	gap    int // between columns
}

// New returns an empty grid.
func New[K comparable, R Keyed[K]](columns []Column[R]) *Grid[K, R] {
	return &Grid[K, R]{columns: columns, data: &Data[K, R]{}, marks: map[K]struct{}{}, page: 1}
}

// Columns returns the columns of the grid.
func (g *Grid[K, R]) Columns() []Column[R] { return g.columns }

// SetColumns replaces the columns. The rows of the next Set are arranged for them.
func (g *Grid[K, R]) SetColumns(columns []Column[R]) { g.columns, g.layout = columns, nil }

// Hold keeps the cursor on its row from now on. Until a list has been used, its cursor stays at the top even if rows
// arrive above it. Moving also holds.
func (g *Grid[K, R]) Hold() { g.moved = true }

// Set replaces the rows. A held cursor stays on its identity; if that is gone, it keeps its place on the screen. Marks
// of rows that are gone are dropped, and marks of rows that are only filtered out are kept.
func (g *Grid[K, R]) Set(d *Data[K, R]) {
	g.data = d
	g.layout = nil
	if i, _ := d.find(g.cursor); i >= 0 && g.has && g.moved {
		g.top += i - g.pos
		g.pos = i
	}
	for k := range g.marks {
		if _, ok := d.find(k); !ok {
			delete(g.marks, k)
		}
	}
	g.countMarks()
	g.clamp()
	g.setCursor()
}

// Release forgets the rows until the next Set. It keeps the cursor and the marks.
func (g *Grid[K, R]) Release() {
	g.data = &Data[K, R]{}
	g.layout = nil
	g.countMarks()
}

// Resize sets the size of the grid: width in cells, and height in rows including the header.
func (g *Grid[K, R]) Resize(width, height int) {
	page := max(height-1, 1)
	if width == g.width && page == g.page {
		return // keeps the scroll position of Reveal
	}
	if width != g.width {
		g.layout = nil
	}
	g.width, g.page = width, page
	g.clamp()
}

// Len returns the number of rows that pass the filter.
func (g *Grid[K, R]) Len() int { return len(g.data.rows) }

// Total returns the number of rows before filtering.
func (g *Grid[K, R]) Total() int { return len(g.data.given) }

// Sort returns the current order.
func (g *Grid[K, R]) Sort() Sort { return g.data.sort }

// Window returns the first visible row, the number of rows that fit, and the number of all rows.
func (g *Grid[K, R]) Window() (top, page, total int) { return g.top, g.page, len(g.data.rows) }

// Visible returns the rows on the screen. The caller must not modify the slice.
func (g *Grid[K, R]) Visible() []R {
	return g.data.rows[min(g.top, len(g.data.rows)):min(g.top+g.page, len(g.data.rows))]
}

// Current returns the row under the cursor.
func (g *Grid[K, R]) Current() (R, bool) {
	if g.pos < 0 || g.pos >= len(g.data.rows) {
		var none R
		return none, false
	}
	return g.data.rows[g.pos], true
}

// Row returns the row with an identity, if it passes the filter.
func (g *Grid[K, R]) Row(k K) (R, bool) {
	if i, _ := g.data.find(k); i >= 0 {
		return g.data.rows[i], true
	}
	var none R
	return none, false
}

// Known reports whether a row exists, and whether it passes the filter.
func (g *Grid[K, R]) Known(k K) (exists, visible bool) {
	i, exists := g.data.find(k)
	return exists, i >= 0
}

// Select moves the cursor to an identity, and reports whether it is there.
func (g *Grid[K, R]) Select(k K) bool {
	i, _ := g.data.find(k)
	if i < 0 {
		return false
	}
	g.pos, g.moved = i, true
	g.setCursor()
	g.clamp()
	return true
}

// Place is where the cursor of a grid is, and what it has scrolled to.
type Place[K comparable] struct {
	cursor K
	moved  bool
	top    int
}

// Place returns where the cursor is.
func (g *Grid[K, R]) Place() Place[K] { return Place[K]{g.cursor, g.moved, g.top} }

// Return moves the cursor back to a place, if its row is still there.
func (g *Grid[K, R]) Return(p Place[K]) {
	if g.Select(p.cursor) {
		g.top = p.top
		g.clamp()
	}
	g.moved = p.moved
}

// CursorKey returns the identity under the cursor.
func (g *Grid[K, R]) CursorKey() (K, bool) {
	r, ok := g.Current()
	if !ok {
		var none K
		return none, false
	}
	return r.Key(), true
}

// Move moves the cursor by n rows.
func (g *Grid[K, R]) Move(n int) {
	g.pos += n
	g.moved = true
	g.clamp()
	g.setCursor()
}

// Click moves the cursor to the row in a line below the heading, and reports whether there is one.
func (g *Grid[K, R]) Click(line int) bool {
	if line < 0 || line >= g.page || g.top+line >= len(g.data.rows) {
		return false
	}
	g.pos, g.moved = g.top+line, true
	g.setCursor()
	return true
}

// Scroll moves the window by n rows. The cursor stays on its row as long as that is on the screen.
func (g *Grid[K, R]) Scroll(n int) {
	g.top = max(min(g.top+n, len(g.data.rows)-g.page), 0)
	g.pos, g.moved = max(min(g.pos, g.top+g.page-1), g.top), true
	g.clamp()
	g.setCursor()
}

// Page moves the cursor by n screens.
func (g *Grid[K, R]) Page(n int) { g.Move(n * max(g.page-1, 1)) }

// Home moves the cursor to the first row.
func (g *Grid[K, R]) Home() { g.Move(-len(g.data.rows)) }

// End moves the cursor to the last row.
func (g *Grid[K, R]) End() { g.Move(len(g.data.rows)) }

// Reveal scrolls so that one of the rows is visible, without moving the cursor. It does nothing if one is visible.
func (g *Grid[K, R]) Reveal(keys []K) {
	first := -1
	for _, k := range keys {
		i, _ := g.data.find(k)
		if i < 0 {
			continue
		}
		if i >= g.top && i < g.top+g.page {
			return
		}
		if first < 0 || i < first {
			first = i
		}
	}
	if first >= 0 {
		g.top = max(min(first-g.page/3, len(g.data.rows)-g.page), 0)
	}
}

func (g *Grid[K, R]) setCursor() {
	if g.pos >= 0 && g.pos < len(g.data.rows) {
		g.cursor, g.has = g.data.rows[g.pos].Key(), true
	}
}

func (g *Grid[K, R]) clamp() {
	n := len(g.data.rows)
	g.pos = max(min(g.pos, n-1), 0)
	if g.pos < g.top {
		g.top = g.pos
	}
	if g.pos >= g.top+g.page {
		g.top = g.pos - g.page + 1
	}
	g.top = max(min(g.top, n-g.page), 0)
}
