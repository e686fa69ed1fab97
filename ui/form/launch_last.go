package form

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
)

// lastKey sets the fields as in the last launch of the service.
const lastKey = "ctrl+l"

// lastLine returns what the last launch of the service was, or why it is not known, or what of it was set.
func (d *launchForm) lastLine(sh *common.Context) string {
	l := &d.last
	if d.asLast != "" {
		said := d.asLast
		for _, c := range d.clouds {
			said += c.gone(l.Clouds[c.name])
		}
		return said
	}
	switch {
	case l.Why != "":
		return l.Why
	case l.Time.IsZero():
		return ""
	}
	var clouds []string
	for _, c := range d.clouds {
		if v := l.Clouds[c.name]; v.Count > 0 {
			clouds = append(clouds, strings.TrimSpace(fmt.Sprintf("%d %s %s", v.Count, common.Clean(c.name), c.sizeName(v.Size))))
		}
	}
	return lastKey + " as last time: " + strings.Join(clouds, ", ") + ", " + rows.Age(sh.Now().Sub(l.Time)) + " ago by " + common.Clean(l.Who)
}

// takeLast sets the fields as in the last launch of the service.
func (d *launchForm) takeLast(sh *common.Context) tea.Cmd {
	l := &d.last
	if l.Time.IsZero() {
		return nil
	}
	said := []string{"as " + rows.Age(sh.Now().Sub(l.Time)) + " ago"}
	if l.Template == "" {
		said = append(said, "the journal does not have its template")
	} else if d.template.pick(l.Template); d.template.value() != l.Template {
		said = append(said, "its template "+common.Clean(l.Template)+" is not there any more")
	}
	said = append(said, d.takeValues()...)
	if l.NamePrefix != "" {
		d.prefix.Set(common.Clean(l.NamePrefix))
		d.touched["prefix "] = true
	}
	cmds := make([]tea.Cmd, 0, len(d.clouds)+1)
	here := 0
	for _, c := range d.clouds {
		v, ok := l.Clouds[c.name]
		c.count.n = min(v.Count, maxNodes)
		d.touched["cloud "+c.name] = true
		if !ok {
			continue
		}
		here++
		c.want = v
		if v.Profile != "" {
			d.profile.Set(common.Clean(v.Profile))
			d.touched["profile "] = true
		}
		for _, x := range c.choices(v) {
			x.in.pick(x.value) // without a catalogue, the one that is to come selects what is wanted
		}
		cmds = append(cmds, c.load(sh, d.gen))
	}
	if here < len(l.Clouds) {
		said = append(said, "a cloud of it is not in the config any more")
	}
	d.asLast = strings.Join(said, "; ")
	return tea.Batch(append(cmds, d.render(sh))...)
}

// takeValues makes the fields of the template, with the values of the last launch. It returns what an operator has to know
// of them.
func (d *launchForm) takeValues() (said []string) {
	l := &d.last
	if l.Values == nil {
		d.useTemplate()
		return []string{"values of the template are those of the service"}
	}
	for _, p := range d.vars {
		if !slices.Contains(l.Withheld, p.v.Name) {
			delete(d.touched, p.v.Name)
		}
	}
	d.useTemplate()
	left := maps.Clone(l.Values)
	for _, p := range d.vars {
		if s, ok := l.Values[p.v.Name]; ok {
			p.set(s)
			d.touched[p.v.Name] = true
			delete(left, p.v.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		said = append(said, "its template has no "+common.Clean(name)+" any more")
	}
	for _, name := range l.Withheld {
		said = append(said, "give "+common.Clean(name)+" again: secret values are not kept")
	}
	return said
}

// chosen is a choice of a cloud and what it was in a launch.
type chosen struct {
	what  string
	in    *choice
	value string
}

func (c *cloudPart) choices(v common.CloudDefaults) []chosen {
	return []chosen{{"image", &c.image, v.Image}, {"size", &c.size, v.Size}, {"network", &c.network, v.Network}, {"key pair", &c.keyPair, v.KeyPair}}
}

// gone returns what a launch had that the cloud's catalogue does not have any more, after a semicolon, or "".
func (c *cloudPart) gone(v common.CloudDefaults) (said string) {
	for _, x := range c.choices(v) {
		if c.loaded && x.value != "" && !slices.ContainsFunc(x.in.options, func(o option) bool { return o.value == x.value }) {
			said += "; " + common.Clean(c.name) + " has not any more the " + x.what + " " + common.Clean(rows.ShortID(x.value))
		}
	}
	return said
}
