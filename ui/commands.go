package ui

import (
	"fmt"
	"os/exec"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

func (m *Model) refresh() tea.Cmd {
	m.NotifyBusy("refreshing all sources")
	backend, ctx, now, maxAge := m.Backend, m.Ctx, m.Now, m.opts.StaleAfter
	return func() tea.Msg {
		backend.Refresh(ctx)
		return refreshedMsg{rows.Sources(backend.Snapshot(), now(), maxAge)}
	}
}

// refreshed shows the outcome of a refresh: it is good only if every source was read.
func (m *Model) refreshed(msg refreshedMsg) {
	var wrong []string
	for i := range msg.sources {
		s := &msg.sources[i]
		if s.Seen == providers.CoverageComplete {
			continue
		}
		text := s.Name + " " + s.Problem()
		if age, ok := s.RowsAge(m.Now()); ok {
			text += ", its rows are " + rows.Age(age) + " old"
		}
		wrong = append(wrong, text)
	}
	if len(wrong) == 0 {
		m.Notify(common.ToneGood, "refreshed")
		return
	}
	m.Notify(common.ToneWarn, fmt.Sprintf("%d of %d sources refreshed; not %s", len(msg.sources)-len(wrong), len(msg.sources), strings.Join(wrong, "; ")))
	m.Status.Hint = m.KeyMap.Label(common.ActSources) + " sources"
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

// copyAs asks for the form in which the row under the cursor is copied.
func (m *Model) copyAs() tea.Cmd {
	s := m.Current()
	if s.Record != nil {
		s.Instance = nil
	}
	dialog.Copy(m.Context, s.Record, s.Instance, s.Finding)
	return nil
}

// openPage copies the address of the provider's page of the row under the cursor, and opens it where there is a display.
func (m *Model) openPage() tea.Cmd {
	s, backend := m.Current(), m.Backend
	var i *providers.Instance
	zone := ""
	switch {
	case s.Record != nil:
		zone = s.Record.Rec.Zone
	case s.Instance != nil:
		i = s.Instance.Inst
	default:
		m.Notify(common.ToneInfo, "there is no instance and no record under the cursor")
		return nil
	}
	url, err := backend.Page(i, zone)
	if err != nil {
		m.Notify(common.ToneInfo, err.Error())
		return nil
	}
	m.Notify(common.ToneGood, "copied "+url)
	return tea.Batch(tea.SetClipboard(url), func() tea.Msg {
		if err := backend.OpenPage(url); err != nil {
			return common.NoticeMsg{Kind: common.ToneWarn, Text: "copied " + url + ", which could not be opened: " + err.Error()}
		}
		return nil
	})
}

// runUserCommand runs a command of the config for the row under the cursor. A dangerous one is confirmed first.
func (m *Model) runUserCommand(c *common.UserCommand) tea.Cmd {
	if m.RefusedReadOnly() {
		return nil
	}
	args, err := c.Fill(m.Current())
	if err != nil {
		m.Notify(common.ToneWarn, err.Error())
		return nil
	}
	backend, name := m.Backend, common.Clean(c.Name)
	run := func() tea.Msg { return programMsg{backend.Program(args), name} } // which looks it up in PATH
	if !c.Dangerous {
		return run
	}
	var line []string
	for _, a := range args {
		line = append(line, providers.ShellQuote(common.Clean(a)))
	}
	m.Open(&dialog.Confirm{Title: name, Lines: common.Wrap(strings.Join(line, " "), m.TextWidth()), Does: "run it", Run: func() tea.Cmd { return run }})
	return nil
}

// programMsg is a program of the config that is ready to run.
type programMsg struct {
	cmd  *exec.Cmd
	name string
}

// ended returns the message about the program when it has ended.
func (p *programMsg) ended(err error) tea.Msg {
	if err != nil {
		return common.NoticeMsg{Kind: common.ToneBad, Text: fmt.Sprintf("%s: %v", p.name, err)}
	}
	return common.NoticeMsg{Kind: common.ToneInfo, Text: p.name + " has ended"}
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
