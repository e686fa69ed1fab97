package plan

import (
	"slices"
	"strings"

	"rollcall/dnsview"
	"rollcall/providers"
)

// Terminate plans a drain, without its waits if noDrain is set.
func Terminate(v *dnsview.View, noDrain bool, refs ...providers.InstanceRef) Plan {
	p := Drain(v, refs...)
	if noDrain {
		p = withoutWaits(p)
	}
	return p
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
	p.Title = strings.Replace(p.Title, "drain", "terminate without draining", 1)
	return p
}
