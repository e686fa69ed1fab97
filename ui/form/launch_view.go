package form

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

func (d *launchForm) Draw(sh *common.Context, w, h int) common.Panel {
	t := sh.Theme
	h = max(h-2, 1)
	p := common.Panel{Title: "Launch", Hints: common.KeyHints("ctrl+s", "to launch", foldKey, "more", "ctrl+p", "script", "esc", "close")}
	for _, c := range d.clouds {
		p.Danger = p.Danger || (c.production && c.count.n > 0)
	}
	if w >= 100 && h >= 16 {
		left := min(w*48/100, 62)
		form := d.drawForm(sh, left, h)
		script := d.drawScript(t, w-left-3, h)
		for i := range h {
			p.Lines = append(p.Lines, common.Fit(form[i], left, t.Ellipsis)+theme.Reset+t.Paint(theme.Border, " "+t.Box.Left+" ")+script[i])
		}
		p.Hints = common.KeyHints("enter", "next", "ctrl+s", "to launch", foldKey, "more", "pgdown", "scroll the script", "ctrl+n", "its next cloud", "esc", "close")
		return p
	}
	if d.preview {
		p.Lines = d.drawScript(t, w, h)
		p.Hints = common.KeyHints("ctrl+p", "form", "pgdown", "scroll", "ctrl+n", "next cloud", "esc", "form")
		return p
	}
	p.Lines = d.drawForm(sh, min(w, 76), h)
	return p
}

// drawForm draws the fields in exactly h lines.
func (d *launchForm) drawForm(sh *common.Context, w, h int) []string {
	t := sh.Theme
	fields, _ := d.focused(sh)
	label := 15
	for i := range fields {
		if n := ansi.StringWidth(fields[i].label); fields[i].rest && w >= 2*n+10 {
			label = max(label, n)
		}
	}
	wrong := ""
	if d.total() > 0 { // else any cloud would do
		wrong = d.wrongField(sh)
	}
	var lines []string
	row := 0
	for i, f := range fields {
		focused := i == d.at
		bar := "  "
		if f.kind == "variable" && fields[i-1].kind != "variable" {
			lines = append(lines, "  "+t.Paint(theme.Border, t.Box.Top+t.Box.Top)+t.Paint(theme.Faint, " what the template needs ")+t.Paint(theme.Border, strings.Repeat(t.Box.Top, max(w-29, 0))))
		}
		if focused {
			row = len(lines)
			bar = t.Paint(theme.Accent, t.Bar) + " "
		}
		if f.button {
			lines = append(lines, "", bar+d.button(sh, focused, w-2))
			if d.total() > 0 {
				for _, l := range common.Wrap(d.outcome(), max(w-2, 4)) {
					lines = append(lines, "  "+t.Paint(theme.Dim, l))
				}
			}
			for _, n := range d.notes(t, w-2) {
				lines = append(lines, "  "+n)
			}
			if focused {
				row = len(lines) - 1 // keeps the lines below the button visible
			}
			continue
		}
		name, role := f.label, theme.Dim
		if f.indent {
			name = "  " + name
		}
		if f.danger {
			role = theme.Warn
		}
		if d.problemOf(&f) != "" || f.id == wrong {
			role = theme.Bad
			bar = t.Paint(theme.Bad, t.Bad) + " "
			if focused {
				bar = t.Paint(theme.Accent, t.Bar) + t.Paint(theme.Bad, t.Bad)
			}
		}
		if focused {
			role = theme.Strong
		}
		lines = append(lines, bar+t.Paint(role, common.Fit(common.Clean(name), label, t.Ellipsis))+" "+f.view(max(w-label-3, 4), focused))
		if f.id == foldID && !d.open {
			for _, l := range d.folded(t, d.allFields(sh), w-label-5, (h-14)/2) {
				lines = append(lines, strings.Repeat(" ", label+5)+t.Paint(theme.Faint, l))
			}
		}
		if said := d.lastLine(sh); i == 0 && said != "" {
			before := label + 3
			if w < 60 {
				before = 4
			}
			room := max(w-before, 4)
			text := common.Wrap(said, room)
			if most := max(h/12, 1); len(text) > most {
				text = append(text[:most-1], common.Fit(strings.Join(text[most-1:], " "), room, t.Ellipsis))
			}
			for _, l := range text {
				lines = append(lines, strings.Repeat(" ", before)+t.Paint(theme.Faint, l))
			}
		}
	}
	help, helpRole := fields[d.at].help, theme.Dim
	if why := d.problemOf(&fields[d.at]); why != "" {
		help, helpRole = why, theme.Bad
	} else if fields[d.at].id == wrong {
		help, helpRole = common.Clean(d.missing()), theme.Bad
	}
	about := common.Wrap(help, max(w-2, 4))
	about = about[:min(len(about), max(h/5, 1))]
	helpLines := 1 + max(len(about), 1)
	room := max(h-helpLines, 1)
	d.view.SetHeight(room)
	d.view.SetContentLines(lines)
	d.view.SetYOffset(min(max(d.view.YOffset(), row-room+1), row))
	top := d.view.YOffset()
	out := slices.Clone(lines[top:min(top+room, len(lines))])
	for len(out) < room {
		out = append(out, "")
	}
	if h > helpLines {
		out = append(out, t.Paint(theme.Border, strings.Repeat(t.Box.Top, w)))
		for _, l := range about {
			out = append(out, " "+t.Paint(helpRole, common.Fit(l, w-1, t.Ellipsis)))
		}
		for len(out) < h {
			out = append(out, "")
		}
	}
	return out
}

// button draws what enter does, or what is missing.
func (d *launchForm) button(sh *common.Context, focused bool, w int) string {
	t := sh.Theme
	if why := d.missing(); why != "" {
		first, _, _ := strings.Cut(why, "\n")
		text, does := t.Warn+" "+common.Clean(first), "; enter goes there"
		if focused && d.wrongField(sh) != "" && ansi.StringWidth(text+does) <= w {
			text += does
		}
		return t.Paint(theme.Warn, common.Fit(text, w, t.Ellipsis))
	}
	nodes := providers.CountOf(d.total(), "node")
	text := " launch " + nodes
	if focused {
		text += ": enter asks once more"
	}
	text += " "
	if d.createsProfile() {
		nodes = "creates " + strings.TrimSpace(d.profile.Value()) + " and launches " + nodes
	} else {
		nodes = "launches " + nodes
	}
	switch {
	case d.readyToStart && d.riskToAccept() != "":
		return t.Paint(theme.BadgeDanger, " y "+nodes+" all the same ")
	case d.readyToStart:
		return t.Paint(theme.BadgeDanger, " enter again "+nodes+" ")
	}
	if focused {
		return t.Paint(theme.Badge, text)
	}
	return t.Paint(theme.Accent, text)
}
