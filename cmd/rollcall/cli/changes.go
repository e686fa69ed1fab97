package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// changeVerb is one command that changes DNS or instances, such as a row of changeVerbs.
type changeVerb struct {
	use, short, long, example string

	args  func(in *changeInput) cobra.PositionalArgs                            // checks the arguments, given the flags
	valid []string                                                              // for shell completion
	flags func(f *pflag.FlagSet, in *changeInput)                               // additional flags; may be nil
	show  bool                                                                  // the plan is always shown first
	read  func(*commands, context.Context) (*app.Session, *dnsview.View, error) // nil for readToChange
	plan  func(ctx context.Context, in *changeInput) (plan.Plan, error)
	// ask returns an error unless a person agrees to a plan with steps. It is not called with --yes or --dry-run.
	ask func(ctx context.Context, in *changeInput, p plan.Plan) error
}

// changeInput is the input of a plan: arguments, flags, and the view.
type changeInput struct {
	changeOptions
	app  *commands
	s    *app.Session
	v    *dnsview.View
	args []string
	refs []providers.InstanceRef // instances of the arguments
	late string                  // run that an undo takes only since this command has looked up what was left open; "" for none

	dead, noDrain    bool
	service, to      string
	cloud, reason    string
	lasts            time.Duration
	hosts            []string
	priority, weight number
}

// changeVerbs are the commands that change DNS by a plan.
var changeVerbs = []changeVerb{
	{
		use: "deregister RECORD... | --dead", short: "Remove dead entries from DNS, subject to guards",
		long: `deregister removes entries whose instance is gone. It checks every guard on
fresh evidence. Entries that are not dead, or that a guard refuses, stay; they
are listed with the reason, and the exit code is 1.

Two kinds of entry need their name, typed or as --confirm NAME: an entry whose
owner is gone and whose address is now on one of your machines that is no node
of the service, and the last address to which an SRV value of another owner
leads.

With --dead it removes every dead and dangling entry that passes its guards, and
lists the others with the reason.

A RECORD is written [zone:]name/type/value, as rollcall ls records -o name
prints it, with #set-id after a value that two record sets have.`,
		example: "  rollcall deregister www.example.com/A/192.0.2.7\n  rollcall deregister --dead --dry-run",
		args:    recordsOrDead,
		flags: func(f *pflag.FlagSet, in *changeInput) {
			f.BoolVar(&in.dead, "dead", false, "all dead and dangling entries")
		},
		plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
			if in.dead {
				in.app.reportUnknown(in.v)
				in.basis = basis{everySource: true}
				return plan.DeregisterDead(in.v), nil
			}
			return in.ofRecords(plan.Deregister)
		},
	},
	{
		use: "register ID...", short: "Put running nodes into DNS, with their owner markers",
		long: `register creates the records that nodes lack, in every declared service that
selects them, or in the one that --service names. An ID is an instance id,
cloud/id, or a name that one instance has.`,
		args: instances,
		flags: func(f *pflag.FlagSet, in *changeInput) {
			f.StringVar(&in.service, "service", "", "only in this `service`")
		},
		plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
			name := ""
			if in.service != "" {
				if name = providers.CanonicalName(in.service); in.v.Service(name) == nil {
					return plan.Plan{}, exit.Usagef("the config declares no service %q", words.Clean(in.service))
				}
			}
			return in.ofInstances(findInstances, func(v *dnsview.View, refs ...providers.InstanceRef) plan.Plan {
				return plan.Register(v, name, refs...)
			})
		},
	},
	{
		use: "quiesce ID...|RECORD...", short: "Take nodes out of DNS and leave them running",
		long: `quiesce removes the records that lead to nodes, SRV values before the host names
that they lead to, and marks the nodes as quiesced: no reboot, agent or finding
puts such a node back, only rollcall return does. A service keeps its minimum.
If records are given, only these are removed.

An ID is an instance id, cloud/id, a name that one instance has, or host:NAME
for a host that joined by hand; a RECORD is written [zone:]name/type/value.`,
		example: "  rollcall quiesce www-03 --dry-run\n  rollcall quiesce www.example.com/A/192.0.2.7",
		args:    func(*changeInput) cobra.PositionalArgs { return oneKind("the id of an instance, or a record") },
		plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
			if isRecord(in.args[0]) {
				return in.ofRecords(plan.QuiesceRecords)
			}
			return in.ofInstances(findNodes, plan.Quiesce)
		},
	},
	evacuateVerb,
	returnVerb,
	{
		use: "retarget RECORD...", short: "Correct entries whose address belongs to another instance now",
		long: `retarget corrects entries whose address belongs to another instance now. If the
owner still runs, the entry gets the current address of the owner. If the owner
is gone, the instance that has the address becomes the owner, if it is a node of
the service. --to names another instance, whose address the entry gets. An entry
is deleted only if its running owner no longer has the address and the name
already has the owner's current one. Use deregister if the owner is gone and the
address is on a machine that is no node. A RECORD is written
[zone:]name/type/value.`,
		example: "  rollcall retarget www.example.com/A/192.0.2.7 --dry-run\n  rollcall retarget www.example.com/A/192.0.2.7 --to www-04",
		args: func(in *changeInput) cobra.PositionalArgs {
			return func(cmd *cobra.Command, args []string) error {
				if in.to != "" && len(args) > 1 {
					return exit.Usagef("retarget --to takes one record: two with the same address would be one")
				}
				return records(in)(cmd, args)
			}
		},
		flags: func(f *pflag.FlagSet, in *changeInput) {
			f.StringVar(&in.to, "to", "", "make the `instance` with this id, cloud/id or name the owner of one entry")
		},
		plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
			if in.to == "" {
				return in.ofRecords(plan.Retarget)
			}
			ids, err := findRecords(in.v, in.args)
			if err != nil {
				return plan.Plan{}, err
			}
			refs, err := findInstances(in.v, []string{in.to})
			if err != nil {
				return plan.Plan{}, err
			}
			return plan.RetargetTo(in.v, ids[0], refs[0]), nil
		},
	},
	{
		use: "adopt RECORD...", short: "Write owner markers for records that hold our addresses",
		long: `adopt marks records as owned by the instance that has their address: on
Cloudflare in the record's comment, elsewhere in a TXT record beside it, which
anyone can read. From then on rollcall manages them. It first shows what it
would write, and asks on a terminal. A RECORD is written [zone:]name/type/value;
rollcall ls findings --filter finding:unmarked lists the records that can be
adopted.`,
		example: "  rollcall adopt www.example.com/A/192.0.2.7",
		args:    records, show: true,
		flags: yesFlag("do not ask"),
		plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
			return in.ofRecords(plan.Adopt)
		},
	},
	{
		use: "remedy CLASS...|RECORD...|CLOUD/ID...", short: "Carry out the remedies of findings",
		long: `remedy carries out the remedies of findings: it registers missing records,
completes incomplete ones, updates moved addresses, sets TTL, proxying and
weight as declared, keeps the oldest of duplicates, and so on. A CLASS stands
for every finding of that class, a RECORD or an instance for its worst finding.
All must have the same remedy. rollcall ls findings lists classes and remedies.`,
		example: "  rollcall remedy missing half --dry-run\n  rollcall remedy www.example.com/A/192.0.2.7",
		args:    classesOrIdentities, valid: classNames(),
		flags: yesFlag("do not ask before markers are written"),
		plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
			found, err := findingsOf(in.v, in.args)
			if err != nil {
				return plan.Plan{}, err
			}
			if len(found) == 0 {
				in.app.Logf("nothing was found of class %s", strings.Join(in.args, ", "))
				in.app.reportUnknown(in.v)
			}
			plan := plan.ForFindings(in.v, found...)
			in.basis = basis{everySource: !isIdentity(in.args[0]), ranges: slices.Contains(in.args, string(dnsview.Dangling))}
			in.show = plan.Verb == index.VerbAdopt
			return plan, nil
		},
	},
	{
		use: "undo [ENTRY]", short: "Revert the last change, or that of a journal entry",
		long: `undo reverts changes of the journal: a deleted record is restored with its exact
marker, a created one is deleted, an updated one gets its former value. It
passes the same guards as any other change. Without an ENTRY it reverts the last
run that is not undone yet, so each undo goes one change further back; rollcall
redo goes forward again. If an undo is refused, no earlier change is reverted.
An ENTRY is the number of an entry or of a run, as rollcall journal shows them.
An undo that stops an instance asks on a terminal; elsewhere it needs --yes.`,
		args:  func(*changeInput) cobra.PositionalArgs { return atMostOne("one entry") },
		flags: yesFlag("do not ask"),
		plan:  planUndo, ask: askUndo,
	},
	{
		use: "redo", short: "Repeat what the last undo reverted",
		long: `redo repeats what was undone, one undo each time, and passes the same guards as
any other change. It always shows its plan, and asks first on a terminal; one
that stops an instance needs --yes elsewhere. After a new change there is
nothing to redo.`,
		args: func(*changeInput) cobra.PositionalArgs { return noArgs }, show: true,
		flags: yesFlag("do not ask"),
		plan: func(ctx context.Context, in *changeInput) (plan.Plan, error) {
			in.fromJournal = true
			e, err := in.s.Engine(ctx)
			if err != nil {
				return plan.Plan{}, err
			}
			return in.unlessOpen(e, true, e.RedoPlan)
		},
		ask: askUndo,
	},
}

// changeCommand returns the command of one verb. It reads all sources, plans, and carries out the plan.
func (a *commands) changeCommand(verb *changeVerb) *cobra.Command {
	in := &changeInput{app: a, changeOptions: changeOptions{show: verb.show}}
	cmd := &cobra.Command{
		Use: verb.use, Short: verb.short, Long: verb.long, Example: verb.example, ValidArgs: verb.valid,
		Args: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, "-") {
				return nil // they are checked once they are read
			}
			return verb.args(in)(cmd, args)
		},
	}
	form := changeFlags(cmd, &in.changeOptions)
	null := false
	if usageWord.MatchString(verb.use) {
		cmd.Flags().BoolVarP(&null, "null", "0", false, "with - for an argument: those of stdin end with a NUL, and not with a line")
	}
	if verb.flags != nil {
		verb.flags(cmd.Flags(), in)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if args, err = a.withStdin(args, null); err != nil {
			return err
		}
		if err := verb.args(in)(cmd, args); err != nil {
			return err
		}
		in.form, in.args = form.Form, args
		ctx := cmd.Context()
		read := verb.read
		if read == nil {
			read = (*commands).readToChange
		}
		if in.s, in.v, err = read(a, ctx); err != nil {
			return err
		}
		plan, err := verb.plan(ctx, in)
		if err == nil {
			plan, err = in.asShown(ctx, plan)
		}
		if err != nil {
			return in.unlessUnread(in.s, err)
		}
		if verb.ask != nil && !in.dryRun && !in.yes && len(plan.Steps) > 0 {
			if err := verb.ask(ctx, in, plan); err != nil {
				return err
			}
		}
		err = a.execute(ctx, in.s, plan, in.changeOptions)
		if in.dryRun {
			return in.unlessUnread(in.s, err)
		}
		return err
	}
	return cmd
}

// unlessUnread returns the outcome err of a plan of which nothing was carried out. If it was made from a journal of a team that cannot be
// read as it is, the outcome is not known, as that of commands that only read the journal.
func (c *changeOptions) unlessUnread(s *app.Session, err error) error {
	said, ok := errors.AsType[*exit.Error](err)
	if !c.fromJournal || ok && said.Code != exit.Failed {
		return err
	}
	j, openErr := s.OpenJournal()
	if openErr != nil {
		return err
	}
	why := cmp.Or(j.Lost(), j.Away(), j.Unread())
	switch {
	case why == nil:
		return err
	case err == nil || ok && said.Err == nil:
		return exit.Unknownf("the journal of the team could not be read: %w", why)
	}
	return exit.Unknownf("%w; that is what this machine has read: the journal of the team could not be: %s", err, words.Clean(why.Error()))
}

// ofRecords plans for the records that the arguments name.
func (in *changeInput) ofRecords(planned func(*dnsview.View, ...providers.Identity) plan.Plan) (plan.Plan, error) {
	ids, err := findRecords(in.v, in.args)
	if err != nil {
		return plan.Plan{}, err
	}
	return planned(in.v, ids...), nil
}

// ofInstances plans for the instances that find returns for the arguments.
func (in *changeInput) ofInstances(find func(*dnsview.View, []string) ([]providers.InstanceRef, error), planned func(*dnsview.View, ...providers.InstanceRef) plan.Plan) (plan.Plan, error) {
	refs, err := find(in.v, in.args)
	if err != nil {
		return plan.Plan{}, err
	}
	in.refs, in.basis = refs, ofInstances(refs)
	return planned(in.v, refs...), nil
}

func yesFlag(usage string) func(*pflag.FlagSet, *changeInput) {
	return func(f *pflag.FlagSet, in *changeInput) { f.BoolVar(&in.yes, "yes", false, usage) }
}

// instances requires at least one instance.
func instances(*changeInput) cobra.PositionalArgs { return atLeastOne("the id of an instance") }

// records requires at least one RECORD.
func records(*changeInput) cobra.PositionalArgs {
	some := atLeastOne("a record, written [zone:]name/type/value")
	return func(cmd *cobra.Command, args []string) error {
		if err := some(cmd, args); err != nil {
			return err
		}
		return areRecords(args)
	}
}

// recordsOrDead requires records, or --dead alone.
func recordsOrDead(in *changeInput) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case in.dead && len(args) > 0:
			return exit.Usagef("deregister takes records or --dead, not both")
		case !in.dead && len(args) == 0:
			return exit.Usagef("deregister needs records, or --dead for all dead ones; see rollcall deregister --help")
		}
		return areRecords(args)
	}
}

func areRecords(args []string) error {
	for _, arg := range args {
		if _, err := splitRecord(arg); err != nil {
			return err
		}
	}
	return nil
}

// isIdentity reports whether an argument is written as what a finding is about, which a class is not: a record, or an
// instance with its cloud.
func isIdentity(arg string) bool { return strings.Contains(arg, "/") }

// classesOrIdentities requires classes of findings, or what findings are about.
func classesOrIdentities(*changeInput) cobra.PositionalArgs {
	some := atLeastOne("a class of findings, or a record")
	return func(cmd *cobra.Command, args []string) error {
		if err := some(cmd, args); err != nil {
			return err
		}
		for _, arg := range args {
			if isIdentity(arg) != isIdentity(args[0]) {
				return exit.Usagef("%s takes classes or what findings are about, and got %q beside %q", cmd.CommandPath(), words.Clean(arg), words.Clean(args[0]))
			}
			if !isIdentity(arg) && !slices.Contains(classNames(), arg) {
				return exit.Usagef("there is no class of findings %q, and no record is written so; the classes are %s", words.Clean(arg), strings.Join(classNames(), ", "))
			}
		}
		return nil
	}
}
