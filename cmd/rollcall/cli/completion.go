package cli

import (
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/providers"
	"rollcall/providers/fleet"
	"rollcall/providers/sim/world"
)

// candidates returns what a word can be, each with a description after a tab or without one. What it names was there when
// the sources were read last.
type candidates func(a *commands, cmd *cobra.Command) []string

// argumentWords are the words of a usage line that say what an argument is.
var argumentWords = map[string]candidates{
	"ID": instanceIDs, "RECORD": recordNames, "CLOUD": cloudNames, "ZONE": zoneNames, "TEMPLATE": templateNames, "CLASS": classWords, "SOURCE": sourceNames,
	"KIND": func(*commands, *cobra.Command) (out []string) {
		for _, k := range world.FaultKinds() {
			out = append(out, string(k))
		}
		return append(out, "none")
	},
	"NAME": func(a *commands, cmd *cobra.Command) []string {
		switch cmd.Parent().Name() {
		case "userdata": // a new one
			return nil
		case "service":
			return serviceNames(a, cmd)
		}
		return append(serviceNames(a, cmd), instanceNames(a, cmd)...)
	},
}

// flagWords are the flags whose values can be completed.
var flagWords = map[string]candidates{
	"cloud": cloudNames, "service": serviceNames, "template": templateNames, "class": classWords,
	"severity": func(*commands, *cobra.Command) (out []string) {
		for v := dnsview.Info; v <= dnsview.Critical; v++ {
			out = append(out, v.String())
		}
		return out
	},
	"provider": func(*commands, *cobra.Command) []string { return app.Computing() },
}

// addCompletion adds cobra's command that prints completion scripts. A shell that it does not know is an error, and not a help text
// on stdout, which a shell would run.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Short, c.Long = "Print a script that completes words in a shell", "completion prints the script for bash, zsh, fish or PowerShell."
		c.Args = noArgs
		c.RunE = func(cmd *cobra.Command, _ []string) error {
			return exit.Usagef("%s needs a shell; see %s --help", cmd.CommandPath(), cmd.CommandPath())
		}
		for _, shell := range c.Commands() {
			shell.Short, shell.Long, shell.Args = "The script for "+shell.Name(), "", noArgs
			if script := shell.RunE; shell.Name() == "bash" {
				shell.RunE = func(cmd *cobra.Command, args []string) error {
					if err := script(cmd, args); err != nil {
						return err
					}
					_, err := io.WriteString(cmd.OutOrStdout(), bashBlanks)
					return err
				}
			}
		}
	}
}

// bashBlanks replaces a function of cobra's script: of several words that go on, bash inserts what they have in common, and
// cobra's hands them over without the backslashes before blanks, and with descriptions. Only a list is shown as cobra has it.
const bashBlanks = `
__rollcall_handle_completion_types() {
    if ((${COMP_TYPE:-9} == 63)); then
        __rollcall_handle_standard_completion_case
        return
    fi
    local comp tab=$'\t'
    for comp in "${completions[@]}"; do
        printf -v comp "%q" "${comp%%$tab*}"
        [[ $comp == "$cur"* ]] && COMPREPLY+=("$comp")
    done
}
`

var usageWord = regexp.MustCompile(`\b[A-Z]{2,}\b`)

// complete sets the completion of every command below c: arguments by the words of its usage line, values of flags by
// their names. No word is completed with a file name that is none.
func (a *commands) complete(c *cobra.Command) {
	for _, sub := range c.Commands() {
		a.complete(sub)
	}
	_, usage, _ := strings.Cut(c.Use, " ")
	if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 && !c.HasSubCommands() {
		args := slices.DeleteFunc(strings.Fields(usage), func(w string) bool { return strings.HasPrefix(w, "-") || strings.HasPrefix(w, "[-") })
		c.ValidArgsFunction = func(cmd *cobra.Command, given []string, word string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			at := min(len(given), len(args)-1)
			if len(given) >= len(args) && !strings.Contains(args[at], "...") {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			if strings.Contains(args[at], "FILE") {
				return nil, cobra.ShellCompDirectiveDefault
			}
			var list []string
			for _, w := range usageWord.FindAllString(strings.ReplaceAll(args[at], "|", " "), -1) {
				if of := argumentWords[w]; of != nil {
					list = append(list, of(a, cmd)...)
				}
			}
			return beginning(list, word, given), cobra.ShellCompDirectiveNoFileComp
		}
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { a.completeFlag(c, f) })
}

// completeFlag sets the completion of one flag, unless it has one.
func (a *commands) completeFlag(c *cobra.Command, f *pflag.Flag) {
	if _, has := c.GetFlagCompletionFunc(f.Name); has || f.NoOptDefVal != "" {
		return
	}
	if value, _ := pflag.UnquoteUsage(f); value == "file" {
		return
	}
	of := flagWords[f.Name]
	_, list := f.Value.(pflag.SliceValue)
	err := c.RegisterFlagCompletionFunc(f.Name, func(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
		if of == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if list || f.Name == "cloud" {
			return lastOf(of(a, cmd), word), cobra.ShellCompDirectiveNoFileComp
		}
		return beginning(of(a, cmd), word, nil), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag is there, and has none
	}
}

// lastOf returns what completes the last word of a list with commas.
func lastOf(list []string, word string) []string {
	i := strings.LastIndexByte(word, ',') + 1
	found := beginning(list, word[i:], strings.Split(word[:i], ","))
	for n := range found {
		found[n] = word[:i] + found[n]
	}
	return found
}

// beginning returns the candidates that begin with a word and were not given before, sorted, each once.
func beginning(list []string, word string, given []string) []string {
	var out []string
	for _, c := range list {
		value, _, _ := strings.Cut(c, "\t")
		if strings.HasPrefix(value, word) && !slices.Contains(given, value) {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lastSnapshot returns the rows of the last run, or those of the embedded clouds with --demo; nil if there are none.
// Nothing is reported: a shell shows no messages while a word is completed.
func (a *commands) lastSnapshot(cmd *cobra.Command) *providers.Snapshot {
	a.Err = io.Discard
	if a.Demo {
		_, v, err := a.RefreshOnce(cmd.Context())
		if err != nil {
			return nil
		}
		return v.Snapshot
	}
	c, err := a.LoadConfig(cmd.Context())
	if err != nil || c == nil {
		return nil
	}
	return a.lastRun(c)
}

// lastRun returns the rows of the last run with a config, or nil if there are none that can be read.
func (a *commands) lastRun(c *config.Config) *providers.Snapshot {
	s, err := fleet.Load(filepath.Join(config.StateDir(a.Env), c.StateName(), app.SnapshotName), nil)
	if err != nil {
		return nil
	}
	return s
}

// eachInstance calls f for every instance of the last run that was not terminated.
func (a *commands) eachInstance(cmd *cobra.Command, f func(*providers.Instance)) {
	s := a.lastSnapshot(cmd)
	if s == nil {
		return
	}
	for c := range s.Clouds {
		for i := range s.Clouds[c].Instances {
			if inst := &s.Clouds[c].Instances[i]; !inst.State.Dead() {
				f(inst)
			}
		}
	}
}

func instanceIDs(a *commands, cmd *cobra.Command) (out []string) {
	a.eachInstance(cmd, func(i *providers.Instance) {
		about := words.Clean(i.Name + " " + i.Cloud + " " + string(i.State))
		out = append(out, words.Clean(i.ID)+"\t"+about)
		if i.Name != "" {
			out = append(out, words.Clean(i.Name)+"\t"+words.Clean(i.ID+" "+i.Cloud))
		}
	})
	return out
}

func instanceNames(a *commands, cmd *cobra.Command) (out []string) {
	a.eachInstance(cmd, func(i *providers.Instance) {
		if i.Name != "" {
			out = append(out, words.Clean(i.Name))
		}
	})
	return out
}

func recordNames(a *commands, cmd *cobra.Command) (out []string) {
	s := a.lastSnapshot(cmd)
	if s == nil {
		return nil
	}
	for z := range s.Zones {
		for i := range s.Zones[z].Records {
			if r := &s.Zones[z].Records[i]; !r.IsMarker() {
				_, name, _ := strings.Cut(r.String(), ":")
				out = append(out, words.Clean(name))
			}
		}
	}
	return out
}

func zoneNames(a *commands, cmd *cobra.Command) (out []string) {
	if c, err := a.LoadConfig(cmd.Context()); err == nil && c != nil {
		for _, z := range c.Zones {
			out = append(out, z.Name)
		}
	}
	return out
}

func sourceNames(a *commands, cmd *cobra.Command) []string {
	return append(append(cloudNames(a, cmd), zoneNames(a, cmd)...), "all")
}

func serviceNames(a *commands, cmd *cobra.Command) (out []string) {
	if c, err := a.LoadConfig(cmd.Context()); err == nil && c != nil {
		for _, s := range c.Services {
			out = append(out, s.Name)
		}
	}
	return out
}

func templateNames(a *commands, _ *cobra.Command) (out []string) {
	all, _ := launcher.LoadTemplates(a.Program) // those that can be read
	for _, t := range all.List() {
		out = append(out, t.Name+"\t"+words.Clean(t.Help))
	}
	return out
}

func classWords(*commands, *cobra.Command) []string { return classNames() }
