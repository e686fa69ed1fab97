package rows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rollcall/dnsview"
)

// Grouping is what instances are grouped by.
type Grouping string

// The groupings.
const (
	ByCloud   Grouping = "cloud"
	ByService Grouping = "service"
	ByState   Grouping = "state"
)

// Group is instances that have something in common.
type Group struct {
	Name    string // of what they have in common, clean
	States  string // how many there are in each state, such as "16 running, 2 stopped"
	Urgent  int    // how many of them need a person
	Members []*Instance

	worst dnsview.Severity
}

// GroupKey identifies a line of grouped instances: a heading has no instance.
type GroupKey struct {
	Group    string
	Instance InstanceKey
}

// GroupLine is the heading of a group, whose Instance is nil, or one of its members.
type GroupLine struct {
	*Instance
	Group  *Group
	Folded bool // a heading whose members are not shown
}

// Heading reports whether the line is the heading of its group.
func (l *GroupLine) Heading() bool { return l.Instance == nil }

// Key returns the identity of the line.
func (l *GroupLine) Key() GroupKey {
	k := GroupKey{Group: l.Group.Name}
	if !l.Heading() {
		k.Instance = l.Instance.Key()
	}
	return k
}

// GroupInstances returns the groups of a list, with what needs a person first, the worst before the others, then by name. The
// members keep their order.
func GroupInstances(list []*Instance, by Grouping) []*Group {
	groups := map[string]*Group{}
	for _, r := range list {
		name := r.cloud()
		switch by {
		case ByService:
			name = cmp.Or(r.Service, "no service")
		case ByState:
			name = r.State()
		}
		g := groups[name]
		if g == nil {
			g = &Group{Name: name}
			groups[name] = g
		}
		g.Members = append(g.Members, r)
		if s := r.urgency(); s > dnsview.Info {
			g.Urgent++
			g.worst = max(g.worst, s)
		}
	}
	out := make([]*Group, 0, len(groups))
	for _, g := range groups {
		g.States = countStates(g.Members)
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(b.worst, a.worst), NaturalCompare(a.Name, b.Name))
	})
	return out
}

// countStates returns how many instances are in each state, the most frequent first.
func countStates(list []*Instance) string {
	counts := map[string]int{}
	for _, r := range list {
		counts[r.State()]++
	}
	states := make([]string, 0, len(counts))
	for s := range counts {
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, s := range states {
		states[i] = fmt.Sprintf("%d %s", counts[s], s)
	}
	return strings.Join(states, ", ")
}

// Severity returns the severity of the worst finding in the group that needs a person, or info.
func (g *Group) Severity() dnsview.Severity { return g.worst }
