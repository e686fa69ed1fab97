package ui

import (
	"fmt"
	"strconv"
	"time"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// recordDialog shows all that is known of a record. It follows the record while
// it is open: what name servers answer changes, and TTLs run out.
type recordDialog struct {
	row    *rows.Record // as it was seen last
	latest func(providers.Identity) (*rows.Record, bool)
	view   viewport.Model
}

func (d *recordDialog) key(_ *shared, k tea.KeyPressMsg) action {
	switch key := k.String(); key {
	case "esc", "q", "enter":
		return actClose{}
	case "w":
		return actDo{ActWhy}
	default:
		scroll(&d.view, key)
	}
	return nil
}

func (d *recordDialog) draw(sh *shared, w, _ int) panel {
	if r, ok := d.latest(d.row.ID); ok {
		d.row = r
	}
	r := d.row
	f := &facts{t: sh.theme, w: min(w, 100)}
	recordFacts(sh, f, r)
	wireLines(sh, f, r)
	ownerFacts(sh, f, r)
	f.findings(r.Findings)
	return panel{title: label(r), lines: f.out, hints: keyHints("w", "why", "esc", "close"), view: &d.view}
}

// recordFacts says what the API says of a record.
func recordFacts(sh *shared, f *facts, r *rows.Record) {
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
	f.add("service", sh.model.view.ServiceOf(c))
}

// ownerFacts tells whose a record is.
func ownerFacts(sh *shared, f *facts, r *rows.Record) {
	for _, o := range r.Rec.Owners {
		f.head("Owner marker")
		f.add("fleet", o.Fleet)
		f.add("cloud key", string(o.Cloud))
		f.add("instance", o.Instance)
		f.add("registered", o.Registered.Format(time.RFC3339)+", "+rows.Age(sh.now().Sub(o.Registered))+" ago")
		if o.Quiesced {
			f.add("quiesced", "yes")
		}
	}
	for _, b := range r.Rec.BadMarkers {
		f.add("bad marker", b)
	}
}

// zoneLines says what the name servers of a zone are.
func zoneLines(sh *shared, f *facts, zone string) {
	if sh.model == nil {
		return
	}
	w := sh.model.view.WireZone(zone)
	if w == nil {
		return
	}
	glyph, role, word := wireGlyph(sh.theme, w.State)
	f.head("Name servers  " + sh.theme.Paint(role, glyph+" "+word))
	f.out = append(f.out, wrap(Clean(w.Reason+", asked "+rows.Age(sh.now().Sub(w.At))+" ago"), max(f.w, 10))...)
	for _, p := range w.Problems {
		f.add(sh.theme.Paint(theme.Warn, sh.theme.Warn), p)
	}
	for _, u := range w.Unresolved {
		f.add(sh.theme.Paint(theme.Bad, sh.theme.Bad), "resolver "+u)
	}
	for _, fact := range w.Facts {
		f.add("", fact)
	}
}
