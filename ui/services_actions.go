package ui

import (
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/dnssd"
	"rollcall/providers"
)

// chosenNodes are the nodes that a command acts on: the marked ones, or the one under the cursor.
func (m *Model) chosenNodes() []*serviceRow {
	if m.screen != screenServices {
		return nil
	}
	return slices.DeleteFunc(m.services.grid.Chosen(), func(r *serviceRow) bool { return r.node == nil })
}

// markable reports whether the row under the cursor can be marked: of the services only nodes can.
func (m *Model) markable() bool {
	r, ok := m.services.grid.Current()
	return m.screen != screenServices || ok && r.node != nil
}

// nodeRefs names the instances and hosts of the chosen nodes, each once.
func (m *Model) nodeRefs() []providers.InstanceRef {
	var refs []providers.InstanceRef
	for _, r := range m.chosenNodes() {
		if ref := r.node.Ref; ref.ID != "" && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// nodeRecordIDs are the records of the chosen nodes; of those that have none, the
// markers that are left of them.
func (m *Model) nodeRecordIDs() []providers.Identity {
	var ids []providers.Identity
	for _, r := range m.chosenNodes() {
		list := slices.Concat(r.node.Records, r.node.Hosts)
		if len(list) == 0 {
			list = r.node.Markers
		}
		for _, rec := range list {
			if id := rec.Identity(); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// balanced reports whether a node has a priority or a weight that can be changed.
func (r *serviceRow) balanced() bool {
	return r.node != nil && len(r.node.Records) > 0 && (r.node.HasSRV || r.node.Weighted)
}

// balance asks for another priority or weight of the chosen nodes.
func (m *Model) balance() tea.Cmd {
	if m.refusedReadOnly() {
		return nil
	}
	if m.screen != screenServices {
		m.say(sayInfo, "priority and weight are changed in the services: "+m.keymap.label(ActServices)+" shows them")
		return nil
	}
	if m.hiddenMarks() {
		return nil
	}
	all := m.chosenNodes()
	nodes := slices.DeleteFunc(slices.Clone(all), func(r *serviceRow) bool { return !r.balanced() })
	switch {
	case len(all) == 0:
		m.say(sayWarn, "there is no node here: put the cursor on one, or mark several")
	case len(nodes) == 0 && all[0].node.State == dnsview.NodeQuiesced:
		m.say(sayWarn, all[0].name+" is quiesced: return it first")
	case len(nodes) == 0:
		m.say(sayWarn, all[0].name+" has no priority and no weight in DNS")
	default:
		m.open(m.balanceForm(nodes))
	}
	return nil
}

// retire begins to take back what announces the incarnation under the cursor.
func (m *Model) retire() tea.Cmd {
	if m.refusedReadOnly() {
		return nil
	}
	if m.screen == screenServices {
		if r, ok := m.services.grid.Current(); ok && r.incarnation != nil {
			return m.want(Wish{Verb: dnsview.VerbRetire, Name: r.incarnation.Name}, "retire "+Clean(r.incarnation.Name), false)
		}
	}
	m.say(sayWarn, "there is no incarnation here: put the cursor on one in the services ("+m.keymap.label(ActServices)+")")
	return nil
}

// create asks for the name and the attributes of a new incarnation.
func (m *Model) create() tea.Cmd {
	if m.refusedReadOnly() {
		return nil
	}
	typ := ""
	if m.screen == screenServices {
		if r, ok := m.services.grid.Current(); ok && len(r.service.Incarnations) > 0 {
			typ = Clean(r.service.Name)
		}
	}
	m.open(createForm(typ))
	return nil
}

// createForm is the dialog for a new incarnation.
func createForm(typ string) *fieldsDialog {
	name := &textField{label: "name", input: newInput(""), hint: "v2._theservice._tcp.example.com"}
	if typ != "" {
		name.input.set("." + typ)
		name.input.at = 0
	}
	return &fieldsDialog{
		title: "Create an incarnation", fields: []*textField{name, {label: "txt", input: newInput("txtvers=1"), hint: "key=value key=value"}},
		about: []string{"Its TXT, its PTR, and its type in the list of services.", "Hosts join it afterwards. Anyone can read TXT values."},
		submit: func(_ *Model, values []string) (action, string) {
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
			return actWish{Wish{Verb: dnsview.VerbCreate, Name: n.String(), TXT: pairs}, "create " + Clean(n.String())}, ""
		},
	}
}
