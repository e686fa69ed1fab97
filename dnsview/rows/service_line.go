package rows

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/tree"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// ServiceKey is the identity of a row of services. For a service or an incarnation it is the name; for a node it is its
// NodeKey, which does not change when the node is quiesced or balanced.
type ServiceKey struct {
	name string
	node tree.NodeKey
}

// ServiceLine is one line of the service tree: a service, an incarnation, or a node.
type ServiceLine struct {
	filterRow // the fields for filters

	Members     *tree.Members     // of the service or the incarnation; for a node, of its parent
	Service     *tree.Service     // the service of the row
	Incarnation *tree.Incarnation // the incarnation of the row, or nil
	Node        *tree.Node        // nil for a service or an incarnation
	Parent      *ServiceLine
	Children    []*ServiceLine
	Folded      int // nodes that are folded into it

	Name       string
	Clouds     string
	cloudOrder int32
	Production bool
	Findings   []*dnsview.Finding
	urgent     dnsview.Severity // see urgency
	natural    string
	TakenOut   *TakenOut // nil if this machine's journal has nothing of it
}

// TakenOut is who took a node out of its service, and when.
type TakenOut struct {
	By string
	At time.Time
}

// Key returns the identity of the row.
func (r *ServiceLine) Key() ServiceKey {
	k := ServiceKey{name: r.Members.Name}
	if r.Node != nil {
		k.node = r.Node.Key()
	}
	return k
}

// Indent returns what stands before the name in a tree.
func (r *ServiceLine) Indent() string {
	level := 0
	for p := r.Parent; p != nil; p = p.Parent {
		level++
	}
	return strings.Repeat("  ", level)
}

// Host returns the target of a node's SRV value relative to the zone, or "".
func (r *ServiceLine) Host() string {
	if r.Node == nil || r.Node.Host == "" {
		return ""
	}
	return providers.Clean(Relative(r.Node.Host, r.Members.Zone))
}

// Address returns the first address of a node, or "".
func (r *ServiceLine) Address() string {
	if r.Node == nil || len(r.Node.Addresses) == 0 {
		return ""
	}
	return r.Node.Addresses[0].String()
}

// filterRow is a row for package filter; see filter.Row.
type filterRow interface {
	FilterName() string
	FilterAge() (time.Duration, bool)
	FilterTTL() (uint64, bool)
	FilterValues(field, tag string, yield func(string) bool)
}

// ServiceTree is the service tree of one snapshot, with the counts for its title.
type ServiceTree struct {
	View  *dnsview.View
	Roots []*ServiceLine
	Count int // services
	Nodes int
}

// NewServiceTree returns the service tree of a view. entries are the latest entries of the journal, newest first, which
// show who quiesced a node.
func NewServiceTree(v *dnsview.View, entries []journal.Entry) *ServiceTree {
	b := &treeBuilder{view: v, by: takenOutBy(entries), order: map[string]int32{}, production: map[string]bool{}}
	for i := range v.Snapshot.Clouds {
		c := &v.Snapshot.Clouds[i]
		b.order[c.Cloud.Name], b.production[c.Cloud.Name] = int32(i), c.Production
	}
	out := &ServiceTree{View: v}
	for _, s := range tree.Of(v) {
		root := b.membersRow(&s.Members, nil)
		root.Service = s
		b.nodes(root)
		for _, i := range s.Incarnations {
			row := b.membersRow(&i.Members, root)
			row.Service, row.Incarnation = s, i
			row.Name = providers.Clean(i.Label)
			row.natural = naturalKey(&b.text, row.Name)
			b.nodes(row)
		}
		out.Roots = append(out.Roots, root)
	}
	out.Count, out.Nodes = len(out.Roots), b.count
	return out
}

type treeBuilder struct {
	view       *dnsview.View
	by         map[nodeOut]journal.Entry
	order      map[string]int32
	production map[string]bool
	count      int
	text       index.Texts
}

// membersRow returns the row of a service or an incarnation.
func (b *treeBuilder) membersRow(r *tree.Members, parent *ServiceLine) *ServiceLine {
	row := &ServiceLine{filterRow: &Service{Members: r, view: b.view}, Members: r, Parent: parent, Name: providers.Clean(b.view.Options.Readable(r.Name)), Findings: r.Findings, Clouds: providers.Clean(strings.Join(r.Clouds, " "))}
	row.natural, row.urgent = naturalKey(&b.text, row.Name), urgency(b.view, r.Findings)
	row.attach(parent)
	return row
}

// attach adds a row below its parent.
func (r *ServiceLine) attach(parent *ServiceLine) {
	if parent == nil {
		return
	}
	r.Parent = parent
	parent.Children = append(parent.Children, r)
}

// nodes adds the rows of the nodes of a service or an incarnation.
func (b *treeBuilder) nodes(parent *ServiceLine) {
	from := len(parent.Children)
	for _, n := range parent.Members.Nodes {
		r := &ServiceLine{
			filterRow: NewNode(b.view, n), Members: parent.Members, Service: parent.Service, Incarnation: parent.Incarnation,
			Node: n, Findings: n.Findings, urgent: urgency(b.view, n.Findings), Clouds: providers.Clean(n.Ref.Cloud), cloudOrder: b.order[n.Ref.Cloud], Production: b.production[n.Ref.Cloud],
		}
		switch {
		case n.Instance != nil || n.ByHand():
			r.Name = providers.Clean(n.Ref.Name)
		case n.Ref.ID != "":
			r.Name = cmp.Or(r.Host(), providers.Clean(ShortID(n.Ref.ID)))
		}
		if r.Name == "" {
			r.Name = cmp.Or(r.Host(), r.Address(), providers.Clean(n.Ref.ID), "(unknown)")
		}
		switch {
		case n.ByHand():
			r.Clouds = "by hand"
		case n.Ref.ID != "" && n.Instance == nil && b.view.CloudByKey(n.Ref.Key) == nil:
			r.Clouds = "elsewhere"
		}
		r.natural = naturalKey(&b.text, r.Name)
		if n.State == tree.NodeQuiesced {
			if e := b.by[nodeOut{n.Ref.Key, n.Ref.ID, n.Service}]; e.Who != "" {
				r.TakenOut = &TakenOut{providers.Clean(e.Who), e.Time}
			}
		}
		r.attach(parent)
		b.count++
	}
	slices.SortStableFunc(parent.Children[from:], func(x, y *ServiceLine) int {
		return cmp.Or(cmp.Compare(x.Node.SRV.Priority, y.Node.SRV.Priority), cmp.Compare(x.natural, y.natural), cmp.Compare(x.cloudOrder, y.cloudOrder))
	})
}

// nodeOut identifies a node that was taken out of a name.
type nodeOut struct {
	cloud    providers.CloudKey
	id, name string
}

// takenOutBy returns the last journal entry that took each node out of its name.
func takenOutBy(entries []journal.Entry) map[nodeOut]journal.Entry {
	out := map[nodeOut]journal.Entry{}
	for i := range entries {
		e := &entries[i]
		if e.State != journal.Done || e.Change == nil || e.Change.Op != providers.OpDelete {
			continue
		}
		o, ok := e.Change.Before.Owner()
		if k := (nodeOut{o.Cloud, o.Instance, e.Change.Before.Name}); ok {
			if _, newer := out[k]; !newer {
				out[k] = *e
			}
		}
	}
	return out
}
