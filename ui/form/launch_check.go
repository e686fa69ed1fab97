package form

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
	"rollcall/userdata"
)

// checkAfter is how long the form waits after a change before programs check the boot scripts, because each typed
// letter changes them.
const checkAfter = 300 * time.Millisecond

// createProfile is the choice that makes a launch create its instance profile first.
const createProfile = "create"

// checks are the results of checking the launch.
type checks struct {
	asked      uint64 // number of the checked rendering
	lints      map[string]userdata.LintReport
	profiles   []common.ProfilePlan
	profileErr string
	err        string
}

// lintedMsg holds the checks of a form.
type lintedMsg struct {
	form   uint64
	checks checks
}

// check lints the boot scripts, and finds what has to be created, in a command. It stops checks that are still running.
func (d *launchForm) check(sh *common.Context) tea.Cmd {
	ctx, cancel := context.WithCancel(sh.Ctx)
	d.stop = cancel
	form, backend, rendered, req := d.gen, sh.Backend, d.rendered, d.request()
	out := checks{asked: d.asked, lints: map[string]userdata.LintReport{}}
	spec, name := d.spec(sh.FleetID), ""
	if d.createsProfile() {
		name = strings.TrimSpace(d.profile.Value())
	}
	return func() tea.Msg {
		defer cancel()
		if providers.Sleep(ctx, checkAfter) != nil {
			return nil
		}
		for cloud, r := range rendered {
			req.Cloud = cloud
			report, err := backend.Lint(ctx, req, r)
			if err != nil {
				out.err = common.Clean(err.Error())
			}
			out.lints[cloud] = report
		}
		if name != "" {
			var err error
			if out.profiles, err = backend.Profiles(ctx, spec, name); err != nil {
				out.profileErr = common.Clean(err.Error())
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		return lintedMsg{form, out}
	}
}

// hasRoles reports whether a cloud with instance profiles gets nodes.
func (d *launchForm) hasRoles() bool {
	return slices.ContainsFunc(d.clouds, func(c *cloudPart) bool { return c.traits.InstanceRoles && c.count.n > 0 })
}

// createsProfile reports whether the launch creates its instance profile first.
func (d *launchForm) createsProfile() bool { return d.hasRoles() && d.create.value() == createProfile }

// unchecked returns what the checks have against the launch, or "".
func (d *launchForm) unchecked() string {
	switch {
	case d.createsProfile() && strings.TrimSpace(d.profile.Value()) == "":
		return noProfile
	case d.checks.asked != d.asked:
		return "the boot script is being checked"
	case d.checks.err != "":
		return d.checks.err
	case d.checks.profileErr != "":
		return d.checks.profileErr
	}
	for _, c := range d.clouds {
		if c.count.n == 0 {
			continue
		}
		for _, f := range d.checks.lints[c.name].Findings {
			if f.Level == userdata.LevelError {
				return c.name + ": " + lintText(&f)
			}
		}
	}
	return ""
}

// riskToAccept returns the risk that a person has to accept before this launch, or "".
func (d *launchForm) riskToAccept() string {
	for _, c := range d.clouds {
		for _, f := range d.checks.lints[c.name].Findings {
			if c.count.n > 0 && f.Asks {
				return f.Text
			}
		}
	}
	return ""
}

// lintText returns a finding in one line, with tool and place.
func lintText(f *userdata.LintFinding) string {
	if f.Missing { // the text names the tool
		return common.Clean(f.Text)
	}
	who := f.Tool
	if f.Line > 0 {
		who += fmt.Sprintf(", %s:%d", f.File, f.Line)
	}
	return common.Clean(f.Text + " (" + who + ")")
}

// lintGlyph returns the glyph of a finding.
func lintGlyph(t *theme.Theme, f *userdata.LintFinding) (glyph string, role theme.Role) {
	switch {
	case f.Level == userdata.LevelError:
		return t.Bad, theme.Bad
	case f.Missing:
		return t.Dot, theme.Dim
	}
	return t.Warn, theme.Warn
}

// drawFindings draws the findings in the boot script of a cloud.
func (d *launchForm) drawFindings(t *theme.Theme, cloud string, w int) []string {
	var out []string
	add := func(role theme.Role, glyph, text string) {
		for i, l := range common.Wrap(text, max(w-2, 4)) {
			if i > 0 {
				glyph = " "
			}
			out = append(out, t.Paint(role, glyph+" "+l))
		}
	}
	r := d.rendered[cloud]
	for _, x := range r.Warnings {
		add(theme.Warn, t.Warn, common.Clean(x))
	}
	if d.checks.asked == d.asked {
		report := d.checks.lints[cloud]
		for i := range report.Findings {
			f := &report.Findings[i]
			glyph, role := lintGlyph(t, f)
			add(role, glyph, lintText(f))
		}
		if len(report.Findings) == 0 && d.checks.err == "" && len(d.checks.lints) > 0 {
			add(theme.Dim, t.OK, "lint has nothing against it")
		}
	} else {
		add(theme.Dim, t.Wait, "being checked"+t.Ellipsis)
	}
	for i := range d.checks.profiles {
		if d.createsProfile() && d.checks.asked == d.asked {
			out = append(out, profileLines(&d.checks.profiles[i], t, w, true)...)
		}
	}
	return out
}

// profileLines draws what will be created.
func profileLines(p *common.ProfilePlan, t *theme.Theme, w int, policy bool) []string {
	if len(p.Missing) == 0 {
		return []string{t.Paint(theme.Dim, t.OK+" AWS account "+common.Clean(p.Account)+" has the profile "+common.Clean(p.Name)+" already, with this policy")}
	}
	out := []string{t.Paint(theme.Notice, t.Note+" in AWS account "+common.Clean(p.Account)+" this is created first:")}
	for _, x := range p.Missing {
		for _, l := range common.Wrap(common.Clean(x), max(w-4, 4)) {
			out = append(out, "    "+t.Paint(theme.Plain, l))
		}
	}
	if policy {
		for _, l := range common.CleanLines(p.Policy) {
			out = append(out, "    "+t.Paint(theme.Dim, l))
		}
	}
	return out
}

// notes draws what the form shows below its button, since the script may not be visible.
func (d *launchForm) notes(t *theme.Theme, w int) []string {
	if d.problem != "" || d.checks.asked != d.asked {
		return nil
	}
	wrong, warned := 0, 0
	for _, c := range d.clouds {
		if r, ok := d.rendered[c.name]; ok {
			warned += len(r.Warnings)
			for _, f := range d.checks.lints[c.name].Findings {
				switch {
				case f.Level == userdata.LevelError:
					wrong++
				case !f.Missing:
					warned++
				}
			}
		}
	}
	var out []string
	l := common.NewLine(t)
	if wrong > 0 {
		l.Add(theme.Bad, t.Bad+" "+providers.CountOf(wrong, "error")+"  ")
	}
	if warned > 0 {
		l.Add(theme.Warn, t.Warn+" "+providers.CountOf(warned, "warning")+"  ")
	}
	if l.W > 0 {
		out = append(out, l.Add(theme.Dim, "beside the boot script").B.String())
	}
	if d.createsProfile() {
		for i := range d.checks.profiles {
			out = append(out, profileLines(&d.checks.profiles[i], t, w, false)...)
		}
	}
	return out
}
