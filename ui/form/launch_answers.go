package form

import (
	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/userdata"
)

// Messages of the launch form.
type (
	defaultsMsg struct {
		form, asked uint64
		defaults    common.LaunchDefaults
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

// Receive handles the results of the form's commands.
func (d *launchForm) Receive(sh *common.Context, msg tea.Msg) (cmd tea.Cmd, mine bool) {
	switch msg := msg.(type) {
	case defaultsMsg:
		if msg.form == d.gen && msg.asked == d.asked {
			return d.takeDefaults(sh, msg.defaults), true
		}
	case catalogueMsg:
		if msg.form == d.gen {
			d.takeCatalogue(msg)
		}
	case renderedMsg:
		if msg.form != d.gen || msg.asked != d.asked {
			return nil, false
		}
		d.problem, d.rendered = "", msg.byCloud
		if msg.err != nil {
			d.problem = msg.err.Error()
			d.openWrong()
			return nil, true
		}
		return d.check(sh), true
	case lintedMsg:
		if msg.form == d.gen && msg.checks.asked == d.asked {
			d.checks = msg.checks
		}
	}
	return nil, false
}

func (d *launchForm) takeCatalogue(msg catalogueMsg) {
	for _, c := range d.clouds {
		if c.name != msg.cloud {
			continue
		}
		c.loading = false
		if msg.err != nil {
			c.err = common.Clean(msg.err.Error())
		} else {
			c.setCatalogue(msg.cat)
		}
	}
}

func (d *launchForm) takeDefaults(sh *common.Context, v common.LaunchDefaults) tea.Cmd {
	d.values, d.last, d.asLast = v.Values, v.Last, ""
	if v.Template != "" {
		d.template.pick(v.Template)
	}
	if !d.touched["prefix "] {
		d.prefix.Set(common.Clean(v.NamePrefix))
	}
	cmds := make([]tea.Cmd, 0, len(d.clouds)+1)
	for _, c := range d.clouds {
		c.want = v.Clouds[c.name]
		if c.want.Profile != "" && !d.touched["profile "] {
			d.profile.Set(common.Clean(c.want.Profile))
		}
		if !d.touched["cloud "+c.name] {
			c.count.n = min(c.want.Count, maxNodes)
		}
		c.image.pick(c.want.Image)
		c.size.pick(c.want.Size)
		cmds = append(cmds, c.load(sh, d.gen))
	}
	d.useTemplate()
	return tea.Batch(append(cmds, d.render(sh))...)
}
