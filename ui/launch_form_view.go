package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/ui/theme"
)

// field is one line of the form that takes keys.
type field struct {
	id    string // identity of the field: others come and go around it
	kind  string // clouds and variables may have the name of another field
	label string
	help  string
	view  func(n int, focused bool) string
	key   func(k tea.KeyPressMsg) (handled, changed bool)
	// changed is called after the value has changed; nil renders the script again.
	changed func() tea.Cmd
	indent  bool
	button  bool
	danger  bool
}

// fields lists the fields as they stand: a cloud without nodes has no image and no size.
func (d *launchForm) fields(m *Model) []field {
	t := m.theme
	pick := func(label, help string, c *choice, changed func() tea.Cmd) field {
		return field{
			label: label, help: help, changed: changed,
			view: func(n int, focused bool) string { return c.view(t, n, focused) }, key: c.key,
		}
	}
	text := func(label, help, example string, in *input, name string) field {
		return field{
			label: label, help: help,
			view: func(n int, focused bool) string { return in.view(t, n, focused, Clean(example)) },
			key: func(k tea.KeyPressMsg) (bool, bool) {
				before := in.value()
				ok := in.key(k)
				if in.value() != before {
					d.touched[name] = true
				}
				return ok, in.value() != before
			},
		}
	}
	out := []field{
		pick("service", "what the nodes are to serve; decides name, zone and health check", &d.service, func() tea.Cmd { return d.ask(m) }),
		pick("template", d.templateHelp(), &d.template, func() tea.Cmd {
			d.useTemplate()
			return d.render(m)
		}),
		text("names begin", "a node's name is this, four digits of the launch id, and a number", "www", &d.prefix, "prefix "),
	}
	for _, c := range d.clouds {
		help := "how many nodes; left and right, or a number"
		if c.production {
			help = "PRODUCTION: " + help
		}
		out = append(out, field{
			kind: "cloud", label: c.name, help: help, danger: c.production,
			view: func(n int, focused bool) string { return c.note(t, c.count.view(t, 8, focused), n) },
			key: func(k tea.KeyPressMsg) (bool, bool) {
				handled, changed := c.count.key(k)
				if changed {
					d.touched["cloud "+c.name] = true
				}
				return handled, changed
			},
			changed: func() tea.Cmd { return tea.Batch(c.load(m, d.gen), d.render(m)) },
		})
		if c.count.n == 0 || !c.loaded {
			continue
		}
		sub := func(f field) field {
			f.indent = true
			return f
		}
		nothing := func() tea.Cmd { return nil }
		out = append(out, sub(pick("size", "type a part of its name to find one", &c.size, nothing)), sub(pick("image", "type a part of its name to find one", &c.image, nothing)))
		if len(c.network.options) > 2 {
			out = append(out, sub(pick("network", "", &c.network, nothing)))
		}
		if c.provider == providers.EC2 && len(c.keyPair.options) > 1 {
			out = append(out, sub(pick("key pair", "for ssh; none is fine", &c.keyPair, nothing)))
		}
	}
	for _, p := range d.vars {
		f := d.varField(t, p, text)
		f.kind = "variable"
		out = append(out, f)
	}
	out = append(out, field{label: "launch", button: true})
	section := ""
	for i := range out {
		if !out[i].indent {
			section = out[i].kind + " " + out[i].label
			out[i].id = section
		} else {
			out[i].id = section + "/" + out[i].label
		}
	}
	return out
}

// focused gives the fields and the place of the one that has the cursor: the
// cursor stays on its field when others appear above it.
func (d *launchForm) focused(m *Model) ([]field, int) {
	fields := d.fields(m)
	for i := range fields {
		if fields[i].id == d.focus {
			d.at = i
		}
	}
	d.at = max(min(d.at, len(fields)-1), 0)
	d.focus = fields[d.at].id
	return fields, d.at
}

func (d *launchForm) varField(t *theme.Theme, p *varPart, text func(label, help, example string, in *input, name string) field) field {
	help := Clean(p.v.Help)
	if p.v.Required {
		help = strings.TrimSpace(help + " (needed)")
	}
	if len(p.choice.options) > 0 {
		return field{
			label: Clean(p.v.Name), help: help,
			view: func(n int, focused bool) string { return p.choice.view(t, n, focused) },
			key: func(k tea.KeyPressMsg) (bool, bool) {
				handled, changed := p.choice.key(k)
				if changed {
					d.touched[p.v.Name] = true
				}
				return handled, changed
			},
		}
	}
	f := text(Clean(p.v.Name), help, p.v.Example, &p.text, p.v.Name)
	if p.v.Secret {
		show := f.view
		f.view = func(n int, focused bool) string {
			if focused {
				masked := input{text: []rune(strings.Repeat("*", len(p.text.text))), at: p.text.at}
				return masked.view(t, n, true, "")
			}
			if p.text.value() == "" {
				return show(n, false)
			}
			return fit(strings.Repeat("*", len(p.text.text)), n, "")
		}
	}
	return f
}

func (d *launchForm) templateHelp() string {
	for _, t := range d.boot {
		if t.Name == d.template.value() {
			return Clean(t.Help)
		}
	}
	return ""
}

// note puts what there is to say about a cloud beside its count.
func (c *cloudPart) note(t *theme.Theme, count string, n int) string {
	text := t.Paint(theme.Dim, string(c.provider))
	switch {
	case c.err != "":
		text = t.Paint(theme.Bad, t.Bad+" "+c.err)
	case c.loading:
		text = t.Paint(theme.Dim, t.Wait+" reading images and sizes"+t.Ellipsis)
	case c.production:
		text = t.Paint(theme.BadgeDanger, " PRODUCTION ")
	}
	return fit(count+text, n, t.Ellipsis)
}

func (d *launchForm) key(m *Model, k tea.KeyPressMsg) action {
	fields, at := d.focused(m)
	f := fields[at]
	switch key := k.String(); key {
	case "esc":
		if d.preview || d.armed {
			d.preview, d.armed = false, false
			return nil
		}
		return actClose{}
	case "ctrl+p", "f2":
		d.preview = !d.preview
		return nil
	case "pgdown":
		d.pscroll += 10
		return nil
	case "pgup":
		d.pscroll = max(d.pscroll-10, 0)
		return nil
	case "ctrl+n", "f3":
		d.nextScript()
		return nil
	case "up", "shift+tab":
		if d.at == 0 {
			d.move(len(fields), fields) // the button is last
			return nil
		}
		d.move(-1, fields)
		return nil
	case "ctrl+s":
		d.move(len(fields), fields)
		return nil
	case "down", "tab":
		d.move(1, fields)
		return nil
	case "enter":
		if f.button {
			return d.start(m)
		}
		d.move(1, fields)
		return nil
	}
	if f.key == nil {
		return nil
	}
	_, changed := f.key(k)
	if !changed {
		return nil
	}
	d.armed = false
	if f.changed != nil {
		return actCmd{f.changed()}
	}
	return actCmd{d.render(m)}
}

func (d *launchForm) paste(m *Model, s string) action {
	fields, _ := d.focused(m)
	for _, p := range d.vars {
		if Clean(p.v.Name) == fields[d.at].label && len(p.choice.options) == 0 {
			p.text.insert(s)
			d.touched[p.v.Name] = true
			return actCmd{d.render(m)}
		}
	}
	return nil
}

func (d *launchForm) move(by int, fields []field) {
	d.at = max(min(d.at+by, len(fields)-1), 0)
	d.focus = fields[d.at].id
	d.armed = false
}

// start launches on the second enter; the first one shows what it will do.
func (d *launchForm) start(m *Model) action {
	if d.missing() != "" {
		return nil
	}
	if !d.armed {
		d.armed = true
		return nil
	}
	return actCmd{m.launch(d)}
}

// nextScript shows the boot script of the next cloud.
func (d *launchForm) nextScript() {
	var names []string
	for _, c := range d.clouds {
		if _, ok := d.rendered[c.name]; ok {
			names = append(names, c.name)
		}
	}
	for i, n := range names {
		if n == d.shownCloud() {
			d.shown = names[(i+1)%len(names)]
			d.pscroll = 0
			return
		}
	}
}

// shownCloud is the cloud whose script is shown: the one chosen, else the first that has one.
func (d *launchForm) shownCloud() string {
	if _, ok := d.rendered[d.shown]; ok {
		return d.shown
	}
	for _, c := range d.clouds {
		if _, ok := d.rendered[c.name]; ok {
			return c.name
		}
	}
	return ""
}

func (d *launchForm) draw(m *Model, w, h int) panel {
	t := m.theme
	h = max(h-2, 1)
	p := panel{title: "Launch", hints: []hint{{"enter", "next"}, {"ctrl+s", "to launch"}, {"ctrl+p", "boot script"}, {"esc", "close"}}}
	for _, c := range d.clouds {
		p.danger = p.danger || (c.production && c.count.n > 0)
	}
	if w >= 100 && h >= 16 {
		left := min(w*48/100, 62)
		form := d.drawForm(m, left, h)
		script := d.drawScript(t, w-left-3, h)
		for i := range h {
			p.lines = append(p.lines, fit(form[i], left, t.Ellipsis)+theme.Reset+t.Paint(theme.Border, " "+t.Box.Left+" ")+script[i])
		}
		p.hints = []hint{{"enter", "next"}, {"ctrl+s", "to launch"}, {"pgdown", "scroll the script"}, {"ctrl+n", "its next cloud"}, {"esc", "close"}}
		return p
	}
	if d.preview {
		p.lines = d.drawScript(t, w, h)
		p.hints = []hint{{"ctrl+p", "form"}, {"pgdown", "scroll"}, {"ctrl+n", "next cloud"}, {"esc", "form"}}
		return p
	}
	p.lines = d.drawForm(m, min(w, 76), h)
	return p
}

// drawForm draws the fields in exactly h lines.
func (d *launchForm) drawForm(m *Model, w, h int) []string {
	t := m.theme
	fields, _ := d.focused(m)
	const label = 14
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
			lines = append(lines, "", bar+d.button(m, focused, w-2))
			if focused {
				row = len(lines) - 1
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
		if focused {
			role = theme.Strong
		}
		lines = append(lines, bar+t.Paint(role, fit(Clean(name), label, t.Ellipsis))+" "+f.view(max(w-label-3, 4), focused))
	}
	helpLines := 2
	room := max(h-helpLines, 1)
	if row < d.scroll {
		d.scroll = row
	}
	if row >= d.scroll+room {
		d.scroll = row - room + 1
	}
	d.scroll = max(min(d.scroll, len(lines)-room), 0)
	out := append([]string(nil), lines[d.scroll:min(d.scroll+room, len(lines))]...)
	for len(out) < room {
		out = append(out, "")
	}
	if h > helpLines {
		out = append(out, t.Paint(theme.Border, strings.Repeat(t.Box.Top, w)), " "+t.Paint(theme.Dim, fit(fields[d.at].help, w-1, t.Ellipsis)))
	}
	return out
}

// button says what enter does on it, or what is missing.
func (d *launchForm) button(m *Model, focused bool, w int) string {
	t := m.theme
	if why := d.missing(); why != "" {
		first, _, _ := strings.Cut(why, "\n")
		return t.Paint(theme.Warn, fit(t.Warn+" "+Clean(first), w, t.Ellipsis))
	}
	text := " launch " + countOf(d.total(), "node") + " "
	if d.armed {
		return t.Paint(theme.BadgeDanger, " enter again launches "+countOf(d.total(), "node")+" ")
	}
	if focused {
		return t.Paint(theme.Badge, text)
	}
	return t.Paint(theme.Accent, text)
}
