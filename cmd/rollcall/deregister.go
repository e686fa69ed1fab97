package main

import (
	"github.com/spf13/cobra"

	"rollcall/dnsview"
)

func (a *app) deregisterCommand() *cobra.Command {
	var dead bool
	var c changing
	cmd := &cobra.Command{
		Use:   "deregister RECORD... | --dead",
		Short: "Remove dead entries from DNS, past their guards",
		Long: `deregister removes entries whose instance is gone, each on fresh evidence and
past every guard. What is not dead is left alone, and so is what a guard
refuses; both are listed with the reason, and end in exit code 1.

An entry whose owner is gone and whose address a machine of yours has that is no
node of the service is removed when its name is typed, and so is the last
address that an SRV value of others leads to: --confirm NAME.

With --dead it reaps: every dead and dangling entry that passes its guards goes,
and the others are listed with the reason.

A RECORD is written [zone:]name/type/value, as rollcall ls records -o name
prints it; a value that two record sets hold has #set-id behind it.`,
		Example: "  rollcall deregister www.example.com/A/192.0.2.7\n  rollcall deregister --dead --dry-run",
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case dead && len(args) > 0:
				return usagef("deregister takes records or --dead, not both")
			case !dead && len(args) == 0:
				return usagef("deregister needs records, or --dead for all dead ones; see rollcall deregister --help")
			}
			for _, arg := range args {
				if _, err := splitRecord(arg); err != nil {
					return err
				}
			}
			return nil
		},
	}
	form := changeFlags(cmd, &c)
	cmd.Flags().BoolVar(&dead, "dead", false, "reap: all dead and dangling entries")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.is
		ctx := cmd.Context()
		s, v, err := a.lookToChange(ctx)
		if err != nil {
			return err
		}
		if dead {
			a.tellUnknown(v)
			c.basis = basis{whatever: true}
			return a.carry(ctx, s, dnsview.PlanDeregisterDead(v), c)
		}
		ids, err := findRecords(v, args)
		if err != nil {
			return err
		}
		return a.carry(ctx, s, dnsview.PlanDeregister(v, ids...), c)
	}
	return cmd
}

// tellUnknown says of how many more records nothing is known at all: with the
// credentials of another account, those are all.
func (a *app) tellUnknown(v *dnsview.View) {
	n, first := 0, ""
	for i := range v.Findings {
		if f := &v.Findings[i]; f.Class == dnsview.Unknown && f.Would == "" && f.Record != nil {
			if n++; n == 1 {
				first = f.Reason
			}
		}
	}
	if n > 0 {
		a.say("rollcall: whether %s %s dead cannot be known, such as: %s", plural(n, "more record"), areOrIs(n), clean(first))
	}
}

func areOrIs(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
