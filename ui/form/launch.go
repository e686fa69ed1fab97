// Package form holds the dialogs with fields: the launch of nodes with its boot script and its progress, and the small
// forms of services.
//
// Read Fields first, then Launches.
package form

import (
	"context"
	"fmt"
	"strings"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/userdata"
)

// launchForm asks for the settings of a launch and shows the boot script before anything starts.
type launchForm struct {
	launches *Launches
	gen      uint64 // number of the form; answers for another one are outdated
	service  choice
	template choice
	prefix   common.Input
	profile  common.Input // EC2 instance profile
	create   choice       // whether the launch creates the profile first
	clouds   []*cloudPart
	vars     []*varPart
	boot     []userdata.Template

	last   common.LastLaunch
	asLast string // what was set of the last launch

	open         bool // the fields that most launches leave as they are
	at           int  // field under the cursor
	focus        string
	view         viewport.Model    // of the fields
	values       map[string]string // values that the service determines
	touched      map[string]bool   // variables that the operator changed
	asked        uint64            // number of the last request for defaults or a rendering
	rendered     map[string]userdata.Rendered
	problem      string
	checks       checks
	stop         context.CancelFunc // stops the running checks
	shown        string             // cloud whose boot script is shown
	preview      bool               // on small screens: shows the script instead of the form
	script       viewport.Model
	readyToStart bool // the next enter launches
}

// varPart is one variable of the template.
type varPart struct {
	v      userdata.Variable
	text   common.Input
	choice choice // enum and bool
}

func (p *varPart) value() string {
	if len(p.choice.options) > 0 {
		return p.choice.value()
	}
	return p.text.Value()
}

func (p *varPart) set(s string) {
	p.text.Set(common.Clean(s))
	p.choice.pick(s)
}

const maxNodes = 200 // per cloud and launch, from the screen

// OpenForm opens the form.
func (ls *Launches) OpenForm() tea.Cmd {
	sh := ls.Context
	if sh.RefusedReadOnly() {
		return nil
	}
	if sh.Picture == nil {
		sh.Notify(common.ToneInfo, "nothing has been read yet")
		return nil
	}
	d := &launchForm{launches: ls, gen: sh.NextID(), touched: map[string]bool{}, boot: sh.Backend.Templates(), stop: func() {}}
	d.create.options = []option{{"", "no: it is there, or none is needed"}, {createProfile, "yes: with the rights these nodes need, and no more"}}
	var services, templates []option
	for _, s := range sh.Backend.Services() {
		services = append(services, option{s.Name, s.Name})
	}
	services = append(services, option{"", "no service"})
	for _, t := range d.boot {
		templates = append(templates, option{t.Name, t.Name})
	}
	d.service, d.template = choice{options: services}, choice{options: templates}
	d.template.pick(userdata.DefaultTemplate("")) // until the service determines it, and if there is no service
	if s := currentService(sh); s != "" {
		d.service.pick(s)
	}
	for i := range sh.Picture.View.Snapshot.Clouds {
		c := &sh.Picture.View.Snapshot.Clouds[i]
		if c.Unconfigured {
			continue // nothing can be launched there
		}
		d.clouds = append(d.clouds, &cloudPart{name: c.Cloud.Name, provider: c.Cloud.Provider, traits: c.Cloud.Traits, production: c.Production, count: counter{most: maxNodes}})
	}
	d.useTemplate()
	sh.Open(d)
	return d.ask(sh)
}

// currentService returns the service of the row under the cursor, as the form's initial value.
func currentService(sh *common.Context) string {
	c := sh.Current()
	if c.Service == "" && c.Instance != nil {
		return sh.Picture.View.ServiceOfInstance(c.Instance.Inst)
	}
	return c.Service
}

// useTemplate makes the fields for the template's variables. It keeps the value of a variable of the same name.
func (d *launchForm) useTemplate() {
	old := map[string]string{}
	for _, p := range d.vars {
		if d.touched[p.v.Name] {
			old[p.v.Name] = p.value()
		}
	}
	d.vars = nil
	for _, t := range d.boot {
		if t.Name != d.template.value() {
			continue
		}
		for _, v := range t.Variables {
			p := &varPart{v: v, text: common.NewInput(common.Clean(v.Default))}
			switch v.Type {
			case userdata.TypeEnum:
				for _, o := range v.Options {
					p.choice.options = append(p.choice.options, option{o, o})
				}
			case userdata.TypeBool:
				p.choice.options = []option{{"false", "no"}, {"true", "yes"}}
			}
			p.choice.pick(v.Default)
			if s, ok := d.values[v.Name]; ok {
				p.set(s)
			}
			if s, ok := old[v.Name]; ok {
				p.set(s)
			}
			d.vars = append(d.vars, p)
		}
	}
}

// ask requests the defaults of the service in a command.
func (d *launchForm) ask(sh *common.Context) tea.Cmd {
	d.asked++
	form, asked, service, backend, ctx := d.gen, d.asked, d.service.value(), sh.Backend, sh.Ctx
	return func() tea.Msg { return defaultsMsg{form, asked, backend.Defaults(ctx, service)} }
}

// render requests the boot scripts of the clouds that get nodes in a command.
func (d *launchForm) render(sh *common.Context) tea.Cmd {
	d.readyToStart = false
	d.asked++
	d.stop()
	form, asked, backend, ctx := d.gen, d.asked, sh.Backend, sh.Ctx
	var clouds []string
	for _, c := range d.clouds {
		if c.count.n > 0 {
			clouds = append(clouds, c.name)
		}
	}
	if len(clouds) == 0 && len(d.clouds) > 0 {
		clouds = []string{d.clouds[0].name}
	}
	req := d.request()
	return func() tea.Msg {
		out := renderedMsg{form: form, asked: asked, byCloud: map[string]userdata.Rendered{}}
		for _, c := range clouds {
			req.Cloud = c
			r, err := backend.Render(ctx, req)
			if err != nil {
				out.err = err
				return out
			}
			out.byCloud[c] = r
		}
		return out
	}
}

// request returns a request for boot scripts without a cloud.
func (d *launchForm) request() common.RenderRequest {
	values := map[string]string{}
	for _, p := range d.vars {
		values[p.v.Name] = p.value()
	}
	return common.RenderRequest{Template: d.template.value(), Service: d.service.value(), Values: values}
}

// given returns the values of variables that neither the service nor the template determines.
func (d *launchForm) given() map[string]string {
	out := map[string]string{}
	for _, p := range d.vars {
		determined, ok := d.values[p.v.Name]
		if !ok {
			determined = p.v.Default
		}
		if p.value() != determined {
			out[p.v.Name] = p.value()
		}
	}
	return out
}

// total returns the number of nodes.
func (d *launchForm) total() int {
	n := 0
	for _, c := range d.clouds {
		n += c.count.n
	}
	return n
}

// What may be missing in a field.
const (
	noImage   = "no image"
	noSize    = "no size"
	noProfile = "name the profile that is to be created"
)

// missing returns what prevents the launch, or "".
func (d *launchForm) missing() string {
	if d.problem != "" {
		return d.problem
	}
	if d.total() == 0 {
		return "give at least one cloud a count"
	}
	for _, c := range d.clouds {
		if c.count.n == 0 {
			continue
		}
		switch {
		case c.err != "":
			return c.name + ": " + c.err
		case c.loading || !c.loaded:
			return c.name + ": images and sizes are being read"
		case c.image.value() == "":
			return c.name + ": " + noImage
		case c.size.value() == "":
			return c.name + ": " + noSize
		}
		r, ok := d.rendered[c.name]
		if !ok {
			return c.name + ": the boot script is being rendered"
		}
		if r.Left < 0 {
			return fmt.Sprintf("%s: the boot script is %d bytes over the limit of %d", c.name, -r.Left, r.Limit)
		}
	}
	return d.unchecked()
}

// spec returns the spec of the launch.
func (d *launchForm) spec(fleet string) launch.Spec {
	s := launch.Spec{ID: launch.NewID(), Fleet: fleet, Service: d.service.value(), Template: d.template.value(), Given: d.given(), NamePrefix: strings.TrimSpace(d.prefix.Value())}
	for _, c := range d.clouds {
		if c.count.n == 0 {
			continue
		}
		r := d.rendered[c.name]
		if r.Agent != nil && r.Agent.Register == userdata.RegisterConsole {
			s.Console = true
		}
		s.Nodes = append(s.Nodes, launch.Target{
			Cloud: c.name, Count: c.count.n, Image: c.image.value(), Size: c.size.value(),
			Network: c.network.value(), KeyPair: c.keyPair.value(), UserData: r.Text,
		})
		if c.traits.InstanceRoles {
			s.Nodes[len(s.Nodes)-1].Profile = strings.TrimSpace(d.profile.Value())
		}
	}
	return s
}
