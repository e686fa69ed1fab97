package dialog

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// Facts collects lines of a name and its value.
type Facts struct {
	T   *theme.Theme
	W   int
	Out []string

	name int // width of the names; 0 for factName
}

// factName is the width of the names of facts, with the space behind them.
const factName = 13

// names sets the width of the names that follow to that of the longest, at most a third of the line.
func (f *Facts) names(all []string) {
	f.name = factName
	for _, n := range all {
		f.name = max(f.name, min(ansi.StringWidth(n)+1, f.W/3))
	}
}

// label returns a name in the width of names. One that is too long is cut in the middle.
func (f *Facts) label(name string) string {
	w := cmp.Or(f.name, factName)
	if ansi.StringWidth(name) > w {
		name = grid.CutMiddle(name, w-1, f.T.Ellipsis)
	}
	return common.Fit(name, w, "")
}

// Add adds a name with its value, unless the value is empty.
func (f *Facts) Add(name, value string) {
	if value == "" {
		return
	}
	for i, l := range common.Wrap(common.Clean(value), max(f.W-cmp.Or(f.name, factName), 10)) {
		if i > 0 {
			name = ""
		}
		f.Out = append(f.Out, f.T.Paint(theme.Dim, f.label(name))+l)
	}
}

// Head starts a section.
func (f *Facts) Head(s string) {
	if len(f.Out) > 0 {
		f.Out = append(f.Out, "")
	}
	f.Out = append(f.Out, f.T.Paint(theme.Strong, s))
}

// Findings adds findings with their reasons.
func (f *Facts) Findings(list []*dnsview.Finding) {
	if len(list) == 0 {
		return
	}
	f.Head("Findings")
	for _, n := range list {
		glyph, role := common.SeverityGlyph(f.T, n.Severity)
		for i, l := range common.Wrap(common.Clean(n.Reason), max(f.W-factName, 10)) {
			name := strings.Repeat(" ", factName)
			if i == 0 {
				name = f.T.Paint(role, common.Fit(glyph+" "+string(n.Class), factName-1, f.T.Ellipsis)) + " "
			}
			f.Out = append(f.Out, name+l)
		}
	}
}

// Addresses returns addresses as a text.
func Addresses(list []netip.Addr) string {
	s := make([]string, len(list))
	for i, a := range list {
		s[i] = a.String()
	}
	return strings.Join(s, "  ")
}

// Diff adds the removed and added lines of a change.
func (f *Facts) Diff(c *providers.Change) {
	for _, l := range plan.Diff(c) {
		f.Out = append(f.Out, diffLines(f.T, l, f.W)...)
	}
}

// diffLines draws one line of a diff, with its sign on each of its screen lines.
func diffLines(t *theme.Theme, l plan.DiffLine, w int) []string {
	role := theme.Good
	if l.Sign == '-' {
		role = theme.Bad
	}
	var out []string
	for i, s := range common.Wrap(l.Text, max(w-2, 8)) {
		sign := string(l.Sign)
		if i > 0 {
			sign = " "
		}
		out = append(out, t.Paint(role, sign+" "+s))
	}
	return out
}

// fields adds what the API returns of a record; proxied is the text for a proxied one.
func (f *Facts) fields(r *providers.Record, proxied string) {
	f.Add("name", r.Name)
	f.Add("type", r.Type)
	f.Add("value", r.Value)
	ttl := fmt.Sprintf("%d s", r.TTL)
	if r.AutoTTL {
		ttl = "auto, counts as " + ttl
	}
	f.Add("ttl", ttl)
	if r.Proxied {
		f.Add("proxied", proxied)
	}
	f.Add("comment", r.Comment)
	f.Add("policy", r.Policy)
	f.Add("id", r.ID)
	f.Add("set", r.SetID)
	if r.Weight != 0 || r.InWeightedSet() {
		f.Add("weight", fmt.Sprint(r.Weight))
	}
	if r.Alias {
		f.Add("alias", "read-only")
	}
}

// Record adds every field of a record that says something.
func (f *Facts) Record(r *providers.Record) {
	f.fields(r, "yes")
	if !r.Modified.IsZero() {
		f.Add("modified", r.Modified.Format(time.RFC3339))
	}
	for _, o := range r.Owners {
		word := ""
		if o.Quiesced {
			word = ", quiesced"
		}
		f.Add("owner", fmt.Sprintf("%s of fleet %s in cloud %s, since %s%s", o.Instance, o.Fleet, o.Cloud, o.Registered.Format(time.RFC3339), word))
	}
	for _, b := range r.BadMarkers {
		f.Add("bad marker", b)
	}
}

// Marked adds a name with a glyph and its colour.
func (f *Facts) Marked(role theme.Role, name, value string) {
	for i, l := range common.Wrap(common.Clean(value), max(f.W-cmp.Or(f.name, factName), 10)) {
		if i > 0 {
			name = ""
		}
		f.Out = append(f.Out, f.T.Paint(role, f.label(common.Clean(name)))+l)
	}
}

// Attributes adds the attributes of a TXT value.
func (f *Facts) Attributes(t dnssd.TXT) {
	for _, p := range t {
		value := p.Value
		if !p.HasValue {
			value = "(is there)"
		} else if value == "" {
			value = `""`
		}
		f.Add(common.Clean(p.Key), value)
	}
}

// Records adds records under a title, if there are any.
func (f *Facts) Records(title string, list []*providers.Record) {
	if len(list) == 0 {
		return
	}
	f.Head(title)
	for _, r := range list {
		f.Add(r.Type, r.Name+"  "+r.Value)
	}
}

// server adds the line of one server, or several if its answer is long.
func (f *Facts) server(glyph string, role theme.Role, who, says, ttl string) {
	const ttlWidth = 9
	name := max(min(f.W*2/5, 44), 12)
	room := max(f.W-2-name-1-ttlWidth-1, 8)
	for i, l := range common.Wrap(common.Clean(says), room) {
		if i > 0 {
			glyph, who, ttl = " ", "", ""
		}
		f.Out = append(f.Out, f.T.Paint(role, glyph)+" "+common.Fit(common.Clean(who), name, f.T.Ellipsis)+" "+common.Fit(l, room, "")+" "+f.T.Paint(theme.Dim, common.Fit(ttl, ttlWidth, "")))
	}
}

// note adds the note of an operator, or nothing.
func (f *Facts) note(n *rows.NoteObject, now time.Time) {
	if n != nil {
		f.Add("note", n.Text+" ("+n.By+", "+rows.Age(now.Sub(n.At))+" ago)")
	}
}
