package main

import (
	"github.com/spf13/cobra"

	"rollcall/dnsview"
	"rollcall/providers"
)

func (a *app) quiesceCommand() *cobra.Command {
	var c changing
	cmd := &cobra.Command{
		Use:   "quiesce ID...|RECORD...",
		Short: "Take nodes out of DNS and leave them running",
		Long: `quiesce removes what leads to nodes, SRV values before the host names that they
lead to, and writes down that it was on purpose: neither a reboot nor an agent
nor a finding puts such a node back, only rollcall return does. A service keeps
its minimum. Given records, it takes only these out.

An ID is an instance id, cloud/id, a name that one instance has, or host:NAME
for a host that joined by hand; a RECORD is written [zone:]name/type/value.`,
		Example: "  rollcall quiesce www-03 --dry-run\n  rollcall quiesce www.example.com/A/192.0.2.7",
		Args:    oneKind("the id of an instance, or a record"),
	}
	form := changeFlags(cmd, &c)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.is
		ctx := cmd.Context()
		s, v, err := a.lookToChange(ctx)
		if err != nil {
			return err
		}
		if isRecord(args[0]) {
			ids, err := findRecords(v, args)
			if err != nil {
				return err
			}
			return a.carry(ctx, s, dnsview.PlanQuiesceRecords(v, ids...), c)
		}
		refs, err := findNodes(v, args)
		if err != nil {
			return err
		}
		c.basis = ofInstances(refs)
		return a.carry(ctx, s, dnsview.PlanQuiesce(v, refs...), c)
	}
	return cmd
}

func (a *app) returnCommand() *cobra.Command {
	return a.instancesCommand("return ID...", "Put quiesced nodes back into DNS",
		`return registers again what quiesce has taken out, as the markers remember it,
with the addresses that the nodes have now. An ID is an instance id, cloud/id,
a name that one instance has, or host:NAME for a host that joined by hand.`,
		func(v *dnsview.View, refs []providers.InstanceRef) dnsview.Plan {
			return dnsview.PlanReturn(v, refs...)
		})
}

// instancesCommand is a command that plans something for instances.
func (a *app) instancesCommand(use, short, long string, plan func(*dnsview.View, []providers.InstanceRef) dnsview.Plan) *cobra.Command {
	var c changing
	cmd := &cobra.Command{Use: use, Short: short, Long: long, Args: atLeastOne("the id of an instance")}
	form := changeFlags(cmd, &c)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.is
		ctx := cmd.Context()
		s, v, err := a.lookToChange(ctx)
		if err != nil {
			return err
		}
		refs, err := findNodes(v, args)
		if err != nil {
			return err
		}
		c.basis = ofInstances(refs)
		return a.carry(ctx, s, plan(v, refs), c)
	}
	return cmd
}

// isRecord reports whether an argument is written as a RECORD.
func isRecord(arg string) bool {
	_, err := splitRecord(arg)
	return err == nil
}

// oneKind wants at least one argument, and not instances beside records.
func oneKind(what string) cobra.PositionalArgs {
	some := atLeastOne(what)
	return func(cmd *cobra.Command, args []string) error {
		if err := some(cmd, args); err != nil {
			return err
		}
		for _, arg := range args[1:] {
			if isRecord(arg) != isRecord(args[0]) {
				return usagef("%s takes instances or records, and got %q beside %q", cmd.CommandPath(), clean(arg), clean(args[0]))
			}
		}
		return nil
	}
}
