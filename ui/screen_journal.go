package ui

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/providers/journal"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// JournalPage is the journal as the console shows it.
type JournalPage struct {
	Entries  []journal.Entry   // newest first
	Problems []journal.Problem // where the file is not what was written
}

// FilterEntry gives an entry of the journal as a filter sees it.
func FilterEntry(e *journal.Entry, now time.Time) *filter.Entry {
	f := &filter.Entry{
		ID: e.ID, Run: e.Run, Who: e.Who, Verb: e.Verb, State: string(e.State), Sentence: e.Sentence, Note: cmp.Or(e.Error, e.Note),
		Zone: e.Zone, Reason: e.Reason, Change: e.Change, Age: now.Sub(e.Time),
	}
	f.Instance.Cloud = e.Cloud()
	if e.Launch != nil {
		f.Instance.Key, f.Instance.Name = e.Launch.Key, e.Launch.Name
	}
	if e.Instance != nil {
		f.Instance = *e.Instance
	}
	return f
}

// journalRow is one entry of the journal.
type journalRow struct {
	entry    journal.Entry
	sentence string
	when     string
	undone   string // the entry that took it back, or empty
}

// Key is the identity of the row.
func (r *journalRow) Key() string { return r.entry.ID }

// journalMsg brings the latest entries.
type journalMsg struct {
	gen  uint64
	book JournalPage
	err  error
}

// journalLimit bounds the entries that the screen shows.
const journalLimit = 500

// journalScreen lists the latest entries of the journal, below what is wrong with its file.
type journalScreen struct {
	listScreen[string, *journalRow]
	asked    uint64 // number of the latest read
	rowsRead []*journalRow
	err      string
	problems []string // clean
}

func newJournalScreen(s *shared) screen {
	j := &journalScreen{listScreen: listScreen[string, *journalRow]{shared: s, title: "Journal", empty: "entries"}}
	j.columns = func() []grid.Column[*journalRow] { return journalColumns(s.theme) }
	j.rows = func(by filter.Filter) ([]*journalRow, func(*journalRow) bool) {
		now := s.now()
		return j.rowsRead, func(r *journalRow) bool { return by.MatchEntry(FilterEntry(&r.entry, now)) }
	}
	j.start()
	return j
}

// reload reads the latest entries in a command.
func (j *journalScreen) reload() tea.Cmd {
	j.asked++
	gen, backend, ctx := j.asked, j.backend, j.ctx
	return func() tea.Msg {
		b, err := backend.Journal(ctx, journalLimit)
		return journalMsg{gen, b, err}
	}
}

func (j *journalScreen) update(msg tea.Msg) (tea.Cmd, bool) {
	if read, ok := msg.(journalMsg); ok {
		return j.read(read), true
	}
	return j.listScreen.update(msg)
}

func (j *journalScreen) read(msg journalMsg) tea.Cmd {
	if msg.gen != j.asked {
		return nil
	}
	j.err, j.problems = "", nil
	if msg.err != nil {
		j.err = Clean(msg.err.Error())
		return nil
	}
	for _, p := range msg.book.Problems {
		j.problems = append(j.problems, problemText(p))
	}
	entries := msg.book.Entries
	j.rowsRead = make([]*journalRow, len(entries))
	oldestFirst := slices.Clone(entries)
	slices.Reverse(oldestFirst)
	history := journal.NewHistory(oldestFirst)
	for i, e := range entries {
		j.rowsRead[i] = &journalRow{entry: e, sentence: Clean(e.Sentence), when: e.Time.Local().Format("2006-01-02 15:04:05"), undone: history.UndoneBy(e.ID)}
	}
	return j.arrange()
}

func (j *journalScreen) do(a Action) (tea.Cmd, bool) {
	r, ok := j.list.Current()
	switch {
	case !ok:
		return nil, a == ActDetail
	case a == ActDetail:
		j.detail(r)
		return nil, true
	case a != ActUndo && a != ActUndoRun:
		return nil, false
	case j.refusedReadOnly():
		return nil, true
	case a == ActUndo:
		return j.undoRun(r.entry.ID, "undo entry "+Clean(r.entry.ID)), true
	}
	return j.undoRun(r.entry.Run, "undo run "+Clean(r.entry.Run)), true
}

func (j *journalScreen) copied() string {
	if r, ok := j.list.Current(); ok {
		return r.sentence
	}
	return ""
}

func (j *journalScreen) about() (left, right *line) {
	left, right = j.listScreen.about()
	r, ok := j.list.Current()
	if !ok {
		return left, right
	}
	left.add(theme.Dim, r.sentence)
	dot := " " + j.theme.Dot + " "
	if r.entry.Error != "" {
		left.add(theme.Bad, dot+Clean(r.entry.Error))
	} else if r.entry.Note != "" {
		left.add(theme.Dim, dot+Clean(r.entry.Note))
	}
	return left, right
}

func (j *journalScreen) keys() []keyHelp {
	return []keyHelp{{ActBack, "back"}, {ActHelp, "help"}, {ActDetail, "open"}, {ActUndo, "undo"}, {ActUndoRun, "undo the run"}, {ActFilter, "filter"}, {ActSort, "sort"}, {ActPalette, "commands"}, {ActQuit, "quit"}}
}

func (j *journalScreen) resize(l layout) {
	w, h := inner(rect{l.w, l.body})
	j.list.Resize(w, max(h-min(len(j.problems), 3), 1))
}

func (j *journalScreen) body(l layout, production bool) []string {
	title := j.title
	if j.err != "" {
		title += ": " + j.err
	}
	w, _ := inner(rect{l.w, l.body})
	return j.draw(j.frame(title, j.list, production), j.problemLines(w), l)
}

// problemLines are the lines above the entries that say where the journal is not what was
// written; more than three are counted.
func (j *journalScreen) problemLines(w int) []string {
	t := j.theme
	var out []string
	for i, p := range j.problems {
		if i == 2 && len(j.problems) > 3 {
			out = append(out, t.Paint(theme.Warn, fit(fmt.Sprintf("%s and %d more: rollcall journal --verify lists them", t.Warn, len(j.problems)-2), w, t.Ellipsis)))
			break
		}
		out = append(out, t.Paint(theme.Warn, fit(t.Warn+" "+p, w, t.Ellipsis)))
	}
	return out
}

// undoRun begins to take back a run or an entry; with an empty run the last run that is not undone yet.
func (sh *shared) undoRun(run, what string) tea.Cmd {
	return sh.startChange(ChangeRequest{Verb: dnsview.VerbUndo, Run: run}, what, false)
}

// problemText reports a place where the journal is not what was written.
func problemText(p journal.Problem) string {
	text := Clean(p.Why)
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	if p.Side != "" {
		text += ": " + Clean(p.Side)
	}
	return text
}

func journalColumns(t *theme.Theme) []grid.Column[*journalRow] {
	type row = *journalRow
	return []grid.Column[row]{
		{
			Title: "NO", Min: 3, Max: 7, Priority: 4, Right: true,
			Text: func(r row) grid.Cell { return grid.Cell{Text: Clean(r.entry.ID), Role: theme.Faint} },
		},
		{
			Title: "WHEN", Min: 19, Max: 19, Priority: 2,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: r.when, Role: theme.Dim} },
			Compare: func(a, b row) int { return a.entry.Time.Compare(b.entry.Time) },
		},
		{
			Title: "STATE", Min: 9, Max: 9,
			Text:    func(r row) grid.Cell { return stateCell(t, r) },
			Compare: func(a, b row) int { return cmp.Compare(a.entry.State, b.entry.State) },
		},
		{
			Title: "VERB", Min: 6, Max: 11, Priority: 3,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: Clean(r.entry.Verb)} },
			Compare: func(a, b row) int { return cmp.Compare(a.entry.Verb, b.entry.Verb) },
		},
		{
			Title: "RUN", Min: 9, Max: 9, Priority: 6,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: Clean(r.entry.Run), Role: theme.Faint} },
			Compare: func(a, b row) int { return cmp.Compare(a.entry.Run, b.entry.Run) },
		},
		{
			Title: "WHO", Min: 6, Max: 20, Priority: 5,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: Clean(r.entry.Who), Role: theme.Dim} },
			Compare: func(a, b row) int { return cmp.Compare(a.entry.Who, b.entry.Who) },
		},
		{
			Title: "WHAT", Min: 12, Max: 200, Wide: true,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.sentence} },
		},
	}
}

// stateCell says what became of an entry; what was done and taken back since is not in effect any more.
func stateCell(t *theme.Theme, r *journalRow) grid.Cell {
	switch r.entry.State {
	case journal.Done:
		if r.undone != "" {
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
