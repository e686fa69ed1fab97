package ui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/screen"
)

// historyMsg holds what was typed in earlier runs.
type historyMsg struct {
	lines map[common.Prompt]common.History
	err   error
}

// keepsNothing reports whether this run keeps nothing for later ones, as the demo and read-only runs do.
func (m *Model) keepsNothing() bool { return m.opts.Demo || m.opts.ReadOnly || m.ReadOnly }

// restoreLastHour adds what an earlier run has counted to the last hour. A damaged text is none: the hour begins blank.
func restoreLastHour(backend common.Backend, trends *rows.Trends, now time.Time) {
	if text, err := backend.LastHour(); err == nil && text != nil {
		_ = trends.Restore(text, now)
	}
}

// keepLastHour keeps the last hour for a later run.
func keepLastHour(backend common.Backend, trends *rows.Trends, now time.Time) error {
	text, err := trends.Encode(now)
	if err != nil {
		return err
	}
	return backend.KeepLastHour(text)
}

// noteOnce says once what files cannot be written.
func (m *Model) noteOnce(said *bool, lead string, err error) {
	if err != nil && !*said {
		*said = true
		m.Notify(common.ToneWarn, lead+common.Clean(err.Error()))
	}
}

// readHistory reads, once and in a command, what was typed in earlier runs, and the last hour.
func (m *Model) readHistory() tea.Cmd {
	backend, trends, now := m.Backend, &m.Trends, m.Now
	return func() tea.Msg {
		restoreLastHour(backend, trends, now())
		lines, err := backend.History()
		return historyMsg{lines, err}
	}
}

// historyRead puts what was typed in earlier runs behind what has been typed in this one.
func (m *Model) historyRead(msg historyMsg) tea.Cmd {
	m.restored = true
	if msg.err != nil {
		m.Notify(common.ToneWarn, "what was typed in earlier runs cannot be read: "+msg.err.Error())
	}
	for at, lines := range msg.lines {
		here := m.History[at]
		for i := len(here) - 1; i >= 0; i-- {
			lines = lines.With(here[i])
		}
		m.History[at] = lines
	}
	return m.columnsRead()
}

// columnsRead shows the columns that were chosen in an earlier run.
func (m *Model) columnsRead() tea.Cmd {
	for _, list := range []string{"instances", "records"} {
		if kept := m.History[common.PromptColumns(list)]; len(kept) > 0 && kept[0] != common.ColumnsOfItsOwn {
			m.eachChooser(func(c screen.ColumnChooser) { c.ChooseColumns(list, strings.Split(kept[0], ",")) })
		}
	}
	return m.arrangeAll()
}

// eachChooser calls do for each screen whose columns can be chosen.
func (m *Model) eachChooser(do func(screen.ColumnChooser)) {
	for _, s := range m.allScreens() {
		if c, ok := s.(screen.ColumnChooser); ok {
			do(c)
		}
	}
}

// chooseColumns shows the columns that were chosen in the dialog, and keeps them for later runs.
func (m *Model) chooseColumns(msg dialog.ColumnsMsg) tea.Cmd {
	m.CloseTop()
	m.eachChooser(func(c screen.ColumnChooser) { c.ChooseColumns(msg.List, msg.Titles) })
	kept := common.ColumnsOfItsOwn
	if len(msg.Titles) > 0 {
		kept = strings.Join(msg.Titles, ",")
	}
	return tea.Batch(m.arrangeAll(), m.remember(common.PromptColumns(msg.List), kept))
}

// remember keeps a line that was typed at a prompt. The demo and read-only runs keep it for themselves.
func (m *Model) remember(at common.Prompt, line string) tea.Cmd {
	if line == "" {
		return nil
	}
	m.History[at] = m.History[at].With(line)
	if m.keepsNothing() {
		return nil
	}
	backend := m.Backend
	return func() tea.Msg {
		if err := backend.Remember(at, line); err != nil {
			return common.NoticeMsg{Kind: common.ToneWarn, Text: "what was typed cannot be kept for later runs: " + err.Error()}
		}
		return nil
	}
}
