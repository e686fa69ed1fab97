package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/index"
	"rollcall/providers/launch"
	"rollcall/userdata"
)

// exit prints the error, if it has a text, and returns the exit code.
func (a *commands) exit(err error) int {
	if err == nil {
		return exit.Done
	}
	code := exit.Failed
	if e, ok := errors.AsType[*exit.Error](err); ok {
		code = e.Code
		if e.Err == nil {
			return code
		}
		err = e.Err
	}
	if len(config.All(err)) > 0 || isProblems(err) {
		code = exit.Usage
	}
	for l := range strings.Lines(err.Error()) {
		a.Logf("rollcall: %s", words.Clean(strings.TrimRight(l, "\n")))
	}
	return code
}

// isProblems reports whether err is about the input of a template or a launch.
func isProblems(err error) bool {
	if _, ok := errors.AsType[userdata.Problems](err); ok {
		return true
	}
	_, ok := errors.AsType[launch.Problems](err)
	return ok
}

// Cobra's argument checks, with the exit code of a usage error.

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasAvailableSubCommands() {
		var names []string
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				names = append(names, c.Name())
			}
		}
		hint := ""
		if best := index.Nearest(args[0], names); best != "" {
			hint = fmt.Sprintf("; did you mean %q?", best)
		}
		return exit.Usagef("unknown command %q for %q%s; see %s --help", args[0], cmd.CommandPath(), hint, cmd.CommandPath())
	}
	return exit.Usagef("%s takes no argument, and got %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// numberOf refuses a number of arguments that is not ok.
func numberOf(ok func(n int) bool, says string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if !ok(len(args)) {
			return exit.Usagef("%s %s; see %s --help", cmd.CommandPath(), says, cmd.CommandPath())
		}
		return nil
	}
}

func atLeastOne(what string) cobra.PositionalArgs {
	return numberOf(func(n int) bool { return n > 0 }, "needs "+what)
}

func atMostOne(what string) cobra.PositionalArgs {
	return numberOf(func(n int) bool { return n < 2 }, "takes at most "+what)
}

func exactly(n int, what string) cobra.PositionalArgs {
	return numberOf(func(given int) bool { return given == n }, "needs "+what)
}

// named is atLeastOne that refuses an argument without text, such as an unset variable of a shell.
func named(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		for _, a := range args {
			if strings.TrimSpace(a) == "" {
				return exit.Usagef("%s got an argument without text; see %s --help", cmd.CommandPath(), cmd.CommandPath())
			}
		}
		return atLeastOne(what)(cmd, args)
	}
}

// group returns a command that only has subcommands.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return exit.Usagef("%s needs a command; see %s --help", cmd.CommandPath(), cmd.CommandPath())
	}}
	c.AddCommand(children...)
	return c
}
