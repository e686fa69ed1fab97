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
func (sh *shared) launchAnswer(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case defaultsMsg:
		if d := sh.form(msg.form); d != nil && d.asked == msg.asked {
			return d.takeDefaults(sh, msg.defaults)
		}
	case catalogueMsg:
		d := sh.form(msg.form)
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
		if d := sh.form(msg.form); d != nil && d.asked == msg.asked {
			d.problem = ""
			d.rendered = msg.byCloud
			if msg.err != nil {
				d.problem = msg.err.Error()
				return nil
			}
			return d.check(sh)
		}
	case lintedMsg:
		if d := sh.form(msg.form); d != nil && d.asked == msg.checks.asked {
			d.checks = msg.checks
		}
	case shellMsg:
		return msg.run
	case nodesMsg:
		return sh.nodes(msg)
	case launchedMsg:
		sh.launched(msg)
	case logMsg:
		sh.logRead(msg)
	case forgottenMsg:
		sh.forgotten(msg)
	}
	return nil
}

// form is the open launch form of that number.
func (sh *shared) form(gen uint64) *launchForm {
	for _, d := range sh.dialogs {
		if f, ok := d.(*launchForm); ok && f.gen == gen {
			return f
		}
	}
	return nil
}

func (d *launchForm) takeDefaults(sh *shared, v LaunchDefaults) tea.Cmd {
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
		cmds = append(cmds, c.load(sh, d.gen))
	}
	d.useTemplate()
	return tea.Batch(append(cmds, d.render(sh))...)
}
