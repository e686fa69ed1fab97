package dialog

import (
	"slices"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// ColumnsMsg says which columns a list shows from now on, in their order.
type ColumnsMsg struct {
	List   string // as in the state file: instances or records
	Titles []string
}

// columnsDialog chooses the columns of a list and their order.
type columnsDialog struct {
	list    string
	titles  []string // of all columns, in their order
	shown   map[string]bool
	natural []string // the columns of a list without a choice
	at      int
	view    viewport.Model
	err     string
}

// Columns opens the choice of a list's columns. all are those that it can show, now those that it shows, and natural
// those that it shows without a choice.
func Columns(sh *common.Context, list string, all, now, natural []string) {
	d := &columnsDialog{list: list, natural: natural, shown: map[string]bool{}}
	d.set(all, now)
	sh.Open(d)
}

// set shows these columns, in their order, before all others.
func (d *columnsDialog) set(all, now []string) {
	clear(d.shown)
	d.titles = slices.Clone(now)
	for _, title := range all {
		if !slices.Contains(now, title) {
			d.titles = append(d.titles, title)
		}
	}
	for _, title := range now {
		d.shown[title] = true
	}
}

// Key implements common.Dialog.
func (d *columnsDialog) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	d.err = ""
	switch k.String() {
	case "esc", "q":
		return common.Close{}
	case "up", "k":
		d.at = max(d.at-1, 0)
	case "down", "j":
		d.at = min(d.at+1, len(d.titles)-1)
	case "space":
		d.shown[d.titles[d.at]] = !d.shown[d.titles[d.at]]
	case "J", "shift+down":
		d.swap(1)
	case "K", "shift+up":
		d.swap(-1)
	case "r":
		d.set(d.titles, d.natural)
		d.at = 0
	case "enter":
		return d.accept()
	}
	return nil
}

// swap moves the column under the cursor, and the cursor with it.
func (d *columnsDialog) swap(by int) {
	to := d.at + by
	if to < 0 || to >= len(d.titles) {
		return
	}
	d.titles[d.at], d.titles[to] = d.titles[to], d.titles[d.at]
	d.at = to
}

func (d *columnsDialog) accept() common.DialogAction {
	msg := ColumnsMsg{List: d.list}
	for _, title := range d.titles {
		if d.shown[title] {
			msg.Titles = append(msg.Titles, title)
		}
	}
	if len(msg.Titles) == 0 {
		d.err = "show at least one column: space shows one"
		return nil
	}
	if slices.Equal(msg.Titles, d.natural) {
		msg.Titles = nil
	}
	return common.Cmd{Cmd: func() tea.Msg { return msg }}
}

// Draw implements common.Dialog.
func (d *columnsDialog) Draw(sh *common.Context, _, h int) common.Panel {
	t := sh.Theme
	p := common.Panel{Title: "Columns of the " + d.list, View: &d.view, Hints: common.KeyHints("space", "show", "J K", "move", "enter", "keep", "r", "reset", "esc", "close")}
	for i, title := range d.titles {
		bar, mark, role := "  ", "  ", theme.Faint
		if d.shown[title] {
			mark, role = t.OK+" ", theme.Plain
		}
		if i == d.at {
			bar = t.Paint(theme.Accent, t.Bar) + " "
		}
		p.Lines = append(p.Lines, bar+t.Paint(theme.Good, mark)+t.Paint(role, title))
	}
	if d.err != "" {
		p.Tail = []string{t.Paint(theme.Bad, t.Bad+" "+d.err)}
	}
	room := max(h-2-len(p.Tail), 1)
	d.view.SetHeight(room)
	d.view.SetContentLines(p.Lines)
	if d.at < d.view.YOffset() {
		d.view.SetYOffset(d.at)
	} else if d.at >= d.view.YOffset()+room {
		d.view.SetYOffset(d.at - room + 1)
	}
	return p
}
