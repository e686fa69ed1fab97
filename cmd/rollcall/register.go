package main

import (
	"github.com/spf13/cobra"

	"rollcall/dnsview"
	"rollcall/providers"
)

func (a *app) registerCommand() *cobra.Command {
	var service string
	var c changing
	cmd := &cobra.Command{
		Use:   "register ID...",
		Short: "Put running nodes into DNS, with their owner markers",
		Long: `register makes the records that nodes lack, in every declared service that
selects them, or in the one that --service names. An ID is an instance id,
cloud/id, or a name that one instance has.`,
		Args: atLeastOne("the id of an instance"),
	}
	form := changeFlags(cmd, &c)
	cmd.Flags().StringVar(&service, "service", "", "only in this `service`")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.is
		ctx := cmd.Context()
		s, v, err := a.lookToChange(ctx)
		if err != nil {
			return err
		}
		name := ""
		if service != "" {
			if name = providers.CanonicalName(service); v.Service(name) == nil {
				return usagef("the config declares no service %q", clean(service))
			}
		}
		refs, err := findInstances(v, args)
		if err != nil {
			return err
		}
		c.basis = ofInstances(refs)
		return a.carry(ctx, s, dnsview.PlanRegister(v, name, refs...), c)
	}
	return cmd
}
