package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

// historyMsg holds what was typed in earlier runs.
type historyMsg struct {
	lines map[common.Prompt]common.History
	err   error
}

// readHistory reads, once and in a command, what was typed in earlier runs.
func (m *Model) readHistory() tea.Cmd {
	backend := m.Backend
	return func() tea.Msg {
		lines, err := backend.History()
		return historyMsg{lines, err}
	}
}

// historyRead puts what was typed in earlier runs behind what has been typed in this one.
func (m *Model) historyRead(msg historyMsg) tea.Cmd {
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
			m.fleet.ChooseColumns(list, strings.Split(kept[0], ","))
		}
	}
	return m.fleet.Arrange()
}

// chooseColumns shows the columns that were chosen in the dialog, and keeps them for later runs.
func (m *Model) chooseColumns(msg dialog.ColumnsMsg) tea.Cmd {
	m.CloseTop()
	m.fleet.ChooseColumns(msg.List, msg.Titles)
	kept := common.ColumnsOfItsOwn
	if len(msg.Titles) > 0 {
		kept = strings.Join(msg.Titles, ",")
	}
	return tea.Batch(m.fleet.Arrange(), m.remember(common.PromptColumns(msg.List), kept))
}

// remember keeps a line that was typed at a prompt. The demo and read-only runs keep it for themselves.
func (m *Model) remember(at common.Prompt, line string) tea.Cmd {
	if line == "" {
		return nil
	}
	m.History[at] = m.History[at].With(line)
	if m.opts.Demo || m.opts.ReadOnly || m.ReadOnly {
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
