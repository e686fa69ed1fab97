package ui

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/userdata"
)

// Messages of the launch form.
type (
	defaultsMsg struct {
		form, asked uint64
		defaults    LaunchDefaults
	}
	catalogueMsg struct {
		form  uint64
		cloud string
		cat   providers.Catalogue
		err   error
	}
	renderedMsg struct {
		form, asked uint64
		byCloud     map[string]userdata.Rendered
		err         error
	}
)

// launchAnswer handles what commands of launches bring back.
func (m *Model) launchAnswer(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case defaultsMsg:
		if d := m.form(msg.form); d != nil && d.asked == msg.asked {
			return d.takeDefaults(m, msg.defaults)
		}
	case catalogueMsg:
		d := m.form(msg.form)
		if d == nil {
			return nil
		}
		for _, c := range d.clouds {
			if c.name != msg.cloud {
				continue
			}
			c.loading = false
			if msg.err != nil {
				c.err = Clean(msg.err.Error())
			} else {
				c.take(msg.cat)
			}
		}
	case renderedMsg:
		if d := m.form(msg.form); d != nil && d.asked == msg.asked {
			d.problem = ""
			d.rendered = msg.byCloud
			if msg.err != nil {
				d.problem = msg.err.Error()
				return nil
			}
			return d.check(m)
		}
	case lintedMsg:
		if d := m.form(msg.form); d != nil && d.asked == msg.checks.asked {
			d.checks = msg.checks
		}
	case shellMsg:
		return msg.run
	case nodesMsg:
		return m.nodes(msg)
	case launchedMsg:
		m.launched(msg)
	case logMsg:
		m.logRead(msg)
	}
	return nil
}

// form is the open launch form of that number.
func (m *Model) form(gen uint64) *launchForm {
	for _, d := range m.dialogs {
		if f, ok := d.(*launchForm); ok && f.gen == gen {
			return f
		}
	}
	return nil
}

func (d *launchForm) takeDefaults(m *Model, v LaunchDefaults) tea.Cmd {
	d.values = v.Values
	if v.Template != "" {
		d.template.pick(v.Template)
	}
	if !d.touched["prefix "] {
		d.prefix.set(Clean(v.NamePrefix))
	}
	cmds := make([]tea.Cmd, 0, len(d.clouds)+1)
	for _, c := range d.clouds {
		c.want = v.Clouds[c.name]
		if c.want.Profile != "" && !d.touched["profile "] {
			d.profile.set(Clean(c.want.Profile))
		}
		if !d.touched["cloud "+c.name] {
			c.count.n = min(c.want.Count, mostNodes)
		}
		c.image.pick(c.want.Image)
		c.size.pick(c.want.Size)
		cmds = append(cmds, c.load(m, d.gen))
	}
	d.useTemplate()
	return tea.Batch(append(cmds, d.render(m))...)
}
