package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/dnsview"
)

func (a *app) remedyCommand() *cobra.Command {
	var c changing
	cmd := &cobra.Command{
		Use:   "remedy CLASS...|RECORD...",
		Short: "Carry out the remedies of findings",
		Long: `remedy does what findings call for: it registers what is missing, completes what
is half there, moves what has moved, gives TTL, proxying and weight as declared,
keeps the oldest of duplicates, and so on. Given a CLASS, it does so for every
finding of that class; given a RECORD, for the worst that was found of it. All
must have the same remedy. rollcall ls findings lists classes and remedies.`,
		Example: "  rollcall remedy missing half --dry-run\n  rollcall remedy www.example.com/A/192.0.2.7",
		Args: func(cmd *cobra.Command, args []string) error {
			if err := oneKind("a class of findings, or a record")(cmd, args); err != nil {
				return err
			}
			if isRecord(args[0]) {
				return nil
			}
			for _, arg := range args {
				if !slices.Contains(classNames(), arg) {
					return usagef("there is no class of findings %q, and no record is written so; the classes are %s", clean(arg), strings.Join(classNames(), ", "))
				}
			}
			return nil
		},
		ValidArgs: classNames(),
	}
	form := changeFlags(cmd, &c)
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask before markers are written")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.is
		ctx := cmd.Context()
		s, v, err := a.lookToChange(ctx)
		if err != nil {
			return err
		}
		found, err := findingsOf(v, args)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			a.say("nothing was found of class %s", strings.Join(args, ", "))
			a.tellUnknown(v)
		}
		plan := dnsview.PlanRemedy(v, found...)
		c.basis = basis{whatever: !isRecord(args[0]), ranges: slices.Contains(args, string(dnsview.Dangling))}
		c.show = plan.Verb == dnsview.VerbAdopt
		return a.carry(ctx, s, plan, c)
	}
	return cmd
}

func classNames() []string {
	var out []string
	for _, c := range dnsview.Classes() {
		out = append(out, string(c))
	}
	slices.Sort(out)
	return out
}

// findingsOf returns the findings of some classes, or of each record the worst
// and those that the same remedy is for.
func findingsOf(v *dnsview.View, args []string) ([]*dnsview.Finding, error) {
	var out []*dnsview.Finding
	if !isRecord(args[0]) {
		for i := range v.Findings {
			if f := &v.Findings[i]; slices.Contains(args, string(f.Class)) {
				out = append(out, f)
			}
		}
		return out, nil
	}
	ids, err := findRecords(v, args)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		var remedy dnsview.Remedy
		all := v.FindingsOf(id)
		for _, f := range all {
			switch {
			case f.Remedy == dnsview.NoRemedy:
				continue
			case remedy == dnsview.NoRemedy:
				remedy = f.Remedy
			case f.Remedy != remedy:
				continue
			}
			out = append(out, f)
		}
		switch {
		case remedy != dnsview.NoRemedy:
		case len(all) == 0:
			return nil, fmt.Errorf("nothing is wrong with %s", clean(id.Name+" "+id.Type+" "+id.Value))
		default:
			out = append(out, all[0]) // the plan says why there is none
		}
	}
	return out, nil
}
