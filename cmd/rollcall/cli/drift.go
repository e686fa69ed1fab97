package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// driftReport is drift as JSON.
type driftReport struct {
	Sources  []rows.Source        `json:"sources"`
	Findings []rows.FindingObject `json:"findings"`
}

func (a *commands) driftCommand() *cobra.Command {
	var exitCode, wire bool
	var query string
	c := &cobra.Command{
		Use:   "drift",
		Short: "Where clouds and DNS disagree, and how much of each source that rests on",
		Long: `drift reads all sources once and tells every finding. With --exit-code it ends
in 0 when all is in sync, in 3 when there is a finding of severity low or more,
and in 4 when a source was not complete, so that nobody can know.

With --wire the name servers are asked for every name too, the authoritative ones
of each zone and the resolvers of the config. Names on which they do not agree
with the API are asked for again until they do, or until they have had the time that
name servers may take (guards: {wire: 2m} in the config). A name that got no
answer is unknown: exit code 4.`,
		Args: noArgs,
	}
	form := output.Flag(c, output.Table, output.Wide, output.JSON, output.CSV, output.YAML, output.Name)
	c.Flags().BoolVar(&exitCode, "exit-code", false, "end in 3 on drift, and in 4 when a source was not complete")
	c.Flags().BoolVar(&wire, "wire", false, "ask the name servers for every name too")
	c.Flags().StringVar(&query, "filter", "", "tell only findings that pass this `filter`")
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
	if unknown {
		code = exit.Unknown
	}
	if form.Form == output.JSON || form.Form == output.YAML {
		return code, output.Data(a.Out, form.Form, r)
	}
	if err := output.Findings().Write(a.Out, form, found); err != nil {
		return code, err
	}
	if form.Form == output.Table || form.Form == output.Wide {
		err = output.String(a.Out, fmt.Sprintf("%s of %s\n", providers.CountOf(len(r.Findings), "finding"), sourcesLine(r.Sources)))
	}
	return code, err
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
