package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/rows"
	"rollcall/providers"
)

// pickRow is the chosen target in JSON.
type pickRow struct {
	Service   string      `json:"service"`
	Priority  uint16      `json:"priority"`
	Weight    uint16      `json:"weight"`
	Port      uint16      `json:"port"`
	Target    string      `json:"target"`
	Address   string      `json:"address"`
	Addresses []string    `json:"addresses"`
	TXT       []rows.Pair `json:"txt"`
	Failed    []failRow   `json:"failed"` // unusable targets that were tried before it
}

// failRow is a target that could not be used.
type failRow struct {
	Target  string `json:"target"`
	Port    uint16 `json:"port"`
	Address string `json:"address"`
	Error   string `json:"error"`
}

func (a *commands) servicePickCommand() *cobra.Command {
	var try bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "pick NAME",
		Short: "Choose one node of an incarnation, as clients do by RFC 2782",
		Long: `pick resolves an incarnation and chooses one of its nodes: of the lowest
priority, at random by weight. It prints target, port and address; -o name
prints address:port alone. With --try it connects by TCP, and tries the next
node if that fails. For the name of a service type that has only one
incarnation, it picks from that.`,
		Example: "  rollcall service pick v1._theservice._tcp.example.com --try -o name",
		Args:    exactly(1, "the name of an incarnation"),
	}
	form := output.Flag(cmd, output.Text, output.JSON, output.YAML, output.Name)
	cmd.Flags().BoolVar(&try, "try", false, "connect by TCP, and try the next node if that fails")
	cmd.Flags().DurationVar(&timeout, "timeout", 3*time.Second, "how long one connection may take")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if timeout <= 0 {
			return exit.Usagef("--timeout %s is no time: write one such as 3s", timeout)
		}
		n, err := dnssd.ParseName(args[0])
		if err != nil {
			return app.AsRefusal(err)
		}
		if try && n.Proto != "_tcp" {
			return exit.Usagef("--try connects by TCP, and %s is no TCP service", words.Clean(n.String()))
		}
		ctx := cmd.Context()
		in, err := a.resolveOne(ctx, n)
		if err != nil {
			return err
		}
		row, err := usableTarget(ctx, in, try, timeout)
		for _, f := range row.Failed {
			a.Logf("rollcall: %s: %s", strings.TrimSpace(fmt.Sprintf("%s:%d %s", f.Target, f.Port, f.Address)), words.Clean(f.Error))
		}
		if err != nil {
			return err
		}
		return a.printPick(&row, form.Form)
	}
	return cmd
}

// resolveOne resolves an incarnation, or the only one of a type.
func (a *commands) resolveOne(ctx context.Context, n dnssd.Name) (*dnssd.Incarnation, error) {
	r, err := a.openResolver(ctx)
	if err != nil {
		return nil, err
	}
	types, err := dnssd.Browse(ctx, r, n.String())
	if err != nil {
		return nil, app.QueryError(err)
	}
	var all []*dnssd.Incarnation
	var names []string
	for i := range types {
		for j := range types[i].Incarnations {
			all = append(all, &types[i].Incarnations[j])
			names = append(names, words.Clean(types[i].Incarnations[j].Name.String()))
		}
	}
	switch {
	case len(all) > 1:
		return nil, exit.Usagef("%s has %d incarnations: pick one of %s", words.Clean(n.String()), len(all), strings.Join(names, ", "))
	case len(all) == 0 || len(all[0].Targets) == 0:
		return nil, fmt.Errorf("name servers know of no node of %s", words.Clean(n.String()))
	case all[0].Refused:
		return nil, fmt.Errorf("%s is not available, as its SRV record says (RFC 2782)", words.Clean(n.String()))
	}
	return all[0], nil
}

// usableTarget returns the first usable target in the order of RFC 2782.
func usableTarget(ctx context.Context, in *dnssd.Incarnation, try bool, timeout time.Duration) (pickRow, error) {
	row := pickRow{Service: words.Clean(in.Name.String()), Addresses: []string{}, TXT: newIncarnationRow(in).TXT, Failed: []failRow{}}
	addrs, problems := map[string][]netip.Addr{}, map[string][]string{}
	var targets []providers.SRV
	for _, t := range in.Targets {
		targets = append(targets, t.SRV)
		addrs[t.Target], problems[t.Target] = t.Addresses, t.Problems
	}
	for _, t := range dnssd.Order(targets, systemRand{}) {
		fail := func(addr, why string) {
			row.Failed = append(row.Failed, failRow{Target: words.Clean(t.Target), Port: t.Port, Address: addr, Error: why})
		}
		if len(addrs[t.Target]) == 0 {
			fail("", strings.Join(problems[t.Target], "; "))
			continue
		}
		for _, addr := range addrs[t.Target] {
			if try {
				if err := connect(ctx, addr, t.Port, timeout); err != nil {
					fail(addr.String(), err.Error())
					continue
				}
			}
			row.Priority, row.Weight, row.Port, row.Target = t.Priority, t.Weight, t.Port, words.Clean(t.Target)
			row.Address, row.Addresses = addr.String(), texts(addrs[t.Target])
			return row, nil
		}
	}
	if err := context.Cause(ctx); err != nil {
		return row, fmt.Errorf("stopped: %w", err)
	}
	return row, fmt.Errorf("none of the %d nodes of %s could be used", len(in.Targets), row.Service)
}

// systemRand is the system's source of random numbers.
type systemRand struct{}

// IntN implements dnssd.Rand.
func (systemRand) IntN(n int) int { return rand.IntN(n) }

func connect(ctx context.Context, addr netip.Addr, port uint16, timeout time.Duration) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	d := net.Dialer{Timeout: timeout}
	c, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(addr, port).String())
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
			return op.Err
		}
		return err
	}
	return c.Close()
}

func (a *commands) printPick(row *pickRow, form string) error {
	switch form {
	case output.JSON, output.YAML:
		return output.Data(a.Out, form, row)
	case output.Name:
		return output.String(a.Out, net.JoinHostPort(row.Address, strconv.Itoa(int(row.Port)))+"\n")
	}
	return output.String(a.Out, fmt.Sprintf("%s %d %s\n", row.Target, row.Port, row.Address))
}
