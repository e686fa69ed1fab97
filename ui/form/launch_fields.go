package form

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"rollcall/ui/common"
	"rollcall/ui/theme"
	"rollcall/userdata"
)

// field is one line of the form that accepts keys.
type field struct {
	id    string // identity of the field, since fields around it can change
	kind  string // distinguishes clouds and variables of the same name
	label string
	help  string
	view  func(n int, focused bool) string
	key   func(k tea.KeyPressMsg) (handled, changed bool)
	paste func(s string) // nil for a field that is not a text
	value func() string  // what a folded field is set to, in a few words
	rest  bool           // most launches leave it as it is
	// changed is called after the value has changed; nil renders the script again.
	changed func() tea.Cmd
	indent  bool
	button  bool
	danger  bool
}

// allFields returns the current fields, those that are folded too. A cloud without nodes has no image and no size.
func (d *launchForm) allFields(sh *common.Context) []field {
	t := sh.Theme
	pick := func(label, help string, c *choice, changed func() tea.Cmd) field {
		return field{
			label: label, help: help, changed: changed, value: c.text,
			view: func(n int, focused bool) string { return c.view(t, n, focused) }, key: c.key,
		}
	}
	text := func(label, help, example string, in *common.Input, name string) field {
		return field{
			label: label, help: help,
			view:  func(n int, focused bool) string { return in.View(t, n, focused, placeholder(example)) },
			value: func() string { return cmp.Or(common.Clean(in.Value()), placeholder("")) },
			key: func(k tea.KeyPressMsg) (bool, bool) {
				before := in.Value()
				ok := in.Key(k)
				if in.Value() != before {
					d.touched[name] = true
				}
				return ok, in.Value() != before
			},
			paste: func(s string) {
				in.Insert(s)
				d.touched[name] = true
			},
		}
	}
	out := []field{
		pick("service", "what the nodes are to serve; decides name, zone and health check", &d.service, func() tea.Cmd { return d.ask(sh) }),
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
			changed: func() tea.Cmd { return tea.Batch(c.load(sh, d.gen), d.render(sh)) },
		})
		if c.count.n == 0 || !c.loaded {
			continue
		}
		sub := func(f field) field {
			f.indent = true
			return f
		}
		rest := func(f field) field {
			f.rest, f.kind = true, "rest "+c.name
			f.label = c.name + " " + f.label
			return f
		}
		nothing := func() tea.Cmd { return nil }
		out = append(out, sub(pick("size", "type a part of its name to find one", &c.size, nothing)), sub(pick("image", "type a part of its name to find one", &c.image, nothing)))
		if len(c.network.options) > 2 {
			out = append(out, rest(pick("network", "of the nodes in "+c.name, &c.network, nothing)))
		}
		if c.traits.KeyPairs && len(c.keyPair.options) > 1 {
			out = append(out, rest(pick("key pair", "for ssh; none is fine", &c.keyPair, nothing)))
		}
	}
	out = append(out, pick("template", d.templateHelp(), &d.template, func() tea.Cmd {
		d.useTemplate()
		return d.render(sh)
	}))
	prefix := text("names begin", "a node's name is this, four digits of the launch id, and a number", "www", &d.prefix, "prefix ")
	prefix.rest = true
	out = append(out, prefix)
	if d.hasRoles() {
		profile := text("profile", "EC2 instance profile of nodes that register themselves; without one the console registers them, or their agent cannot", "", &d.profile, "profile ")
		create := pick("create it", "makes role and profile first, where they are missing; what that is stands beside the boot script and below the button", &d.create, nil)
		profile.rest, create.rest, create.indent = true, true, true
		out = append(out, profile, create)
	}
	for _, p := range d.vars {
		f := d.varField(t, p, text)
		f.kind, f.rest = "variable", true
		out = append(out, f)
	}
	return out
}

// identify sets the identities of fields.
func (d *launchForm) identify(out []field) []field {
	section := ""
	for i := range out {
		if out[i].id != "" {
			continue
		}
		if !out[i].indent {
			section = out[i].kind + " " + out[i].label
			out[i].id = section
		} else {
			out[i].id = section + "/" + out[i].label
		}
	}
	return out
}

// focused returns the fields and the index of the one with the cursor, which stays on its field if others appear above
// it.
func (d *launchForm) focused(sh *common.Context) ([]field, int) {
	fields := d.fields(sh)
	for i := range fields {
		if fields[i].id == d.focus {
			d.at = i
		}
	}
	d.at = max(min(d.at, len(fields)-1), 0)
	d.focus = fields[d.at].id
	return fields, d.at
}

func (d *launchForm) varField(t *theme.Theme, p *varPart, text func(label, help, example string, in *common.Input, name string) field) field {
	help := common.Clean(strings.TrimSpace(p.v.Help + " (" + typeNote(&p.v) + ")"))
	if len(p.choice.options) > 0 {
		return field{
			label: common.Clean(p.v.Name), help: help,
			view:  func(n int, focused bool) string { return p.choice.view(t, n, focused) },
			value: p.choice.text,
			key: func(k tea.KeyPressMsg) (bool, bool) {
				handled, changed := p.choice.key(k)
				if changed {
					d.touched[p.v.Name] = true
				}
				return handled, changed
			},
		}
	}
	f := text(common.Clean(p.v.Name), help, p.v.Example, &p.text, p.v.Name)
	if p.v.Secret {
		f.value = func() string {
			if p.text.Value() == "" {
				return placeholder("")
			}
			return "***"
		}
		show := f.view
		f.view = func(n int, focused bool) string {
			stars := strings.Repeat("*", utf8.RuneCountInString(p.text.Value()))
			if focused {
				masked := common.NewInput(stars)
				masked.Edit.SetCursor(p.text.Edit.Position())
				return masked.View(t, n, true, "")
			}
			if p.text.Value() == "" {
				return show(n, false)
			}
			return common.Fit(stars, n, "")
		}
	}
	return f
}

// placeholder returns what an empty field shows: that it is empty, or an example that cannot be read as a value.
func placeholder(example string) string {
	if example == "" {
		return "(none)"
	}
	return "(such as " + common.Clean(example) + ")"
}

// typeNote returns what a variable accepts.
func typeNote(v *userdata.Variable) string {
	note := string(v.Type)
	switch {
	case v.Secret:
		note += "; secret, so that it is not shown"
	case v.Required:
		note += "; needed"
	case v.Default != "":
		note += "; default " + v.Default
	}
	return note
}

// wrongField returns the identity of the field, folded or not, that keeps the launch from beginning, or "" if there is none
// or what is missing is still on its way.
func (d *launchForm) wrongField(sh *common.Context) string {
	fields := d.identify(d.allFields(sh))
	first := func(is func(f field) bool) string {
		if i := slices.IndexFunc(fields, is); i >= 0 {
			return fields[i].id
		}
		return ""
	}
	if id := first(func(f field) bool { return d.problemOf(&f) != "" }); id != "" {
		return id
	}
	why := d.missing()
	switch cloud, what, _ := strings.Cut(why, ": "); {
	case why == "":
		return ""
	case d.total() == 0:
		return first(func(f field) bool { return f.kind == "cloud" })
	case why == noProfile:
		return " profile"
	case what == noImage, what == noSize:
		return "cloud " + cloud + "/" + strings.TrimPrefix(what, "no ")
	case slices.ContainsFunc(d.clouds, func(c *cloudPart) bool { return c.name == cloud && c.err != "" }):
		return "cloud " + cloud
	}
	return ""
}

// problemOf returns why the template rejects the value of a variable, or "".
func (d *launchForm) problemOf(f *field) string {
	if f.kind != "variable" {
		return ""
	}
	for _, l := range common.CleanLines(d.problem) {
		if why, ok := strings.CutPrefix(l, "template "+common.Clean(d.template.value())+": "+f.label+": "); ok {
			return why
		}
	}
	return ""
}

func (d *launchForm) templateHelp() string {
	for _, t := range d.boot {
		if t.Name == d.template.value() {
			return common.Clean(t.Help)
		}
	}
	return ""
}
