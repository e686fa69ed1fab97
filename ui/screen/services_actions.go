package screen

import (
	"slices"

	"rollcall/dnsview"
	"rollcall/ui/common"
)

// balanced reports whether a node has a priority or a weight that can be changed.
func (r *serviceRow) balanced() bool {
	return r.node != nil && len(r.node.Records) > 0 && (r.node.HasSRV || r.node.Weighted)
}

// balance asks for another priority or weight of the chosen nodes.
func (v *servicesScreen) balance() {
	if v.RefusedReadOnly() || HiddenMarks(v.Context, v.list) {
		return
	}
	all := v.nodes()
	nodes := slices.DeleteFunc(slices.Clone(all), func(r *serviceRow) bool { return !r.balanced() })
	switch {
	case len(all) == 0:
		v.Notify(common.ToneWarn, "there is no node here: put the cursor on one, or mark several")
	case len(nodes) == 0 && all[0].node.State == dnsview.NodeQuiesced:
		v.Notify(common.ToneWarn, all[0].name+" is quiesced: return it first")
	case len(nodes) == 0:
		v.Notify(common.ToneWarn, all[0].name+" has no priority and no weight in DNS")
	default:
		v.Open(balanceForm(nodes))
	}
}
