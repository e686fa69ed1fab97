package ui

import (
	"cmp"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/providers/journal"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// journalRow is one entry of the journal.
type journalRow struct {
	entry    journal.Entry
	sentence string
	when     string
}

// Key is the identity of the row.
func (r *journalRow) Key() string { return r.entry.ID }

type journalMsg struct {
	gen     uint64
	entries []journal.Entry
	err     error
}

// journalLimit bounds the entries that the screen shows.
const journalLimit = 500

// readJournal reads the latest entries in a command.
func (m *Model) readJournal() tea.Cmd {
	m.journalGen++
	gen, backend, ctx := m.journalGen, m.backend, m.ctx
	return func() tea.Msg {
		e, err := backend.Journal(ctx, journalLimit)
		return journalMsg{gen, e, err}
	}
}

func (m *Model) journalRead(msg journalMsg) tea.Cmd {
	if msg.gen != m.journalGen {
		return nil
	}
	m.journalErr = ""
	if msg.err != nil {
		m.journalErr = Clean(msg.err.Error())
		return nil
	}
	m.journalRows = make([]*journalRow, len(msg.entries))
	for i, e := range msg.entries {
		m.journalRows[i] = &journalRow{entry: e, sentence: Clean(e.Sentence), when: e.Time.Local().Format("2006-01-02 15:04:05")}
	}
	return m.arrangeJournal()
}

func (m *Model) arrangeJournal() tea.Cmd {
	if m.screen != screenJournal {
		return nil
	}
	return m.journal.arrange(m.journalRows, nil)
}

// undoRun begins to take back a run, or the last one that changed anything.
func (m *Model) undoRun(run, what string) tea.Cmd {
	return m.want(Wish{Verb: dnsview.VerbUndo, Run: run}, what, false)
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
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.when, Role: theme.Dim} },
		},
		{
			Title: "STATE", Min: 9, Max: 9,
			Text: func(r row) grid.Cell {
				switch r.entry.State {
				case journal.Done:
					return grid.Cell{Text: t.OK + " done", Role: theme.Good}
				case journal.Refused:
					return grid.Cell{Text: t.Bad + " refused", Role: theme.Warn}
				case journal.Failed:
					return grid.Cell{Text: t.Bad + " failed", Role: theme.Bad}
				case journal.Begun:
					return grid.Cell{Text: t.Wait + " begun", Role: theme.Notice}
				}
				return grid.Cell{Text: t.Warn + " unknown", Role: theme.Warn}
			},
		},
		{
			Title: "VERB", Min: 6, Max: 11, Priority: 3,
			Text:    func(r row) grid.Cell { return grid.Cell{Text: Clean(r.entry.Verb)} },
			Compare: func(a, b row) int { return cmp.Compare(a.entry.Verb, b.entry.Verb) },
		},
		{
			Title: "WHO", Min: 6, Max: 20, Priority: 5,
			Text: func(r row) grid.Cell { return grid.Cell{Text: Clean(r.entry.Who), Role: theme.Dim} },
		},
		{
			Title: "WHAT", Min: 12, Max: 200, Wide: true,
			Text: func(r row) grid.Cell { return grid.Cell{Text: r.sentence} },
		},
	}
}
