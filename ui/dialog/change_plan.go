package dialog

import (
	"cmp"
	"fmt"
	"strings"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// drawnSteps caches the lines of a drawn plan with their inputs, so that a long plan is not laid out again for every
// frame.
type drawnSteps struct {
	stage      stage
	w          int
	allGuards  bool
	theme      *theme.Theme
	report     *apply.Report
	eventCount int // events of the run
	wait       int // waiting step
	lines      []string
}

func (d *drawnSteps) same(o *drawnSteps) bool {
	return d.lines != nil && d.stage == o.stage && d.w == o.w && d.allGuards == o.allGuards && d.theme == o.theme && d.report == o.report && d.eventCount == o.eventCount && d.wait == o.wait
}

// steps draws the plan as a diff, step by step, with what is known of each.
func (d *changeDialog) steps(sh *common.Context, w int) []string {
	c := d.c
	from := c.check
	if c.report != nil {
		from = c.report
	}
	if c.stage == stageRunning {
		from = nil
	}
	now := drawnSteps{stage: c.stage, w: min(w, 100), allGuards: c.allGuards, theme: sh.Theme, report: from, eventCount: c.eventCount, wait: c.wait.Step}
	if !c.drawn.same(&now) {
		now.lines = d.layOut(sh, &now)
		c.drawn = now
	}
	return c.drawn.lines
}

func (d *changeDialog) layOut(sh *common.Context, as *drawnSteps) []string {
	c, t, w := d.c, sh.Theme, as.w
	out := []string{}
	if n := len(c.plan.Steps); n > 0 {
		out = append(out, t.Paint(theme.Dim, providers.CountOf(n, "step")+tally(as.report)+" "+t.Dot+" checksum "+c.checksum))
	}
	if c.isReplacement() && len(c.plan.Steps) > 0 {
		out = append(out, paintIndented(t, theme.Notice, t.Dot, theme.Plain, c.limitText(), w)...)
	}
	for _, n := range notices(as.report) {
		out = append(out, paintIndented(t, theme.Warn, t.Warn, theme.Plain, sh.Readable(n), w)...)
	}
	out = append(out, remains(t, c.plan.Evacuated, w)...)
	skipped := []string{}
	for _, s := range c.plan.Skipped {
		skipped = append(skipped, paintIndented(t, theme.Dim, t.Dot, theme.Dim, sh.Readable(s), w)...)
	}
	if c.plan.Evacuated != nil { // what still leads to the cloud comes before the many steps
		out, skipped = append(out, skipped...), nil
	}
	reports := map[int]*apply.StepReport{}
	if as.report != nil {
		for i := range as.report.Steps {
			reports[as.report.Steps[i].Step.ID] = &as.report.Steps[i]
		}
	}
	shown := map[string]bool{} // reasons
	for i := range c.plan.Steps {
		s := &c.plan.Steps[i]
		state := c.states[s.ID]
		r := reports[s.ID]
		if r != nil {
			state = r.State
		} else if c.stage != stageRunning {
			state = ""
		}
		glyph, role := stepGlyph(t, state, c.stage == stageRunning && (c.states[s.ID] == "" && c.wait.Step == s.ID))
		if r != nil && r.WaitsForText() {
			glyph, role = t.Warn, theme.Warn
		}
		out = append(out, paintIndented(t, role, glyph, theme.Plain, sh.Readable(s.Sentence), w)...)
		if s.Change != nil {
			for _, l := range plan.Diff(s.Change) {
				for _, line := range diffLines(t, l, w-4) {
					out = append(out, "    "+line)
				}
			}
		}
		if len(s.Needs) > 0 && c.allGuards {
			out = append(out, "    "+t.Paint(theme.Dim, "only after step "+strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Needs), " ", ", "), "[]")))
		}
		if r != nil {
			out = append(out, d.stepDetail(sh, r, shown, w)...)
		}
	}
	out = append(out, skipped...)
	if as.report != nil {
		for _, n := range as.report.Nodes {
			out = append(out, paintIndented(t, theme.Warn, t.Warn, theme.Warn, sh.Readable(n.Text), w)...)
		}
		for _, n := range as.report.Notes {
			out = append(out, paintIndented(t, theme.Notice, t.Dot, theme.Notice, sh.Readable(n), w)...)
		}
	}
	return out
}

// notices returns what should be read before a plan is carried out although its guards pass, each with its node.
func notices(r *apply.Report) (out []string) {
	if r == nil {
		return nil
	}
	for i := range r.Steps {
		ref := &r.Steps[i].Step.Instance
		for _, g := range r.Steps[i].Guards {
			for _, n := range g.Notices {
				out = append(out, cmp.Or(ref.Name, ref.ID)+": "+n)
			}
		}
	}
	return out
}

// remains draws what remains of each service when a cloud is evacuated, and begins with what would be short.
func remains(t *theme.Theme, e *plan.Evacuated, w int) (out []string) {
	if e == nil {
		return nil
	}
	for _, short := range []bool{true, false} {
		for i := range e.Remains {
			r := &e.Remains[i]
			switch {
			case r.Short() != short:
			case short:
				out = append(out, paintIndented(t, theme.Bad, t.Bad, theme.Bad, common.Clean(r.Text()), w)...)
			default:
				out = append(out, paintIndented(t, theme.Good, t.OK, theme.Plain, common.Clean(r.Text()), w)...)
			}
		}
	}
	return out
}

// tally returns the numbers of steps in each state as text.
func tally(r *apply.Report) string {
	if r == nil {
		return ""
	}
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	wait := 0
	for i := range r.Steps {
		if r.Steps[i].WaitsForText() {
			wait++
		}
	}
	for _, s := range []apply.StepState{apply.StepReady, apply.StepDone, apply.StepRefused, apply.StepFailed, apply.StepUnknown, apply.StepSkipped} {
		n := r.Count(s)
		if s == apply.StepRefused {
			n -= wait
		}
		add(n, string(s))
	}
	add(wait, map[bool]string{false: "wait", true: "waits"}[wait == 1]+" for the typed text")
	return ": " + strings.Join(parts, ", ")
}

// paintIndented draws a text after a glyph, with its other lines indented to the text.
func paintIndented(t *theme.Theme, glyphRole theme.Role, glyph string, role theme.Role, text string, w int) []string {
	var out []string
	for i, l := range common.Wrap(text, max(w-2, 8)) {
		if i == 0 {
			out = append(out, t.Paint(glyphRole, glyph)+" "+t.Paint(role, l))
		} else {
			out = append(out, "  "+t.Paint(role, l))
		}
	}
	return out
}

// stepDetail draws why a step is not done, and the results of its guards. Of guards that pass it shows only the number, and
// reasons that were shown for an earlier step are only named, unless all are shown.
func (d *changeDialog) stepDetail(sh *common.Context, r *apply.StepReport, shown map[string]bool, w int) []string {
	t := sh.Theme
	var out []string
	add := func(role theme.Role, glyph, s string) {
		for _, l := range paintIndented(t, role, glyph, role, sh.Readable(s), w-4) {
			out = append(out, "    "+l)
		}
	}
	above := func(why string) bool {
		was := shown[why]
		shown[why] = true
		return was && !d.c.allGuards
	}
	passed := 0
	explained := false
	for _, g := range r.Guards {
		switch {
		case g.Pass && d.c.allGuards:
			add(theme.Dim, t.OK, fmt.Sprintf("guard %s: %s", g.Guard, g.Why))
			continue
		case g.Pass:
			passed++
			continue
		}
		explained = true
		role, glyph, word := theme.Bad, t.Bad, "refused"
		switch {
		case r.WaitsForText():
			role, glyph, word = theme.Warn, t.Warn, "waits for the typed text"
		case g.NoEvidence:
			role, glyph, word = theme.Warn, t.Warn, "not known"
		}
		if above(fmt.Sprint(g)) {
			add(role, glyph, fmt.Sprintf("guard %s, %s: as above", g.Guard, word))
			continue
		}
		add(role, glyph, fmt.Sprintf("guard %s, %s: %s", g.Guard, word, g.Why))
		switch {
		case g.Confirm != "":
			add(theme.Dim, " ", fmt.Sprintf("what would satisfy it: type %q", g.Confirm))
		case g.Satisfy != "":
			add(theme.Dim, " ", "what would satisfy it: "+g.Satisfy)
		}
	}
	if passed > 0 {
		add(theme.Dim, t.OK, providers.CountOf(passed, "guard")+" passed")
	}
	if !explained && r.Why != "" {
		if above(r.Why) {
			add(theme.Warn, " ", "as above")
		} else {
			add(theme.Warn, " ", r.Why)
		}
	}
	if r.Err != nil && !explained && r.Why == "" {
		add(theme.Bad, " ", r.Err.Error())
	}
	if r.Wire != "" {
		add(theme.Dim, " ", r.Wire)
	}
	return out
}

func stepGlyph(t *theme.Theme, s apply.StepState, waiting bool) (string, theme.Role) {
	switch s {
	case apply.StepDone:
		return t.OK, theme.Good
	case apply.StepReady:
		return t.Hollow, theme.Good
	case apply.StepRefused, apply.StepFailed:
		return t.Bad, theme.Bad
	case apply.StepUnknown:
		return t.Warn, theme.Warn
	case apply.StepSkipped:
		return t.Dot, theme.Dim
	}
	if waiting {
		return t.Wait, theme.Notice
	}
	return t.Hollow, theme.Dim
}
