package form

import (
	"cmp"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// cloudPart holds the fields of one cloud.
type cloudPart struct {
	name       string
	provider   providers.Provider
	traits     providers.Traits
	production bool
	count      counter
	image      choice
	size       choice
	network    choice
	keyPair    choice
	loading    bool
	loaded     bool
	err        string
	want       common.CloudDefaults
}

// load requests the catalogue of a cloud that gets nodes, once.
func (c *cloudPart) load(sh *common.Context, form uint64) tea.Cmd {
	if c.count.n == 0 || c.loaded || c.loading {
		return nil
	}
	c.loading, c.err = true, ""
	name, backend, ctx := c.name, sh.Backend, sh.Ctx
	return func() tea.Msg {
		cat, err := backend.Catalogue(ctx, name)
		return catalogueMsg{form, name, cat, err}
	}
}

// setCatalogue sets the choices from a catalogue.
func (c *cloudPart) setCatalogue(cat providers.Catalogue) {
	c.loaded = true
	image, size, network, pair := c.image.value(), c.size.value(), c.network.value(), c.keyPair.value()
	c.image, c.size, c.network, c.keyPair = choice{}, choice{}, choice{}, choice{}
	for _, i := range cat.Images {
		c.image.options = append(c.image.options, option{i.ID, strings.TrimSpace(i.Name + " " + i.Version + "  " + rows.ShortID(i.ID))})
	}
	for _, s := range cat.Sizes {
		c.size.options = append(c.size.options, option{s.ID, fmt.Sprintf("%s  %d vCPU  %.3g GiB", s.Name, s.VCPUs, float64(s.MemoryMiB)/1024)})
	}
	c.network.options = []option{{"", "the cloud's default"}}
	for _, n := range cat.Networks {
		c.network.options = append(c.network.options, option{n.ID, n.Name + "  " + rows.ShortID(n.ID)})
	}
	c.keyPair.options = []option{{"", "none"}}
	for _, k := range cat.KeyPairs {
		c.keyPair.options = append(c.keyPair.options, option{k, k})
	}
	c.image.pick(cmp.Or(image, c.want.Image))
	c.size.pick(cmp.Or(size, c.want.Size))
	c.network.pick(cmp.Or(network, c.want.Network))
	c.keyPair.pick(cmp.Or(pair, c.want.KeyPair))
}

// note draws a remark about a cloud beside its count.
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
	return common.Fit(count+text, n, t.Ellipsis)
}
