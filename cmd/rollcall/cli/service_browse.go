package cli

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/dnssd"
	"rollcall/dnsview/rows"
)

// typeRow is a service type in JSON.
type typeRow struct {
	Name         string           `json:"name"`
	Listed       bool             `json:"listed"`
	Incarnations []incarnationRow `json:"incarnations"`
	Problems     []string         `json:"problems"`
}

// incarnationRow is an incarnation in JSON.
type incarnationRow struct {
	Name      string       `json:"name"`
	Label     string       `json:"label"` // the label in readable form
	Listed    bool         `json:"listed"`
	Available bool         `json:"available"` // false if its only target is "."
	TXT       []rows.Pair  `json:"txt"`
	Nodes     []*targetRow `json:"nodes"`
	Problems  []string     `json:"problems"`
}

// targetRow is one node in JSON.
type targetRow struct {
	Priority  uint16   `json:"priority"`
	Weight    uint16   `json:"weight"`
	Port      uint16   `json:"port"`
	Target    string   `json:"target"`
	Addresses []string `json:"addresses"`
	Problems  []string `json:"problems"`
}

func (a *commands) serviceBrowseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "browse DOMAIN | TYPE | NAME",
		Short: "What name servers answer: types, incarnations and nodes",
		Long: `browse queries name servers, as any client does, for the service types of a
domain, for the incarnations of a type or a subtype, or for one incarnation. It
needs no credentials. The servers are those of the config, of
ROLLCALL_RESOLVERS, or of the system.`,
		Example: "  rollcall service browse example.com\n  rollcall service browse _theservice._tcp.example.com -o json",
		Args:    exactly(1, "a domain, a service type or an incarnation"),
	}
	form := output.Flag(cmd, output.Text, output.JSON, output.YAML, output.Name)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.showTree(cmd.Context(), args[0], form.Form, true)
	}
	return cmd
}

func (a *commands) serviceResolveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resolve NAME",
		Short: "The nodes and attributes of an incarnation, as name servers answer",
		Long: `resolve queries name servers for SRV and TXT of an incarnation, and for the
addresses of its nodes, lowest priority first. For the name of a service type it
resolves all of its incarnations. -o name prints target:port, one per line.`,
		Example: "  rollcall service resolve v1._theservice._tcp.example.com",
		Args:    exactly(1, "the name of an incarnation"),
	}
	form := output.Flag(cmd, output.Text, output.JSON, output.YAML, output.Name)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if _, err := dnssd.ParseName(args[0]); err != nil {
			return app.AsRefusal(err)
		}
		return a.showTree(cmd.Context(), args[0], form.Form, false)
	}
	return cmd
}

// showTree prints the services below a name.
func (a *commands) showTree(ctx context.Context, name, form string, browsing bool) error {
	r, err := a.openResolver(ctx)
	if err != nil {
		return err
	}
	types, err := dnssd.Browse(ctx, r, name)
	if err != nil {
		return app.QueryError(err)
	}
	found := 0
	rows := make([]typeRow, 0, len(types))
	for i := range types {
		row := newTypeRow(&types[i])
		for n := range types[i].Incarnations {
			if in := &types[i].Incarnations[n]; in.Listed || in.HasTXT || len(in.Targets) > 0 {
				found++
			}
		}
		rows = append(rows, row)
	}
	switch form {
	case output.JSON, output.YAML:
		err = output.Data(a.Out, form, rows)
	case output.Name:
		err = output.String(a.Out, treeNames(rows, browsing))
	default:
		err = output.String(a.Out, treeText(rows))
	}
	if err != nil {
		return err
	}
	if found == 0 {
		return fmt.Errorf("name servers know of no incarnation at %s", words.Clean(name))
	}
	return nil
}

func newTypeRow(t *dnssd.Type) typeRow {
	row := typeRow{Listed: t.Listed, Incarnations: []incarnationRow{}, Problems: []string{}}
	if t.Name.Service != "" {
		row.Name = words.Clean(t.Name.String())
	}
	for _, p := range t.Problems {
		row.Problems = append(row.Problems, words.Clean(p))
	}
	for i := range t.Incarnations {
		row.Incarnations = append(row.Incarnations, newIncarnationRow(&t.Incarnations[i]))
	}
	return row
}

func newIncarnationRow(in *dnssd.Incarnation) incarnationRow {
	row := incarnationRow{
		Name: words.Clean(in.Name.String()), Label: words.Clean(in.Name.Instance), Listed: in.Listed, Available: !in.Refused,
		TXT: rows.Pairs(in.TXT), Nodes: []*targetRow{}, Problems: []string{},
	}
	for i := range in.Targets {
		row.Nodes = append(row.Nodes, newTargetRow(&in.Targets[i]))
	}
	for _, p := range in.Problems {
		row.Problems = append(row.Problems, words.Clean(p))
	}
	if !in.Listed {
		row.Problems = append(row.Problems, "no PTR record leads to it")
	}
	return row
}

func newTargetRow(t *dnssd.Target) *targetRow {
	n := &targetRow{Priority: t.Priority, Weight: t.Weight, Port: t.Port, Target: words.Clean(t.Target), Addresses: texts(t.Addresses), Problems: []string{}}
	n.Problems = append(n.Problems, t.Problems...)
	return n
}

func texts(addrs []netip.Addr) []string {
	out := make([]string, 0, len(addrs))
	for _, a := range addrs {
		out = append(out, a.String())
	}
	return out
}

// treeNames returns the output of -o name: the incarnations, or target:port of the nodes.
func treeNames(rows []typeRow, browsing bool) string {
	var b strings.Builder
	for _, t := range rows {
		for _, in := range t.Incarnations {
			if browsing {
				b.WriteString(in.Name + "\n")
				continue
			}
			for _, n := range in.Nodes {
				if n.Target != "." {
					fmt.Fprintf(&b, "%s:%d\n", n.Target, n.Port)
				}
			}
		}
	}
	return b.String()
}

func treeText(rows []typeRow) string {
	var b strings.Builder
	for _, t := range rows {
		if t.Name != "" {
			b.WriteString(t.Name)
			if !t.Listed {
				b.WriteString("  (not listed in the enumeration of its domain)")
			}
			b.WriteByte('\n')
		}
		for _, p := range t.Problems {
			b.WriteString("  ! " + p + "\n")
		}
		for i := range t.Incarnations {
			incarnationText(&b, &t.Incarnations[i])
		}
	}
	return b.String()
}

func incarnationText(b *strings.Builder, in *incarnationRow) {
	b.WriteString("  " + in.Label)
	for _, p := range in.TXT {
		b.WriteString("  " + p.Key)
		if p.Value != nil {
			b.WriteString("=" + *p.Value)
		}
	}
	b.WriteByte('\n')
	for _, p := range in.Problems {
		b.WriteString("    ! " + p + "\n")
	}
	if !in.Available {
		b.WriteString("    not available, as its SRV record says\n")
		return
	}
	if len(in.Nodes) == 0 {
		return
	}
	cells := [][]string{{"    PRIORITY", "WEIGHT", "PORT", "TARGET", "ADDRESS"}}
	for _, n := range in.Nodes {
		addrs := strings.Join(n.Addresses, " ")
		if len(n.Problems) > 0 {
			addrs = strings.TrimSpace(addrs + " ! " + strings.Join(n.Problems, "; "))
		}
		cells = append(cells, []string{fmt.Sprintf("    %d", n.Priority), fmt.Sprint(n.Weight), fmt.Sprint(n.Port), n.Target, addrs})
	}
	b.WriteString(output.Align(cells))
}
