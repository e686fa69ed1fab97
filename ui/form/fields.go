package form

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// TextField is one text field of a small form.
type TextField struct {
	Label string
	Hint  string // shown while the field is empty
	Input common.Input
}

// Fields is a form of a few texts. A mistake is shown in one line and keeps the dialog open.
type Fields struct {
	Title  string
	About  []string
	Fields []*TextField
	at     int
	err    string
	// Submit returns the action for the texts, or a line about what is wrong.
	Submit func(sh *common.Context, values []string) (common.DialogAction, string)
}

// Key implements common.Dialog.
func (d *Fields) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "esc":
		return common.Close{}
	case "tab", "down":
		d.at = (d.at + 1) % len(d.Fields)
	case "shift+tab", "up":
		d.at = (d.at + len(d.Fields) - 1) % len(d.Fields)
	case "enter":
		return d.send(sh)
	default:
		if d.Fields[d.at].Input.Key(k) {
			d.err = ""
		}
	}
	return nil
}

func (d *Fields) send(sh *common.Context) common.DialogAction {
	values := make([]string, len(d.Fields))
	for i, f := range d.Fields {
		values[i] = strings.TrimSpace(f.Input.Value())
	}
	a, why := d.Submit(sh, values)
	d.err = common.Clean(why)
	if why != "" {
		return nil
	}
	return a
}

// Paste implements common.Paster.
func (d *Fields) Paste(_ *common.Context, s string) common.DialogAction {
	d.Fields[d.at].Input.Insert(s)
	d.err = ""
	return nil
}

// fieldLabel is the width of a field's label.
const fieldLabel = 10

// Draw implements common.Dialog.
func (d *Fields) Draw(sh *common.Context, w, _ int) common.Panel {
	t := sh.Theme
	w = min(w, 64)
	var lines []string
	for _, a := range d.About {
		lines = append(lines, t.Paint(theme.Dim, a))
	}
	lines = append(lines, "")
	for i, f := range d.Fields {
		mark, role := "  ", theme.Dim
		if i == d.at {
			mark, role = t.Paint(theme.Accent, t.Bar)+" ", theme.Strong
		}
		lines = append(lines, mark+t.Paint(role, common.Fit(f.Label, fieldLabel, t.Ellipsis))+f.Input.View(t, max(w-fieldLabel-2, 4), i == d.at, f.Hint))
	}
	if d.err != "" {
		lines = append(lines, "")
		for i, l := range common.Wrap(d.err, max(w-2, 10)) {
			lead := "  "
			if i == 0 {
				lead = t.Paint(theme.Bad, t.Bad) + " "
			}
			lines = append(lines, lead+t.Paint(theme.Bad, l))
		}
	}
	hints := common.KeyHints("enter", "show the plan", "esc", "cancel")
	if len(d.Fields) > 1 {
		hints = append(common.KeyHints("tab", "next"), hints...)
	}
	return common.Panel{Title: d.Title, Lines: lines, Width: w, Hints: hints}
}

// splitWords splits a text at white space. A part in double quotes is one word.
func splitWords(s string) []string {
	var out []string
	var b strings.Builder
	quoted, open := false, false
	for _, c := range s {
		switch {
		case c == '"':
			quoted, open = !quoted, true
		case c == ' ' && !quoted:
			if open {
				out = append(out, b.String())
			}
			b.Reset()
			open = false
		default:
			b.WriteRune(c)
			open = true
		}
	}
	if open {
		out = append(out, b.String())
	}
	return out
}
