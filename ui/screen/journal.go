package screen

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers/journal"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// journalMsg holds the latest entries.
type journalMsg struct {
	gen  uint64
	book common.JournalPage
	err  error
}

// journalLimit is the largest number of entries on the screen.
const journalLimit = 500

// journalScreen lists the latest entries of the journal, below the problems of its file.
type journalScreen struct {
	listScreen[string, *rows.Entry]
	asked    uint64 // number of the latest read
	wasRead  bool
	rowsRead []*rows.Entry
	err      string
	problems []string // clean
}

func newJournalScreen(s *common.Context) Screen {
	j := &journalScreen{listScreen: listScreen[string, *rows.Entry]{Context: s, title: "Journal", empty: "entries", natural: "newest first"}}
	j.columns = func() []grid.Column[*rows.Entry] { return journalColumns(s.Theme) }
	j.rows = func() []*rows.Entry { return j.rowsRead }
	j.makeList()
	return j
}

// Reload reads the latest entries in a command.
func (j *journalScreen) Reload() tea.Cmd {
	j.asked++
	gen, backend, ctx := j.asked, j.Backend, j.Ctx
	return func() tea.Msg {
		b, err := backend.Journal(ctx, journalLimit)
		return journalMsg{gen, b, err}
	}
}

func (j *journalScreen) Update(msg tea.Msg) (tea.Cmd, bool) {
	if read, ok := msg.(journalMsg); ok {
		return j.read(read), true
	}
	return j.listScreen.Update(msg)
}

func (j *journalScreen) read(msg journalMsg) tea.Cmd {
	if msg.gen != j.asked {
		return nil
	}
	first := !j.wasRead
	j.err, j.problems, j.wasRead = "", nil, true
	if msg.err != nil {
		j.err = common.Clean(msg.err.Error())
		return nil
	}
	for _, p := range msg.book.Problems {
		j.problems = append(j.problems, rows.ProblemText(p))
	}
	oldestFirst := slices.Clone(msg.book.Entries)
	slices.Reverse(oldestFirst)
	history := journal.NewHistory(oldestFirst)
	j.rowsRead = rows.Entries(msg.book.Entries, j.Now())
	for _, r := range j.rowsRead {
		r.Undone = history.UndoneBy(r.ID)
	}
	if first {
		j.list.changes++ // a key waits for the entries
	}
	return j.Arrange()
}

func (j *journalScreen) Pending() bool { return !j.wasRead || j.list.pending() }

func (j *journalScreen) Do(a common.Action) (tea.Cmd, bool) {
	r, ok := j.list.Current()
	switch {
	case a != common.ActDetail && a != common.ActUndo && a != common.ActUndoRun:
		return nil, false
	case !ok:
		j.Notify(common.ToneInfo, "there is no entry under the cursor")
		return nil, true
	case a == common.ActDetail:
		j.detail(r)
		return nil, true
	case j.RefusedReadOnly():
		return nil, true
	case a == common.ActUndo:
		return j.undo(r.ID, "undo entry "+common.Clean(r.ID)), true
	}
	return j.undo(r.Run, "undo run "+common.Clean(r.Run)), true
}

func (j *journalScreen) Copied() string {
	if r, ok := j.list.Current(); ok {
		return r.What()
	}
	return ""
}

func (j *journalScreen) About() (left, right *common.Line) {
	left, right = j.listScreen.About()
	r, ok := j.list.Current()
	if !ok {
		return left, right
	}
	left.Add(theme.Dim, r.What())
	dot := " " + j.Theme.Dot + " "
	if r.Error != "" {
		left.Add(theme.Bad, dot+common.Clean(r.Error))
	} else if r.Note != "" {
		left.Add(theme.Dim, dot+common.Clean(r.Note))
	}
	return left, right
}

func (j *journalScreen) Keys() []KeyHelp {
	keys := []KeyHelp{{common.ActBack, "back"}, {common.ActHelp, "help"}, {common.ActDetail, "open"}}
	if j.list.Len() > 0 {
		keys = append(keys, KeyHelp{common.ActUndo, "undo"}, KeyHelp{common.ActUndoRun, "undo the run"})
	}
	return append(keys, []KeyHelp{{common.ActFilter, "filter"}, {common.ActSort, "sort"}, {common.ActPalette, "commands"}, {common.ActQuit, "quit"}}...)
}

func (j *journalScreen) Resize(l common.Layout) {
	w, h := inner(common.Size{W: l.W, H: l.Body})
	j.list.Resize(w, max(h-len(j.problemLines(w)), 1))
}

func (j *journalScreen) Body(l common.Layout, production bool) []string {
	w, _ := inner(common.Size{W: l.W, H: l.Body})
	j.empty = "entries"
	if j.err != "" {
		j.empty = "" // whether there are any is unknown
	}
	return j.draw(frameOfList(j.Context, j.title, j.list, production), j.problemLines(w), l)
}

// problemLines returns the lines above the entries about an unreadable journal, or damage in it. It shows at most three
// and the number of the others.
func (j *journalScreen) problemLines(w int) []string {
	t := j.Theme
	var out []string
	if j.err != "" {
		for _, l := range common.Wrap(t.Warn+" "+j.err, max(w, 10)) {
			out = append(out, t.Paint(theme.Warn, common.Fit(l, w, t.Ellipsis)))
		}
	}
	for i, p := range j.problems {
		if i == 2 && len(j.problems) > 3 {
			out = append(out, t.Paint(theme.Warn, common.Fit(fmt.Sprintf("%s and %d more: rollcall journal --verify lists them", t.Warn, len(j.problems)-2), w, t.Ellipsis)))
			break
		}
		out = append(out, t.Paint(theme.Warn, common.Fit(t.Warn+" "+p, w, t.Ellipsis)))
	}
	return out
}

// undo starts to revert a run or an entry.
func (j *journalScreen) undo(run, what string) tea.Cmd {
	return j.StartChange(common.ChangeRequest{Verb: index.VerbUndo, Run: run}, what, false)
}

func journalColumns(t *theme.Theme) []grid.Column[*rows.Entry] {
	return drawn(rows.EntryScreen(), roles{"NO": theme.Faint, "WHEN": theme.Dim, "RUN": theme.Faint, "WHO": theme.Dim}, cellsByTitle[*rows.Entry]{
		"STATE": func(r *rows.Entry, _ string) grid.Cell { return stateCell(t, r) },
	})
}

// stateCell returns the outcome of an entry. A change that was reverted since is no longer in effect.
func stateCell(t *theme.Theme, r *rows.Entry) grid.Cell {
	switch r.State {
	case journal.Done:
		if r.Undone != "" {
			return grid.Cell{Text: t.Dot + " undone", Role: theme.Dim}
		}
		return grid.Cell{Text: t.OK + " done", Role: theme.Good}
	case journal.Refused:
		return grid.Cell{Text: t.Bad + " refused", Role: theme.Warn}
	case journal.Failed:
		return grid.Cell{Text: t.Bad + " failed", Role: theme.Bad}
	case journal.Begun:
		return grid.Cell{Text: t.Wait + " begun", Role: theme.Notice}
	default:
		return grid.Cell{Text: t.Warn + " unknown", Role: theme.Warn}
	}
}
