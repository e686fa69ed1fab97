package grid

import (
	"slices"

	"github.com/charmbracelet/x/ansi"
)

// Data is a filtered and sorted set of rows, ready to be shown. It is immutable.
type Data[K comparable, R Keyed[K]] struct {
	rows  []R
	index map[K]int // position in rows; -1 for a filtered-out row
	total int
	sort  Sort
	wide  []int // natural width of each column, between its Min and Max
	// filled reports for each column whether any measured row has a text in it.
	filled []bool
}

// widthSample is the number of rows that are measured for the widths of columns.
const widthSample = 2000

// Arrange returns rows filtered and sorted. It is pure and may take a while, so it runs in a command.
func Arrange[K comparable, R Keyed[K]](columns []Column[R], all []R, match func(R) bool, sort Sort) *Data[K, R] {
	d := &Data[K, R]{index: make(map[K]int, len(all)), total: len(all), sort: sort}
	if match == nil {
		d.rows = slices.Clone(all)
	} else {
		d.rows = make([]R, 0, len(all)/4)
		for _, r := range all {
			if match(r) {
				d.rows = append(d.rows, r)
			} else {
				d.index[r.Key()] = -1
			}
		}
	}
	if sort.Column >= 0 && sort.Column < len(columns) && columns[sort.Column].Compare != nil {
		compare := columns[sort.Column].Compare
		if sort.Reverse {
			slices.SortStableFunc(d.rows, func(a, b R) int { return compare(b, a) })
		} else {
			slices.SortStableFunc(d.rows, compare)
		}
	}
	for i, r := range d.rows {
		d.index[r.Key()] = i
	}
	d.measure(columns)
	return d
}

// Rows returns the rows in order. The caller must not modify the slice.
func (d *Data[K, R]) Rows() []R { return d.rows }

func (d *Data[K, R]) measure(columns []Column[R]) {
	d.wide, d.filled = make([]int, len(columns)), make([]bool, len(columns))
	step := max(1, (len(d.rows)+widthSample-1)/widthSample)
	for c := range columns {
		w := ansi.StringWidth(columns[c].Title)
		for i := 0; i < len(d.rows); i += step {
			n := width(columns[c].Text(d.rows[i]).Text)
			w = max(w, n)
			d.filled[c] = d.filled[c] || n > 0
		}
		d.wide[c] = max(min(w, columns[c].Max), columns[c].Min)
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
