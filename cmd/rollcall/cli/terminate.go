package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

func (a *commands) terminateCommand() *cobra.Command {
	var noDrain, yes bool
	var c changeOptions
	cmd := &cobra.Command{
		Use:   "terminate ID...",
		Short: "Drain nodes and terminate them",
		Long: `terminate takes nodes out of DNS, waits until no resolver can still hold their
addresses, and terminates them. Before it does, DNS is read again: a record that
leads to a node, or a name server that still answers with its address, holds the
node back. Name servers that cannot be asked are waited out; --confirm with the
node's name shortens that. On a terminal it asks for the name of the node, or for
their number; elsewhere it needs --yes. An ID is an instance id, cloud/id, or a
name that one instance has.`,
		Args: atLeastOne("the id of an instance"),
	}
	form := changeFlags(cmd, &c)
	cmd.Flags().BoolVar(&noDrain, "no-drain", false, "do not wait for resolvers: out of DNS, and terminate once no name server answers with it")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.Form
		ctx := cmd.Context()
		s, v, err := a.read(ctx)
		if err != nil {
			return err
		}
		refs, err := findInstances(v, args)
		if err != nil {
			return err
		}
		c.basis = ofInstances(refs)
		p := plan.Terminate(v, noDrain, refs...)
		if !c.dryRun && !yes && len(p.Steps) > 0 {
			if a.Interactive() {
				// What the cloud would refuse is reported before the operator has to type a name.
				if err := a.checkTerminate(ctx, s, p, c); err != nil {
					return err
				}
			}
			if err := a.confirmTerminate(ctx, v, p, refs); err != nil {
				return err
			}
		}
		return a.execute(ctx, s, p, c)
	}
	return cmd
}

// checkTerminate checks the guards of a plan. If they refuse every power step and typing answers none of them, it
// writes the report and returns the command's error. Of several nodes it reports which are refused.
func (a *commands) checkTerminate(ctx context.Context, s *app.Session, planned plan.Plan, c changeOptions) error {
	e, err := s.Engine(ctx)
	if err != nil {
		return err
	}
	r := e.Check(ctx, planned)
	ready := false
	for i := range r.Steps {
		st := &r.Steps[i]
		ready = ready || st.Step.Kind == plan.StepPower && st.State == apply.StepReady
	}
	if !ready && len(r.Asks()) == 0 { // answers by typing are requested later
		if err := output.WriteReport(a.Out, c.form, r, c.dryRun, nil); err != nil {
			return err
		}
		return exit.With(exit.Failed)
	}
	for i := range r.Steps {
		if st := &r.Steps[i]; st.Step.Kind == plan.StepPower && st.State == apply.StepRefused {
			a.Say("%s is refused: %s", words.Clean(st.Step.Sentence), words.Clean(st.Why))
		}
	}
	return nil
}

// confirmTerminate asks for the name of one node, or for the number of several. Without a terminal it reports that
// nothing is done.
func (a *commands) confirmTerminate(ctx context.Context, v *dnsview.View, plan plan.Plan, refs []providers.InstanceRef) error {
	for _, st := range plan.Steps {
		a.Say("  %s", words.Clean(st.Sentence))
	}
	if !a.Interactive() {
		return fmt.Errorf("nothing was terminated: without a terminal nobody can be asked; give --yes")
	}
	for _, r := range refs {
		if cv := v.CloudByKey(r.Key); cv != nil && cv.Production {
			a.Say("%s is PRODUCTION", words.Clean(r.Cloud))
		}
	}
	want := strconv.Itoa(len(refs))
	what := "the number of nodes (" + want + ")"
	if len(refs) == 1 {
		want = cmp.Or(refs[0].Name, refs[0].ID)
		what = words.Clean(want)
	}
	if got := a.ask(ctx, "type "+what+" to terminate: "); got != want {
		return fmt.Errorf("nothing was terminated: %q was not typed", words.Clean(want))
	}
	return nil
}

// powerCommand returns the command start, stop or reboot.
func (a *commands) powerCommand(verb string) *cobra.Command {
	shorts := map[string]string{
		"start":  "Start stopped instances",
		"stop":   "Stop instances; one that DNS still leads to asks for its name",
		"reboot": "Reboot instances",
	}
	var yes bool
	var c changeOptions
	long := shorts[verb] + ". An ID is an instance id, cloud/id, or a name that\none instance has."
	if verb == "stop" {
		long += " Its agent takes a node out of DNS as it stops, if it has one; quiesce\ntakes it out first. Without either, --confirm NAME stops what clients are sent to."
	}
	cmd := &cobra.Command{
		Use:   verb + " ID...",
		Short: shorts[verb],
		Long:  long,
		Args:  atLeastOne("the id of an instance"),
	}
	form := changeFlags(cmd, &c)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c.form = form.Form
		ctx := cmd.Context()
		s, v, err := a.read(ctx)
		if err != nil {
			return err
		}
		refs, err := findInstances(v, args)
		if err != nil {
			return err
		}
		c.basis = ofInstances(refs)
		c.basis.noZones = true
		plan := plan.Power(v, plan.PowerAction(verb), refs...)
		if !c.dryRun && !yes && verb != "start" && a.Interactive() && len(plan.Steps) > 0 {
			if got := a.ask(ctx, fmt.Sprintf("%s %s? [y/N] ", verb, words.Plural(len(plan.Steps), "instance"))); !strings.EqualFold(got, "y") && !strings.EqualFold(got, "yes") {
				return fmt.Errorf("nothing was done")
			}
		}
		return a.execute(ctx, s, plan, c)
	}
	return cmd
}
