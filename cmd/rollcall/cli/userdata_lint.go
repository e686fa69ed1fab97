package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/userdata"
)

// lintRow is the lint result of one template in JSON.
type lintRow struct {
	Template string        `json:"template"`
	OK       bool          `json:"ok"`
	Findings []lintFinding `json:"findings"`
	Sizes    []lintSize    `json:"sizes"`
}

type lintFinding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Provider string `json:"provider"`
	Level    string `json:"level"`
	Tool     string `json:"tool"`
	Text     string `json:"text"`
}

type lintSize struct {
	Provider   string `json:"provider"`
	Bytes      int    `json:"bytes"`
	Limit      int    `json:"limit"`
	Left       int    `json:"left"`
	Compressed bool   `json:"compressed"`
}

func (a *commands) userdataLint() *cobra.Command {
	var files, set []string
	var provider string
	strict := false
	c := &cobra.Command{
		Use:   "lint [TEMPLATE...]",
		Short: "Check boot templates, your own and the built-in ones",
		Long: `lint renders templates for each cloud, with the given values, else with defaults
and examples. It checks the size limit of the clouds, runs shellcheck on scripts
and cloud-init on cloud-configs, and searches for secrets. A program that is not
installed is a warning; with --strict, or where CI=true, an error.

Your own templates are in $XDG_CONFIG_HOME/rollcall/templates.`,
	}
	form := output.Flag(c, output.Text, output.JSON, output.YAML)
	valueFlags(c.Flags(), &files, &set)
	c.Flags().StringVar(&provider, "provider", "", strings.Join(app.Computing(), " or ")+" (default: all that it is for)")
	c.Flags().BoolVar(&strict, "strict", a.Env.Getenv("CI") == "true", "treat a missing program as an error")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		given, err := givenValues(cmd.Context(), files, set)
		if err != nil {
			return err
		}
		o := userdata.LintOptions{Values: given, Declared: adapters.Declarations(), Strict: strict, Credentials: launcher.ConsoleCredentials(cmd.Context(), a.Program)}
		if provider != "" {
			p := providers.Provider(provider)
			if !adapters.Declared(p).Computes {
				return exit.Usagef("--provider %q: write %s", words.Clean(provider), strings.Join(app.Computing(), " or "))
			}
			o.Providers = []providers.Provider{p}
		}
		all, wrong := launcher.LoadTemplates(a.Program)
		if len(args) == 0 {
			for _, t := range all.List() {
				args = append(args, t.Name)
			}
		} else if !concerns(wrong, all, args) {
			wrong = nil // the error is about a file that was not requested
		}
		rows := []lintRow{}
		for _, name := range args {
			r, err := all.Lint(cmd.Context(), name, o)
			if _, ok := errors.AsType[userdata.Problems](err); ok && wrong != nil {
				continue // it is unreadable
			}
			if err != nil {
				return err
			}
			rows = append(rows, newLintRow(&r))
			if form.Form == output.Text {
				a.printLint(&r)
			}
		}
		if form.Form != output.Text {
			if err := output.Data(a.Out, form.Form, rows); err != nil {
				return err
			}
		}
		if wrong != nil {
			for l := range strings.Lines(wrong.Error()) {
				a.Logf("rollcall: %s", words.Clean(strings.TrimRight(l, "\n")))
			}
			return exit.With(exit.Failed)
		}
		if slices.ContainsFunc(rows, func(r lintRow) bool { return !r.OK }) {
			return exit.With(exit.Failed)
		}
		return nil
	}
	return c
}

// concerns reports whether err makes one of the requested templates unavailable.
func concerns(err error, all *userdata.Templates, names []string) bool {
	return err != nil && slices.ContainsFunc(names, func(n string) bool { _, err := all.Get(n); return err != nil })
}

func newLintRow(r *userdata.LintReport) lintRow {
	row := lintRow{Template: r.Template, OK: !r.Failed(), Findings: []lintFinding{}, Sizes: []lintSize{}}
	for _, f := range r.Findings {
		row.Findings = append(row.Findings, lintFinding{words.Clean(f.File), f.Line, string(f.For), string(f.Level), f.Tool, words.Clean(f.Text)})
	}
	for _, s := range r.Sizes {
		row.Sizes = append(row.Sizes, lintSize{string(s.For), s.Bytes, s.Limit, s.Left, s.Compressed})
	}
	return row
}

func (a *commands) printLint(r *userdata.LintReport) {
	for _, f := range r.Findings {
		a.Logf("%s", words.Clean(f.String()))
	}
	for _, s := range r.Sizes {
		how := ""
		if s.Compressed {
			how = fmt.Sprintf(" compressed from %d", s.Plain)
		}
		a.Logf("%s for %s: %d bytes%s, %d left below the limit of %d", words.Clean(r.Template), s.For, s.Bytes, how, s.Left, s.Limit)
	}
}
