package screen

import (
	"slices"

	"rollcall/dnsview/rows"
	"rollcall/dnsview/tree"
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
