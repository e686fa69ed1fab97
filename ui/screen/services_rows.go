package screen

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui/common"
)

// serviceKey is the identity of a row of the services: of a service or an incarnation its
// name, of a node what tells it apart, which stays when it is quiesced or balanced.
type serviceKey struct {
	name string
	node dnsview.NodeKey
}

// serviceRow is one line of the tree of services: a service, an incarnation, or a node.
type serviceRow struct {
	key         serviceKey
	level       int
	roster      *dnsview.Roster          // of the service or the incarnation; of a node the one that it is in
	service     *dnsview.ServiceView     // the service that the row is or lies in
	incarnation *dnsview.IncarnationView // the incarnation that the row is or lies in; nil when there is none
	node        *dnsview.NodeView        // nil for a service or an incarnation
	parent      *serviceRow
	children    []*serviceRow
	folded      bool

	name       string
	indent     string
	clouds     string
	cloudOrder int
	host       string // relative to the zone
	address    string
	findings   []*dnsview.Finding
	production bool
	natural    string
	by         string // who took it out, as far as the journal of this machine knows
	at         time.Time
}

// Key is the identity of the row.
func (r *serviceRow) Key() serviceKey { return r.key }

// services is the tree of services of one snapshot with what its title counts.
type services struct {
	view  *dnsview.View
	roots []*serviceRow
	count int // services
	nodes int
}

// joinServices makes the rows of the tree. entries are the latest of the journal, newest
// first, which knows who quiesced what.
func joinServices(v *dnsview.View, entries []journal.Entry) *services {
	b := &servicesBuilder{view: v, by: takenOutBy(entries), order: map[string]int{}, production: map[string]bool{}}
	for i := range v.Snapshot.Clouds {
		c := &v.Snapshot.Clouds[i]
		b.order[c.Cloud.Name], b.production[c.Cloud.Name] = i, c.Production
	}
	out := &services{view: v}
	for _, s := range v.ServiceTree() {
		root := b.roster(&s.Roster, nil)
		root.service = s
		b.nodes(root)
		for _, i := range s.Incarnations {
			row := b.roster(&i.Roster, root)
			row.service, row.incarnation = s, i
			row.name = common.Clean(i.Label)
			row.natural = rows.NaturalKey(row.name)
			b.nodes(row)
		}
		out.roots = append(out.roots, root)
	}
	out.count, out.nodes = len(out.roots), b.count
	return out
}

type servicesBuilder struct {
	view       *dnsview.View
	by         map[nodeOut]journal.Entry
	order      map[string]int
	production map[string]bool
	count      int
}

// roster makes the row of a service or an incarnation.
func (b *servicesBuilder) roster(r *dnsview.Roster, parent *serviceRow) *serviceRow {
	row := &serviceRow{key: serviceKey{name: r.Name}, roster: r, parent: parent, name: common.Clean(r.Name), findings: r.Findings, clouds: common.Clean(strings.Join(r.Clouds, " "))}
	row.natural = rows.NaturalKey(row.name)
	row.hang(parent)
	return row
}

// hang puts a row below its parent.
func (r *serviceRow) hang(parent *serviceRow) {
	if parent == nil {
		return
	}
	r.parent, r.level = parent, parent.level+1
	r.indent = strings.Repeat("  ", r.level)
	parent.children = append(parent.children, r)
}

// nodes makes the rows of the nodes of a service or an incarnation.
func (b *servicesBuilder) nodes(parent *serviceRow) {
	from := len(parent.children)
	for _, n := range parent.roster.Nodes {
		r := &serviceRow{
			key: serviceKey{name: parent.roster.Name, node: n.Key()}, roster: parent.roster, service: parent.service, incarnation: parent.incarnation,
			node: n, findings: n.Findings, clouds: common.Clean(n.Ref.Cloud), cloudOrder: b.order[n.Ref.Cloud], production: b.production[n.Ref.Cloud],
		}
		if n.Host != "" {
			r.host = common.Clean(rows.Relative(n.Host, parent.roster.Zone))
		}
		if len(n.Addresses) > 0 {
			r.address = n.Addresses[0].String()
		}
		switch {
		case n.Instance != nil || n.ByHand():
			r.name = common.Clean(n.Ref.Name)
		case n.Ref.ID != "":
			r.name = cmp.Or(r.host, common.Clean(rows.ShortID(n.Ref.ID)))
		}
		r.name = cmp.Or(r.name, r.host, r.address, common.Clean(n.Ref.ID), "(nobody)")
		switch {
		case n.ByHand():
			r.clouds = "by hand"
		case n.Ref.ID != "" && n.Instance == nil && b.view.CloudByKey(n.Ref.Key) == nil:
			r.clouds = "elsewhere"
		}
		r.natural = rows.NaturalKey(r.name)
		if n.State == dnsview.NodeQuiesced {
			if e, ok := b.by[nodeOut{n.Ref.Key, n.Ref.ID, n.Service}]; ok {
				r.by, r.at = common.Clean(e.Who), e.Time
			}
		}
		r.hang(parent)
		b.count++
	}
	slices.SortStableFunc(parent.children[from:], func(x, y *serviceRow) int {
		return cmp.Or(cmp.Compare(x.node.SRV.Priority, y.node.SRV.Priority), cmp.Compare(x.natural, y.natural), cmp.Compare(x.cloudOrder, y.cloudOrder))
	})
}

// nodeOut names a node that was taken out of a name.
type nodeOut struct {
	cloud    providers.CloudKey
	id, name string
}

// takenOutBy finds in the journal who took nodes out of their names last.
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
