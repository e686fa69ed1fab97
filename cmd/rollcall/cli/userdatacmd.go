package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/textfile"
	"rollcall/userdata"
)

func (a *commands) userdataCommand() *cobra.Command {
	c := group("userdata", "Boot templates, and what an instance was launched with", a.userdataList(), a.userdataShow(), a.userdataRender(), a.userdataLint(), a.userdataNew(), a.userdataShowOf())
	c.Long = `A boot template is one file: a head in YAML between two lines of ---, then the
boot script as it is, or a #cloud-config. Yours lie in
$XDG_CONFIG_HOME/rollcall/templates, as *.sh or *.yaml; one with the name of a
built-in template takes its place.

  ---
  name: mine
  help: one line
  agent: round-robin          # or dns-sd, any; leave out for no agent
  after: myservice.service    # what the agent starts after; or a variable unit
  variables:
    - {name: word, type: string, default: hello, help: what it says}
  ---
  #!/bin/sh
  set -eu
  # rollcall: values          # here each variable is assigned, quoted
  echo "$word"
  # rollcall: agent           # here the node agent is installed and started

On EC2 the boot script is sent as gzip if it is larger than 16 KB, which
cloud-init unpacks. There, parts make one archive of the template (this) and of
other files in a folder beside it, in the order in which they are listed:

  parts: [parts/base.yaml, this, parts/late.sh]

A template that begins with ## template: jinja is rendered by cloud-init.

Types are string, int, bool, port, ttl, domain and enum (with options). A
variable may have a pattern, an example, and be required or secret. In a
#cloud-config {{word}} stands for a variable where a whole value stands.`
	return c
}

// templateRow is one template in JSON.
type templateRow struct {
	Name      string        `json:"name"`
	Help      string        `json:"help"`
	Kind      string        `json:"kind"` // kind of its services
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

func (a *commands) userdataList() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "The boot templates", Args: noArgs}
	form := output.Flag(c, output.Table, output.Wide, output.JSON, output.CSV, output.YAML, output.Name)
	c.RunE = func(*cobra.Command, []string) error {
		list := []templateRow{}
		all, wrong := launcher.LoadTemplates(a.Program)
		for _, t := range all.List() {
			list = append(list, newTemplateRow(&t))
		}
		type row = templateRow
		l := &output.Listing[row]{ID: func(r *row) string { return r.Name }, Columns: []rows.Column[*row]{
			{Title: "NAME", Text: func(r *row) string { return r.Name }},
			{Title: "KIND", Text: func(r *row) string { return r.Kind }},
			{Title: "VARIABLES", Text: func(r *row) string {
				var names []string
				for _, v := range r.Variables {
					names = append(names, v.Name)
				}
				return strings.Join(names, ",")
			}, Wide: true},
			{Title: "SOURCE", Text: func(r *row) string { return r.Source }, Wide: true},
			{Title: "HELP", Text: func(r *row) string { return r.Help }},
		}}
		if err := l.Write(a.Out, form, list); err != nil {
			return err
		}
		return wrong // after the readable ones
	}
	return c
}

func (a *commands) userdataShow() *cobra.Command {
	c := &cobra.Command{Use: "show TEMPLATE", Short: "What a template is for, and its variables", Args: exactly(1, "the name of a template")}
	form := output.Flag(c, output.Text, output.JSON, output.YAML)
	c.RunE = func(_ *cobra.Command, args []string) error {
		t, err := launcher.TemplatesOf(a.Program).Get(args[0])
		if err != nil {
			return exit.Usagef("%w", err)
		}
		r := newTemplateRow(&t)
		if form.Form != output.Text {
			return output.Data(a.Out, form.Form, r)
		}
		cells := [][]string{{"VARIABLE", "TYPE", "DEFAULT", "HELP"}}
		for _, v := range r.Variables {
			def := cmp.Or(v.Default, "-")
			if v.Required {
				def = "(required)"
			}
			help := v.Help
			if len(v.Options) > 0 {
				help += " (" + strings.Join(v.Options, ", ") + ")"
			}
			cells = append(cells, []string{v.Name, v.Type, def, help})
		}
		return output.String(a.Out, r.Name+": "+r.Help+"\n\n"+output.Align(cells))
	}
	return c
}

// renderFlags are the flags for rendering a boot script.
type renderFlags struct {
	service, cloud, provider, output string
	profile                          string
	values, set                      []string
	format                           *output.Format
}

func (f *renderFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.service, "service", "", "declared `service` that decides its variables")
	c.Flags().StringVar(&f.cloud, "cloud", "", "`cloud` of the config that it is for")
	c.Flags().StringVar(&f.provider, "provider", "", fmt.Sprintf("%s, where there is no cloud of that kind in a config (default %s)", strings.Join(app.Computing(), " or "), app.Computing()[0]))
	valueFlags(c.Flags(), &f.values, &f.set)
}

// valueFlags adds the flags for values of template variables.
func valueFlags(f *pflag.FlagSet, files, set *[]string) {
	f.StringArrayVar(files, "values", nil, "YAML `file` with values of template variables; may be given several times")
	f.StringArrayVar(set, "set", nil, "template variable, `k=v`; may be given several times, and overrides --values")
}

// givenValues returns the values of --values and --set.
func givenValues(ctx context.Context, files, set []string) (map[string]string, error) {
	out := map[string]string{}
	for _, file := range files {
		text, err := textfile.ReadContext(ctx, file, 1<<20)
		if ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			return nil, exit.Usagef("--values: %w", err)
		}
		values, err := userdata.ParseValues(file, text)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, values)
	}
	pairs, err := parsePairs(set)
	if err != nil {
		return nil, err
	}
	maps.Copy(out, pairs)
	return out, nil
}

func (a *commands) userdataRender() *cobra.Command {
	f := &renderFlags{}
	c := &cobra.Command{
		Use:   "render TEMPLATE",
		Short: "Print a boot script as a launch would use it",
		Long: `render prints the boot script on stdout, and on stderr warnings and the number
of bytes left below the cloud's size limit. It contacts no cloud.

With -o asg it prints a launch template for an Auto Scaling group: the input of
aws ec2 create-launch-template --cli-input-json, and the properties of
AWS::EC2::LaunchTemplate in CloudFormation. It contains nothing of one launch,
and a node takes its name from its instance.`,
		Args: exactly(1, "the name of a template"),
	}
	f.add(c)
	f.format = output.Flag(c, output.Text, asASG)
	c.Flags().StringVar(&f.profile, "instance-profile", launcher.NodeRole, "instance `profile` of the nodes, with -o asg")
	c.Flags().StringVar(&f.output, "file", "", "write to `file` instead of stdout")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		r, service, err := a.renderTemplate(cmd.Context(), args[0], f)
		if err != nil {
			return err
		}
		text := r.Readable()
		own := slices.DeleteFunc(launcher.ConsoleCredentials(cmd.Context(), a.Program), func(h userdata.Credential) bool { return h.Nodes })
		if found := userdata.FindCredentials([]byte(text), own); len(found) > 0 {
			return fmt.Errorf("nothing was rendered: in line %d, %s; give nodes a role, a token of their own, or let the console register them", found[0].Line, found[0].What)
		}
		if f.format.Form == asASG {
			if text, err = launchTemplate(args[0], &r, service, f.profile); err != nil {
				return err
			}
		}
		for _, w := range r.Warnings {
			a.Logf("rollcall: %s", words.Clean(w))
		}
		a.Notef("%d bytes, %d left below the limit of %d", len(r.Text), r.Left, r.Limit)
		if f.output != "" {
			if err := os.WriteFile(f.output, []byte(text), 0o600); err != nil {
				return fmt.Errorf("write the boot script: %w", err)
			}
			return nil
		}
		return output.String(a.Out, text)
	}
	return c
}

// renderTemplate renders a template with the values of the config, if there is one. It also returns the template's
// service, or nil.
func (a *commands) renderTemplate(ctx context.Context, name string, f *renderFlags) (r userdata.Rendered, service *index.Service, err error) {
	given, err := givenValues(ctx, f.values, f.set)
	if err != nil {
		return r, nil, err
	}
	all := launcher.TemplatesOf(a.Program)
	t, err := all.Get(name)
	if err != nil {
		return r, nil, exit.Usagef("%w", err)
	}
	cfg, err := a.ConfigOrEmpty(ctx)
	if err != nil {
		return r, nil, err
	}
	in := userdata.Input{Declared: adapters.Declarations(), Fleet: cfg.Fleet, Values: map[string]string{}, ASG: f.format.Form == asASG}
	if in.Provider, err = renderFor(cfg, f); err != nil {
		return r, nil, err
	}
	if f.service != "" {
		if service = cfg.Declared(providers.CanonicalName(f.service)); service == nil {
			return r, nil, exit.Usagef("the config declares no service %q; %s", words.Clean(f.service), cfg.DeclaredNames())
		}
		in.Values = launcher.ServiceValues(&t, service, cfg.BootOf(service.Name), cfg.ZoneProvider(service.Zone))
	}
	maps.Copy(in.Values, given)
	// Without a readable snapshot there is no id, and the agent looks up its zone by name.
	in.ZoneID, in.ZonePrivate = launcher.AgentZone(cfg, a.lastRun(cfg), in.Values["zone"])
	r, err = launcher.RenderFor(all, name, in, service)
	return r, service, err
}

// renderFor returns the provider that a script is rendered for.
func renderFor(cfg *config.Config, f *renderFlags) (providers.Provider, error) {
	switch {
	case f.cloud != "" && f.provider != "":
		return "", exit.Usagef("--cloud says the provider: leave out --provider")
	case f.cloud != "":
		for _, c := range cfg.Clouds {
			if c.Name == f.cloud {
				return c.Provider, nil
			}
		}
		return "", exit.Usagef("--cloud: there is no cloud %q in the config", words.Clean(f.cloud))
	case f.provider == "":
		return providers.Provider(app.Computing()[0]), nil
	}
	if slices.Contains(app.Computing(), f.provider) {
		return providers.Provider(f.provider), nil
	}
	return "", exit.Usagef("--provider %q: write %s", words.Clean(f.provider), strings.Join(app.Computing(), " or "))
}
