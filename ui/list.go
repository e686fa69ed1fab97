package ui

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/ui/grid"
)

// list is a grid with the filter and the order that it is shown with.
type list[K comparable, R grid.Keyed[K]] struct {
	grid    *grid.Grid[K, R]
	columns []grid.Column[R]
	filter  filter.Filter
	sort    grid.Sort
	gen     uint64 // of the arrangement that was asked for last
}

// arranged is the outcome of a list's arrangement.
type arranged[K comparable, R grid.Keyed[K]] struct {
	gen  uint64
	data *grid.Data[K, R]
}

func newList[K comparable, R grid.Keyed[K]](columns []grid.Column[R]) *list[K, R] {
	return &list[K, R]{grid: grid.New[K](columns), columns: columns, sort: grid.Sort{Column: -1}}
}

// arrange orders and filters rows in a command. Whatever arrangement was under
// way before is late from now on.
func (l *list[K, R]) arrange(rows []R, match func(R) bool) tea.Cmd {
	l.gen++
	gen, columns, sort := l.gen, l.columns, l.sort
	return func() tea.Msg {
		return arranged[K, R]{gen: gen, data: grid.Arrange[K](columns, rows, match, sort)}
	}
}

// take shows an arrangement, unless it is late.
func (l *list[K, R]) take(a arranged[K, R]) bool {
	if a.gen != l.gen {
		return false
	}
	l.grid.Set(a.data)
	return true
}

// nextSort turns to the next column that can be sorted by.
func (l *list[K, R]) nextSort() { l.sort = grid.NextSort(l.columns, l.sort) }

// reverse turns the order round.
func (l *list[K, R]) reverse() {
	if l.sort.Column >= 0 {
		l.sort.Reverse = !l.sort.Reverse
	}
}

// sortedBy names the column of the order; empty for the natural order.
func (l *list[K, R]) sortedBy() string {
	if l.sort.Column < 0 {
		return ""
	}
	return l.columns[l.sort.Column].Title
}

// mover is what keys do to any list.
type mover interface {
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
