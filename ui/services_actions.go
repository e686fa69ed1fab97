package ui

import (
	"fmt"
	"slices"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
)

// balanced reports whether a node has a priority or a weight that can be changed.
func (r *serviceRow) balanced() bool {
	return r.node != nil && len(r.node.Records) > 0 && (r.node.HasSRV || r.node.Weighted)
}

// balance asks for another priority or weight of the chosen nodes.
func (v *servicesScreen) balance() {
	if v.refusedReadOnly() || v.hiddenMarks(v.list) {
		return
	}
	all := v.nodes()
	nodes := slices.DeleteFunc(slices.Clone(all), func(r *serviceRow) bool { return !r.balanced() })
	switch {
	case len(all) == 0:
		v.notify(toneWarn, "there is no node here: put the cursor on one, or mark several")
	case len(nodes) == 0 && all[0].node.State == dnsview.NodeQuiesced:
		v.notify(toneWarn, all[0].name+" is quiesced: return it first")
	case len(nodes) == 0:
		v.notify(toneWarn, all[0].name+" has no priority and no weight in DNS")
	default:
		v.open(balanceForm(nodes))
	}
}

// createForm is the dialog for a new incarnation.
func createForm(typ string) *fieldsDialog {
	name := &textField{label: "name", input: newInput(""), hint: "v2._theservice._tcp.example.com"}
	if typ != "" {
		name.input.set("." + typ)
		name.input.edit.SetCursor(0)
	}
	return &fieldsDialog{
		title: "Create an incarnation", fields: []*textField{name, {label: "txt", input: newInput("txtvers=1"), hint: "key=value key=value"}},
		about: []string{"Its TXT, its PTR, and its type in the list of services.", "Hosts join it afterwards. Anyone can read TXT values."},
		submit: func(_ *shared, values []string) (action, string) {
			n, err := dnssd.ParseName(values[0])
			if err != nil {
				return nil, err.Error()
			}
			if n.Instance == "" {
				return nil, fmt.Sprintf("%s is a service type: write the incarnation before it, such as v2.%s", n, n)
			}
			pairs := words(values[1])
			if _, err := dnssd.ParsePairs(pairs); err != nil {
				return nil, err.Error()
			}
			return actRequest{ChangeRequest{Verb: dnsview.VerbCreate, Name: n.String(), TXT: pairs}, "create " + Clean(n.String())}, ""
		},
	}
}
