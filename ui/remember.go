package ui

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
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
func (m *Model) historyRead(msg historyMsg) {
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
