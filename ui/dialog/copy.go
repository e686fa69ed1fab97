package dialog

import (
	"encoding/json"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// copyForm is one form in which a row can be copied.
type copyForm struct {
	key, name, text string
}

// copyDialog asks for the form in which a row is copied.
type copyDialog struct {
	title string
	forms []copyForm
	at    int
}

// Copy opens the forms in which the row under the cursor can be copied: r, else i, else f, of which all may be nil.
func Copy(sh *common.Context, r *rows.Record, i *rows.Instance, f *dnsview.Finding) {
	d := &copyDialog{}
	switch {
	case r != nil:
		d.title = common.RecordLabel(r)
		name, typ := providers.Clean(r.Rec.Name), r.Type()
		d.add("r", "record", r.Subject())
		d.add("n", "name", name)
		d.add("v", "value", providers.Clean(r.Rec.Value))
		d.add("d", "dig", "dig +noall +answer -q "+providers.ShellQuote(name)+" -t "+providers.ShellQuote(typ))
		d.data(r.Object())
	case i != nil:
		d.title = i.Ref().Name
		d.add("i", "id", i.Ref().ID)
		d.add("n", "name", providers.Clean(i.Inst.Name))
		d.add("a", "address", i.Address())
		if i.Address() != "" {
			d.add("s", "ssh", "ssh "+i.Address())
		}
		d.add("c", "cloud/id", i.ID())
		d.data(i.Object())
	case f != nil && sh.Picture != nil:
		row := rows.NewFinding(sh.Picture.View, f)
		d.title = common.Clean(string(f.Class))
		d.add("f", "finding", row.ID())
		d.add("r", "reason", row.Why)
		d.data(row.Object())
	default:
		sh.Notify(common.ToneInfo, "there is nothing to copy here")
		return
	}
	sh.Open(d)
}

// add adds a form, unless its text is empty.
func (d *copyDialog) add(key, name, text string) {
	if text != "" {
		d.forms = append(d.forms, copyForm{key, name, text})
	}
}

// data adds the JSON and YAML of a row, whose texts are clean.
func (d *copyDialog) data(object any) {
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return
	}
	d.add("j", "JSON", string(text)+"\n")
	if y, err := rows.YAML(text); err == nil {
		d.add("y", "YAML", y)
	}
}

// Key implements common.Dialog.
func (d *copyDialog) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q":
		return common.Close{}
	case "up", "k":
		d.at = max(d.at-1, 0)
	case "down":
		d.at = min(d.at+1, len(d.forms)-1)
	case "enter":
		return d.copy(sh, &d.forms[d.at])
	default:
		for n := range d.forms {
			if d.forms[n].key == key {
				return d.copy(sh, &d.forms[n])
			}
		}
	}
	return nil
}

func (d *copyDialog) copy(sh *common.Context, f *copyForm) common.DialogAction {
	sh.CloseTop()
	first, rest, _ := strings.Cut(f.text, "\n")
	if rest != "" {
		first = f.name + " of " + d.title
	}
	sh.Notify(common.ToneGood, "copied "+first)
	return common.Cmd{Cmd: tea.SetClipboard(f.text)}
}

// Draw implements common.Dialog.
func (d *copyDialog) Draw(sh *common.Context, w, _ int) common.Panel {
	t := sh.Theme
	const nameWidth = 10
	p := common.Panel{Title: "Copy of " + d.title, Hints: common.KeyHints("enter", "copy", "esc", "close")}
	for n, f := range d.forms {
		bar, first := "  ", strings.ReplaceAll(f.text, "\n", " ")
		if n == d.at {
			bar = t.Paint(theme.Accent, t.Bar) + " "
		}
		p.Lines = append(p.Lines, bar+t.Paint(theme.Notice, f.key)+" "+common.Fit(f.name, nameWidth, "")+t.Paint(theme.Dim, common.Fit(first, max(min(w, 90)-nameWidth-4, 8), t.Ellipsis)))
	}
	return p
}
