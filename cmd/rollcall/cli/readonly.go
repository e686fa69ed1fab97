package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/exit"
)

// onlyReads are the commands that change nothing, by their path below rollcall. One with a function changes nothing if that
// returns true. Every other command is refused with --read-only, unless it has --dry-run and that is given: a new command
// is refused until it stands here.
var onlyReads = map[string]func(cmd *cobra.Command, args []string) bool{
	"":             nil, // the console, which refuses each change by itself
	"ls instances": nil, "ls records": nil, "ls findings": nil, "ls services": nil, "ls sources": nil,
	"drift": nil, "journal": nil, "timeline": nil, "zone export": nil, "zone diff": nil,
	"service browse": nil, "service resolve": nil, "service pick": nil,
	"userdata list": nil, "userdata show": nil, "userdata render": nil, "userdata lint": nil, "userdata show-of": nil,
	"policy aws": nil, "policy cloudflare": nil, "policy store": nil,
	"config check": nil, "config show": nil, "version": nil, "man": nil,
	"help": nil, "completion bash": nil, "completion zsh": nil, "completion fish": nil, "completion powershell": nil,
	cobra.ShellCompRequestCmd: nil, cobra.ShellCompNoDescRequestCmd: nil,
	"sim":           nil, // a world of its own
	"watch":         func(cmd *cobra.Command, _ []string) bool { return !cmd.Flags().Changed("remedy") },
	"config forget": func(_ *cobra.Command, args []string) bool { return len(args) == 0 },
	"team signers":  func(_ *cobra.Command, args []string) bool { return len(args) == 0 },
	"note":          func(cmd *cobra.Command, args []string) bool { return len(args) == 1 && !cmd.Flags().Changed("remove") },
}

// limitWrites refuses a command that would change something although --read-only is given. With --read-only or --dry-run
// the program writes nothing to DNS, to a cloud or to the store of a team from then on.
func (a *commands) limitWrites(cmd *cobra.Command, args []string) error {
	path := strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()), " ")
	dry := cmd.Flags().Lookup("dry-run")
	isDry := dry != nil && dry.Changed && dry.Value.String() == "true"
	if a.readOnly && !isDry {
		reads, known := onlyReads[path]
		switch {
		case known && (reads == nil || reads(cmd, args)), !known && cmd.HasSubCommands(): // the latter does nothing by itself
		case dry != nil:
			return exit.Usagef("%s changes something, and --read-only is given: leave it out, or add --dry-run", cmd.CommandPath())
		default:
			return exit.Usagef("%s changes something, and --read-only is given: leave it out", strings.Join(append([]string{cmd.CommandPath()}, args...), " "))
		}
	}
	a.WriteNothing(a.readOnly || isDry && path != "watch") // the --dry-run of a watch is about its remedies only
	return nil
}
