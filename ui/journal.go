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

// Book is the journal as the console shows it.
type Book struct {
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

// Messages about the journal.
type (
	journalMsg struct {
		gen  uint64
		book Book
		err  error
	}
	settledMsg struct {
		lines []string
		err   error
	}
)

// journalLimit bounds the entries that the screen shows.
const journalLimit = 500

// settle has what stopped rollcalls have left open in the journal looked up, once, in a command.
func (m *Model) settle() tea.Cmd {
	backend, ctx := m.backend, m.ctx
	return func() tea.Msg {
		lines, err := backend.Settle(ctx)
		return settledMsg{lines, err}
	}
}

// settled tells of what was left open; the journal has all of it.
func (m *Model) settled(msg settledMsg) tea.Cmd {
	switch {
	case msg.err != nil:
		m.say(sayWarn, "the journal: "+msg.err.Error())
	case len(msg.lines) == 0:
		return nil
	default:
		text := msg.lines[0]
		if n := len(msg.lines) - 1; n > 0 {
			text += fmt.Sprintf(" (and %d more)", n)
		}
		m.say(sayWarn, text)
	}
	m.status.hint = m.keymap.label(ActJournal) + " journal"
	if m.screen == screenJournal {
		return m.readJournal()
	}
	return nil
}

// readJournal reads the latest entries in a command.
func (m *Model) readJournal() tea.Cmd {
	m.journalGen++
	gen, backend, ctx := m.journalGen, m.backend, m.ctx
	return func() tea.Msg {
		b, err := backend.Journal(ctx, journalLimit)
		return journalMsg{gen, b, err}
	}
}

func (m *Model) journalRead(msg journalMsg) tea.Cmd {
	if msg.gen != m.journalGen {
		return nil
	}
	m.journalErr, m.journalProblems = "", nil
	if msg.err != nil {
		m.journalErr = Clean(msg.err.Error())
		return nil
	}
	for _, p := range msg.book.Problems {
		m.journalProblems = append(m.journalProblems, problemText(p))
	}
	entries := msg.book.Entries
	m.journalRows = make([]*journalRow, len(entries))
	oldestFirst := slices.Clone(entries)
	slices.Reverse(oldestFirst)
	history := journal.NewHistory(oldestFirst)
	for i, e := range entries {
		m.journalRows[i] = &journalRow{entry: e, sentence: Clean(e.Sentence), when: e.Time.Local().Format("2006-01-02 15:04:05"), undone: history.UndoneBy(e.ID)}
	}
	return m.arrangeJournal()
}

// problemText tells of a place where the journal is not what was written.
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

func (m *Model) arrangeJournal() tea.Cmd {
	if m.screen != screenJournal {
		return nil
	}
	f, now := m.journal.filter, m.now()
	return m.journal.arrange(m.journalRows, matcher(f, func(r *journalRow) bool { return f.MatchEntry(FilterEntry(&r.entry, now)) }))
}

// problemLines are the lines above the entries that tell where the journal is not what was
// written; more than three are counted.
func (m *Model) problemLines(w int) []string {
	t := m.theme
	var out []string
	for i, p := range m.journalProblems {
		if i == 2 && len(m.journalProblems) > 3 {
			out = append(out, t.Paint(theme.Warn, fit(fmt.Sprintf("%s and %d more: rollcall journal --verify lists them", t.Warn, len(m.journalProblems)-2), w, t.Ellipsis)))
			break
		}
		out = append(out, t.Paint(theme.Warn, fit(t.Warn+" "+p, w, t.Ellipsis)))
	}
	return out
}

// drawJournal draws the entries, below what is wrong with the file.
func (m *Model) drawJournal(l layout) []string {
	title := "Journal"
	if m.journalErr != "" {
		title += ": " + m.journalErr
	}
	f := m.listFrame(title, m.journal.grid, m.journal.filter.String(), m.journal.sortedBy())
	w, _ := inner(rect{l.w, l.body})
	wrong := m.problemLines(w)
	f.offset += len(wrong)
	return m.drawList(f, func(h int) []string {
		lines := drawer(m.journal, m.theme)(max(h-len(wrong), 0))
		m.placeholder(lines, m.journal.grid, rect{l.w, l.body}, "entries")
		return append(wrong, lines...)
	}, l)
}

// undoRun begins to take back a run, or the last one that is not undone yet.
func (m *Model) undoRun(run, what string) tea.Cmd {
	return m.want(Wish{Verb: dnsview.VerbUndo, Run: run}, what, false)
}

// undoWholeRun takes back all that the run of the entry under the cursor did.
func (m *Model) undoWholeRun() tea.Cmd {
	if m.refusedReadOnly() {
		return nil
	}
	if m.screen == screenJournal {
		if r, ok := m.journal.grid.Current(); ok {
			return m.undoRun(r.entry.Run, "undo run "+Clean(r.entry.Run))
		}
	}
	return m.undoRun("", "undo the last change")
}

// redo shows the plan to make again what the last undo took back.
func (m *Model) redo() tea.Cmd {
	if m.refusedReadOnly() {
		return nil
	}
	return m.want(Wish{Verb: dnsview.VerbRedo}, "redo what was undone", false)
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

// stateCell tells what became of an entry; what was done and taken back since is not in effect any more.
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
