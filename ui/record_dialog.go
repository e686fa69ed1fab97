package ui

import (
	"fmt"
	"strconv"
	"time"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// recordDialog shows all that is known of a record. It follows the record while
// it is open: what name servers answer changes, and TTLs run out.
type recordDialog struct {
	row    *rows.Record // as it was seen last
	latest func(providers.Identity) (*rows.Record, bool)
	view   viewport.Model
}

func (d *recordDialog) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q", "enter":
		return common.Close{}
	case "w":
		return common.Do{A: common.ActWhy}
	default:
		common.Scroll(&d.view, key)
	}
	return nil
}

func (d *recordDialog) Draw(sh *common.Context, w, _ int) common.Panel {
	if r, ok := d.latest(d.row.ID); ok {
		d.row = r
	}
	r := d.row
	f := &facts{t: sh.Theme, w: min(w, 100)}
	recordFacts(sh, f, r)
	wireLines(sh, f, r)
	ownerFacts(sh, f, r)
	f.findings(r.Findings)
	return common.Panel{Title: common.RecordLabel(r), Lines: f.out, Hints: common.KeyHints("w", "why", "esc", "close"), View: &d.view}
}

// recordFacts says what the API says of a record.
func recordFacts(sh *common.Context, f *facts, r *rows.Record) {
	c := r.Rec
	f.add("zone", c.Zone)
	f.add("name", c.Name)
	f.add("type", c.Type)
	f.add("value", c.Value)
	ttl := fmt.Sprintf("%d s", c.TTL)
	if c.AutoTTL {
		ttl = "auto, counts as " + ttl
	}
	f.add("ttl", ttl)
	if c.Proxied {
		f.add("proxied", "yes: the name answers with Cloudflare's own addresses")
	}
	f.add("comment", c.Comment)
	f.add("policy", c.Policy)
	f.add("id", c.ID)
	f.add("set", c.SetID)
	if c.InWeightedSet() {
		f.add("weight", strconv.FormatInt(c.Weight, 10))
	}
	if c.Alias {
		f.add("alias", "read-only")
	}
	f.add("node", r.Node)
	f.add("service", sh.Picture.View.ServiceOf(c))
}

// ownerFacts tells whose a record is.
func ownerFacts(sh *common.Context, f *facts, r *rows.Record) {
	for _, o := range r.Rec.Owners {
		f.head("Owner marker")
		f.add("fleet", o.Fleet)
		f.add("cloud key", string(o.Cloud))
		f.add("instance", o.Instance)
		f.add("registered", o.Registered.Format(time.RFC3339)+", "+rows.Age(sh.Now().Sub(o.Registered))+" ago")
		if o.Quiesced {
			f.add("quiesced", "yes")
		}
	}
	for _, b := range r.Rec.BadMarkers {
		f.add("bad marker", b)
	}
}

// zoneLines says what the name servers of a zone are.
func zoneLines(sh *common.Context, f *facts, zone string) {
	if sh.Picture == nil {
		return
	}
	w := sh.Picture.View.WireZone(zone)
	if w == nil {
		return
	}
	glyph, role, word := common.WireGlyph(sh.Theme, w.State)
	f.head("Name servers  " + sh.Theme.Paint(role, glyph+" "+word))
	f.out = append(f.out, common.Wrap(common.Clean(w.Reason+", asked "+rows.Age(sh.Now().Sub(w.At))+" ago"), max(f.w, 10))...)
	for _, p := range w.Problems {
		f.add(sh.Theme.Paint(theme.Warn, sh.Theme.Warn), p)
	}
	for _, u := range w.Unresolved {
		f.add(sh.Theme.Paint(theme.Bad, sh.Theme.Bad), "resolver "+u)
	}
	for _, fact := range w.Facts {
		f.add("", fact)
	}
}
