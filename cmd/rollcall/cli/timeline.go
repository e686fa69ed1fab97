package cli

import (
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/rows"
	"rollcall/providers"
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
		events, err := app.Timeline(filepath.Join(config.StateDir(a.Env), cfg.StateName()), args[0], entries, time.Time{})
		if err != nil {
			return err
		}
		if len(events) == 0 {
			if err := a.unheardOf(cfg, args[0]); err != nil {
				return err
			}
		}
		events = slices.DeleteFunc(events, func(e rows.Event) bool { return e.Time.Before(a.Now().Add(-since)) })
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

// unheardOf returns an error for a name that neither the config nor the rows of the last run have.
func (a *commands) unheardOf(cfg *config.Config, name string) error {
	var unread, all []string
	known := false
	add := func(names ...string) {
		known = known || (&rows.Event{Names: names}).About(name)
		all = append(all, names...)
	}
	last := a.lastRun(cfg)
	if last == nil {
		last, unread = &providers.Snapshot{}, []string{"the sources"}
	}
	for c := range last.Clouds {
		v := &last.Clouds[c]
		add(v.Cloud.Name)
		for n := range v.Instances {
			i := &v.Instances[n]
			add(i.Name, i.ID, i.Cloud)
		}
		if v.RowsFrom.IsZero() {
			unread = append(unread, v.Cloud.Name)
		}
	}
	for z := range last.Zones {
		v := &last.Zones[z]
		add(v.Zone.Name)
		for n := range v.Records {
			r := &v.Records[n]
			add(r.Name, r.Name+"/"+r.Type+"/"+r.Value, r.Value, r.Zone)
			for _, o := range r.Owners {
				add(o.Instance)
			}
		}
		if v.RowsFrom.IsZero() {
			unread = append(unread, v.Zone.Name)
		}
	}
	for i := range cfg.Services {
		add(cfg.Services[i].Name)
	}
	if known {
		return nil
	}
	return notFound("name, node or service "+words.Clean(name), nearestTo(name, all, "see rollcall ls"), unread)
}
