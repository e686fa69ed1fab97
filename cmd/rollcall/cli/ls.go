package cli

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// lsFlags are the common flags of rollcall ls.
type lsFlags struct {
	filter string
	sort   string
	all    bool
	wire   bool
	status bool
	format *output.Format

	clouds, zones bool // whose rows are listed
	allowStale    bool
	watch         bool
}

// exit returns the error of a list without rows of a source that was asked for, because it could not be read completely. A
// filter may ask for some clouds or zones only.
func (f *lsFlags) exit(q filter.Filter, sources []rows.Source) error {
	if f.clouds != f.zones {
		q = q.Only("cloud", "zone", "provider")
	} else {
		q = filter.Filter{} // findings and services rest on all
	}
	for i := range sources {
		r := &sources[i]
		if listed := r.Kind == "cloud" && f.clouds || r.Kind == "zone" && f.zones; listed && r.State != string(providers.CoverageComplete) && q.Match(r) && !f.allowStale {
			return exit.With(exit.Unknown)
		}
	}
	return nil
}

func (a *commands) lsCommand() *cobra.Command {
	c := group("ls", "List instances, records, findings, services or sources")
	c.Long = `ls reads all sources once and lists their rows. If a source sends nothing for 15
seconds, stderr says so, and its rows of the last run are listed instead. Lists
are read to their end; --timeout limits the whole command. If a source that the
rows come from could not be read completely, the exit code is 4, unless
--allow-stale is given.

A filter is written as in the console:

    state:running cloud:aws tag.env=prod -name~canary age>7d finding:dead

A column that --sort names may have a leading minus, for the other way round.`
	add := func(use, short, long string, columns []string, run func(ctx context.Context, f *lsFlags) error, aliases ...string) {
		f := &lsFlags{clouds: use != "records" && use != "sources", zones: use != "instances" && use != "sources"}
		sub := &cobra.Command{Use: use, Aliases: aliases, Short: short, Long: long, Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), f)
		}}
		f.format = output.Flag(sub, output.Table, output.Wide, output.JSON, output.CSV, output.YAML, output.Name)
		sub.Flags().StringVar(&f.filter, "filter", "", "show only rows that pass this `filter`")
		sub.Flags().StringVar(&f.sort, "sort", "", "sort by this `column`")
		_ = sub.RegisterFlagCompletionFunc("columns", func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return lastOf(columns, word), cobra.ShellCompDirectiveNoFileComp
		}) // fails only for a missing flag
		_ = sub.RegisterFlagCompletionFunc("sort", func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			return beginning(columns, word, nil), cobra.ShellCompDirectiveNoFileComp
		}) // fails only for a missing flag
		if use != "sources" {
			sub.Flags().BoolVar(&f.allowStale, "allow-stale", false, "exit with 0 although a source was not read completely")
		}
		sub.Flags().BoolVar(&f.watch, "watch", false, "go on, and print the rows that are new (+), changed (~) or gone (-) after each refresh")
		switch use {
		case "instances":
			sub.Flags().BoolVar(&f.all, "all", false, "show terminated instances too")
			sub.Flags().BoolVar(&f.status, "status", false, "ask the clouds for status checks and scheduled events, and show them")
		case "records":
			sub.Flags().BoolVar(&f.all, "all", false, "show owner markers too (TXT records below _rollcall)")
			sub.Flags().BoolVar(&f.wire, "wire", false, "query the name servers for every name, and show their answers")
		case "findings":
			sub.Flags().BoolVar(&f.all, "all", false, "show snoozed findings too")
		case "sources":
			sub.Flags().BoolVar(&f.wire, "wire", false, "ask whether the name servers of each zone serve it")
		}
		c.AddCommand(sub)
	}
	add("instances", "The machines of all clouds", "Terminated instances are left out unless --all is given.", output.Instances(nil).Names(), a.lsInstances, "instance", "i")
	add("records", "The DNS records of all zones, one row for each value",
		"Owner markers that are TXT records below _rollcall, as on Route 53, are left out\nunless --all is given: the owner stands in the row that the marker belongs to.", output.Records(false).Names(), a.lsRecords, "record", "r")
	add("findings", "Where clouds and DNS disagree", "Snoozed findings are left out unless --all is given or the filter names snoozed.", output.Findings().Names(), a.lsFindings, "finding", "f")
	add("services", "The services, with their nodes and records", "", output.Services().Names(), a.lsServices, "service", "s")
	add("sources", "The clouds and zones, and how much of each was read", "", output.Sources(false).Names(), a.lsSources, "source")
	return c
}

// parseFilter parses a filter. A mistake is a usage error.
func parseFilter(s string) (filter.Filter, error) {
	f, err := filter.Parse(s)
	if err != nil {
		return f, exit.Usagef("--filter: %w", err)
	}
	return f, nil
}

// wantsNoSource returns a usage error if a filter wants a cloud or zone that is not among the sources: its rows are not
// none, they are not there to be found. It returns nil while a source whose zones are not known could hold it.
func wantsNoSource(q filter.Filter, sources []rows.Source) error {
	for _, kind := range []string{rows.KindCloud, rows.KindZone} {
		var known []string
		for i := range sources {
			if sources[i].Kind == kind {
				known = append(known, sources[i].Name)
			}
		}
		unknown := slices.ContainsFunc(known, func(name string) bool { return strings.Contains(name, " ") })
		if w, found := q.Unfit(kind, known); found && !unknown {
			return exit.Usagef("--filter: there is no %s %q; %s", kind, w, nearestTo(w, known, "see rollcall ls sources"))
		}
	}
	return nil
}

// list reads the sources and prints the rows that find returns, sorted. It returns an error for a wrong filter or
// column before any cloud is queried.
func list[T any](ctx context.Context, w io.Writer, l *output.Listing[T], f *lsFlags, look func(context.Context) (*app.Session, *dnsview.View, error), find func(*app.Session, *dnsview.View, filter.Filter) []T) error {
	q, err := parseFilter(f.filter)
	switch form := f.format.Form; {
	case err != nil:
		return err
	case f.watch && f.wire:
		return exit.Usagef("--watch does not ask name servers: leave --wire out")
	case f.watch && f.status:
		return exit.Usagef("--watch does not ask for status checks: leave --status out")
	case f.watch && (form == output.CSV || form == output.YAML):
		return exit.Usagef("--watch prints a table, names or JSON, not %s", form)
	}
	if err := l.Sort(nil, f.sort); err != nil {
		return err
	}
	s, v, err := look(ctx)
	if err != nil {
		return err
	}
	found := find(s, v, q)
	if err := wantsNoSource(q, s.SourceRows(v)); err != nil && len(found) == 0 {
		return err
	}
	if err := l.Sort(found, f.sort); err != nil {
		return err
	}
	if f.watch {
		return follow(ctx, w, l, f, s, found, func(v *dnsview.View) []T { return find(s, v, q) })
	}
	if err := l.Write(w, f.format, found); err != nil {
		return err
	}
	return f.exit(q, s.SourceRows(v))
}

// follow prints the rows, and after each refresh those that have changed, until ctx ends.
func follow[T any](ctx context.Context, w io.Writer, l *output.Listing[T], f *lsFlags, s *app.Session, found []T, find func(*dnsview.View) []T) error {
	lacking := "" // what the last refresh did not read
	watched, err := l.Watch(w, f.format, found)
	for err == nil {
		if s.Program.Sleep(ctx, s.Config.Refresh) != nil {
			return nil // stopped
		}
		var v *dnsview.View
		if v, err = s.Refresh(ctx); ctx.Err() != nil {
			return nil
		}
		if err == nil {
			if now := strings.Join(shortfalls(v.Snapshot, s.Program.Now(), s.StaleAfter()), "\nrollcall: "); now != lacking {
				if lacking = now; now != "" {
					s.Program.Logf("rollcall: %s", now)
				}
			}
			err = watched.Update(w, find(v))
		}
	}
	return err
}

func (a *commands) lsInstances(ctx context.Context, f *lsFlags) error {
	l, look := output.Instances(a.Now), a.readToShow
	if f.status {
		var statuses map[rows.InstanceKey]*rows.StatusObject
		l = output.InstancesWithStatus(a.Now, func(r *rows.Instance) *rows.StatusObject { return statuses[r.Key()] })
		look = func(ctx context.Context) (s *app.Session, v *dnsview.View, err error) {
			if s, v, err = a.readToShow(ctx); err == nil {
				statuses = a.readStatuses(ctx, s)
			}
			return s, v, err
		}
	}
	return list(ctx, a.Out, l, f, look, func(_ *app.Session, v *dnsview.View, q filter.Filter) []rows.Instance {
		return filtered(slices.DeleteFunc(rows.Instances(v), func(r rows.Instance) bool { return !f.all && r.Inst.State.Dead() }), q)
	})
}

func (a *commands) lsRecords(ctx context.Context, f *lsFlags) error {
	look := a.readToShow
	if f.wire {
		look = func(ctx context.Context) (*app.Session, *dnsview.View, error) {
			s, v, _, err := a.readWire(ctx, false)
			return s, v, err
		}
	}
	return list(ctx, a.Out, output.Records(f.wire), f, look, func(_ *app.Session, v *dnsview.View, q filter.Filter) []rows.Record {
		return filtered(slices.DeleteFunc(rows.Records(v), func(r rows.Record) bool { return !f.all && r.Rec.IsMarker() }), q)
	})
}

func (a *commands) lsFindings(ctx context.Context, f *lsFlags) error {
	return list(ctx, a.Out, output.Findings(), f, a.readToShow, func(_ *app.Session, v *dnsview.View, q filter.Filter) []rows.Finding {
		if f.all || q.Uses("snoozed") {
			return findingRows(v, q)
		}
		return a.withoutSnoozed(findingRows(v, q))
	})
}

func (a *commands) lsServices(ctx context.Context, f *lsFlags) error {
	return list(ctx, a.Out, output.Services(), f, a.readToShow, func(_ *app.Session, v *dnsview.View, q filter.Filter) []rows.ServiceLine {
		return rows.Services(v, func(r *rows.ServiceLine) bool { return q.Match(r) })
	})
}

func (a *commands) lsSources(ctx context.Context, f *lsFlags) error {
	return list(ctx, a.Out, output.Sources(f.wire), f, func(ctx context.Context) (*app.Session, *dnsview.View, error) {
		s, v, err := a.RefreshToShow(ctx)
		if err == nil && f.wire {
			s.Observer = s.NewRoundObserver()
			asking, cancel := context.WithTimeout(ctx, app.OneShotTimeout)
			s.Observer.Wire.Zones(asking, v.Snapshot)
			cancel()
			v = s.Update(v.Snapshot)
		}
		return s, v, err
	}, func(s *app.Session, v *dnsview.View, q filter.Filter) []rows.Source {
		err := a.WithJournal(s.Config, func(j *journal.Journal) error {
			drains, err := j.UnfinishedDrains()
			a.sayUnfinished(drains, v)
			return err
		})
		if err != nil {
			a.Logf("rollcall: %s", words.Clean(err.Error()))
		}
		return filtered(s.SourceRows(v), q)
	})
}
