package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// evacuateVerb takes a whole cloud out of DNS.
var evacuateVerb = changeVerb{
	use: "evacuate CLOUD", short: "Take all nodes of a cloud out of DNS, and keep them out",
	long: `evacuate quiesces all nodes of a cloud in all services, or in one, as known by
their owner markers. No cloud need answer, but the zones must. It claims of no
node that it is dead, and terminates none. An entry whose address another cloud
or a record of another cloud has stays.

It also marks the cloud as evacuated in each zone, in a TXT record that anyone
can read. Until rollcall return --cloud removes it, nodes of that cloud that
boot stay out of DNS, no finding calls them missing, and one that is in DNS all
the same is a finding of high severity.

--dry-run shows what remains of each service, and lists the records and aliases
that still lead to the cloud and are not moved: those without a marker of this
fleet. They change no exit code.

The name of the cloud and the number of values must be typed, or given as
--confirm "CLOUD COUNT"; on a terminal the plan is shown first. The text also
answers that a service would be left empty or below its minimum, that a cloud
cannot be read, this one or another, and that more values go at once than
guards.threshold allows.

With --service only that service is concerned; one without a record of this
fleet is left alone. CLOUD is a name from the config, or the key of a cloud. An
evacuation that was stopped is finished by the same command.`,
	example: "  rollcall evacuate joyent-ams --dry-run\n  rollcall evacuate joyent-ams --for 2h --reason \"packet loss\"",
	args:    func(*changeInput) cobra.PositionalArgs { return exactly(1, "the name of one cloud") },
	flags: func(f *pflag.FlagSet, in *changeInput) {
		f.StringVar(&in.service, "service", "", "only from this `service`")
		f.DurationVar(&in.lasts, "for", 0, "remind of the evacuation after this `time`, such as 2h; it never ends by itself")
		f.StringVar(&in.reason, "reason", "", "`text` for the journal; it is not written to DNS")
	},
	plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
		if in.lasts < 0 {
			return plan.Plan{}, exit.Usagef("--for takes a time that is not negative, such as 2h")
		}
		key, err := findCloud(in.v, in.args[0])
		if err != nil {
			return plan.Plan{}, err
		}
		if in.service != "" && !plan.IsService(in.v.Index, in.service) {
			if unread := unreadZones(in.v, "", in.service); len(unread) > 0 {
				return plan.Plan{}, notFound("service "+words.Clean(in.service), "", unread)
			}
			return plan.Plan{}, exit.Usagef("there is no service %q in the zones that are read here; %s", words.Clean(in.service), nearestTo(in.service, serviceWords(in.v), "see rollcall ls services"))
		}
		in.basis = basis{everySource: true, clouds: []string{}} // no cloud is asked what is in DNS
		in.show = in.app.Interactive()
		return plan.Evacuate(in.v, plan.Evacuation{Cloud: key, Service: in.service, For: in.lasts, Reason: in.reason}), nil
	},
}

// returnVerb puts back what quiesce or evacuate took out.
var returnVerb = changeVerb{
	use: "return ID... | --cloud CLOUD", short: "Put quiesced nodes, or those of an evacuated cloud, back into DNS",
	long: `return registers the values that quiesce removed, as stored in the markers, with
the current addresses of the nodes. An ID is an instance id, cloud/id, a name
that one instance has, or host:NAME for a host that joined by hand.

With --cloud it ends the evacuation of a cloud: the nodes that it took out of
DNS are put back if they run and no health check is known to fail, at their
present addresses. On a terminal it shows its plan and asks. Nodes that were out
of DNS before stay out, and the others are listed with the reason; those that do
not run are put back by their agents, or by register, when they run again. While
the cloud cannot be read nothing is returned. Of a cloud that left the config
only the markers of the evacuation are removed. CLOUD is its name, the name that
it had when it was evacuated, or its key.`,
	example: "  rollcall return www-03\n  rollcall return --cloud joyent-ams --dry-run",
	args: func(in *changeInput) cobra.PositionalArgs {
		return func(cmd *cobra.Command, args []string) error {
			switch {
			case in.cloud == "" && in.service != "":
				return exit.Usagef("return --service goes with --cloud")
			case in.cloud == "":
				return instances(in)(cmd, args)
			case len(args) > 0:
				return exit.Usagef("return takes instances or --cloud, not both")
			}
			return nil
		}
	},
	flags: func(f *pflag.FlagSet, in *changeInput) {
		f.BoolVar(&in.yes, "yes", false, "with --cloud: do not ask")
		f.StringVar(&in.cloud, "cloud", "", "all nodes that the evacuation of this `cloud` took out")
		f.StringVar(&in.service, "service", "", "with --cloud: only those that were taken out of this `service`")
	},
	plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
		if in.cloud == "" {
			p, err := in.ofInstances(findNodes, plan.Return)
			in.basis.everySource = true // markers of any zone may remember a value
			return p, err
		}
		key, err := findCloud(in.v, in.cloud)
		if err != nil {
			was, ok := in.evacuatedAs(in.cloud)
			if !ok {
				return plan.Plan{}, err
			}
			key = was
		}
		in.basis, in.show = basis{everySource: true, clouds: []string{in.v.Index.CloudLabel(key)}}, in.app.Interactive()
		if cs := in.v.Index.CloudsByKey[key]; cs == nil || cs.View.Unconfigured {
			in.basis.clouds = []string{} // none is asked about a cloud that is not in the config
		}
		return plan.ReturnCloud(in.v, key, in.service), nil
	},
}

// findCloud returns the key of the cloud with a name in the config, or with that key.
func findCloud(v *dnsview.View, name string) (providers.CloudKey, error) {
	var names, unread []string
	for _, cs := range v.Index.Clouds {
		if cs.Name == name && cs.Key != "" || string(cs.Key) == name && name != "" {
			return cs.Key, nil
		}
		if cs.Name == name {
			unread = append(unread, cs.Why)
		}
		names = append(names, words.Clean(cs.Name))
	}
	marked := markedClouds(v)
	switch {
	case slices.Contains(marked, providers.CloudKey(name)):
		return providers.CloudKey(name), nil
	case len(unread) > 0:
		hint := ""
		if others := slices.DeleteFunc(marked, func(k providers.CloudKey) bool { return v.Index.CloudsByKey[k] != nil }); len(others) > 0 {
			hint = "; if it is the one whose key markers name, give that key: " + joinKeys(others)
		}
		return "", exit.Unknownf("%s has never said which account it is, so which records belong to it is unknown: %s%s", words.Clean(name), words.Clean(unread[0]), hint)
	}
	return "", exit.Usagef("there is no cloud %q; %s", words.Clean(name), nearestTo(name, names, "the clouds are "+strings.Join(names, ", ")))
}

// serviceWords returns the names of the services and incarnations of a view.
func serviceWords(v *dnsview.View) (names []string) {
	for _, s := range rows.Services(v, func(*rows.ServiceLine) bool { return true }) {
		names = append(names, s.Members.Name)
	}
	return names
}

// evacuatedAs returns the key of an evacuated cloud whose name was another when it was evacuated, as the journal has it.
func (in *changeInput) evacuatedAs(name string) (providers.CloudKey, bool) {
	j, err := in.s.OpenJournal()
	if err != nil {
		return "", false
	}
	entries, err := j.Entries()
	if err != nil {
		return "", false
	}
	for i := range slices.Backward(entries) {
		if ref := entries[i].Instance; ref != nil && ref.Cloud == name && len(in.v.Index.EvacuationsOf(ref.Key)) > 0 {
			return ref.Key, true
		}
	}
	return "", false
}

// markedClouds returns the keys of the clouds that markers of this fleet name.
func markedClouds(v *dnsview.View) []providers.CloudKey {
	var keys []providers.CloudKey
	for _, e := range v.Index.Evacuations {
		keys = append(keys, e.Cloud)
	}
	for i := range v.Snapshot.Zones {
		keys = append(keys, providers.MarkedClouds(v.Options.Fleet, v.Snapshot.Zones[i].Records)...)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func joinKeys(keys []providers.CloudKey) string {
	var out []string
	for _, k := range keys {
		out = append(out, words.Clean(string(k)))
	}
	return strings.Join(out, ", ")
}

// cloudNames returns the clouds of the config, for shell completion.
func cloudNames(a *commands, cmd *cobra.Command) []string {
	c, err := a.LoadConfig(cmd.Context())
	if err != nil || c == nil {
		return nil
	}
	var names []string
	for i := range c.Clouds {
		names = append(names, c.Clouds[i].Name)
	}
	return names
}
