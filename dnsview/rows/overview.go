package rows

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/tree"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// CloudCount counts the nodes of a service in one cloud.
type CloudCount struct {
	Well   int // in DNS, and nothing worse than low was found about them
	Unwell int // in DNS, and something was
	Unsure int // in DNS, and what is known is not enough to say
	Out    int // not in DNS: quiesced, missing, starting or stopped
}

// All returns the number of nodes.
func (c CloudCount) All() int { return c.Well + c.Unwell + c.Unsure + c.Out }

// Overview is the row of a service, or of an incarnation of one, across all clouds.
type Overview struct {
	Name     string // clean
	Live     int
	Minimum  int // 0 for none
	Clouds   []CloudCount
	Wire     index.WireVerdict // the worst of its values; empty when none was asked for
	Change   string            // the last change and by whom, or empty
	Changed  time.Time
	Findings []*dnsview.Finding // worst first

	members *tree.Members
	natural string
}

// OverviewTable holds the rows of an overview, the worst first, and the clouds of their counts in config order. Nodes that joined
// by hand and those of no known cloud are counted in the last one, named "other", if there are any.
type OverviewTable struct {
	View      *dnsview.View
	Clouds    []string
	Rows      []*Overview
	Evacuated []EvacuatedCloud
}

// OtherClouds is the column of nodes that are in no cloud of the view.
const OtherClouds = "other"

// NewOverview counts the services of a view, without what belongs to other fleets and to no one here. entries are the latest entries of the journal, newest first.
func NewOverview(v *dnsview.View, entries []journal.Entry) *OverviewTable {
	return newOverview(v, entries, tree.Of(v))
}

func newOverview(v *dnsview.View, entries []journal.Entry, services []*tree.Service) *OverviewTable {
	t := &OverviewTable{View: v, Evacuated: evacuatedClouds(v, entries)}
	at := map[string]int{}
	for i := range v.Snapshot.Clouds {
		if name := providers.Clean(v.Snapshot.Clouds[i].Cloud.Name); name != "" {
			at[name] = len(t.Clouds)
			t.Clouds = append(t.Clouds, name)
		}
	}
	var all []*tree.Members
	add := func(m *tree.Members) {
		if m.Declared != nil || slices.ContainsFunc(m.Nodes, ours) {
			all = append(all, m)
		}
	}
	for _, s := range services {
		if len(s.Incarnations) == 0 {
			add(&s.Members)
		}
		for _, i := range s.Incarnations {
			add(&i.Members)
		}
	}
	others := slices.ContainsFunc(all, func(m *tree.Members) bool {
		return slices.ContainsFunc(m.Nodes, func(n *tree.Node) bool { _, ok := at[providers.Clean(n.Ref.Cloud)]; return !ok && ours(n) })
	})
	if others {
		t.Clouds = append(t.Clouds, OtherClouds)
	}
	changes := make([]Event, len(entries))
	for i := range entries {
		changes[i] = NewChangeEvent(&entries[i])
	}
	for _, m := range all {
		row := &Overview{
			Name: providers.Clean(m.Name), Live: m.Live, Minimum: m.Minimum, Findings: m.Findings, members: m,
			Clouds: make([]CloudCount, len(t.Clouds)), natural: NaturalKey(m.Name),
		}
		for _, n := range m.Nodes {
			if !ours(n) {
				continue
			}
			i, ok := at[providers.Clean(n.Ref.Cloud)]
			if !ok {
				i = len(t.Clouds) - 1
			}
			row.count(&row.Clouds[i], v, n)
		}
		for i := range changes {
			if changes[i].About(m.Name) {
				row.Changed, row.Change = changes[i].Time, providers.Clean(entries[i].Verb)+" by "+cmp.Or(changes[i].Who, "unknown")
				break
			}
		}
		t.Rows = append(t.Rows, row)
	}
	slices.SortStableFunc(t.Rows, func(a, b *Overview) int {
		return cmp.Or(cmp.Compare(b.rank(), a.rank()), strings.Compare(a.natural, b.natural))
	})
	return t
}

// ours reports whether a node is one that this fleet answers for.
func ours(n *tree.Node) bool {
	return n.State != tree.NodeOtherFleet && n.State != tree.NodeForeign
}

// count adds a node, and what the name servers answer for its values.
func (r *Overview) count(c *CloudCount, v *dnsview.View, n *tree.Node) {
	switch {
	case len(n.Records) == 0:
		c.Out++
	case (n.Live || n.State == tree.NodeByHand) && !slices.ContainsFunc(n.Findings, func(f *dnsview.Finding) bool { return f.Severity > dnsview.Low }):
		c.Well++
	case n.State == tree.NodeUnknown:
		c.Unsure++
	default:
		c.Unwell++
	}
	for _, rec := range n.Records {
		if w := v.WireOf(rec); w != nil && (r.Wire == "" || wireRank(w.State) < wireRank(r.Wire)) {
			r.Wire = w.State
		}
	}
}

// Down reports whether clients are sent to no live node.
func (r *Overview) Down() bool { return r.Live == 0 }

// Thin reports whether it has fewer live nodes than its minimum.
func (r *Overview) Thin() bool { return r.members.Thin() }

// rank orders the worst first: down, thin, then by the worst finding.
func (r *Overview) rank() int {
	worst := -1
	if len(r.Findings) > 0 {
		worst = int(r.Findings[0].Severity)
	}
	switch {
	case r.Down():
		return 200 + worst
	case r.Thin():
		return 100 + worst
	}
	return worst
}

// Nodes returns the nodes of one cloud of the table.
func (t *OverviewTable) Nodes(r *Overview, cloud string) (out []*tree.Node) {
	for _, n := range r.members.Nodes {
		name := providers.Clean(n.Ref.Cloud)
		if ours(n) && (name == cloud || cloud == OtherClouds && !slices.Contains(t.Clouds, name)) {
			out = append(out, n)
		}
	}
	return out
}

// Key returns the identity of the row.
func (r *Overview) Key() string { return r.Name }

// FilterName returns the text that a bare word is fuzzily matched with.
func (r *Overview) FilterName() string { return r.Name }

// FilterAge returns no age.
func (r *Overview) FilterAge() (time.Duration, bool) { return 0, false }

// FilterTTL returns no TTL.
func (r *Overview) FilterTTL() (uint64, bool) { return 0, false }

// FilterValues yields the values of a field.
func (r *Overview) FilterValues(field, _ string, yield func(string) bool) {
	switch field {
	case "", "name", "service":
		yield(r.Name)
	case "wire":
		yield(string(r.Wire))
	case "cloud":
		for _, c := range r.members.Clouds {
			if !yield(c) {
				return
			}
		}
	case "finding", "class", "severity":
		yieldClasses(r.Findings, field, yield)
	}
}

// LiveText returns the live nodes, with the minimum if there is one: "4", "1 of min 2".
func (r *Overview) LiveText() string {
	if r.Minimum == 0 {
		return strconv.Itoa(r.Live)
	}
	return strconv.Itoa(r.Live) + " of min " + strconv.Itoa(r.Minimum)
}
