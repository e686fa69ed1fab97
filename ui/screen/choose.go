package screen

import (
	"slices"

	"rollcall/ui/grid"
)

// choose shows the columns with these titles, in this order; none for those that the list has by itself. Titles that it
// does not know are left out.
func (l *list[K, R]) choose(titles []string) {
	l.chosen = slices.DeleteFunc(slices.Clone(titles), func(title string) bool { return l.find(title) < 0 })
	l.setColumns(l.all)
}

// setOwn makes these the columns that the list shows without a choice, in this order.
func (l *list[K, R]) setOwn(titles []string) {
	l.own = titles
	l.setColumns(l.all)
}

// find returns the index of a column among all, or -1.
func (l *list[K, R]) find(title string) int {
	return slices.IndexFunc(l.all, func(c grid.Column[R]) bool { return c.Title == title })
}

// setColumns replaces all columns, and shows the chosen ones with the next arrangement. It keeps filter and order.
func (l *list[K, R]) setColumns(all []grid.Column[R]) {
	by := ""
	if l.sort.Column >= 0 {
		by = l.columns[l.sort.Column].Title
	}
	l.all = all
	l.columns = slices.DeleteFunc(slices.Clone(all), func(c grid.Column[R]) bool { return c.Extra })
	if len(l.chosen)+len(l.own) > 0 || l.wide { // only these lists have a title once
		l.columns = nil
		chosen := l.chosenTitles()
		for _, title := range l.titles() {
			c := all[l.find(title)]
			if c.Extra && slices.Contains(chosen, title) {
				c.Priority = chosenPriority
			}
			l.columns = append(l.columns, c)
		}
	}
	if l.sort.Column >= 0 {
		if l.sort.Column = slices.IndexFunc(l.columns, func(c grid.Column[R]) bool { return c.Title == by }); l.sort.Column < 0 {
			l.sort = grid.Sort{Column: -1}
		}
	}
	l.last, l.shown = arrangement[R]{}, arranged[K, R]{}
}

// chosenPriority is the priority of columns that are shown only because they were chosen.
const chosenPriority = 4

// titles returns the titles of the columns that are shown as far as there is room.
func (l *list[K, R]) titles() []string {
	out := l.chosenTitles()
	if l.wide {
		out = slices.Clone(out)
		for _, c := range l.all {
			if !slices.Contains(out, c.Title) {
				out = append(out, c.Title)
			}
		}
	}
	return out
}

// chosenTitles returns the titles of the chosen columns, or of those that are shown without a choice.
func (l *list[K, R]) chosenTitles() []string {
	if len(l.chosen) > 0 {
		return l.chosen
	}
	return l.naturalTitles()
}

// naturalTitles returns the titles of the columns that are shown without a choice.
func (l *list[K, R]) naturalTitles() []string {
	if len(l.own) > 0 {
		return l.own
	}
	return titlesOf(l.all, false)
}

// titlesOf returns the titles of columns, with or without the extra ones.
func titlesOf[R any](columns []grid.Column[R], extra bool) []string {
	var out []string
	for _, c := range columns {
		if extra || !c.Extra {
			out = append(out, c.Title)
		}
	}
	return out
}
