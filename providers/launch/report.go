package launch

import (
	"fmt"

	"rollcall/providers"
)

// OK reports whether every node is registered.
func (r *Report) OK() bool {
	for i := range r.Nodes {
		if !r.Nodes[i].Done() {
			return false
		}
	}
	return len(r.Problems) == 0 && len(r.Nodes) > 0
}

// Missing gives the number of nodes that are not registered.
func (r *Report) Missing() int {
	n := 0
	for i := range r.Nodes {
		if !r.Nodes[i].Done() {
			n++
		}
	}
	return n
}

// Lines tells the outcome node by node, for a person. Nothing in it is longer
// than a line or has control characters.
func (r *Report) Lines() []string {
	lines := make([]string, 0, len(r.Nodes)+len(r.Problems))
	for _, p := range r.Problems {
		lines = append(lines, providers.Clean(p))
	}
	for i := range r.Nodes {
		n := &r.Nodes[i]
		s := fmt.Sprintf("%s in %s: %s", n.Name, n.Cloud, n.Stage)
		if n.Instance.ID != "" {
			s = fmt.Sprintf("%s (%s) in %s: %s", n.Name, n.Instance.ID, n.Cloud, n.Stage)
		}
		if n.Message != "" {
			s += ": " + n.Message
		}
		lines = append(lines, providers.Clean(s))
	}
	return lines
}
