package main

import (
	"context"

	"github.com/spf13/cobra"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
)

func (a *app) undoCommand() *cobra.Command {
	var c changing
	cmd := &cobra.Command{
		Use:   "undo [ENTRY]",
		Short: "Take back the last change, or the one of a journal entry",
		Long: `undo takes back what the journal knows: a deleted record comes back with its
marker exactly as it was, one that was created goes, a changed one changes
back. It passes the same guards as any other change. Without an ENTRY it takes
back the last run that is not undone yet, so that each undo goes one change
further back; rollcall redo goes forward again. An undo that is refused stops
there. An ENTRY is the number of an entry or of a run, as rollcall journal
shows them.`,
		Args: atMostOne("one entry"),
	}
	form := changeFlags(cmd, &c)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.is
		return a.carryBack(cmd.Context(), c, func(e *apply.Engine) (dnsview.Plan, error) {
			if len(args) == 1 {
				return e.UndoPlan(args[0])
			}
			return e.UndoPlan("")
		})
	}
	return cmd
}

func (a *app) redoCommand() *cobra.Command {
	c := changing{show: true}
	cmd := &cobra.Command{
		Use:   "redo",
		Short: "Make again what the last undo took back",
		Long: `redo goes forward again through what was undone, one undo each time, and passes
the same guards as any other change. It always shows its plan, and on a
terminal asks before it does anything. After a new change there is nothing to
redo.`,
		Args: noArgs,
	}
	form := changeFlags(cmd, &c)
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c.form = form.is
		return a.carryBack(cmd.Context(), c, (*apply.Engine).RedoPlan)
	}
	return cmd
}

// carryBack carries out a plan that follows from the journal.
func (a *app) carryBack(ctx context.Context, c changing, plan func(*apply.Engine) (dnsview.Plan, error)) error {
	s, _, err := a.lookToChange(ctx)
	if err != nil {
		return err
	}
	e, err := s.engine(ctx)
	if err != nil {
		return err
	}
	p, err := plan(e)
	if err != nil {
		return err
	}
	return a.carry(ctx, s, p, c)
}
