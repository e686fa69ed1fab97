package screen

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
	"rollcall/providers"
	"rollcall/ui/common"
)

// balanced reports whether a node has a priority or a weight that can be changed.
func balanced(r *rows.ServiceLine) bool {
	return r.Node != nil && len(r.Node.Records) > 0 && (r.Node.HasSRV || r.Node.Weighted)
}

// balance asks for another priority or weight of the chosen nodes.
func (v *servicesScreen) balance() {
	if v.RefusedReadOnly() || HiddenMarks(v.Context, v.list) {
		return
	}
	all := v.nodes()
	nodes := slices.DeleteFunc(slices.Clone(all), func(r *rows.ServiceLine) bool { return !balanced(r) })
	switch {
	case len(all) == 0:
		v.Notify(common.ToneWarn, "there is no node here: put the cursor on one, or mark several")
	case len(nodes) == 0 && all[0].Node.State == tree.NodeQuiesced:
		v.Notify(common.ToneWarn, all[0].Name+" is quiesced: return it first")
	case len(nodes) == 0:
		v.Notify(common.ToneWarn, all[0].Name+" has no priority and no weight in DNS")
	default:
		v.Open(balanceForm(nodes))
	}
}

// replace replaces all instances of a service or an incarnation.
func (v *servicesScreen) replace(r *rows.ServiceLine) tea.Cmd {
	if v.RefusedReadOnly() || HiddenMarks(v.Context, v.list) {
		return nil
	}
	var nodes []providers.InstanceRef
	for _, n := range r.Members.Nodes {
		if n.Instance != nil && !n.Instance.State.Dead() && !slices.Contains(nodes, n.Ref) {
			nodes = append(nodes, n.Ref)
		}
	}
	if len(nodes) == 0 {
		v.Notify(common.ToneWarn, "no instance is a node of "+common.Clean(r.Members.Name))
		return nil
	}
	return v.StartChange(common.ReplaceRequest(nodes), "replace the "+providers.CountOf(len(nodes), "node")+" of "+common.Clean(r.Members.Name), false)
}
