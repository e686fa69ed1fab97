package main

import (
	"github.com/spf13/cobra"

	"rollcall/dnsview"
	"rollcall/providers"
)

func (a *app) retargetCommand() *cobra.Command {
	var to string
	c := changing{}
	cmd := a.recordsCommand(&c, "retarget RECORD...", "Give entries a value and an owner that agree again",
		`retarget is for entries whose address belongs to somebody else now. Where the
owner still runs, the entry is pointed to the address that the owner has; where
it is gone, the instance that has the address becomes the owner, if it is a
node of the service. --to names another instance, whose address the entry gets.
Nothing is deleted for it but a value that its running owner has left, where the
name has its new one too. An entry whose owner is gone and whose address a
machine has that is no node is for deregister. A RECORD is written [zone:]name/type/value.`,
		func(v *dnsview.View, ids []providers.Identity) (dnsview.Plan, error) {
			if to == "" {
				return dnsview.PlanRetarget(v, ids...), nil
			}
			refs, err := findInstances(v, []string{to})
			if err != nil {
				return dnsview.Plan{}, err
			}
			return dnsview.PlanRetargetTo(v, ids[0], refs[0]), nil
		})
	cmd.Example = "  rollcall retarget www.example.com/A/192.0.2.7 --dry-run\n  rollcall retarget www.example.com/A/192.0.2.7 --to www-04"
	cmd.Flags().StringVar(&to, "to", "", "give one entry to the `instance` with this id, cloud/id or name")
	some := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if to != "" && len(args) > 1 {
			return usagef("retarget --to takes one record: two with the same address would be one")
		}
		return some(cmd, args)
	}
	return cmd
}

func (a *app) adoptCommand() *cobra.Command {
	c := changing{show: true}
	cmd := a.recordsCommand(&c, "adopt RECORD...", "Write owner markers for records that hold our addresses",
		`adopt marks records as owned by the instance that has their address: on
Cloudflare in the record's comment, on Route 53 in a TXT record beside it. From
then on rollcall looks after them. What would be written is shown first, and on
a terminal asked for. On Route 53 anyone can read a marker. A RECORD is written
[zone:]name/type/value; rollcall ls findings --filter finding:unmarked lists
those that can be adopted.`,
		func(v *dnsview.View, ids []providers.Identity) (dnsview.Plan, error) {
			return dnsview.PlanAdopt(v, ids...), nil
		})
	cmd.Example = "  rollcall adopt www.example.com/A/192.0.2.7"
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask")
	return cmd
}

// recordsCommand is a command that plans something for records.
func (a *app) recordsCommand(c *changing, use, short, long string, plan func(*dnsview.View, []providers.Identity) (dnsview.Plan, error)) *cobra.Command {
	some := atLeastOne("a record, written [zone:]name/type/value")
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: func(cmd *cobra.Command, args []string) error {
		if err := some(cmd, args); err != nil {
			return err
		}
		for _, arg := range args {
			if _, err := splitRecord(arg); err != nil {
				return err
			}
		}
		return nil
	}}
	form := changeFlags(cmd, c)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.is
		ctx := cmd.Context()
		s, v, err := a.lookToChange(ctx)
		if err != nil {
			return err
		}
		ids, err := findRecords(v, args)
		if err != nil {
			return err
		}
		p, err := plan(v, ids)
		if err != nil {
			return err
		}
		return a.carry(ctx, s, p, *c)
	}
	return cmd
}
