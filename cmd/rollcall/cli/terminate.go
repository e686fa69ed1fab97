package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/ui/common"
)

var terminateVerb = changeVerb{
	use: "terminate ID...", short: "Drain nodes and terminate them",
	long: `terminate takes nodes out of DNS, waits until no resolver can still hold their
addresses, and terminates them. Just before, DNS is read again: if a record
leads to a node, or a name server still answers with its address, the node is
not terminated. If name servers cannot be asked, it waits longer; --confirm with
the node's name shortens that. On a terminal it asks for the name of the node,
or for the number of nodes; elsewhere it needs --yes. An ID is an instance id,
cloud/id, or a name that one instance has.`,
	args: instances,
	flags: func(f *pflag.FlagSet, in *changeInput) {
		f.BoolVar(&in.noDrain, "no-drain", false, "do not wait for resolvers: terminate once no name server answers with the address")
		f.BoolVar(&in.yes, "yes", false, "do not ask")
	},
	read: (*commands).read,
	plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
		return in.ofInstances(findInstances, func(v *dnsview.View, refs ...providers.InstanceRef) plan.Plan {
			return plan.Terminate(v, in.noDrain, refs...)
		})
	},
	ask: func(ctx context.Context, in *changeInput, p plan.Plan) error {
		return in.askTerminate(ctx, p, p.Terminated())
	},
}

// checkTerminate checks the guards of a plan. If they refuse every power step and typing answers none of them, it
// writes the report and returns the command's error. Of several nodes it reports which are refused. It returns what typing would
// answer.
func (a *commands) checkTerminate(ctx context.Context, s *app.Session, planned plan.Plan, c changeOptions) ([]apply.Ask, error) {
	e, err := s.Engine(ctx)
	if err != nil {
		return nil, err
	}
	r := e.Check(ctx, planned)
	ready := false
	for i := range r.Steps {
		st := &r.Steps[i]
		ready = ready || st.Step.Kind == plan.StepPower && st.State == apply.StepReady
	}
	if !ready && len(r.Asks()) == 0 { // answers by typing are requested later
		if err := output.WriteReport(a.Out, c.form, a.Readable, r, c.dryRun, nil); err != nil {
			return nil, err
		}
		return nil, exit.With(exit.Failed)
	}
	for i := range r.Steps {
		if st := &r.Steps[i]; st.Step.Kind == plan.StepPower && st.State == apply.StepRefused {
			a.Logf("%s is refused: %s", words.Clean(st.Step.Sentence), words.Clean(st.Why))
		}
	}
	return r.Asks(), nil
}

// toType returns what is typed before nodes are terminated: the name of one, or the number of several, and the texts that answer
// asks. what names it in the question. If there is none, as where only markers are removed, it is a plain yes.
func toType(nodes []providers.InstanceRef, asks []apply.Ask) (want, what string) {
	count := plan.NameOrCount(nodes)
	want = cmp.Or(apply.OneText(count, asks), "y")
	if len(nodes) > 1 && want == count {
		return want, "the number of nodes (" + want + ")"
	}
	return want, want
}

// askTerminate asks for the name of the node that goes, or for the number of several, and for what guards ask for, in one text. What the
// cloud would refuse is reported before. Without a terminal it reports that nothing is done.
func (in *changeInput) askTerminate(ctx context.Context, p plan.Plan, nodes []providers.InstanceRef) error {
	a := in.app
	var asks []apply.Ask
	if a.Interactive() {
		all, err := a.checkTerminate(ctx, in.s, p, in.changeOptions)
		if err != nil {
			return err
		}
		asks = unanswered(all, answered(all, in.confirm))
	}
	for _, st := range p.Steps {
		a.Logf("  %s", words.Clean(st.Sentence))
	}
	if !a.Interactive() {
		return errors.New("nothing was terminated: it needs --yes without a terminal, where it cannot ask")
	}
	for _, r := range nodes {
		if cv := in.v.CloudByKey(r.Key); cv != nil && cv.Production {
			a.Logf("%s is PRODUCTION", words.Clean(r.Cloud))
		}
	}
	if len(asks) > 0 {
		a.Logf("%s", words.Clean(whyAsked(in.s, asks)))
	}
	want, what := toType(nodes, asks)
	if got := a.ReadLine(ctx, "type "+words.Clean(what)+" to terminate: "); !index.IsTyped(got, want) {
		return fmt.Errorf("nothing was terminated: %q was not typed", words.Clean(want))
	}
	for _, ask := range asks { // which are not asked for twice
		in.confirm = append(in.confirm, ask.Text)
	}
	return nil
}

// powerVerb returns the command start, stop or reboot.
func powerVerb(action plan.PowerAction, short, more string) *changeVerb {
	asked := ""
	if action != plan.PowerStart {
		asked = " On a terminal it asks; elsewhere it needs --yes."
	}
	verb := &changeVerb{
		use: string(action) + " ID...", short: short,
		long:  strings.Join(common.Wrap(short+". An ID is an instance id, cloud/id, or a name that one instance has."+more+asked, 80), "\n"),
		args:  instances,
		flags: yesFlag("do not ask"),
		read:  (*commands).read,
		plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
			p, err := in.ofInstances(findInstances, func(v *dnsview.View, refs ...providers.InstanceRef) plan.Plan { return plan.Power(v, action, refs...) })
			in.basis.noZones = true
			return p, err
		},
	}
	if action == plan.PowerStart {
		return verb
	}
	verb.ask = func(ctx context.Context, in *changeInput, p plan.Plan) error {
		return in.agreePower(ctx, p, string(action)+" "+providers.CountOf(len(p.Steps), "instance"))
	}
	return verb
}
