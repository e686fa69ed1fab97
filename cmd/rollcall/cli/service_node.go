package cli

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// nodeFlags are the flags of join and leave.
type nodeFlags struct {
	service, host          string
	addresses, txt         []string
	priority, weight, port number
	ttl                    ttlFlag
	timeout                time.Duration
	needsAddress           bool
	c                      changeOptions
	form                   *output.Format
}

func (f *nodeFlags) add(cmd *cobra.Command) {
	f.port.least = 1
	f.form = serviceFlags(cmd, &f.c)
	fl := cmd.Flags()
	fl.StringVar(&f.service, "service", "", "incarnation to join, or a declared round-robin `name`")
	fl.StringVar(&f.host, "host", "", "`name` of the host, in the zone of the service or below it")
	fl.StringArrayVar(&f.addresses, "address", nil, "`address` of the host, IPv4 or IPv6; may be given several times")
	fl.Var(&f.port, "port", "port of the service on this host (default: what the config declares)")
	fl.Var(&f.priority, "priority", "priority, the lowest first (default: what the config declares, or 0)")
	fl.Var(&f.weight, "weight", "share among hosts of one priority (default: what the config declares, or "+strconv.Itoa(providers.DefaultWeight)+")")
	fl.StringArrayVar(&f.txt, "txt", nil, "attribute `key=value` of an incarnation that has no TXT record yet; may be given several times")
	fl.DurationVar(&f.timeout, "timeout", joinTimeout, "how long to try if many join or leave at once")
	fl.Var(&f.ttl, "ttl", "TTL of new record sets (default: what the config declares, or 60)")
}

// node parses the flags as far as possible without the config.
func (f *nodeFlags) node(cmd *cobra.Command) (plan.Node, error) {
	n := plan.Node{Host: f.host}
	switch {
	case f.service == "":
		return n, exit.Usagef("%s needs --service; see %s --help", cmd.CommandPath(), cmd.CommandPath())
	case f.host == "":
		return n, exit.Usagef("%s needs --host; see %s --help", cmd.CommandPath(), cmd.CommandPath())
	case f.timeout <= 0:
		return n, exit.Usagef("--timeout %s is no time: write one such as 2m", f.timeout)
	}
	for _, s := range f.addresses {
		a, ok := providers.ParseAddr(s)
		if !ok {
			return n, exit.Usagef("--address %q is no IP address", words.Clean(s))
		}
		n.Addresses = append(n.Addresses, a)
	}
	txt, err := dnssd.ParsePairs(f.txt)
	if err != nil {
		return n, app.AsRefusal(err)
	}
	n.TXT = txt
	if isDomain(f.service) {
		n.RoundRobin = providers.CanonicalName(f.service)
		return n, nil
	}
	n.Service, err = serviceName(f.service)
	return n, err
}

// isDomain reports whether a text can name a round-robin service, without a label of DNS-SD.
func isDomain(s string) bool {
	labels := providers.SplitName(s)
	return len(labels) > 1 && !slices.ContainsFunc(labels, func(l string) bool { return l == "" || l[0] == '_' || len(l) > 63 })
}

// open opens the service's zone and adds what the config declares.
func (f *nodeFlags) open(ctx context.Context, a *commands, n *plan.Node) (*serviceSession, error) {
	s, err := a.openService(ctx, f.service)
	if err != nil {
		return nil, err
	}
	if n.RoundRobin != "" && (s.declared.Kind != index.RoundRobin || s.declared.Name == "") {
		return nil, exit.Usagef("%s is no DNS-SD name such as v1._theservice._tcp.%s, and the config declares no round-robin service of that name", words.Clean(f.service), s.source.Name)
	}
	n.Port = f.port.or(s.declared.Port)
	n.Priority, n.Weight = f.priority.or(s.declared.Priority), f.weight.or(s.declared.WeightOfNew())
	if n.TTL = uint32(f.ttl); n.TTL == 0 {
		n.TTL = s.declared.TTL
	}
	return s, nil
}

// run returns a command that plans for the node of the flags and carries out the plan in the zone of its service.
func (f *nodeFlags) run(a *commands, planned func(context.Context, *serviceSession, plan.Node) (plan.Planned, error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		f.c.form = f.form.Form
		n, err := f.node(cmd)
		if err != nil {
			return err
		}
		if f.needsAddress && len(n.Addresses) == 0 {
			return exit.Usagef("%s needs --address; see %s --help", cmd.CommandPath(), cmd.CommandPath())
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), f.timeout)
		defer cancel()
		s, err := f.open(ctx, a, &n)
		if err != nil {
			return err
		}
		made, err := planned(ctx, s, n)
		if err != nil {
			return app.AsRefusal(err)
		}
		return a.carryService(ctx, s, s.partialZone(), made, f.c)
	}
}

func (a *commands) serviceJoinCommand() *cobra.Command {
	var f nodeFlags
	cmd := &cobra.Command{
		Use:   "join --service NAME --host NAME --address A --port N",
		Short: "Let a host join a service, from any shell",
		Long: `join creates the host's name with its addresses and adds its SRV value to the
incarnation. The owner of both is host:NAME, so only leave removes them. PTR and
TXT belong to the incarnation: they are created if there are none, and not
changed otherwise. If the host is a node already, its own records are updated.

It needs the credentials of the DNS account, and of no cloud. Any number of
hosts may join at once: each is in DNS if its join has exited with 0.`,
		Example: "  rollcall service join --service v1._theservice._tcp.example.com \\\n    --host web1 --address 192.0.2.7 --port 4218 --priority 10 --weight 20",
		Args:    noArgs,
	}
	f.add(cmd)
	f.needsAddress = true
	cmd.RunE = f.run(a, func(ctx context.Context, s *serviceSession, n plan.Node) (plan.Planned, error) {
		if n.RoundRobin == "" && n.Port == 0 {
			return plan.Planned{}, exit.Usagef("%s needs --port, as the config declares none for %s", cmd.CommandPath(), words.Clean(f.service))
		}
		z := s.reading()
		if err := z.ReadForJoin(ctx, s.dns, n); err != nil {
			return plan.Planned{}, err
		}
		if n.RoundRobin == "" && len(n.TXT) == 0 {
			if _, ok := attributesOf(&z, n.Service); !ok {
				n.TXT = s.attributes(nil)
			}
		}
		made, err := plan.Join(z, n)
		for _, addr := range n.Addresses {
			if index.Unreachable(addr) && s.declared.Address != index.ScopePrivate && !s.zone.Private {
				made.Notes = append(made.Notes, addr.String()+" is no public address: clients elsewhere cannot reach it")
			}
		}
		return made, err
	})
	return cmd
}

func (a *commands) serviceLeaveCommand() *cobra.Command {
	var f nodeFlags
	cmd := &cobra.Command{
		Use:   "leave --service NAME --host NAME",
		Short: "Let a host that joined by hand leave a service",
		Long: `leave removes the host's SRV value, and then the host's name, unless another
incarnation still leads to it. PTR and TXT stay until the incarnation is
retired. It succeeds if the host is no node already. Records that the host does
not own are not changed.`,
		Example: "  rollcall service leave --service v1._theservice._tcp.example.com --host web1",
		Args:    noArgs,
	}
	f.add(cmd)
	for _, name := range []string{"address", "port", "priority", "weight", "txt", "ttl"} { // so that the arguments of a join work for leave
		_ = cmd.Flags().MarkHidden(name) // fails only for a missing flag
	}
	cmd.RunE = f.run(a, func(ctx context.Context, s *serviceSession, n plan.Node) (plan.Planned, error) {
		z := s.reading()
		if err := z.ReadForLeave(ctx, s.dns, n); err != nil {
			return plan.Planned{}, err
		}
		return plan.Leave(z, n)
	})
	return cmd
}
