package screen

import (
	"fmt"
	"strconv"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/form"
)

// The largest priority and weight of an SRV value (RFC 2782), and weight of a weighted record set of Route 53.
const (
	maxBalance  = 65535
	maxWeighted = 255
)

// balanceForm returns the dialog for another priority and weight of nodes. An empty field keeps the value of each node.
func balanceForm(nodes []*rows.ServiceLine) *form.Fields {
	what := providers.CountOf(len(nodes), "node")
	if len(nodes) == 1 {
		what = nodes[0].Name
	}
	weightMost, srv := maxBalance, true
	for _, r := range nodes {
		if r.Node.Weighted {
			weightMost, srv = maxWeighted, false
		}
	}
	weight := balanceField("weight", nodes, (*rows.ServiceLine).Weight)
	fields := []*form.TextField{weight}
	about := []string{"Weight shares among nodes; 0 is hardly ever chosen."}
	if srv {
		fields = []*form.TextField{balanceField("priority", nodes, (*rows.ServiceLine).Priority), weight}
		about = []string{"Clients try the lowest priority first.", "Weight shares among nodes of one priority; 0 is hardly ever chosen."}
	}
	if d := nodes[0].Members.Declared; d != nil && srv && (d.Priority > 0 || d.Weight != nil) {
		about = append(about, fmt.Sprintf("The config declares priority %d and weight %d.", d.Priority, d.WeightOfNew()))
	}
	was := make([]string, len(fields))
	for i, f := range fields {
		was[i] = f.Input.Value()
	}
	return &form.Fields{
		Title: "Priority and weight of " + what, Fields: fields, About: about,
		Submit: func(_ *common.Context, values []string) (common.DialogAction, string) {
			w := common.ChangeRequest{Verb: index.VerbBalance}
			for i, v := range values {
				f := fields[i]
				most := maxBalance
				if f == weight {
					most = weightMost
				}
				n, why := number(f.Label, v, most)
				switch {
				case why != "":
					return nil, why
				case v == was[i] || n == nil:
				case f == weight:
					w.Weight = n
				default:
					w.Priority = n
				}
			}
			if w.Priority == nil && w.Weight == nil {
				return nil, "nothing is changed: write another number"
			}
			for _, r := range nodes {
				for _, rec := range r.Node.Records {
					w.Records = append(w.Records, rec.Identity())
				}
			}
			return common.Request{Request: w, What: "balance " + what}, ""
		},
	}
}

// balanceField starts with the number that all nodes have in common, or else empty with a hint.
func balanceField(label string, nodes []*rows.ServiceLine, of func(*rows.ServiceLine) string) *form.TextField {
	f := &form.TextField{Label: label}
	seen := []string{}
	for _, r := range nodes {
		if v := of(r); len(seen) == 0 || seen[len(seen)-1] != v {
			seen = append(seen, v)
		}
	}
	if len(seen) == 1 {
		f.Input = common.NewInput(seen[0])
		return f
	}
	f.Hint = "as it is: " + strings.Join(seen[:min(len(seen), 4)], ", ")
	return f
}

// number parses a number from 0 to most; nil for an empty text. why is a line about what is wrong.
func number(label, text string, most int) (n *uint16, why string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, ""
	}
	v, err := strconv.ParseUint(text, 10, 16)
	if err != nil || v > uint64(most) {
		return nil, fmt.Sprintf("%s: %q is no number from 0 to %d", label, common.Clean(text), most)
	}
	u := uint16(v)
	return &u, ""
}
