package cli

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
)

func (a *commands) timelineCommand() *cobra.Command {
	var since time.Duration
	c := &cobra.Command{
		Use:   "timeline NAME",
		Short: "What happened to a name, a node or a service",
		Long: `timeline lists, oldest first, what is known of the last day of a domain name, a
record, a node by its name or id, a service, a cloud or a zone: findings that
began and ended, instances that changed their state, and changes with who made
them.

It reads the journal and what consoles, watches and commands have recorded here;
it asks no cloud. What happened while none of them ran is recorded when the next
one sees it.`,
		Args: exactly(1, "one name, node or service"),
	}
	form := output.Flag(c, output.Table, output.Wide, output.JSON, output.CSV, output.YAML)
	c.Flags().DurationVar(&since, "since", 24*time.Hour, "go back this `duration`")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if since <= 0 {
			return exit.Usagef("--since %s is no time to go back: write one such as 24h", since)
		}
		cfg, err := a.ConfigOrEmpty(cmd.Context())
		if err != nil {
			return err
		}
		entries, problems, _, whole, err := a.readJournal(cmd.Context(), false)
		if err != nil {
			return err
		}
		for _, p := range problems {
			a.Logf("rollcall: journal: %s", rows.ProblemText(p))
		}
		events, err := app.Timeline(filepath.Join(config.StateDir(a.Env), cfg.StateName()), args[0], entries, a.Now().Add(-since))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			a.Logf("rollcall: nothing is recorded of %s in the last %s; --since goes back further", words.Clean(args[0]), words.Short(since))
		}
		if err := output.Events(a.ASCII).Write(a.Out, form, events); err != nil || whole {
			return err
		}
		return exit.With(exit.Unknown)
	}
	return c
}
