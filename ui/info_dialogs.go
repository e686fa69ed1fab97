package ui

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/ui/theme"
)

// textDialog shows lines that can be scrolled.
type textDialog struct {
	title string
	lines []string
	view  viewport.Model
	hints []key.Binding
	keys  map[string]action
}

func (d *textDialog) key(_ *shared, k tea.KeyPressMsg) action {
	switch key := k.String(); key {
	case "esc", "q", "enter":
		return actClose{}
	default:
		if a, ok := d.keys[key]; ok {
			return a
		}
		scroll(&d.view, key)
	}
	return nil
}

func (d *textDialog) draw(_ *shared, _, _ int) panel {
	return panel{title: d.title, lines: d.lines, hints: append(d.hints, keyHint("esc", "close")), view: &d.view}
}

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
	for i, l := range wrap(Clean(value), max(f.w-factName, 10)) {
		if i > 0 {
			name = ""
		}
		f.out = append(f.out, f.t.Paint(theme.Dim, fit(name, factName, ""))+l)
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
		glyph, role := severityGlyph(f.t, n.Severity)
		for i, l := range wrap(Clean(n.Reason), max(f.w-factName, 10)) {
			name := strings.Repeat(" ", factName)
			if i == 0 {
				name = f.t.Paint(role, fit(glyph+" "+string(n.Class), factName-1, f.t.Ellipsis)) + " "
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

func (sh *shared) instanceDetail(r *rows.Instance) {
	f := &facts{t: sh.theme, w: sh.textWidth()}
	i := r.Inst
	f.add("cloud", i.Cloud+"  "+string(i.Provider)+"  "+i.Region)
	f.add("id", i.ID)
	f.add("state", string(i.State))
	f.add("reason", i.Reason)
	f.add("type", i.Type)
	f.add("image", i.Image)
	f.add("public", addresses(i.PublicIPs))
	f.add("elastic", addresses(i.ElasticIPs))
	f.add("private", addresses(i.PrivateIPs))
	if !i.Launched.IsZero() {
		f.add("launched", i.Launched.Format(time.RFC3339)+", "+age(sh.now().Sub(i.Launched))+" ago")
	}
	f.add("launch", i.LaunchID)
	f.add("service", strings.Join(sh.model.view.ServicesOfInstance(i), "  "))
	if len(i.Tags) > 0 {
		f.head("Tags")
		for _, k := range slices.Sorted(maps.Keys(i.Tags)) {
			f.add(fit(Clean(k), factName-1, sh.theme.Ellipsis)+" ", i.Tags[k])
		}
	}
	if len(r.Records) > 0 {
		f.head("Records")
		for _, id := range r.Records {
			f.add(id.Type, id.Name+"  "+id.Value)
		}
	}
	f.findings(r.Findings)
	sh.open(&textDialog{
		title: r.Ref.Name, lines: f.out, hints: keyHints("w", "why", "l", "console log"),
		keys: map[string]action{"w": actDo{ActWhy}, "l": actDo{actConsoleLog}},
	})
}

// quitDialog asks before the console leaves changes that still run.
type quitDialog struct{ n int }

func (d *quitDialog) key(sh *shared, k tea.KeyPressMsg) action {
	switch k.String() {
	case "y", "enter":
		sh.cancel()
		return actCmd{tea.Quit}
	case "esc", "n", "q":
		return actClose{}
	}
	return nil
}

func (d *quitDialog) draw(sh *shared, _, _ int) panel {
	return panel{title: "Quit", danger: true, lines: []string{
		countOf(d.n, "change") + " still running.",
		"The step under way ends, no new one begins; the journal",
		"knows what was done, and undo can take it back.",
	}, hints: keyHints("y", "quit", "esc", "stay")}
}
