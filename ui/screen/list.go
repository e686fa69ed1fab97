package screen

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/providers"
	"rollcall/ui/grid"
)

// list is a grid with its filter and order.
type list[K comparable, R grid.Keyed[K]] struct {
	*grid.Grid[K, R]
	columns []grid.Column[R]
	filter  filter.Filter
	sort    grid.Sort
	gen     uint64 // of the last requested arrangement
	last    arrangement[R]
}

// arrangement is what an arranged list shows, and how.
type arrangement[R any] struct {
	rows   []R
	filter string
	sort   grid.Sort
}

// arranged is the result of arranging a list.
type arranged[K comparable, R grid.Keyed[K]] struct {
	list *list[K, R] // another screen may have a list of the same types
	gen  uint64
	data *grid.Data[K, R]
}

func newList[K comparable, R grid.Keyed[K]](columns []grid.Column[R]) *list[K, R] {
	return &list[K, R]{Grid: grid.New[K](columns), columns: columns, sort: grid.Sort{Column: -1}}
}

// arrange sorts and filters rows in a command. It makes earlier arrangements outdated. It returns nil for rows that
// are arranged so already.
func (l *list[K, R]) arrange(rows []R, match func(R) bool) tea.Cmd {
	a := arrangement[R]{rows, l.filter.String(), l.sort}
	if l.last.rows != nil && providers.ShareRows(rows, l.last.rows) && a.filter == l.last.filter && a.sort == l.last.sort {
		return nil
	}
	l.gen++
	l.last = a
	gen, columns, sort := l.gen, l.columns, l.sort
	return func() tea.Msg {
		return arranged[K, R]{list: l, gen: gen, data: grid.Arrange[K](columns, rows, match, sort)}
	}
}

// install shows an arrangement, unless it is outdated.
func (l *list[K, R]) install(a arranged[K, R]) bool {
	if a.gen != l.gen {
		return false
	}
	l.Set(a.data)
	return true
}

// restyle replaces the columns, which contain the colours. It keeps filter and order.
func (l *list[K, R]) restyle(columns []grid.Column[R]) {
	l.columns, l.Grid, l.last = columns, grid.New[K](columns), arrangement[R]{}
}

func (l *list[K, R]) FilterText() string { return l.filter.String() }

func (l *list[K, R]) SetFilter(f filter.Filter) { l.filter = f }

// NextSort selects the next sortable column.
func (l *list[K, R]) NextSort() { l.sort = grid.NextSort(l.columns, l.sort) }

// Reverse reverses the order.
func (l *list[K, R]) Reverse() {
	if l.sort.Column >= 0 {
		l.sort.Reverse = !l.sort.Reverse
	}
}

// SortedBy returns the column of the order, or "" for the natural order.
func (l *list[K, R]) SortedBy() string {
	if l.sort.Column < 0 {
		return ""
	}
	return l.columns[l.sort.Column].Title
}

// Table is a list as keys, the prompt and the frame use it, independent of its rows.
type Table interface {
	FilterText() string
	SetFilter(filter.Filter)
	SortedBy() string
	NextSort()
	Reverse()

	Hold()
	Move(n int)
	Page(n int)
	Home()
	End()
	ToggleMark()
	ClearMarks()
	Marks() (visible, hidden int)
	Len() int
	Total() int
	Window() (top, page, total int)
}

func matcher[R any](f filter.Filter, match func(R) bool) func(R) bool {
	if f.Empty() {
		return nil
	}
	return match
}
