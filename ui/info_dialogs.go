package ui

import (
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
)

// textDialog shows lines that can be scrolled.
type textDialog struct {
	title string
	lines []string
	view  viewport.Model
	hints []key.Binding
	keys  map[string]action
}

func (d *textDialog) key(_ *shared, k tea.KeyPressMsg) action {
	switch key := k.String(); key {
	case "esc", "q", "enter":
		return actClose{}
	default:
		if a, ok := d.keys[key]; ok {
			return a
		}
		scroll(&d.view, key)
	}
	return nil
}

func (d *textDialog) draw(_ *shared, _, _ int) panel {
	return panel{title: d.title, lines: d.lines, hints: append(d.hints, keyHint("esc", "close")), view: &d.view}
}

// quitDialog asks before the console leaves changes that still run.
type quitDialog struct{ n int }

func (d *quitDialog) key(sh *shared, k tea.KeyPressMsg) action {
	switch k.String() {
	case "y", "enter":
		sh.cancel()
		return actCmd{tea.Quit}
	case "esc", "n", "q":
		return actClose{}
	}
	return nil
}

func (d *quitDialog) draw(sh *shared, _, _ int) panel {
	return panel{title: "Quit", danger: true, lines: []string{
		countOf(d.n, "change") + " still running.",
		"The step under way ends, no new one begins; the journal",
		"knows what was done, and undo can take it back.",
	}, hints: keyHints("y", "quit", "esc", "stay")}
}
