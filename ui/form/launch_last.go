package form

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
)

// lastKey sets the fields as in the last launch of the service.
const lastKey = "ctrl+l"

// lastLine returns what the last launch of the service was, or why it is not known, or what of it was set.
func (d *launchForm) lastLine(sh *common.Context) string {
	if d.asLast != "" {
		return d.asLast
	}
	l := &d.last
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
	said = append(said, "values of the template are those of the service")
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
		for _, x := range []struct {
			what  string
			in    *choice
			value string
		}{{"image", &c.image, v.Image}, {"size", &c.size, v.Size}, {"network", &c.network, v.Network}, {"key pair", &c.keyPair, v.KeyPair}} {
			if !c.loaded {
				*x.in = choice{} // the catalogue that is to come selects what is wanted
			} else if x.in.pick(x.value); x.value != "" && x.in.value() != x.value {
				said = append(said, common.Clean(c.name)+" has no longer the "+x.what+" "+common.Clean(rows.ShortID(x.value)))
			}
		}
		cmds = append(cmds, c.load(sh, d.gen))
	}
	if here < len(l.Clouds) {
		said = append(said, "a cloud of it is not in the config any more")
	}
	d.asLast = strings.Join(said, "; ")
	d.useTemplate()
	return tea.Batch(append(cmds, d.render(sh))...)
}
