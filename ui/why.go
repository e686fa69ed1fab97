package ui

import (
	"cmp"
	"strings"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// whyDialog shows what a finding rests on, and how the guards stand to its
// remedy, which is asked of the clouds while the dialog is open.
type whyDialog struct {
	gen     uint64
	title   string
	finding *dnsview.Finding
	advice  string
	check   *apply.Report
	asked   bool
	view    viewport.Model
}

// why opens the evidence of a finding, and says so when there is none.
func openWhy(sh *shared, f *dnsview.Finding) tea.Cmd {
	if f == nil {
		sh.notify(toneInfo, "nothing was found about this row")
		return nil
	}
	d := &whyDialog{gen: sh.nextID(), title: Clean(string(f.Class)), finding: f}
	if sh.model != nil {
		d.advice = Clean(sh.model.view.Advice(f))
	}
	sh.open(d)
	if f.Remedy == dnsview.NoRemedy {
		return nil
	}
	d.asked = true
	gen, backend, ctx := d.gen, sh.backend, sh.ctx
	return func() tea.Msg {
		p, err := backend.Plan(ctx, ChangeRequest{Findings: []*dnsview.Finding{f}})
		if err != nil || len(p.Steps) == 0 {
			return whyMsg{gen, &apply.Report{Plan: p}}
		}
		return whyMsg{gen, backend.Check(ctx, p)}
	}
}

// whyMsg brings the state of the guards.
type whyMsg struct {
	gen    uint64
	report *apply.Report
}

func (d *whyDialog) receive(_ *shared, msg tea.Msg) (tea.Cmd, bool) {
	read, ok := msg.(whyMsg)
	if ok = ok && read.gen == d.gen; ok {
		d.check = read.report
	}
	return nil, ok
}

func (d *whyDialog) key(_ *shared, k tea.KeyPressMsg) action {
	switch key := k.String(); key {
	case "esc", "q", "enter", "w":
		return actClose{}
	case "d":
		if d.finding.OneKey {
			return actDo{ActDeregister}
		}
	case "a":
		if d.finding.Remedy != dnsview.NoRemedy {
			return actDo{ActRemedy}
		}
	default:
		scroll(&d.view, key)
	}
	return nil
}

func (d *whyDialog) draw(sh *shared, w, _ int) panel {
	t, n := sh.theme, d.finding
	f := &facts{t: t, w: min(w, 100)}
	glyph, role := severityGlyph(t, n.Severity)
	for i, l := range wrap(Clean(n.Reason), max(f.w-2, 10)) {
		lead := "  "
		if i == 0 {
			lead = t.Paint(role, glyph) + " "
		}
		f.out = append(f.out, lead+l)
	}
	f.add("severity", n.Severity.String())
	if n.Would != "" {
		f.add("would be", string(n.Would)+", if everything were known")
	}
	f.add("remedy", cmp.Or(string(n.Remedy), "none"))
	if d.advice != "" {
		f.add("advice", d.advice)
	}
	if len(n.Evidence) > 0 {
		f.head("Evidence")
		for _, e := range n.Evidence {
			text := e.Fact
			if !e.At.IsZero() {
				text += " (" + rows.Age(sh.now().Sub(e.At)) + " ago)"
			}
			f.add(fit(Clean(e.Source), factName-1, t.Ellipsis)+" ", text)
		}
	}
	if len(n.RestsOn) > 0 {
		f.head("Rests on")
		for _, b := range n.RestsOn {
			glyph, _ := coverageGlyph(t, b.State)
			text := glyph + " " + string(b.State) + ", read " + rows.Age(b.Age) + " before"
			if b.State == providers.CoverageNone {
				text = glyph + " not read yet"
			}
			if b.Err != "" {
				text += ": " + b.Err
			}
			f.add(fit(Clean(b.Source), factName-1, t.Ellipsis)+" ", text)
		}
	}
	if d.asked {
		f.head("Guards, asked just now")
		f.out = append(f.out, d.guards(t, f.w)...)
	}
	return panel{
		title: "why " + d.title, lines: f.out, view: &d.view,
		hints: append(sh.remedyHints(n)[:len(sh.remedyHints(n))-1], keyHint("esc", "close")),
	}
}

// guards lists the guards of the remedy with their state.
func (d *whyDialog) guards(t *theme.Theme, w int) []string {
	if d.check == nil {
		return []string{t.Paint(theme.Notice, t.Wait+" asking every cloud afresh"+t.Ellipsis)}
	}
	var out []string
	if len(d.check.Steps) == 0 {
		out = append(out, t.Paint(theme.Dim, t.Dot+" no plan"))
		for _, s := range d.check.Plan.Skipped {
			out = append(out, wrap("  "+Clean(s), w)...)
		}
		return out
	}
	for i := range d.check.Steps {
		s := &d.check.Steps[i]
		if len(s.Guards) == 0 && s.State == apply.StepReady {
			continue
		}
		for _, g := range s.Guards {
			glyph, role := t.OK, theme.Good
			switch {
			case g.Pass:
			case g.NoEvidence:
				glyph, role = t.Warn, theme.Warn
			default:
				glyph, role = t.Bad, theme.Bad
			}
			text := g.Why
			if !g.Pass && g.Satisfy != "" {
				text += "; " + g.Satisfy
			}
			for i, l := range wrap(Clean(text), max(w-factName, 10)) {
				lead := strings.Repeat(" ", factName)
				if i == 0 {
					lead = t.Paint(role, fit(glyph+" "+string(g.Guard), factName-1, t.Ellipsis)) + " "
				}
				out = append(out, lead+l)
			}
		}
	}
	if len(out) == 0 {
		out = append(out, t.Paint(theme.Good, t.OK+" none stands in the way"))
	}
	return out
}
