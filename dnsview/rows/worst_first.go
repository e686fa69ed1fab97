package rows

import (
	"rollcall/dnsview"
	"rollcall/dnsview/index"
)

// urgency returns the severity of the worst finding that needs a person. It is info if there is none: what is only for
// information and what is snoozed needs no one. found is worst first.
func urgency(v *dnsview.View, found []*dnsview.Finding) dnsview.Severity {
	for _, f := range found {
		if f.Severity == dnsview.Info {
			break
		}
		if v.Snooze(f) == nil {
			return f.Severity
		}
	}
	return dnsview.Info
}

func (r *Instance) urgency() dnsview.Severity { return urgency(r.view, r.Findings) }

func (r *Record) urgency() dnsview.Severity { return urgency(r.view, r.Findings) }

// Well reports whether nothing in a service, an incarnation or a node needs a person.
func (r *ServiceLine) Well() bool { return r.urgent == dnsview.Info }

func (r *ServiceLine) urgency() dnsview.Severity { return r.urgent }

// worstFirst sets the rows of the screens from those that are in the order of their names.
func (j *Joined) worstFirst() {
	index.Parallel(2, 1, func(list, _ int) {
		if list == 0 {
			j.Instances = pointers(j.nodes, j.byName.instances, j.urgent.nodes)
		} else {
			j.Records = pointers(j.values, j.byName.records, j.urgent.values)
		}
	})
}

// pointers returns the rows with some numbers, worst first.
func pointers[R any](rows []R, numbers []int32, urgent []dnsview.Severity) []*R {
	out := make([]*R, len(numbers))
	for i, n := range worstFirst(numbers, func(n int32) dnsview.Severity { return urgent[n] }) {
		out[i] = &rows[n]
	}
	return out
}

// worstFirst returns list with what needs a person first, the worst before the others. What is equally urgent keeps its
// order. It takes one pass, not a sort.
func worstFirst[R any](list []R, urgencyOf func(R) dnsview.Severity) []R {
	var next [dnsview.Critical + 1]int // how many there are of each; then where the next one belongs
	for _, r := range list {
		next[urgencyOf(r)]++
	}
	at := 0
	for s := dnsview.Critical; s >= dnsview.Info; s-- {
		next[s], at = at, at+next[s]
	}
	out := make([]R, len(list))
	for _, r := range list {
		s := urgencyOf(r)
		out[next[s]] = r
		next[s]++
	}
	return out
}
