package plan

import (
	"slices"

	"rollcall/dnsview"
	"rollcall/providers"
)

// Terminate plans a drain, without its waits if noDrain is set.
func Terminate(v *dnsview.View, noDrain bool, refs ...providers.InstanceRef) Plan {
	if !noDrain {
		return Drain(v, refs...)
	}
	return withoutWaits(drainTitled(v, refs, func(nodes string) string { return "Terminate " + nodes + " without draining" }))
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
