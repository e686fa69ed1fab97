package plan

import (
	"cmp"
	"slices"
	"strconv"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
)

// Terminate plans a drain, without its waits if noDrain is set.
func Terminate(v *dnsview.View, noDrain bool, refs ...providers.InstanceRef) Plan {
	if !noDrain {
		return Drain(v, refs...)
	}
	return withoutWaits(drainTitled(v, refs, func(nodes string) string { return "Terminate " + nodes + " without draining" }))
}

// Terminated returns the instances that the plan terminates, in order.
func (p *Plan) Terminated() (out []providers.InstanceRef) {
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Kind == StepPower && s.Action == PowerTerminate {
			out = append(out, s.Instance)
		}
	}
	return out
}

// NameOrCount returns what a person types before nodes are terminated: the name of one, or its id if it has none, or the
// number of several. It is "" for none.
func NameOrCount(nodes []providers.InstanceRef) string {
	switch len(nodes) {
	case 0:
		return ""
	case 1:
		return index.Clean(cmp.Or(nodes[0].Name, nodes[0].ID))
	}
	return strconv.Itoa(len(nodes))
}

// withoutWaits returns a plan without its waits. Steps that needed a wait need the steps that it needed.
func withoutWaits(p Plan) Plan {
	needs := map[int][]int{} // of each wait
	var steps []Step
	for _, st := range p.Steps {
		var n []int
		for _, id := range st.Needs {
			if through, ok := needs[id]; ok {
				n = append(n, through...)
			} else {
				n = append(n, id)
			}
		}
		slices.Sort(n)
		st.Needs = slices.Compact(n)
		if st.Kind == StepWait {
			needs[st.ID] = st.Needs
			continue
		}
		steps = append(steps, st)
	}
	p.Steps = steps
	return p
}
