package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// textField is one line of a small form.
type textField struct {
	label string
	hint  string // shown while it is empty
	input common.Input
}

// fieldsDialog asks for a few texts. What cannot be right is reported in one line, and nothing
// leaves the dialog.
type fieldsDialog struct {
	title  string
	about  []string
	fields []*textField
	at     int
	err    string
	// submit reads the texts: it returns what is to be done, or says in one line what is wrong.
	submit func(sh *common.Context, values []string) (common.DialogAction, string)
}

func (d *fieldsDialog) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "esc":
		return common.Close{}
	case "tab", "down":
		d.at = (d.at + 1) % len(d.fields)
	case "shift+tab", "up":
		d.at = (d.at + len(d.fields) - 1) % len(d.fields)
	case "enter":
		return d.send(sh)
	default:
		if d.fields[d.at].input.Key(k) {
			d.err = ""
		}
	}
	return nil
}

func (d *fieldsDialog) send(sh *common.Context) common.DialogAction {
	values := make([]string, len(d.fields))
	for i, f := range d.fields {
		values[i] = strings.TrimSpace(f.input.Value())
	}
	a, why := d.submit(sh, values)
	d.err = common.Clean(why)
	if why != "" {
		return nil
	}
	return a
}

func (d *fieldsDialog) Paste(_ *common.Context, s string) common.DialogAction {
	d.fields[d.at].input.Insert(s)
	d.err = ""
	return nil
}

// fieldLabel is the room for the label of a field.
const fieldLabel = 10

func (d *fieldsDialog) Draw(sh *common.Context, w, _ int) common.Panel {
	t := sh.Theme
	w = min(w, 64)
	var lines []string
	for _, a := range d.about {
		lines = append(lines, t.Paint(theme.Dim, a))
	}
	lines = append(lines, "")
	for i, f := range d.fields {
		mark, role := "  ", theme.Dim
		if i == d.at {
			mark, role = t.Paint(theme.Accent, t.Bar)+" ", theme.Strong
		}
		lines = append(lines, mark+t.Paint(role, common.Fit(f.label, fieldLabel, t.Ellipsis))+f.input.View(t, max(w-fieldLabel-2, 4), i == d.at, f.hint))
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
	if len(d.fields) > 1 {
		hints = append(common.KeyHints("tab", "next"), hints...)
	}
	return common.Panel{Title: d.title, Lines: lines, Width: w, Hints: hints}
}

// words splits a text at white space; a part in double quotes is one word.
func words(s string) []string {
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
