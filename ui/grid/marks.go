package grid

// ToggleMark marks or unmarks the row under the cursor, if it can be marked.
func (g *Grid[K, R]) ToggleMark() {
	r, ok := g.Current()
	if !ok || !g.isMarkable(r) {
		return
	}
	k := r.Key()
	if _, on := g.marks[k]; on {
		delete(g.marks, k)
		g.marked--
		return
	}
	g.marks[k] = struct{}{}
	g.marked++
	g.anchor = k
}

// MarkRange marks all rows from the one that was marked last to the one under the cursor. It reports whether the one that
// was marked last is on the screen and still marked.
func (g *Grid[K, R]) MarkRange() bool {
	from, _ := g.data.find(g.anchor)
	if _, on := g.marks[g.anchor]; !on || from < 0 {
		return false
	}
	for _, r := range g.data.rows[min(from, g.pos) : max(from, g.pos)+1] {
		g.mark(r)
	}
	if r, ok := g.Current(); ok && g.isMarkable(r) {
		g.anchor = r.Key()
	}
	return true
}

// MarkAll marks all rows that pass the filter.
func (g *Grid[K, R]) MarkAll() {
	switch {
	case g.marked == len(g.data.rows):
		return
	case len(g.marks) == 0:
		g.marks = make(map[K]struct{}, len(g.data.rows))
	}
	for _, r := range g.data.rows {
		g.mark(r)
	}
}

// InvertMarks marks the rows that pass the filter and are not marked, and unmarks the others. Hidden marks stay.
func (g *Grid[K, R]) InvertMarks() {
	switch {
	case g.marked == 0:
		g.MarkAll()
		return
	case g.marked == len(g.data.rows) && g.marked == len(g.marks):
		g.ClearMarks()
		return
	}
	for _, r := range g.data.rows {
		was := len(g.marks)
		if delete(g.marks, r.Key()); len(g.marks) < was {
			g.marked--
		} else {
			g.mark(r)
		}
	}
}

func (g *Grid[K, R]) isMarkable(r R) bool { return g.Markable == nil || g.Markable(r) }

// mark marks a row that passes the filter, if it can be marked.
func (g *Grid[K, R]) mark(r R) {
	if !g.isMarkable(r) {
		return
	}
	was := len(g.marks)
	g.marks[r.Key()] = struct{}{}
	g.marked += len(g.marks) - was
}

// ClearMarks unmarks every row, including hidden ones.
func (g *Grid[K, R]) ClearMarks() {
	clear(g.marks)
	g.marked = 0
}

// Marks returns the numbers of marked rows that are visible and hidden by the filter.
func (g *Grid[K, R]) Marks() (visible, hidden int) { return g.marked, len(g.marks) - g.marked }

// Chosen returns the rows that a command acts on: the marked rows that pass the filter, in the order of the screen,
// else the row under the cursor. If all marked rows are hidden it returns none, because hidden rows must not be acted
// on and the row under the cursor is not the one that was marked.
func (g *Grid[K, R]) Chosen() []R {
	if len(g.marks) == 0 {
		if r, ok := g.Current(); ok {
			return []R{r}
		}
		return nil
	}
	if g.marked == 0 {
		return nil
	}
	at := make([]int, 0, g.marked)
	for k := range g.marks {
		if i, _ := g.data.find(k); i >= 0 {
			at = append(at, i)
		}
	}
	return g.data.pick(at)
}

func (g *Grid[K, R]) countMarks() {
	g.marked = 0
	for k := range g.marks {
		if i, _ := g.data.find(k); i >= 0 {
			g.marked++
		}
	}
}
