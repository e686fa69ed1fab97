package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers/journal"
)

func (a *app) journalCommand() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use:   "journal",
		Short: "Every change that rollcall made here, newest first",
		Args:  noArgs,
	}
	form := outputFlag(c, asTable, asWide, asJSON, asCSV, asYAML, asName)
	c.Flags().IntVar(&limit, "limit", 0, "show at most this many entries")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := a.enterDemo(cmd.Context()); err != nil {
			return err
		}
		path, err := config.Find(a.config)
		if err != nil {
			return err
		}
		cfg := config.Empty()
		if path != "" {
			if cfg, err = config.Load(path, keyRules()); err != nil {
				return err
			}
		}
		entries, problems, err := journal.Read(filepath.Join(config.StateDir(), cfg.StateName(), "journal.jsonl"))
		if err != nil {
			return fmt.Errorf("read the journal: %w", err)
		}
		for _, p := range problems {
			a.say("rollcall: journal: line %d: %s", p.Line, clean(p.Why))
		}
		slices.Reverse(entries)
		if limit > 0 && len(entries) > limit {
			entries = entries[:limit]
		}
		return journalListing().write(a.out, form.is, entries)
	}
	return c
}

func journalListing() *listing[journal.Entry] {
	type row = journal.Entry
	return &listing[row]{
		id: func(e *row) string { return e.ID },
		columns: []column[row]{
			{name: "ENTRY", text: func(e *row) string { return e.ID }},
			{name: "RUN", text: func(e *row) string { return e.Run }},
			{name: "TIME", text: func(e *row) string { return e.Time.Local().Format(time.DateTime) }},
			{name: "WHO", text: func(e *row) string { return clean(e.Who) }},
			{name: "VERB", text: func(e *row) string { return e.Verb }},
			{name: "STATE", text: func(e *row) string { return string(e.State) }},
			{name: "WHAT", text: func(e *row) string { return clean(e.Sentence) }},
			{name: "ZONE", wide: true, text: func(e *row) string { return clean(e.Zone) }},
			{name: "REASON", wide: true, text: func(e *row) string { return e.Reason }},
			{name: "UNDOES", wide: true, text: func(e *row) string { return e.Undoes }},
			{name: "NOTE", wide: true, text: func(e *row) string { return clean(cmp.Or(e.Error, e.Note)) }},
		},
	}
}
