package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// replaceFlags are the flags of rollcall replace.
type replaceFlags struct {
	journal.Asked
	maxOut   int
	resume   bool
	values   []string
	set      []string
	metadata []string
}

// replaceVerb returns the command that replaces nodes.
func replaceVerb() *changeVerb {
	f := &replaceFlags{}
	var given *pflag.FlagSet
	return &changeVerb{
		use: "replace ID... | --service S", short: "Launch nodes in the place of others, and drain those",
		long: `replace launches a node in the place of each one, in the same cloud, from the
same template, with the same size and image; waits until it is registered,
healthy and on the wire; then takes the old one out of DNS, waits until no
resolver can still hold its address, and terminates it. Then comes the next. At
most --max-out nodes are out of DNS at a time, and no service falls below its
minimum. If a node is not launched or does not become healthy, the old one stays
and nothing further of that replacement is launched.

What a node was launched with is in the journal; --template, --size, --image
and the other flags replace it, for one cloud as CLOUD=VALUE. Secret values are
not kept, and are given again.

A replacement that was stopped is continued by --resume, or by the same command:
a node that was launched in the place of another is not launched again. Several
that were stopped are continued one after the other, each though one before it
failed. On a terminal it asks for the name of the node, or for the number of
nodes; elsewhere it needs --yes. A termination cannot be undone; undo names what
was launched.`,
		example: "  rollcall replace www-03 --dry-run\n  rollcall replace --service www.example.com --max-out 2 --yes \\\n    --image aws-use1=ami-0abc\n  rollcall replace --resume",
		args: func(in *changeInput) cobra.PositionalArgs {
			return func(cmd *cobra.Command, args []string) error {
				n := 0
				for _, given := range []bool{len(args) > 0, in.service != "", f.resume} {
					if given {
						n++
					}
				}
				switch {
				case n == 0:
					return exit.Usagef("replace needs the id of an instance, --service S, or --resume; see rollcall replace --help")
				case n > 1:
					return exit.Usagef("replace takes instances, --service or --resume, and only one of them")
				case f.maxOut < 1:
					return exit.Usagef("--max-out %d: at least one node is out of DNS while it is drained; write 1 or more", f.maxOut)
				}
				return nil
			}
		},
		flags: func(l *pflag.FlagSet, in *changeInput) {
			given = l
			l.StringVar(&in.service, "service", "", "all nodes of this declared `service`")
			l.IntVar(&f.maxOut, "max-out", 1, "how many nodes may be out of DNS at a `time`")
			l.BoolVar(&f.resume, "resume", false, "continue the replacements that were stopped, each with the --max-out that it had")
			l.StringVar(&f.Template, "template", "", "boot `template`")
			l.StringSliceVar(&f.Size, "size", nil, "instance type or package, `[C=]SIZE`")
			l.StringSliceVar(&f.Image, "image", nil, "image id, `[C=]IMAGE`")
			l.StringSliceVar(&f.Network, "network", nil, "subnet or network id, `[C=]NETWORK`")
			l.StringSliceVar(&f.KeyPair, "key-pair", nil, "EC2 key pair, `[C=]NAME`")
			l.StringSliceVar(&f.Profile, "instance-profile", nil, "EC2 instance profile, `[C=]NAME`")
			valueFlags(l, &f.values, &f.set)
			l.StringArrayVar(&f.metadata, "metadata", nil, "metadata of Triton nodes, `KEY=VARIABLE`: the value is read from that environment variable")
			l.BoolVar(&in.yes, "yes", false, "do not ask")
		},
		plan: func(ctx context.Context, in *changeInput) (plan.Plan, error) {
			return f.plan(ctx, in, given.Changed("max-out"))
		},
		ask: func(ctx context.Context, in *changeInput, p plan.Plan) error {
			return in.askTerminate(ctx, p, launchedFor(p))
		},
	}
}

// launchedFor returns the nodes that a plan replaces.
func launchedFor(p plan.Plan) (out []providers.InstanceRef) {
	for i := range p.Steps {
		if l := p.Steps[i].Launch; l != nil {
			out = append(out, l.Old)
		}
	}
	return out
}

func (f *replaceFlags) plan(ctx context.Context, in *changeInput, maxOutGiven bool) (p plan.Plan, err error) {
	s := launcher.New(in.s)
	if s.Given, err = givenValues(ctx, f.values, f.set); err != nil {
		return p, err
	}
	if s.Metadata, err = launcher.GivenMetadata(f.metadata); err != nil {
		return p, err
	}
	if _, err := in.s.Engine(ctx); err != nil { // what was left open, such as a launch, is known after that
		return p, err
	}
	in.launcher = s
	if s.Asked, err = s.AskedWith(f.Asked); err != nil {
		return p, err
	}
	switch {
	case f.resume:
		in.fromJournal = true
		parts, err := f.stopped(in, maxOutGiven)
		if err != nil {
			return p, err
		}
		return s.PlanReplace(ctx, in.v, parts...)
	case in.service != "":
		in.refs, err = nodesOfService(in.v, in.service)
		in.basis = basis{everySource: true}
	default:
		in.refs, err = findInstances(in.v, in.args)
		in.basis = ofInstances(in.refs)
	}
	if err != nil {
		return p, err
	}
	return s.PlanReplace(ctx, in.v, journal.Replacement{Nodes: in.refs, MaxOut: f.maxOut})
}

// stopped returns what stopped replacements have not replaced, each with its own limit unless one is given.
func (f *replaceFlags) stopped(in *changeInput, maxOutGiven bool) ([]journal.Replacement, error) {
	list, err := in.s.UnfinishedDrains()
	if err != nil {
		return nil, err
	}
	parts := journal.StoppedReplacements(list)
	if len(parts) == 0 {
		return nil, in.nothingStopped()
	}
	for i := range parts {
		in.refs = append(in.refs, parts[i].Nodes...)
		if maxOutGiven {
			parts[i].MaxOut = f.maxOut
		}
	}
	in.basis = ofInstances(in.refs)
	return parts, nil
}

// nothingStopped returns why there is nothing to resume: a run is on it, or how the last replacement ended.
func (in *changeInput) nothingStopped() error {
	const begins = "rollcall replace ID... begins one"
	j, err := in.s.OpenJournal()
	if err != nil {
		return err
	}
	entries, err := j.Entries()
	if err != nil {
		return err
	}
	here, elsewhere, err := j.WorkedOn(journal.Replacing(entries)...)
	if on := slices.Concat(here, elsewhere); err == nil && len(on) > 0 {
		return fmt.Errorf("the replacement was not stopped: %s", words.Clean(on[0].Error()))
	}
	last, ok := journal.LastReplacement(entries)
	if !ok {
		return fmt.Errorf("the journal holds no replacement that was stopped: %s", begins)
	}
	namesOf := func(refs []providers.InstanceRef) string {
		var names []string
		for _, n := range refs {
			names = append(names, words.Clean(cmp.Or(n.Name, n.ID)))
		}
		return strings.Join(names, ", ")
	}
	what := "was finished"
	switch len(last.Kept) {
	case 0:
	case len(last.Nodes):
		what = "was left as it was"
	default:
		what = "was finished without " + namesOf(last.Kept)
	}
	return fmt.Errorf("the journal holds no replacement that was stopped: that of %s %s at %s by %s, with journal entry %s; %s",
		namesOf(last.Nodes), what, app.ClockTime(last.At, in.app.Now()), words.Clean(last.Who), last.Entry, begins)
}

// nodesOfService returns the instances that are nodes of a declared service, without those that are terminated.
func nodesOfService(v *dnsview.View, service string) (refs []providers.InstanceRef, err error) {
	name := providers.CanonicalName(service)
	if v.Service(name) == nil {
		return nil, exit.Usagef("the config declares no service %q", words.Clean(service))
	}
	for c := range v.Snapshot.Clouds {
		for i := range v.Snapshot.Clouds[c].Instances {
			if inst := &v.Snapshot.Clouds[c].Instances[i]; !inst.State.Dead() && v.ServiceOfInstance(inst) == name {
				refs = append(refs, v.Index.Ref(inst))
			}
		}
	}
	slices.SortStableFunc(refs, func(a, b providers.InstanceRef) int {
		return cmp.Or(cmp.Compare(a.Cloud, b.Cloud), cmp.Compare(a.Name, b.Name))
	})
	if len(refs) == 0 {
		return nil, exit.Usagef("no instance is a node of %s", words.Clean(service))
	}
	return refs, nil
}
