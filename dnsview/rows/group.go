package rows

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/providers"
)

// Grouping is what rows are grouped by.
type Grouping string

// The groupings: the first three of instances, the others of records.
const (
	ByCloud   Grouping = "cloud"
	ByService Grouping = "service"
	ByState   Grouping = "state"
	ByZone    Grouping = "zone"
	ByName    Grouping = "name"
	ByFinding Grouping = "finding"
)

// Grouped is a row that can be a member of a group: an instance or a record.
type Grouped[K comparable] interface {
	Key() K
	FilterValues(field, tag string, yield func(string) bool)
	FilterName() string
	FilterAge() (time.Duration, bool)
	FilterTTL() (uint64, bool)
	urgency() dnsview.Severity
}

// Group is rows that have something in common.
type Group[R any] struct {
	Name    string // of what they have in common, clean
	Kinds   string // how many there are of each kind, such as "16 running, 2 stopped" or "12 A, 4 SRV"
	Urgent  int    // how many of them need a person
	Members []R

	worst dnsview.Severity
}

// GroupKey identifies a line of grouped rows: a heading has no member.
type GroupKey[K comparable] struct {
	Group  string
	Member K
}

// GroupLine is the heading of a group, whose Member is the first one, or one of its members.
type GroupLine[K comparable, R Grouped[K]] struct {
	Member  R
	Group   *Group[R]
	Heading bool
	Folded  bool // a heading whose members are not shown
}

// Key returns the identity of the line.
func (l *GroupLine[K, R]) Key() GroupKey[K] {
	k := GroupKey[K]{Group: l.Group.Name}
	if !l.Heading {
		k.Member = l.Member.Key()
	}
	return k
}

// FilterValues implements filter.Row, as the other methods do whose names begin so.
func (l *GroupLine[K, R]) FilterValues(field, tag string, yield func(string) bool) {
	l.Member.FilterValues(field, tag, yield)
}

// FilterName returns that of the member.
func (l *GroupLine[K, R]) FilterName() string { return l.Member.FilterName() }

// FilterAge returns that of the member.
func (l *GroupLine[K, R]) FilterAge() (time.Duration, bool) { return l.Member.FilterAge() }

// FilterTTL returns that of the member.
func (l *GroupLine[K, R]) FilterTTL() (uint64, bool) { return l.Member.FilterTTL() }

// GroupInstances returns the groups of a list, with what needs a person first, the worst before the others, then by name. The
// members keep their order.
func GroupInstances(list []*Instance, by Grouping) []*Group[*Instance] {
	return groupsOf(list, func(r *Instance) string {
		switch by {
		case ByService:
			return cmp.Or(r.Service, "no service")
		case ByState:
			return r.State()
		}
		return r.cloud()
	}, (*Instance).State)
}

// GroupRecords does the same for records.
func GroupRecords(list []*Record, by Grouping) []*Group[*Record] {
	return groupsOf(list, func(r *Record) string {
		switch by {
		case ByName:
			return providers.Clean(r.Rec.Name)
		case ByFinding:
			if len(r.Findings) == 0 {
				return "no finding"
			}
			return string(r.Findings[0].Class)
		}
		return r.zone()
	}, (*Record).Type)
}

func groupsOf[K comparable, R Grouped[K]](list []R, nameOf, kindOf func(R) string) []*Group[R] {
	groups := map[string]*Group[R]{}
	for _, r := range list {
		name := nameOf(r)
		g := groups[name]
		if g == nil {
			g = &Group[R]{Name: name}
			groups[name] = g
		}
		g.Members = append(g.Members, r)
		if s := r.urgency(); s > dnsview.Info {
			g.Urgent++
			g.worst = max(g.worst, s)
		}
	}
	out := make([]*Group[R], 0, len(groups))
	for _, g := range groups {
		g.Kinds = countKinds(g.Members, kindOf)
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *Group[R]) int {
		return cmp.Or(cmp.Compare(b.worst, a.worst), NaturalCompare(a.Name, b.Name))
	})
	return out
}

// countKinds returns how many rows are of each kind, the most frequent first.
func countKinds[R any](list []R, kindOf func(R) string) string {
	counts := map[string]int{}
	for _, r := range list {
		counts[kindOf(r)]++
	}
	kinds := make([]string, 0, len(counts))
	for s := range counts {
		kinds = append(kinds, s)
	}
	slices.SortFunc(kinds, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
	for i, s := range kinds {
		kinds[i] = fmt.Sprintf("%d %s", counts[s], s)
	}
	return strings.Join(kinds, ", ")
}

// Severity returns the severity of the worst finding in the group that needs a person, or info.
func (g *Group[R]) Severity() dnsview.Severity { return g.worst }
