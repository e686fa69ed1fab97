package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/tree"
	"rollcall/providers"
)

var balanceVerb = changeVerb{
	use: "balance --service NAME --host NAME|RECORD", short: "Change priority or weight of nodes of a service",
	long: `balance changes priority and weight of nodes that are in DNS, in place. Clients
try the lowest priority first, and choose among nodes of one priority by weight.
A node of weight 0 is seldom chosen.

A host is the target of its SRV value, with or without the zone, or the name or
id of its instance; or it is a RECORD, written [zone:]name/type/value. An option
that is not given changes nothing. Round-robin services with weighted record
sets of Route 53 have a weight too.`,
	example: "  rollcall service balance --service v1._theservice._tcp.example.com \\\n    --host web1 --weight 5\n" +
		"  rollcall service balance --service v1._theservice._tcp.example.com \\\n    --host web1 --host web2 --priority 20 --dry-run",
	args: balanceFlags,
	flags: func(f *pflag.FlagSet, in *changeInput) {
		f.StringVar(&in.service, "service", "", "incarnation, or round-robin `name`")
		f.StringArrayVar(&in.hosts, "host", nil, "host of the node, its instance, or its `record`; may be given several times")
		f.Var(&in.priority, "priority", "priority, the lowest first")
		f.Var(&in.weight, "weight", "share among nodes of one priority")
	},
	plan: func(_ context.Context, in *changeInput) (plan.Plan, error) {
		ids, err := nodeRecords(in.v, in.service, in.hosts)
		if err != nil {
			return plan.Plan{}, err
		}
		p, err := plan.BalanceNodes(in.v, ids, in.priority.pointer(), in.weight.pointer())
		return p, app.AsRefusal(err)
	},
}

// balanceFlags requires flags that some state of the sources can make valid, and no arguments.
func balanceFlags(in *changeInput) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := noArgs(cmd, args); err != nil {
			return err
		}
		switch {
		case len(in.hosts) == 0:
			return exit.Usagef("%s needs --host; see %s --help", cmd.CommandPath(), cmd.CommandPath())
		case in.service == "" && slices.ContainsFunc(in.hosts, func(h string) bool { return !isRecord(h) }):
			return exit.Usagef("%s needs --service; see %s --help", cmd.CommandPath(), cmd.CommandPath())
		case !in.priority.given && !in.weight.given:
			return exit.Usagef("%s needs --priority or --weight; see %s --help", cmd.CommandPath(), cmd.CommandPath())
		case in.service == "" || isDomain(in.service):
			return nil
		}
		_, err := serviceName(in.service)
		return err
	}
}

// pointer returns the number, or nil if the flag was not given.
func (n *number) pointer() *uint16 {
	if !n.given {
		return nil
	}
	return &n.is
}

// nodeRecords returns the records that balance the nodes of a service.
func nodeRecords(v *dnsview.View, service string, hosts []string) ([]providers.Identity, error) {
	name := providers.CanonicalName(service)
	var nodes []*tree.Node
	if service != "" {
		r := membersOf(v, name)
		if r == nil {
			return nil, notFound("service "+words.Clean(service), "see rollcall ls services", unreadZones(v, "", name))
		}
		nodes = r.Nodes
	}
	var out []providers.Identity
	add := func(r *providers.Record) {
		if id := r.Identity(); !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, host := range hosts {
		if isRecord(host) {
			ids, err := findRecords(v, []string{host})
			if err != nil {
				return nil, err
			}
			for _, id := range ids {
				if r := v.Record(id); service != "" && r.Name != name {
					return nil, exit.Usagef("%s is no node of %s", words.Clean(host), words.Clean(service))
				}
				add(v.Record(id))
			}
			continue
		}
		found := slices.DeleteFunc(slices.Clone(nodes), func(n *tree.Node) bool { return !isNode(n, host) })
		switch {
		case len(found) == 0:
			if unread := unreadZones(v, "", name); len(unread) > 0 {
				return nil, notFound("node "+words.Clean(host)+" of "+words.Clean(service), "", unread)
			}
			return nil, fmt.Errorf("%s has no node %s; see rollcall ls services -o json", words.Clean(service), words.Clean(host))
		case !slices.ContainsFunc(found, func(n *tree.Node) bool { return len(n.Records) > 0 }):
			return nil, fmt.Errorf("%s is %s in %s, so there is no priority or weight to change", words.Clean(host), found[0].State, words.Clean(service))
		}
		for _, n := range found {
			for _, r := range n.Records {
				add(r)
			}
		}
	}
	return out, nil
}

// isNode reports whether host names this node by its host name or its instance.
func isNode(n *tree.Node, host string) bool {
	if n.Ref.ID != "" && (host == n.Ref.ID || host == n.Ref.Name || host == n.Ref.Cloud+"/"+n.Ref.ID || host == n.Ref.Cloud+"/"+n.Ref.Name) {
		return true
	}
	name := providers.CanonicalName(host)
	first, _, _ := strings.Cut(n.Host, ".")
	return n.Host != "" && (n.Host == name || !strings.Contains(host, ".") && first == name)
}

// membersOf returns the members of the service with this name.
func membersOf(v *dnsview.View, name string) *tree.Members {
	for _, s := range tree.Of(v) {
		if s.Name == name {
			return &s.Members
		}
		for _, i := range s.Incarnations {
			if i.Name == name {
				return &i.Members
			}
		}
	}
	return nil
}
