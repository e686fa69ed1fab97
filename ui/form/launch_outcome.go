package form

import (
	"cmp"
	"fmt"
	"strings"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/userdata"
)

// outcome returns in one sentence what will exist after the launch.
func (d *launchForm) outcome() string {
	var clouds []string
	for _, c := range d.clouds {
		if c.count.n > 0 {
			clouds = append(clouds, strings.TrimSpace(fmt.Sprintf("%d %s %s", c.count.n, common.Clean(c.name), c.sizeName(""))))
		}
	}
	return providers.CountOf(d.total(), "node") + ": " + strings.Join(clouds, ", ") + "; " + d.registration()
}

// registration returns when the nodes come into DNS.
func (d *launchForm) registration() string {
	if d.service.value() == "" {
		return "in no name, since no service is chosen"
	}
	r := d.rendered[d.shownCloud()]
	if r.Agent == nil {
		return "in DNS if the template's script sees to it"
	}
	when, unit := "", ""
	for i := range d.boot {
		if d.boot[i].Name == d.template.value() {
			unit = strings.TrimSuffix(d.boot[i].After, ".service")
		}
	}
	switch h := r.Agent.Health; {
	case h.Command != "":
		when = "when its health command succeeds"
	case h.HTTP != "" || h.TCP:
		when = "when " + cmp.Or(common.Clean(unit), fmt.Sprintf("port %d", cmp.Or(h.Port, r.Agent.Port))) + " answers"
	default:
		when = "when it has booted"
	}
	if r.Agent.Register == userdata.RegisterConsole {
		return "in DNS " + when + " to this console"
	}
	return "in DNS " + when
}

// sizeName returns the short name of the chosen size, or of the one with an id.
func (c *cloudPart) sizeName(id string) string {
	id = cmp.Or(id, c.size.value())
	for _, o := range c.size.options {
		if o.value == id {
			name, _, _ := strings.Cut(o.label, "  ")
			return common.Clean(name)
		}
	}
	return common.Clean(rows.ShortID(id))
}
