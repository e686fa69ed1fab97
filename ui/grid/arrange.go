package grid

import (
	"slices"

	"github.com/charmbracelet/x/ansi"
)

// Data is a filtered and sorted set of rows, ready to be shown. It is immutable.
type Data[K comparable, R Keyed[K]] struct {
	rows  []R
	given []R        // all rows, as they were given
	index *positions // in given; arrangements of the same rows share it
	place []int32    // for each row of given its position in rows; -1 for a filtered-out row
	from  []int32    // for each row of rows its position in given
	sort  Sort
	wide  []int              // natural width of each column, between its Min and Max
	even  map[int][forms]int // for each even column the width of its cells in each form
	// filled reports for each column whether any measured row has a text in it, or any row if it is optional.
	filled []bool
}

// widthSample is the number of rows that are measured for the widths of columns.
const widthSample = 2000

// Filter chooses rows.
type Filter struct {
	// Pass returns those of these positions whose rows pass, in their order. If it is nil, all rows pass.
	Pass func(at []int32) []int32
	// Narrower says that each row that passes passed in the arrangement before, too.
	Narrower bool
}

// Arrange returns rows filtered and sorted. It is pure and may take a while, so it runs in a command. last is an earlier
// arrangement, or nil: what it knows of the same rows is used again.
func Arrange[K comparable, R Keyed[K]](last *Data[K, R], columns []Column[R], all []R, filter Filter, sort Sort) *Data[K, R] {
	d := &Data[K, R]{given: all, sort: sort, place: make([]int32, len(all))}
	known := last != nil && len(all) > 0 && len(last.given) == len(all) && &last.given[0] == &all[0]
	if known {
		d.index = last.index
	} else {
		d.index = newPositions[K](all)
	}
	sorted := known && filter.Narrower && sort == last.sort
	if sorted {
		d.from = last.from
	} else {
		d.from = make([]int32, len(all))
		for i := range d.from {
			d.from[i] = int32(i)
		}
	}
	if filter.Pass != nil {
		d.from = filter.Pass(d.from)
	}
	if !sorted && sort.Column >= 0 && sort.Column < len(columns) && columns[sort.Column].Compare != nil {
		compare := columns[sort.Column].Compare
		slices.SortStableFunc(d.from, func(a, b int32) int {
			if sort.Reverse {
				a, b = b, a
			}
			return compare(all[a], all[b])
		})
	}
	for i := range d.place {
		d.place[i] = -1
	}
	d.rows = make([]R, len(d.from))
	for at, i := range d.from {
		d.rows[at], d.place[i] = all[i], int32(at)
	}
	if !known {
		last = nil
	}
	d.measure(columns, last)
	return d
}

// Rows returns the rows in order. The caller must not modify the slice.
func (d *Data[K, R]) Rows() []R { return d.rows }

// find returns the position of a row in rows, or -1 if it is filtered out; known is false if there is no such row.
func (d *Data[K, R]) find(k K) (at int, known bool) {
	if d.index == nil {
		return -1, false
	}
	i := find(d.index, d.given, k)
	if i < 0 {
		return -1, false
	}
	return int(d.place[i]), true
}

// measure sets the natural widths. They are those of all rows, so that columns stay where they are while a filter is
// typed; of the same rows as before they are known.
func (d *Data[K, R]) measure(columns []Column[R], last *Data[K, R]) {
	if last != nil && len(last.wide) == len(columns) {
		d.wide, d.filled, d.even = last.wide, last.filled, last.even
		return
	}
	d.wide, d.filled = make([]int, len(columns)), make([]bool, len(columns))
	d.even = map[int][forms]int{}
	step := max(1, (len(d.given)+widthSample-1)/widthSample)
	for c := range columns {
		w := ansi.StringWidth(columns[c].Title)
		for i := 0; i < len(d.given); i += step {
			cell := columns[c].Text(d.given[i])
			n := width(cell.Text)
			if cell.Over != "" {
				n = 0 // columns stay where they are
			}
			if columns[c].Even {
				all := d.even[c]
				for form := range all {
					all[form] = max(all[form], width(cell.from(form)))
				}
				d.even[c] = all
			}
			w = max(w, n)
			d.filled[c] = d.filled[c] || n > 0
		}
		if columns[c].Optional && !d.filled[c] { // a few rows of many may have a text
			d.filled[c] = slices.ContainsFunc(d.given, func(r R) bool { return columns[c].Text(r).Text != "" })
		}
		if step > 1 { // a row that was not looked at may be wider
			w = max(w, columns[c].Min)
		}
		d.wide[c] = w
	}
}

func (d *Data[K, R]) pick(at []int) []R {
	slices.Sort(at)
	out := make([]R, len(at))
	for i, p := range at {
		out[i] = d.rows[p]
	}
	return out
}

// NextSort returns the next order in the cycle of sortable columns. After the last column the rows keep their given
// order.
func NextSort[R any](columns []Column[R], now Sort) Sort {
	for c := max(now.Column, -1) + 1; c < len(columns); c++ {
		if columns[c].Compare != nil {
			return Sort{Column: c}
		}
	}
	return Sort{Column: -1}
}
