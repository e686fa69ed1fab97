package main

import "github.com/spf13/cobra"

func (a *app) undoCommand() *cobra.Command {
	var c changing
	cmd := &cobra.Command{
		Use:   "undo [ENTRY]",
		Short: "Take back the last change, or the one of a journal entry",
		Long: `undo takes back what the journal knows: a deleted record comes back with its
marker exactly as it was, one that was created goes, a changed one changes
back. It passes the same guards as any other change. Without an ENTRY it takes
back the last run that changed something; an ENTRY is the number of an entry
or of a run, as rollcall journal shows them. An undo can be undone.`,
		Args: atMostOne("one entry"),
	}
	form := changeFlags(cmd, &c)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.is
		ctx := cmd.Context()
		s, _, err := a.lookToChange(ctx)
		if err != nil {
			return err
		}
		e, err := s.engine(ctx)
		if err != nil {
			return err
		}
		id := ""
		if len(args) == 1 {
			id = args[0]
		}
		plan, err := e.UndoPlan(id)
		if err != nil {
			return err
		}
		return a.carry(ctx, s, plan, c)
	}
	return cmd
}
