package ui

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// facts collects lines of a name and what is known under it.
type facts struct {
	t   *theme.Theme
	w   int
	out []string
}

const factName = 13

func (f *facts) add(name, value string) {
	if value == "" {
		return
	}
	for i, l := range common.Wrap(common.Clean(value), max(f.w-factName, 10)) {
		if i > 0 {
			name = ""
		}
		f.out = append(f.out, f.t.Paint(theme.Dim, common.Fit(name, factName, ""))+l)
	}
}

func (f *facts) head(s string) {
	if len(f.out) > 0 {
		f.out = append(f.out, "")
	}
	f.out = append(f.out, f.t.Paint(theme.Strong, s))
}

func (f *facts) findings(list []*dnsview.Finding) {
	if len(list) == 0 {
		return
	}
	f.head("Findings")
	for _, n := range list {
		glyph, role := common.SeverityGlyph(f.t, n.Severity)
		for i, l := range common.Wrap(common.Clean(n.Reason), max(f.w-factName, 10)) {
			name := strings.Repeat(" ", factName)
			if i == 0 {
				name = f.t.Paint(role, common.Fit(glyph+" "+string(n.Class), factName-1, f.t.Ellipsis)) + " "
			}
			f.out = append(f.out, name+l)
		}
	}
}

func addresses(list []netip.Addr) string {
	s := make([]string, len(list))
	for i, a := range list {
		s[i] = a.String()
	}
	return strings.Join(s, "  ")
}

// diff adds the lines that go and the lines that come.
func (f *facts) diff(c *providers.Change) {
	for _, l := range dnsview.Diff(c) {
		f.out = append(f.out, diffLines(f.t, l, f.w)...)
	}
}

// diffLines draws one line of a diff, its sign before each of the lines that it takes.
func diffLines(t *theme.Theme, l dnsview.DiffLine, w int) []string {
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

// record adds every field of a record that says something.
func (f *facts) record(r *providers.Record) {
	f.add("name", r.Name)
	f.add("type", r.Type)
	f.add("value", r.Value)
	ttl := fmt.Sprintf("%d s", r.TTL)
	if r.AutoTTL {
		ttl = "auto, counts as " + ttl
	}
	f.add("ttl", ttl)
	if r.Proxied {
		f.add("proxied", "yes")
	}
	f.add("set", r.SetID)
	if r.Weight != 0 {
		f.add("weight", fmt.Sprint(r.Weight))
	}
	f.add("policy", r.Policy)
	f.add("comment", r.Comment)
	f.add("id", r.ID)
	if !r.Modified.IsZero() {
		f.add("modified", r.Modified.Format(time.RFC3339))
	}
	for _, o := range r.Owners {
		word := ""
		if o.Quiesced {
			word = ", quiesced"
		}
		f.add("owner", fmt.Sprintf("%s of fleet %s in cloud %s, since %s%s", o.Instance, o.Fleet, o.Cloud, o.Registered.Format(time.RFC3339), word))
	}
	for _, b := range r.BadMarkers {
		f.add("bad marker", b)
	}
}

// marked adds a line whose name has a glyph and its colour.
func (f *facts) marked(role theme.Role, name, value string) {
	for i, l := range common.Wrap(common.Clean(value), max(f.w-factName, 10)) {
		if i > 0 {
			name = ""
		}
		f.out = append(f.out, f.t.Paint(role, common.Fit(common.Clean(name), factName, ""))+l)
	}
}

func (f *facts) attributes(t dnssd.TXT) {
	for _, p := range t {
		value := p.Value
		if !p.HasValue {
			value = "(is there)"
		} else if value == "" {
			value = `""`
		}
		f.add(common.Fit(common.Clean(p.Key), factName-1, f.t.Ellipsis)+" ", value)
	}
}

func (f *facts) records(title string, list []*providers.Record) {
	if len(list) == 0 {
		return
	}
	f.head(title)
	for _, r := range list {
		f.add(r.Type, r.Name+"  "+r.Value)
	}
}

// server writes one line for one server, more where its answer is long.
func (f *facts) server(glyph string, role theme.Role, who, says, ttl string) {
	const ttlWidth = 9
	name := max(min(f.w*2/5, 44), 12)
	room := max(f.w-2-name-1-ttlWidth-1, 8)
	for i, l := range common.Wrap(common.Clean(says), room) {
		if i > 0 {
			glyph, who, ttl = " ", "", ""
		}
		f.out = append(f.out, f.t.Paint(role, glyph)+" "+common.Fit(common.Clean(who), name, f.t.Ellipsis)+" "+common.Fit(l, room, "")+" "+f.t.Paint(theme.Dim, common.Fit(ttl, ttlWidth, "")))
	}
}
