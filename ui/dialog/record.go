package dialog

import (
	"time"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// Record shows the details of a record and updates them while it is open, because answers of name servers change and
// TTLs run out.
type Record struct {
	Row    *rows.Record // as last seen
	Latest func(providers.Identity) (*rows.Record, bool)
	view   viewport.Model
}

// Key implements common.Dialog.
func (d *Record) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
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

// Draw implements common.Dialog.
func (d *Record) Draw(sh *common.Context, w, _ int) common.Panel {
	if r, ok := d.Latest(d.Row.Key()); ok {
		d.Row = r
	}
	r := d.Row
	f := &Facts{T: sh.Theme, W: min(w, 100)}
	f.Add("zone", r.Rec.Zone)
	f.fields(r.Rec, "yes: the name answers with Cloudflare's own addresses")
	f.Add("node", r.Node)
	f.Add("service", sh.Picture.View.ServiceOf(r.Rec))
	f.note(r.Note(), sh.Now())
	wireLines(sh, f, r)
	ownerFacts(sh, f, r)
	f.Findings(r.Findings)
	return common.Panel{Title: common.RecordLabel(r), Lines: f.Out, Hints: common.KeyHints("w", "why", "esc", "close"), View: &d.view}
}

// ownerFacts adds the owner of a record.
func ownerFacts(sh *common.Context, f *Facts, r *rows.Record) {
	for _, o := range r.Rec.Owners {
		f.Head("Owner marker")
		f.Add("fleet", o.Fleet)
		f.Add("cloud key", string(o.Cloud))
		f.Add("instance", o.Instance)
		f.Add("registered", o.Registered.Format(time.RFC3339)+", "+rows.Age(sh.Now().Sub(o.Registered))+" ago")
		if o.Quiesced {
			f.Add("quiesced", "yes")
		}
	}
	for _, b := range r.Rec.BadMarkers {
		f.Add("bad marker", b)
	}
}

// ZoneLines adds the name servers of a zone.
func ZoneLines(sh *common.Context, f *Facts, zone string) {
	if sh.Picture == nil {
		return
	}
	w := sh.Picture.View.WireZone(zone)
	if w == nil {
		return
	}
	glyph, role, word := common.WireGlyph(sh.Theme, w.State)
	f.Head("Name servers  " + sh.Theme.Paint(role, glyph+" "+word))
	f.Out = append(f.Out, common.Wrap(common.Clean(w.Reason+", asked "+rows.Age(sh.Now().Sub(w.At))+" ago"), max(f.W, 10))...)
	for _, p := range w.Problems {
		f.Add(sh.Theme.Paint(theme.Warn, sh.Theme.Warn), p)
	}
	for _, u := range w.Unresolved {
		f.Add(sh.Theme.Paint(theme.Bad, sh.Theme.Bad), "resolver "+u)
	}
	for _, fact := range w.Facts {
		f.Add("", fact)
	}
}
