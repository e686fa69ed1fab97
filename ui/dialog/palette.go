package dialog

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// Entry is one command of the palette.
type Entry struct {
	Action     common.Action
	Name, Does string // name is empty if it is the action's
}

// paletteDialog finds commands by name.
type paletteDialog struct {
	input common.Input
	all   []Entry
	found []Entry
	at    int
	top   int
}

func (d *paletteDialog) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "esc":
		return common.Close{}
	case "enter":
		if d.at < len(d.found) {
			return common.Do{A: d.found[d.at].Action}
		}
	case "up", "ctrl+p":
		d.at = max(d.at-1, 0)
	case "down", "ctrl+n", "tab":
		d.at = max(min(d.at+1, len(d.found)-1), 0)
	default:
		if d.input.Key(k) {
			d.search()
		}
	}
	return nil
}

func (d *paletteDialog) Paste(_ *common.Context, s string) common.DialogAction {
	d.input.Insert(s)
	d.search()
	return nil
}

// search lists first the commands that start with the text, then those that contain it, then those that have its
// letters in order.
func (d *paletteDialog) search() {
	q := strings.ToLower(strings.TrimSpace(d.input.Value()))
	d.at, d.top = 0, 0
	if q == "" {
		d.found = d.all
		return
	}
	d.found = nil
	taken := make([]bool, len(d.all))
	take := func(ok func(e Entry) bool) {
		for i, e := range d.all {
			if !taken[i] && ok(e) {
				taken[i] = true
				d.found = append(d.found, e)
			}
		}
	}
	take(func(e Entry) bool { return e.Name == q })
	take(func(e Entry) bool { return strings.HasPrefix(e.Name, q) })
	take(func(e Entry) bool { return strings.Contains(e.Name, q) })
	take(func(e Entry) bool { return len(fuzzy.Find(q, []string{e.Name})) > 0 })
}

func (d *paletteDialog) Draw(sh *common.Context, w, h int) common.Panel {
	t := sh.Theme
	w = min(w, 72)
	rows := max(min(h-5, 14), 1)
	if d.at < d.top {
		d.top = d.at
	}
	if d.at >= d.top+rows {
		d.top = d.at - rows + 1
	}
	lines := []string{t.Paint(theme.Key, ":") + d.input.View(t, max(w-1, 1), true, "a command"), ""}
	for i := d.top; i < min(d.top+rows, len(d.found)); i++ {
		e := d.found[i]
		key := sh.KeyMap.Label(e.Action)
		g, bar := theme.Normal, "  "
		if i == d.at {
			g, bar = theme.Cursor, t.Bar+" "
		}
		does := max(w-2-22-4, 0)
		lines = append(lines, t.PaintOn(theme.Accent, g, bar)+t.PaintOn(theme.Plain, g, common.Fit(e.Name, min(22, w-2), t.Ellipsis))+
			t.PaintOn(theme.Dim, g, common.Fit(e.Does, does, t.Ellipsis))+t.PaintOn(theme.Key, g, common.Fit(key, 4, "")))
	}
	if len(d.found) == 0 {
		lines = append(lines, t.Paint(theme.Dim, "  no such command"))
	}
	for len(lines) < rows+2 {
		lines = append(lines, "")
	}
	return common.Panel{Title: "Commands", Lines: lines, Width: w, Hints: common.KeyHints("enter", "run", "esc", "close")}
}

// NewPalette returns the palette with these commands.
func NewPalette(all []Entry) common.Dialog { return &paletteDialog{all: all, found: all} }
