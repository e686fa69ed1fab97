package ui

import (
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
)

// textDialog shows lines that can be scrolled.
type textDialog struct {
	title string
	lines []string
	view  viewport.Model
	hints []key.Binding
	keys  map[string]common.DialogAction
}

func (d *textDialog) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q", "enter":
		return common.Close{}
	default:
		if a, ok := d.keys[key]; ok {
			return a
		}
		common.Scroll(&d.view, key)
	}
	return nil
}

func (d *textDialog) Draw(_ *common.Context, _, _ int) common.Panel {
	return common.Panel{Title: d.title, Lines: d.lines, Hints: append(d.hints, common.KeyHint("esc", "close")), View: &d.view}
}

// quitDialog asks before the console leaves changes that still run.
type quitDialog struct{ n int }

func (d *quitDialog) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "y", "enter":
		sh.Cancel()
		return common.Cmd{Cmd: tea.Quit}
	case "esc", "n", "q":
		return common.Close{}
	}
	return nil
}

func (d *quitDialog) Draw(sh *common.Context, _, _ int) common.Panel {
	return common.Panel{Title: "Quit", Danger: true, Lines: []string{
		common.CountOf(d.n, "change") + " still running.",
		"The step under way ends, no new one begins; the journal",
		"knows what was done, and undo can take it back.",
	}, Hints: common.KeyHints("y", "quit", "esc", "stay")}
}
