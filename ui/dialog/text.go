package dialog

import (
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/ui/common"
)

// Text shows scrollable lines.
type Text struct {
	Title string
	Lines []string
	view  viewport.Model
	Hints []key.Binding
	Keys  map[string]common.DialogAction
}

// Key implements common.Dialog.
func (d *Text) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q", "enter":
		return common.Close{}
	default:
		if a, ok := d.Keys[key]; ok {
			return a
		}
		common.Scroll(&d.view, key)
	}
	return nil
}

// Draw implements common.Dialog.
func (d *Text) Draw(_ *common.Context, _, _ int) common.Panel {
	return common.Panel{Title: d.Title, Lines: d.Lines, Hints: append(d.Hints, common.KeyHint("esc", "close")), View: &d.view}
}

// Confirm asks before something is run.
type Confirm struct {
	Title string
	Lines []string
	Does  string         // what y does
	Run   func() tea.Cmd // called after the dialog has closed
}

// Key implements common.Dialog.
func (d *Confirm) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "y":
		if sh.InWord() {
			return nil
		}
		sh.CloseTop()
		return common.Cmd{Cmd: d.Run()}
	case "esc", "n", "q":
		return common.Close{}
	}
	return nil
}

// Draw implements common.Dialog.
func (d *Confirm) Draw(*common.Context, int, int) common.Panel {
	return common.Panel{Title: d.Title, Danger: true, Lines: d.Lines, Hints: common.KeyHints("y", d.Does, "esc", "leave it")}
}

// Quit asks for confirmation before the console leaves running changes.
type Quit struct {
	N       int
	Running []string // what runs, with the names of the nodes
}

// Key implements common.Dialog.
func (d *Quit) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "y", "enter":
		if sh.InWord() {
			return nil
		}
		sh.Cancel()
		return common.Cmd{Cmd: tea.Quit}
	case "esc", "n", "q":
		return common.Close{}
	}
	return nil
}

// Draw implements common.Dialog.
func (d *Quit) Draw(sh *common.Context, _, _ int) common.Panel {
	lines := []string{providers.CountOf(d.N, "change") + " still running:"}
	for _, r := range d.Running {
		lines = append(lines, common.Wrap("  "+r, sh.TextWidth())...)
	}
	lines = append(lines, "The step under way ends, no new one begins; the journal", "knows what was done, and undo can take it back.")
	return common.Panel{Title: "Quit", Danger: true, Lines: lines, Hints: common.KeyHints("y", "quit", "esc", "stay")}
}
