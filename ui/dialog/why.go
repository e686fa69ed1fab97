package dialog

import (
	"cmp"
	"slices"
	"strings"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// whyDialog shows the evidence of a finding, and the results of the guards of its remedy, which are checked while the
// dialog is open.
type whyDialog struct {
	gen     uint64
	title   string
	finding *dnsview.Finding
	more    []*dnsview.Finding // of other marked rows
	advice  string
	check   *apply.Report
	asked   bool
	view    viewport.Model
}

// Why opens the evidence of a finding, or what several are with the guards of the steps that remedy them. It shows a message if
// there is none.
func Why(sh *common.Context, list ...*dnsview.Finding) tea.Cmd {
	var found []*dnsview.Finding
	for _, f := range list {
		if f != nil && !slices.Contains(found, f) {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		sh.Notify(common.ToneInfo, "nothing was found about this row")
		return nil
	}
	f := found[0]
	d := &whyDialog{gen: sh.NextID(), title: common.Clean(string(f.Class)), finding: f, more: slices.Clone(found[1:])}
	if len(d.more) > 0 {
		d.title = providers.CountOf(len(found), "finding")
	} else if sh.Picture != nil {
		d.advice = common.Clean(sh.Picture.View.Advice(f))
	}
	sh.Open(d)
	found = slices.DeleteFunc(found, func(f *dnsview.Finding) bool { return f.Remedy == dnsview.NoRemedy })
	if len(found) == 0 {
		return nil
	}
	d.asked = true
	gen, backend, ctx := d.gen, sh.Backend, sh.Ctx
	return func() tea.Msg {
		p, err := backend.Plan(ctx, common.ChangeRequest{Findings: found})
		if err != nil || len(p.Steps) == 0 {
			return whyMsg{gen, &apply.Report{Plan: p}}
		}
		return whyMsg{gen, backend.Check(ctx, p)}
	}
}

// whyMsg holds the results of the guards.
type whyMsg struct {
	gen    uint64
	report *apply.Report
}

func (d *whyDialog) Receive(_ *common.Context, msg tea.Msg) (tea.Cmd, bool) {
	read, ok := msg.(whyMsg)
	if ok = ok && read.gen == d.gen; ok {
		d.check = read.report
	}
	return nil, ok
}

func (d *whyDialog) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q", "enter", "w":
		return common.Close{}
	case "d":
		if d.finding.OneKey {
			return common.Do{A: common.ActDeregister}
		}
	case "a":
		if d.asked {
			return common.Do{A: common.ActRemedy}
		}
	default:
		common.Scroll(&d.view, key)
	}
	return nil
}

func (d *whyDialog) Draw(sh *common.Context, w, _ int) common.Panel {
	t, n := sh.Theme, d.finding
	f := &Facts{T: t, W: min(w, 100)}
	for _, n := range append([]*dnsview.Finding{n}, d.more...) {
		glyph, role := common.SeverityGlyph(t, n.Severity)
		for i, l := range common.Wrap(common.Clean(n.Reason), max(f.W-2, 10)) {
			lead := "  "
			if i == 0 {
				lead = t.Paint(role, glyph) + " "
			}
			f.Out = append(f.Out, lead+l)
		}
	}
	if len(d.more) > 0 {
		return d.panel(sh, f)
	}
	f.Add("severity", n.Severity.String())
	if sh.Picture != nil {
		if s := rows.NewFinding(sh.Picture.View, n).Snooze(); s != nil {
			f.Add("snoozed", "for "+rows.Age(s.Until.Sub(sh.Now()))+" more by "+s.By+": "+s.Reason)
		}
	}
	if n.Would != "" {
		f.Add("would be", string(n.Would)+", if everything were known")
	}
	f.Add("remedy", cmp.Or(string(n.Remedy), "none"))
	if d.advice != "" {
		f.Add("advice", d.advice)
	}
	if len(n.Evidence) > 0 {
		f.Head("Evidence")
		for _, e := range n.Evidence {
			text := e.Fact
			if !e.At.IsZero() {
				text += " (" + rows.Age(sh.Now().Sub(e.At)) + " ago)"
			}
			f.Add(common.Clean(e.Source), text)
		}
	}
	if len(n.RestsOn) > 0 {
		f.Head("Rests on")
		for _, b := range n.RestsOn {
			glyph, _ := common.CoverageGlyph(t, b.State)
			text := glyph + " " + string(b.State) + ", read " + rows.Age(b.Age) + " before"
			if b.State == providers.CoverageNone {
				text = glyph + " not read yet"
			}
			if b.Err != "" {
				text += ": " + b.Err
			}
			f.Add(common.Clean(b.Source), text)
		}
	}
	return d.panel(sh, f)
}

// panel adds the guards.
func (d *whyDialog) panel(sh *common.Context, f *Facts) common.Panel {
	if d.asked {
		f.Head("Guards, asked just now")
		f.Out = append(f.Out, d.guards(sh.Theme, f.W)...)
	}
	return common.Panel{
		Title: "why " + d.title, Lines: f.Out, View: &d.view,
		Hints: append(sh.RemedyHints(d.finding)[:len(sh.RemedyHints(d.finding))-1], common.KeyHint("esc", "close")),
	}
}

// guards draws the guards of each step of the remedy with their state.
func (d *whyDialog) guards(t *theme.Theme, w int) []string {
	if d.check == nil {
		return []string{t.Paint(theme.Notice, t.Wait+" asking every cloud afresh"+t.Ellipsis)}
	}
	var out []string
	if len(d.check.Steps) == 0 {
		out = append(out, t.Paint(theme.Dim, t.Dot+" no plan"))
		for _, s := range d.check.Plan.Skipped {
			out = append(out, common.Wrap("  "+common.Clean(s), w)...)
		}
		return out
	}
	for i := range d.check.Steps {
		s := &d.check.Steps[i]
		if len(s.Guards) == 0 && s.State == apply.StepReady {
			continue
		}
		out = append(out, common.Wrap("of: "+common.Clean(s.Step.Sentence), w)...)
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
			for i, l := range common.Wrap(common.Clean(text), max(w-factName, 10)) {
				lead := strings.Repeat(" ", factName)
				if i == 0 {
					lead = t.Paint(role, common.Fit(glyph+" "+string(g.Guard), factName-1, t.Ellipsis)) + " "
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
