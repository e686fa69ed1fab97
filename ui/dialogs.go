package ui

import (
	"strings"

	"rollcall/ui/theme"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// act carries out what a dialog asked for.
func (m *Model) act(a action) tea.Cmd {
	switch a := a.(type) {
	case actClose:
		m.closeTop()
	case actRequest:
		m.closeTop()
		return m.start(a.request, a.what, false)
	case actCmd:
		return a.cmd
	case actDo:
		m.closeTop()
		return m.do(a.a)
	}
	return nil
}

// drawDialog draws the top dialog over the screen.
func (m *Model) drawDialog(lines []string) []string {
	if len(m.dialogs) == 0 {
		return lines
	}
	t := m.theme
	maxW, maxH := m.w-4, m.h-2
	if m.w < 50 {
		maxW = m.w
	}
	if m.h < 14 {
		maxH = m.h
	}
	innerW, innerH := max(maxW-4, 1), max(maxH-2, 1)
	p := m.dialogs[len(m.dialogs)-1].draw(m.shared, innerW, innerH)
	w := p.width
	for _, l := range p.lines {
		w = max(w, ansi.StringWidth(l))
	}
	for _, l := range p.tail {
		w = max(w, ansi.StringWidth(l))
	}
	foot := hintLine(t, p.hints)
	w = max(min(max(w, foot.w, ansi.StringWidth(p.title)+4), innerW), min(innerW, 30))
	extra := len(p.tail)
	if len(p.hints) > 0 {
		extra += 2
	}
	room := max(innerH-extra, 1)
	shown := p.lines
	top := 0
	if len(shown) > room {
		if p.view != nil {
			p.view.SetHeight(room)
			p.view.SetContentLines(shown)
			if p.end {
				p.view.GotoBottom()
			}
			top = p.view.YOffset()
		}
		shown = shown[top : top+room]
	}
	body := make([]string, 0, len(shown)+extra)
	for _, l := range shown {
		body = append(body, " "+fit(l, w, t.Ellipsis)+theme.Reset+" ")
	}
	for _, l := range p.tail {
		body = append(body, " "+fit(l, w, t.Ellipsis)+theme.Reset+" ")
	}
	if len(p.hints) > 0 {
		body = append(body, strings.Repeat(" ", w+2), " "+foot.fill(w)+" ")
	}
	if len(body) > innerH {
		body = body[len(body)-innerH:]
	}
	role := theme.BorderFocus
	if p.danger {
		role = theme.BorderDanger
	}
	f := frame{title: newLine(t).add(theme.Strong, p.title), role: role, top: top, page: room, total: len(p.lines)}
	box := f.draw(t, body, min(w+4, m.w), min(len(body)+2, m.h))
	bw := min(w+4, m.w)
	return overlay(lines, box, (m.w-bw)/2, max((m.h-len(box))/2, 0), m.w)
}
