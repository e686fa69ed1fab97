package journal

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/providers"
)

// writing makes the entries of a journal.
type writing struct{ entries []Entry }

// add writes one entry: "done", "already", "failed", "refused", "begun", "unknown", or done of
// another kind: "stop", "terminate", "reboot", "launch".
func (w *writing) add(run, undoes, what string) string {
	e := Entry{ID: strconv.Itoa(len(w.entries) + 1), Run: run, Undoes: undoes, Kind: "change", State: Done, Change: &providers.Change{Op: providers.OpDelete}}
	switch what {
	case "done":
	case "already":
		e.Already = true
	case "stop", "terminate", "reboot":
		e.Kind, e.Action, e.Change, e.Instance = "power", what, nil, &providers.InstanceRef{ID: "i-1"}
	case "launch":
		e.Kind, e.Change = what, nil
	default:
		e.State = State(what)
	}
	w.entries = append(w.entries, e)
	return e.ID
}

// ids writes what a step is about: the run, and the entries.
func ids(s Step, ok bool) string {
	if !ok {
		return "nothing"
	}
	var b strings.Builder
	b.WriteString(s.Run)
	for _, l := range []struct {
		name    string
		entries []Entry
	}{{"", s.Entries}, {"final ", s.Final}, {"open ", s.Open}} {
		for _, e := range l.entries {
			b.WriteString(" " + l.name + e.ID)
		}
	}
	return b.String()
}

func TestAnUndoGoesBackStepByStepAndARedoForward(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries string // "run what" or "run what undoes"
		undo    string
		redo    string
	}{
		{"an empty journal", "", "nothing", "nothing"},
		{"one change", "a done", "a 1", "nothing"},
		{"two changes", "a done; b done", "b 2", "nothing"},
		{"the second undone", "a done; b done; u done 2", "a 1", "u 3"},
		{"both undone", "a done; b done; u done 2; v done 1", "nothing", "v 4"},
		{"both undone, one redone", "a done; b done; u done 2; v done 1; r done 4", "a 5", "u 3"},
		{"both undone, both redone", "a done; b done; u done 2; v done 1; r done 4; s done 3", "s 6 of b", "nothing"},
		{"a redo that is undone", "a done; u done 1; r done 2; v done 3", "nothing", "v 4"},
		{"a new change after an undo", "a done; b done; u done 2; c done", "c 4", "nothing"},
		{"a change that changed nothing after an undo", "a done; b done; u done 2; c already; c failed; c refused", "a 1", "u 3"},
		{"a change of which nothing is known after an undo", "a done; b done; u done 2; c unknown", "c open 4", "nothing"},
		{"a launch after an undo", "a done; b done; u done 2; l launch", "a 1", "nothing"},
		{"a launch that is under way", "a done; l launch; m launch", "a 1", "nothing"},
		{"a reboot after an undo", "a done; b done; u done 2; l reboot", "a 1", "nothing"},
		{"a termination is not passed over", "a done; b terminate", "b final 2", "nothing"},
		{"a termination after its records", "a done; b done; b terminate", "b 2 final 3", "nothing"},
		{"a termination whose records are back", "a done; b done; b terminate; u done 2", "a 1", "u 4"},
		{"what is not known is not passed over", "a done; b unknown", "b open 2", "nothing"},
		{"what is under way is not passed over", "a done; b begun", "b open 2", "nothing"},
		{"a run of which a part is not known", "a done; b done; b unknown", "b 2 open 3", "nothing"},
		{"refused and failed changes are nothing", "a done; b refused; c failed", "a 1", "nothing"},
		{"what was so already is nobody's to take back", "a done; b already", "a 1", "nothing"},
		{"a refused undo stops there", "a done; b done; u refused 2", "b 2", "nothing"},
		{"a failed undo stops there", "a done; b done; u failed 2", "b 2", "nothing"},
		{"an undo of which nothing is known is asked again", "a done; b done; u unknown 2", "b 2", "u open 3"},
		{"and is done then", "a done; b done; u unknown 2; v done 2", "a 1", "v 4"},
		{"an undo that was made in part", "a done; b done; b done; u done 3; u refused 2", "b 2", "u 4"},
		{"an undo that somebody else had made already", "a done; b done; u already 2", "a 1", "nothing"},
		{"a refused redo stops there", "a done; b done; u done 2; v done 1; r refused 4", "nothing", "v 4"},
		{"a redo that somebody else had made already", "a done; b done; u done 2; v done 1; r already 4", "nothing", "u 3"},
		{"an older run that was named", "a done; b done; u done 1", "b 2", "u 3"},
		{"an older run that was named and comes again is the last", "a done; b done; u done 1; r done 3", "r 4 of a", "nothing"},
		{"a stop", "a stop", "a 1", "nothing"},
		{"an undo of what the journal does not have", "a done; b done 77", "b 2", "nothing"},
	} {
		var w writing
		for _, l := range strings.Split(c.entries, "; ") {
			if f := strings.Fields(l); len(f) > 0 {
				w.add(f[0], strings.Join(f[2:], ""), f[1])
			}
		}
		h := NewHistory(w.entries)
		// The run that a change belongs to stays its own when it comes again.
		want := c.undo
		if head, of, ok := strings.Cut(want, " of "); ok {
			want = of + head[strings.IndexByte(head, ' '):]
		}
		if got := ids(h.NextUndo()); got != want {
			t.Errorf("%s: undo takes back %s, want %s", c.name, got, want)
		}
		if got := ids(h.NextRedo()); got != c.redo {
			t.Errorf("%s: redo makes %s again, want %s", c.name, got, c.redo)
		}
	}
}

func TestAnEntryIsUndoneByTheLastThatTookItsChangeBack(t *testing.T) {
	var w writing
	w.add("a", "", "done")     // 1
	w.add("b", "", "done")     // 2
	w.add("u", "1", "done")    // 3
	w.add("r", "3", "done")    // 4: a stands again
	w.add("v", "4", "done")    // 5: and is back again
	w.add("x", "2", "already") // 6: another writer reverted b
	h := NewHistory(w.entries)
	for id, want := range map[string]string{"1": "5", "2": "6", "3": "", "4": "5", "5": "", "6": "", "77": ""} {
		if got := h.UndoneBy(id); got != want {
			t.Errorf("entry %s is undone by %q, want %q", id, got, want)
		}
	}
	for id, want := range map[string]string{"1": "", "2": "2", "3": "5", "5": "5", "77": ""} {
		if e, _ := h.InEffect(id); e.ID != want {
			t.Errorf("entry %s stands by %q, want %q", id, e.ID, want)
		}
	}
}

// stack is undo and redo as every editor has them.
type stack struct {
	undo []*changed
	redo []*taken
	n    int
}

// changed is a run that was made; taken one that took something of it back.
type changed struct {
	run   string
	ours  map[string]string // root entry -> the entry by which it stands
	final []string
	open  []string
}

type taken struct {
	run  string
	of   map[string]string // entry of the undo -> root entry
	open map[string]string
}

func (s *stack) name() string { s.n++; return "r" + strconv.Itoa(s.n) }

// clean drops what has nothing left.
func (s *stack) clean() {
	s.undo = slices.DeleteFunc(s.undo, func(c *changed) bool { return len(c.ours)+len(c.final)+len(c.open) == 0 })
	s.redo = slices.DeleteFunc(s.redo, func(u *taken) bool { return len(u.of)+len(u.open) == 0 })
}

func (s *stack) settled(root string) {
	for _, u := range s.redo {
		maps.DeleteFunc(u.open, func(_, r string) bool { return r == root })
	}
}

func TestAnUndoAndARedoAreThoseOfAStack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w writing
		var s stack
		homes := map[string]*changed{} // root entry -> its run
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) {
				c := &changed{run: s.name(), ours: map[string]string{}}
				for range rapid.IntRange(1, 3).Draw(t, "steps") {
					what := rapid.SampledFrom([]string{"done", "done", "done", "already", "failed", "refused", "unknown", "begun", "stop", "terminate", "reboot", "launch"}).Draw(t, "outcome")
					id := w.add(c.run, "", what)
					switch what {
					case "done", "stop":
						c.ours[id] = id
						homes[id] = c
					case "terminate":
						c.final = append(c.final, id)
					case "unknown", "begun":
						c.open = append(c.open, id)
					case "reboot", "launch":
					default:
						continue
					}
					s.redo = nil
				}
				s.undo = append(s.undo, c)
				s.clean()
			},
			"undo": func(t *rapid.T) {
				if len(s.undo) == 0 || len(s.undo[len(s.undo)-1].ours) == 0 {
					return // there is nothing, or it stops there
				}
				top := s.undo[len(s.undo)-1]
				u := &taken{run: s.name(), of: map[string]string{}, open: map[string]string{}}
				for _, root := range slices.Sorted(maps.Keys(top.ours)) {
					what := rapid.SampledFrom([]string{"done", "done", "done", "already", "failed", "refused", "unknown"}).Draw(t, "outcome")
					id := w.add(u.run, top.ours[root], what)
					switch what {
					case "done":
						u.of[id] = root
						s.settled(root)
						delete(top.ours, root)
						top.final, top.open = nil, nil // it was reported
					case "already":
						delete(top.ours, root)
						top.final, top.open = nil, nil
					case "unknown":
						u.open[id] = root
					}
				}
				s.redo = append(s.redo, u)
				s.clean()
			},
			"redo": func(t *rapid.T) {
				if len(s.redo) == 0 || len(s.redo[len(s.redo)-1].of) == 0 {
					return
				}
				top := s.redo[len(s.redo)-1]
				run := s.name()
				for _, undo := range slices.Sorted(maps.Keys(top.of)) {
					root := top.of[undo]
					what := rapid.SampledFrom([]string{"done", "done", "done", "already", "failed", "refused", "unknown"}).Draw(t, "outcome")
					id := w.add(run, undo, what)
					switch what {
					case "done":
						delete(top.of, undo)
						s.settled(root)
						home := homes[root]
						home.ours[root] = id
						s.undo = slices.DeleteFunc(s.undo, func(c *changed) bool { return c == home })
						s.undo = append(s.undo, home)
					case "already":
						delete(top.of, undo)
					}
				}
				s.clean()
			},
			"": func(t *rapid.T) {
				h := NewHistory(w.entries)
				want, n := "nothing", len(s.undo)
				if n > 0 {
					want = s.undo[n-1].run + fmt.Sprint(slices.Sorted(maps.Values(s.undo[n-1].ours)))
				}
				if got := brief(h.NextUndo()); got != want {
					t.Fatalf("undo takes back %s, want %s", got, want)
				}
				want, n = "nothing", len(s.redo)
				if n > 0 {
					want = s.redo[n-1].run + fmt.Sprint(slices.Sorted(maps.Keys(s.redo[n-1].of)))
				}
				if got := brief(h.NextRedo()); got != want {
					t.Fatalf("redo makes %s again, want %s", got, want)
				}
			},
		})
	})
}

func brief(s Step, ok bool) string {
	if !ok {
		return "nothing"
	}
	var out []string
	for _, e := range s.Entries {
		out = append(out, e.ID)
	}
	slices.Sort(out)
	return s.Run + fmt.Sprint(out)
}
