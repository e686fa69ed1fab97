package journal

import (
	"cmp"
	"slices"
)

// History determines from the entries of a journal which changes are in effect, what the next undo reverts and what the
// next redo repeats. Every process that shares the journal gets the same answer.
//
// An entry can revert a change, and a later entry can revert that undo. All entries that go back to one change form its
// chain. The last of them decides whether the change is in effect.
type History struct {
	entries []Entry
	who     string            // whose runs NextUndo and NextRedo return; "" for those of all
	place   map[string]int    // entry id -> index in entries
	chains  map[string]*chain // id of a change -> its chain
}

// chain is a change with all entries that reverted or repeated it.
type chain struct {
	last     int // index of the last entry of the chain that was made
	reverted bool
	// noop is the index of a later entry that had nothing to do because another writer had already reverted the change;
	// -1 for none. Such an entry cannot be reverted.
	noop int
}

// Step is one undo or one redo.
type Step struct {
	Run string // run of the change to revert, or of the undo to revert
	// Entries are the entries to revert, in the order in which they were made.
	Entries []Entry
	// Final are entries of the run that were made and cannot be reverted: terminations.
	Final []Entry
	// Open are entries of the run that may or may not have been made.
	Open []Entry
}

// NewHistory returns the history of entries, oldest first. It does not change them.
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
			c.noop = i
		case c == nil:
			h.chains[id] = &chain{last: i, reverted: turns%2 == 1, noop: -1}
		default:
			c.last, c.reverted, c.noop = i, turns%2 == 1, -1
		}
	}
	return h
}

// Of returns a history whose NextUndo and NextRedo leave out the runs of all but who. What is in effect remains the same.
func (h *History) Of(who string) *History {
	only := *h
	only.who = who
	return &only
}

// others reports whether an entry is left out.
func (h *History) others(e *Entry) bool { return h.who != "" && e.Who != h.who }

// reversible reports whether an entry is done and of a kind that can be reverted. Kinds added by a later rollcall are
// not.
func (e *Entry) reversible() bool {
	if e.State != Done {
		return false
	}
	return e.Kind == "change" && e.Change != nil || e.Kind == "power" && e.Instance != nil && (e.Action == "start" || e.Action == "stop")
}

// final reports whether an entry has ended an instance, which cannot be reverted.
func (e *Entry) final() bool {
	return e.State == Done && !e.Already && e.Kind == "power" && e.Action == "terminate"
}

// open reports whether it is unknown if an entry was made.
func (e *Entry) open() bool { return e.State == Begun || e.State == Unknown }

// hasLastingEffect reports whether an entry is of a known kind and has a lasting effect, unlike a reboot.
func (e *Entry) hasLastingEffect() bool {
	return e.Kind == "change" || e.Kind == "power" && e.Action != "reboot"
}

// rootOf returns the index of the change that entry i goes back to, and how often entries up to i reverted it.
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

// UndoneBy returns the id of the entry that reverted an entry and is itself in effect, or "".
func (h *History) UndoneBy(id string) string {
	c, back, ok := h.chainOf(id)
	switch {
	case !ok:
		return ""
	case c.reverted != back:
		return h.entries[c.last].ID
	case c.noop > h.place[id]:
		return h.entries[c.noop].ID
	}
	return ""
}

// InEffect returns the entry by which the change of an entry is in effect now: the entry itself, or a later redo. ok is
// false if it was never made or has been reverted.
func (h *History) InEffect(id string) (e Entry, ok bool) {
	c, back, ok := h.chainOf(id)
	if !ok || c.reverted != back {
		return Entry{}, false
	}
	return h.entries[c.last], true
}

// chainOf returns the chain of an entry, and whether the entry reverted the change.
func (h *History) chainOf(id string) (c *chain, back, ok bool) {
	i, ok := h.place[id]
	if !ok || !h.entries[i].reversible() || h.entries[i].Already {
		return nil, false, false
	}
	root, turns := h.rootOf(i)
	c, ok = h.chains[h.entries[root].ID]
	return c, turns%2 == 1, ok
}

// group holds the entries of one run, and the index by which runs are ordered.
type group struct {
	Step
	at     int
	undone bool // some of it was reverted
}

// NextUndo returns the run that the next undo reverts: the one made or repeated last and not yet undone. Undos
// themselves are not reverted. A run that cannot be reverted, because it ended an instance or may not have been made,
// is returned without Entries, so that an undo never skips it for an older one. ok is false if there is no run.
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
		if root != i || h.others(e) {
			continue
		}
		g := of(e)
		c := h.chains[e.ID]
		switch {
		case c != nil && (c.reverted || c.noop >= 0):
			g.undone = true
		case c != nil:
			g.Entries = append(g.Entries, h.entries[c.last])
			g.at = max(g.at, c.last)
		case e.final():
			g.Final = append(g.Final, *e)
			g.at = max(g.at, i)
		case e.open() && e.hasLastingEffect():
			g.Open = append(g.Open, *e)
			g.at = max(g.at, i)
		}
	}
	var last *group
	for _, g := range groups {
		// What could not be reverted was reported when the rest of its run was.
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

// NextRedo returns the run that the next redo repeats: that of the last undo in effect, unless something new was
// changed since. An undo that may not have been made is returned without Entries. ok is false if there is none.
func (h *History) NextRedo() (s Step, ok bool) {
	var undos []*group
	for i := range h.entries {
		e := &h.entries[i]
		if h.others(e) {
			continue
		}
		root, turns := h.rootOf(i)
		if root == i {
			if e.State == Done && !e.Already || e.open() {
				undos = undos[:0] // something new
			}
			continue
		}
		c := h.chains[h.entries[root].ID]
		stands := c != nil && c.last == i && c.reverted && c.noop < 0
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

// inOrder sorts entries in the order of the journal.
func (h *History) inOrder(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int { return cmp.Compare(h.place[a.ID], h.place[b.ID]) })
}
