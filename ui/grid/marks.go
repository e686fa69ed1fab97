package grid

// ToggleMark marks or unmarks the row under the cursor.
func (g *Grid[K, R]) ToggleMark() {
	r, ok := g.Current()
	if !ok {
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
}

// ClearMarks unmarks every row, the hidden ones too.
func (g *Grid[K, R]) ClearMarks() {
	clear(g.marks)
	g.marked = 0
}

// Marks says how many rows are marked, and how many of those the filter hides.
func (g *Grid[K, R]) Marks() (visible, hidden int) { return g.marked, len(g.marks) - g.marked }

// Chosen are the rows that a command acts on: the marked ones that the filter
// leaves, in the order of the screen, else the row under the cursor. While
// all marked rows are hidden it is none: what cannot be seen is not acted on,
// and the row under the cursor is not what was marked.
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
		if i := g.data.index[k]; i >= 0 {
			at = append(at, i)
		}
	}
	return g.data.pick(at)
}

func (g *Grid[K, R]) countMarks() {
	g.marked = 0
	for k := range g.marks {
		if i, ok := g.data.index[k]; ok && i >= 0 {
			g.marked++
		}
	}
}
