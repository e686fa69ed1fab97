package ui

import (
	"fmt"
	"os/exec"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

func (m *Model) refresh() tea.Cmd {
	m.NotifyBusy("refreshing all sources")
	backend, ctx := m.Backend, m.Ctx
	return func() tea.Msg {
		backend.Refresh(ctx)
		return refreshedMsg{}
	}
}

func (m *Model) pause() tea.Cmd {
	m.Paused = !m.Paused
	paused, backend := m.Paused, m.Backend
	if paused {
		m.Notify(common.ToneInfo, "paused: sources are read on "+m.KeyMap.Label(common.ActRefresh)+" and after a change only")
	} else {
		m.Notify(common.ToneInfo, "the regular refresh goes on")
	}
	return func() tea.Msg {
		backend.SetPaused(paused)
		return nil
	}
}

// copy copies what is under the cursor to the clipboard through the terminal (OSC 52), which also works over ssh.
func (m *Model) copy() tea.Cmd {
	text := m.top().Copied()
	if text == "" {
		return nil
	}
	m.Notify(common.ToneGood, "copied "+text)
	return tea.SetClipboard(text)
}

// shell suspends the console for a shell on the instance under the cursor.
func (m *Model) shell() tea.Cmd {
	r := m.Current().Instance
	if r == nil {
		m.Notify(common.ToneWarn, "there is no instance under the cursor")
		return nil
	}
	inst, backend, ctx := *r.Inst, m.Backend, m.Ctx
	return func() tea.Msg {
		cmd, err := backend.Shell(ctx, inst)
		if err != nil {
			return common.NoticeMsg{Kind: common.ToneBad, Text: err.Error()}
		}
		return shellMsg{cmd}
	}
}

// shellMsg is a shell that is ready to run.
type shellMsg struct{ cmd *exec.Cmd }

// shellEnded returns the message about a shell that has ended.
func shellEnded(err error) tea.Msg {
	if err != nil {
		return common.NoticeMsg{Kind: common.ToneBad, Text: fmt.Sprintf("shell: %v", err)}
	}
	return common.NoticeMsg{Kind: common.ToneInfo, Text: "the shell has ended"}
}

// consoleLog opens the console log of the instance under the cursor.
func (m *Model) consoleLog() tea.Cmd {
	r := m.Current().Instance
	if r == nil {
		m.Notify(common.ToneWarn, "there is no instance under the cursor")
		return nil
	}
	return dialog.ConsoleLog(m.Context, r.Inst)
}
