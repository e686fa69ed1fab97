package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// driftReport is drift as JSON.
type driftReport struct {
	Sources  []rows.Source        `json:"sources"`  // the clouds and zones that were read
	Findings []rows.FindingObject `json:"findings"` // where they disagree
}

func (a *commands) driftCommand() *cobra.Command {
	var exitCode, wire bool
	var query string
	c := &cobra.Command{
		Use:   "drift",
		Short: "List where clouds and DNS disagree, and what was not read",
		Long: `drift reads all sources once and prints every finding. With --exit-code it exits
with 0 if all is in sync, with 3 if there is a finding of severity low or more,
and with 4 if the answer is unknown: a source was not complete, or a finding is
not certain, as when a cloud did not answer about the owner of a record. An
owner in a cloud that is not configured here makes no 4: such a cloud counts as
a source that is not complete until it is forgotten (rollcall config forget).
Snoozed findings are not listed, and count all the same.

Findings that do not pass --filter are not printed and make no 3. They make 4
all the same.

With --wire it also queries the name servers for every name: the authoritative
ones of each zone and the resolvers of the config. Names for which they do not
agree with the API are queried again until they agree, or until the time that
name servers may take has passed (guards: {wire: 2m} in the config). If a name
got no answer, the result is unknown: exit code 4.

With -o github each finding is an annotation of GitHub Actions.`,
		Args: noArgs,
	}
	form := output.Flag(c, output.Table, output.Wide, output.JSON, output.CSV, output.YAML, output.Name, output.GitHub)
	c.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 on drift, and with 4 if the answer is unknown")
	c.Flags().BoolVar(&wire, "wire", false, "ask the name servers for every name too")
	c.Flags().StringVar(&query, "filter", "", "print only findings that pass this `filter`, and exit with 3 only for them")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		code, err := a.drift(cmd.Context(), form, query, wire)
		if err != nil || !exitCode || code == exit.Done {
			return err
		}
		return exit.With(code)
	}
	return c
}

func (a *commands) drift(ctx context.Context, form *output.Format, query string, wire bool) (code int, err error) {
	q, err := parseFilter(query)
	if err != nil {
		return 0, err
	}
	var s *app.Session
	var v *dnsview.View
	unknown := false
	if wire {
		s, v, unknown, err = a.readWire(ctx, true)
	} else {
		s, v, err = a.read(ctx)
	}
	if err != nil {
		return 0, err
	}
	found := findingRows(v, q)
	r := driftReport{Sources: s.SourceRows(v), Findings: []rows.FindingObject{}}
	if err := wantsNoSource(q, r.Sources); err != nil && len(found) == 0 {
		return 0, err
	}
	code = exit.Done
	for i := range found {
		r.Findings = append(r.Findings, found[i].Object())
		if found[i].Severity > dnsview.Info {
			code = exit.Drift
		}
	}
	for _, src := range r.Sources {
		unknown = unknown || src.State != string(providers.CoverageComplete)
	}
	if why := notAnswered(v); why != "" && !unknown {
		unknown = true
		a.Logf("rollcall: %s", why)
	}
	if unknown {
		code = exit.Unknown
	}
	if form.Form == output.JSON || form.Form == output.YAML {
		return code, output.Data(a.Out, form.Form, r)
	}
	found = a.withoutSnoozed(found)
	if form.Form == output.GitHub {
		return code, output.String(a.Out, annotations(found))
	}
	if err := output.Findings().Write(a.Out, form, found); err != nil {
		return code, err
	}
	if form.Form == output.Table || form.Form == output.Wide {
		err = output.String(a.Out, fmt.Sprintf("%s of %s\n", findingsLine(r.Findings, len(found)), sourcesLine(r.Sources)))
	}
	return code, err
}

// notAnswered returns why it is unknown whether all is in sync though every source was read, or "".
func notAnswered(v *dnsview.View) string {
	n, first := 0, ""
	for i := range v.Findings {
		if f := &v.Findings[i]; !f.Certain() && !f.OwnerNotConfigured() {
			if n++; n == 1 {
				first = words.Clean(f.Reason)
			}
		}
	}
	if n == 0 {
		return ""
	}
	return "whether all is in sync is unknown, because of " + providers.CountOf(n, "finding") + " that cannot be certain; the first is: " + first
}

// annotations returns findings as annotations of GitHub Actions (GitHub, "Workflow commands for GitHub Actions").
func annotations(found []rows.Finding) string {
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	var b strings.Builder
	for i := range found {
		o := found[i].Object()
		level := "notice"
		switch {
		case found[i].Severity >= dnsview.High:
			level = "error"
		case found[i].Severity > dnsview.Low:
			level = "warning"
		}
		fmt.Fprintf(&b, "::%s title=%s::%s\n", level, property.Replace(o.Class+" "+o.Identity), message.Replace(o.Reason))
	}
	return b.String()
}

// findingsLine returns the number of findings, and of those that are snoozed and not among the listed ones.
func findingsLine(all []rows.FindingObject, listed int) string {
	line := providers.CountOf(len(all), "finding")
	if n := len(all) - listed; n > 0 {
		line += fmt.Sprintf(" (%d of them snoozed)", n)
	}
	return line
}

// sourcesLine returns the number of sources that a report depends on.
func sourcesLine(list []rows.Source) string {
	complete := 0
	for _, r := range list {
		if r.State == string(providers.CoverageComplete) {
			complete++
		}
	}
	if complete == len(list) {
		return providers.CountOf(len(list), "source") + ", all complete"
	}
	return fmt.Sprintf("%s, %d of them not complete: what rests on those is unknown", providers.CountOf(len(list), "source"), len(list)-complete)
}
