package ui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

func (m *Model) refresh() tea.Cmd {
	m.working("refreshing all sources")
	backend, ctx := m.backend, m.ctx
	return func() tea.Msg {
		backend.Refresh(ctx)
		return refreshedMsg{}
	}
}

func (m *Model) pause() tea.Cmd {
	m.paused = !m.paused
	paused, backend := m.paused, m.backend
	if paused {
		m.notify(toneInfo, "paused: sources are read on "+m.keymap.label(ActRefresh)+" and after a change only")
	} else {
		m.notify(toneInfo, "the regular refresh goes on")
	}
	return func() tea.Msg {
		backend.SetPaused(paused)
		return nil
	}
}

// copy puts what the cursor is on into the clipboard, by the terminal (OSC 52),
// so that it works over ssh as well.
func (m *Model) copy() tea.Cmd {
	text := m.top().copied()
	if text == "" {
		return nil
	}
	m.notify(toneGood, "copied "+text)
	return tea.SetClipboard(text)
}

// shell leaves the screen to a shell on the instance under the cursor.
func (m *Model) shell() tea.Cmd {
	r := m.current().instance
	if r == nil {
		m.notify(toneWarn, "there is no instance under the cursor")
		return nil
	}
	inst, backend, ctx := *r.Inst, m.backend, m.ctx
	return func() tea.Msg {
		cmd, err := backend.Shell(ctx, inst)
		if err != nil {
			return noticeMsg{toneBad, err.Error()}
		}
		return shellMsg{tea.ExecProcess(cmd, func(err error) tea.Msg {
			if err != nil {
				return noticeMsg{toneBad, fmt.Sprintf("shell: %v", err)}
			}
			return noticeMsg{toneInfo, "the shell has ended"}
		})}
	}
}

// shellMsg brings a shell that is ready to be run.
type shellMsg struct{ run tea.Cmd }

// consoleLog opens the console log of the instance under the cursor.
func (m *Model) consoleLog() tea.Cmd {
	r := m.current().instance
	if r == nil {
		m.notify(toneWarn, "there is no instance under the cursor")
		return nil
	}
	return openLog(m.shared, r.Inst)
}
