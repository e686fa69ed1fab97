package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/userdata"
)

func (a *app) userdataCommand() *cobra.Command {
	return group("userdata", "Boot templates: list, show, render, lint", a.userdataList(), a.userdataShow(), a.userdataRender(), a.userdataLint())
}

// templateRow is one template in JSON.
type templateRow struct {
	Name      string        `json:"name"`
	Help      string        `json:"help"`
	Kind      string        `json:"kind"` // of the services that it is for
	Source    string        `json:"source"`
	Variables []variableRow `json:"variables"`
}

// variableRow is one variable of a template in JSON.
type variableRow struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Default  string   `json:"default"`
	Required bool     `json:"required"`
	Help     string   `json:"help"`
	Example  string   `json:"example"`
	Options  []string `json:"options"`
	Secret   bool     `json:"secret"`
}

func newTemplateRow(t *userdata.Template) templateRow {
	r := templateRow{Name: t.Name, Help: t.Help, Kind: t.Agent, Source: t.Source, Variables: []variableRow{}}
	for _, v := range t.Variables {
		r.Variables = append(r.Variables, variableRow{
			Name: v.Name, Type: string(v.Type), Default: v.Default, Required: v.Required, Help: v.Help, Example: v.Example,
			Options: append([]string{}, v.Options...), Secret: v.Secret,
		})
	}
	return r
}

func (a *app) userdataList() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "The boot templates", Args: noArgs}
	form := outputFlag(c, asTable, asWide, asJSON, asCSV, asYAML, asName)
	c.RunE = func(*cobra.Command, []string) error {
		rows := []templateRow{}
		for _, t := range userdata.List() {
			rows = append(rows, newTemplateRow(&t))
		}
		type row = templateRow
		l := &listing[row]{id: func(r *row) string { return r.Name }, columns: []column[row]{
			{name: "NAME", text: func(r *row) string { return r.Name }},
			{name: "KIND", text: func(r *row) string { return r.Kind }},
			{name: "VARIABLES", text: func(r *row) string {
				var names []string
				for _, v := range r.Variables {
					names = append(names, v.Name)
				}
				return strings.Join(names, ",")
			}, wide: true},
			{name: "HELP", text: func(r *row) string { return r.Help }},
		}}
		return l.write(a.out, form.is, rows)
	}
	return c
}

func (a *app) userdataShow() *cobra.Command {
	c := &cobra.Command{Use: "show TEMPLATE", Short: "What a template is for, and its variables", Args: exactly(1, "the name of a template")}
	form := outputFlag(c, "text", asJSON, asYAML)
	c.RunE = func(_ *cobra.Command, args []string) error {
		t, err := userdata.Get(args[0])
		if err != nil {
			return usagef("%w", err)
		}
		r := newTemplateRow(&t)
		if form.is != "text" {
			return writeData(a.out, form.is, r)
		}
		cells := [][]string{{"VARIABLE", "TYPE", "DEFAULT", "HELP"}}
		for _, v := range r.Variables {
			def := firstOf(v.Default, "-")
			if v.Required {
				def = "(required)"
			}
			help := v.Help
			if len(v.Options) > 0 {
				help += " (" + strings.Join(v.Options, ", ") + ")"
			}
			cells = append(cells, []string{v.Name, v.Type, def, help})
		}
		return flush(a.out, r.Name+": "+r.Help+"\n\n"+align(cells))
	}
	return c
}

// renderFlags say what a boot script is rendered for.
type renderFlags struct {
	service, cloud, provider, output string
	set                              []string
}

func (f *renderFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.service, "service", "", "declared `service` that decides its variables")
	c.Flags().StringVar(&f.cloud, "cloud", "", "`cloud` of the config that it is for")
	c.Flags().StringVar(&f.provider, "provider", "", "ec2 or triton, where there is no cloud of that kind in a config (default ec2)")
	c.Flags().StringArrayVar(&f.set, "set", nil, "template variable, `k=v`; may be given several times")
}

func (a *app) userdataRender() *cobra.Command {
	f := &renderFlags{}
	c := &cobra.Command{
		Use:   "render TEMPLATE",
		Short: "Print a boot script as a launch would use it",
		Long: `render prints the boot script on stdout, and warnings and what is left below the
cloud's size limit on stderr. It asks nothing of any cloud.`,
		Args: exactly(1, "the name of a template"),
	}
	f.add(c)
	c.Flags().StringVar(&f.output, "file", "", "write to `file` instead of stdout")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		r, err := a.renderTemplate(cmd.Context(), args[0], f)
		if err != nil {
			return err
		}
		for _, w := range r.Warnings {
			a.say("rollcall: %s", clean(w))
		}
		a.say("%d bytes, %d left below the limit of %d", len(r.Text), r.Left, r.Limit)
		if f.output != "" {
			if err := os.WriteFile(f.output, r.Text, 0o600); err != nil {
				return fmt.Errorf("write the boot script: %w", err)
			}
			return nil
		}
		return flush(a.out, string(r.Text))
	}
	return c
}

// renderTemplate renders with what the config says, where there is one.
func (a *app) renderTemplate(ctx context.Context, name string, f *renderFlags) (userdata.Rendered, error) {
	var none userdata.Rendered
	set, err := parsePairs(f.set)
	if err != nil {
		return none, err
	}
	t, err := userdata.Get(name)
	if err != nil {
		return none, usagef("%w", err)
	}
	if err := a.enterDemo(ctx); err != nil {
		return none, err
	}
	cfg := config.Empty()
	path, err := config.Find(a.config)
	if err != nil {
		return none, err
	}
	if path != "" {
		if cfg, err = config.Load(path, keyRules()); err != nil {
			return none, err
		}
	}
	in := userdata.Input{Provider: providers.EC2, Fleet: cfg.Fleet, Values: map[string]string{}}
	if in.Provider, err = renderFor(cfg, f); err != nil {
		return none, err
	}
	if f.service != "" {
		s := &session{app: a, config: cfg}
		d := s.declared(providers.CanonicalName(f.service))
		if d == nil {
			return none, usagef("the config declares no service %q; %s", clean(f.service), s.declaredNames())
		}
		at := providers.Provider("")
		for _, z := range cfg.Zones {
			if providers.SameName(z.Name, d.Zone) {
				at = z.Provider
			}
		}
		in.Values = serviceValues(&t, d, s.boot(d.Name), at)
	}
	maps.Copy(in.Values, set)
	return userdata.Render(name, in)
}

// renderFor says for which provider a script is rendered.
func renderFor(cfg *config.Config, f *renderFlags) (providers.Provider, error) {
	switch {
	case f.cloud != "" && f.provider != "":
		return "", usagef("--cloud says the provider: leave out --provider")
	case f.cloud != "":
		for _, c := range cfg.Clouds {
			if c.Name == f.cloud {
				return c.Provider, nil
			}
		}
		return "", usagef("--cloud: there is no cloud %q in the config", clean(f.cloud))
	case f.provider == "":
		return providers.EC2, nil
	}
	if p := providers.Provider(f.provider); p.Computes() {
		return p, nil
	}
	return "", usagef("--provider %q: write ec2 or triton", clean(f.provider))
}

func (a *app) userdataLint() *cobra.Command {
	return &cobra.Command{
		Use:   "lint [TEMPLATE...]",
		Short: "Check boot templates",
		Long: `lint renders templates with their examples for each cloud, checks the size limit,
and has shellcheck look at the scripts, where it is installed.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, t := range userdata.List() {
					args = append(args, t.Name)
				}
			}
			return a.lint(cmd.Context(), args)
		},
	}
}

func (a *app) lint(ctx context.Context, names []string) error {
	shellcheck, missing := exec.LookPath("shellcheck")
	if missing != nil {
		a.say("rollcall: shellcheck is not installed: the scripts are not looked at")
	}
	bad := false
	for _, name := range names {
		t, err := userdata.Get(name)
		if err != nil {
			return usagef("%w", err)
		}
		values := map[string]string{}
		for _, v := range t.Variables {
			if v.Default == "" && v.Example != "" {
				values[v.Name] = v.Example
			}
		}
		for _, p := range []providers.Provider{providers.EC2, providers.Triton} {
			r, err := userdata.Render(name, userdata.Input{Provider: p, Values: values, Fleet: "lint"})
			if err != nil {
				bad = true
				for l := range strings.Lines(err.Error()) {
					a.say("%s for %s: %s", clean(name), p, clean(strings.TrimSpace(l)))
				}
				continue
			}
			a.say("%s for %s: %d bytes, %d left below the limit", clean(name), p, len(r.Text), r.Left)
			if missing != nil || t.Format != "sh" {
				continue
			}
			c := exec.CommandContext(ctx, shellcheck, "--severity=warning", "--format=gcc", "-")
			c.Stdin = bytes.NewReader(r.Text)
			if out, err := c.CombinedOutput(); err != nil {
				bad = true
				for l := range strings.Lines(string(out)) {
					a.say("%s for %s: %s", clean(name), p, clean(strings.TrimSpace(l)))
				}
			}
		}
	}
	if bad {
		return ended(exitFailed)
	}
	return nil
}
