package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// act carries out the action of a dialog.
func (m *Model) act(a common.DialogAction) tea.Cmd {
	switch a := a.(type) {
	case common.Close:
		m.CloseTop()
	case common.Request:
		m.CloseTop()
		return tea.Batch(m.remember(common.PromptCommands, a.Typed), m.StartChange(a.Request, a.What, false))
	case common.Cmd:
		return a.Cmd
	case common.Do:
		m.CloseTop()
		var cmd tea.Cmd
		switch {
		case a.A == common.ActFilter && a.Filter != "": // it asks for none
		case a.Typed == "" && m.needsRows(a.A) && m.top().Table().Cursor() != m.under:
			m.Notify(common.ToneWarn, "the row that this was about is gone; nothing was done")
		case m.top().Pending() && m.needsRows(a.A):
			m.held = append(m.held, a)
		default:
			cmd = m.do(a.A)
		}
		if a.Filter != "" {
			cmd = tea.Batch(cmd, m.setFilter(a.Filter))
		}
		return tea.Batch(m.remember(common.PromptCommands, a.Typed), cmd)
	}
	return nil
}

// drawDialog draws the top dialog over the screen.
func (m *Model) drawDialog(lines []string) []string {
	if len(m.Dialogs) == 0 {
		return lines
	}
	t := m.Theme
	maxW, maxH := m.Width-4, m.Height-2
	if m.Width < 50 {
		maxW = m.Width
	}
	if m.Height < 14 {
		maxH = m.Height
	}
	innerW, innerH := max(maxW-4, 1), max(maxH-2, 1)
	p := m.Dialogs[len(m.Dialogs)-1].Draw(m.Context, innerW, innerH)
	w := p.Width
	for _, l := range p.Lines {
		w = max(w, ansi.StringWidth(l))
	}
	for _, l := range p.Tail {
		w = max(w, ansi.StringWidth(l))
	}
	foot := common.HintLine(t, p.Hints)
	w = max(min(max(w, foot.W, ansi.StringWidth(p.Title)+4), innerW), min(innerW, 30))
	extra := len(p.Tail)
	if len(p.Hints) > 0 {
		extra += 2
	}
	room := max(innerH-extra, 1)
	shown := p.Lines
	top := 0
	if len(shown) > room {
		if p.View != nil {
			p.View.SetHeight(room)
			p.View.SetContentLines(shown)
			if p.End {
				p.View.GotoBottom()
			}
			top = p.View.YOffset()
		}
		shown = shown[top : top+room]
	}
	body := make([]string, 0, len(shown)+extra)
	for _, l := range shown {
		body = append(body, " "+common.Fit(l, w, t.Ellipsis)+theme.Reset+" ")
	}
	for _, l := range p.Tail {
		body = append(body, " "+common.Fit(l, w, t.Ellipsis)+theme.Reset+" ")
	}
	if len(p.Hints) > 0 {
		body = append(body, strings.Repeat(" ", w+2), " "+foot.Fill(w)+" ")
	}
	if len(body) > innerH {
		body = body[len(body)-innerH:]
	}
	role := theme.BorderFocus
	if p.Danger {
		role = theme.BorderDanger
	}
	f := common.Frame{Title: common.NewLine(t).Add(theme.Strong, p.Title), Role: role, Top: top, Page: room, Total: len(p.Lines)}
	box := f.Draw(t, body, min(w+4, m.Width), min(len(body)+2, m.Height))
	bw := min(w+4, m.Width)
	return common.Overlay(lines, box, (m.Width-bw)/2, max((m.Height-len(box))/2, 0), m.Width)
}
