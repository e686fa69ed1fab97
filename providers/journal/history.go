package journal

import (
	"cmp"
	"slices"
)

// History says which changes of a journal stand, what the next undo takes back, and
// what the next redo makes again. It follows from the entries alone, so that every
// process that shares a journal comes to the same answer.
//
// An entry that takes back another turns it; an entry that takes back an undo turns it
// again. All entries that go back to one change are its chain. The last of them says
// whether the change stands.
type History struct {
	entries []Entry
	place   map[string]int    // entry id -> place in entries
	chains  map[string]*chain // id of a change -> its chain
}

// chain is one change and all that turned it since.
type chain struct {
	last int // place of the last entry of the chain that was made
	back bool
	// moot is the place of a later entry that found nothing to do, because someone else
	// had turned the change already; -1 for none. Such an entry made nothing that could be taken back.
	moot int
}

// Step is what one undo or one redo is about.
type Step struct {
	Run string // run of the change that is taken back, or of the undo
	// Entries are what is taken back, in the order in which they were made.
	Entries []Entry
	// Final are entries of the run that were made and that nothing takes back: terminations.
	Final []Entry
	// Open are entries of the run of which it is not known whether they were made.
	Open []Entry
}

// NewHistory returns the history of entries, which are given oldest first and are not changed.
func NewHistory(entries []Entry) *History {
	h := &History{entries: entries, place: make(map[string]int, len(entries)), chains: map[string]*chain{}}
	for i := range entries {
		h.place[entries[i].ID] = i
	}
	for i := range entries {
		e := &entries[i]
		if !e.reversible() {
			continue
		}
		root, turns := h.rootOf(i)
		id := entries[root].ID
		c := h.chains[id]
		switch {
		case e.Already && (c == nil || turns == 0):
		case e.Already:
			c.moot = i
		case c == nil:
			h.chains[id] = &chain{last: i, back: turns%2 == 1, moot: -1}
		default:
			c.last, c.back, c.moot = i, turns%2 == 1, -1
		}
	}
	return h
}

// reversible reports whether an entry is done and of a kind that can be taken back. Kinds that
// a later rollcall has added are not.
func (e *Entry) reversible() bool {
	if e.State != Done {
		return false
	}
	return e.Kind == "change" && e.Change != nil || e.Kind == "power" && e.Instance != nil && (e.Action == "start" || e.Action == "stop")
}

// final reports whether an entry has ended an instance, which nothing takes back.
func (e *Entry) final() bool {
	return e.State == Done && !e.Already && e.Kind == "power" && e.Action == "terminate"
}

// open reports whether it is not known whether an entry was made.
func (e *Entry) open() bool { return e.State == Begun || e.State == Unknown }

// lasting reports whether an entry is of a kind that this rollcall knows, and that leaves
// something: a reboot does not.
func (e *Entry) lasting() bool {
	return e.Kind == "change" || e.Kind == "power" && e.Action != "reboot"
}

// rootOf returns the place of the change that entry i goes back to, and how often it was turned with i.
func (h *History) rootOf(i int) (root, turns int) {
	for h.entries[i].Undoes != "" {
		at, ok := h.place[h.entries[i].Undoes]
		if !ok || at >= i {
			break
		}
		i = at
		turns++
	}
	return i, turns
}

// UndoneBy returns the id of the entry that took an entry back, and that itself stands; empty when there is none.
func (h *History) UndoneBy(id string) string {
	c, back, ok := h.chainOf(id)
	switch {
	case !ok:
		return ""
	case c.back != back:
		return h.entries[c.last].ID
	case c.moot > h.place[id]:
		return h.entries[c.moot].ID
	}
	return ""
}

// Standing returns the entry by which the change of an entry stands now: the entry itself, or a later
// redo of it. ok is false when it was never made, or was taken back.
func (h *History) Standing(id string) (e Entry, ok bool) {
	c, back, ok := h.chainOf(id)
	if !ok || c.back != back {
		return Entry{}, false
	}
	return h.entries[c.last], true
}

// chainOf returns the chain that an entry belongs to, and whether that entry took the change back.
func (h *History) chainOf(id string) (c *chain, back, ok bool) {
	i, ok := h.place[id]
	if !ok || !h.entries[i].reversible() || h.entries[i].Already {
		return nil, false, false
	}
	root, turns := h.rootOf(i)
	c, ok = h.chains[h.entries[root].ID]
	return c, turns%2 == 1, ok
}

// group is what belongs to one run, with the place that orders it among the others.
type group struct {
	Step
	at     int
	undone bool // some of it was taken back
}

// NextUndo returns what the next undo takes back: the run that was made, or made again, last and
// is not undone yet. An undo is nothing that it takes back. A run of which nothing can be taken back
// because it ended an instance, or because it is not known whether it was made, is returned without Entries:
// what is older is never reached past it. ok is false when there is nothing.
func (h *History) NextUndo() (s Step, ok bool) {
	groups := map[string]*group{}
	of := func(e *Entry) *group {
		g := groups[e.Run]
		if g == nil {
			g = &group{Step: Step{Run: e.Run}}
			groups[e.Run] = g
		}
		return g
	}
	for i := range h.entries {
		e := &h.entries[i]
		root, _ := h.rootOf(i)
		if root != i {
			continue
		}
		g := of(e)
		c := h.chains[e.ID]
		switch {
		case c != nil && (c.back || c.moot >= 0):
			g.undone = true
		case c != nil:
			g.Entries = append(g.Entries, h.entries[c.last])
			g.at = max(g.at, c.last)
		case e.final():
			g.Final = append(g.Final, *e)
			g.at = max(g.at, i)
		case e.open() && e.lasting():
			g.Open = append(g.Open, *e)
			g.at = max(g.at, i)
		}
	}
	var last *group
	for _, g := range groups {
		// What could not be taken back was reported when the rest of its run was.
		if (len(g.Entries) > 0 || !g.undone && len(g.Final)+len(g.Open) > 0) && (last == nil || g.at > last.at) {
			last = g
		}
	}
	if last == nil {
		return Step{}, false
	}
	h.inOrder(last.Entries)
	return last.Step, true
}

// NextRedo returns what the next redo makes again: the run of the last undo that stands, unless something new was
// changed since. An undo of which it is not known whether it was made is returned without
// Entries. ok is false when there is nothing.
func (h *History) NextRedo() (s Step, ok bool) {
	var undos []*group
	for i := range h.entries {
		e := &h.entries[i]
		root, turns := h.rootOf(i)
		if root == i {
			if e.State == Done && !e.Already || e.open() {
				undos = undos[:0] // something new
			}
			continue
		}
		c := h.chains[h.entries[root].ID]
		stands := c != nil && c.last == i && c.back && c.moot < 0
		unsure := turns%2 == 1 && e.open() && c != nil && c.last < i
		if !stands && !unsure {
			continue
		}
		n := len(undos) - 1
		if n < 0 || undos[n].Run != e.Run {
			undos = append(undos, &group{Step: Step{Run: e.Run}})
			n++
		}
		if stands {
			undos[n].Entries = append(undos[n].Entries, *e)
		} else {
			undos[n].Open = append(undos[n].Open, *e)
		}
	}
	if len(undos) == 0 {
		return Step{}, false
	}
	return undos[len(undos)-1].Step, true
}

// inOrder sorts entries as the journal has them.
func (h *History) inOrder(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(h.place[a.ID], h.place[b.ID]) })
}
