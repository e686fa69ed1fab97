package screen

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/form"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// servicesScreen shows services, incarnations and nodes as a folding tree.
type servicesScreen struct {
	listScreen[rows.ServiceKey, *rows.ServiceLine]
	tree  *rows.ServiceTree // nil until the screen is first shown
	folds folds
}

func newServicesScreen(s *common.Context) Screen {
	v := &servicesScreen{listScreen: listScreen[rows.ServiceKey, *rows.ServiceLine]{Context: s, title: "Services", empty: "services", natural: worstFirst}}
	v.columns = func() []grid.Column[*rows.ServiceLine] { return serviceColumns(s) }
	v.makeList()
	v.list.Markable = func(r *rows.ServiceLine) bool { return r.Node != nil }
	return v
}

func (v *servicesScreen) Shown() *dnsview.View {
	if v.tree == nil {
		return nil
	}
	return v.tree.View
}

// BuildRows builds the tree. For nodes that were taken out on purpose it reads the author from the journal; a read
// error is ignored here.
func (v *servicesScreen) BuildRows(ctx context.Context, backend common.Backend, view *dnsview.View) (take func()) {
	var b common.JournalPage
	if view.Count(dnsview.Quiesced) > 0 {
		b, _ = backend.Journal(ctx, journalLimit)
	}
	tree := rows.NewServiceTree(view, b.Entries)
	return func() { v.tree = tree }
}

func (v *servicesScreen) Release() {
	v.tree = nil
	v.list.release()
}

// Arrange sorts, folds and filters the tree in a command.
func (v *servicesScreen) Arrange() tea.Cmd {
	if v.tree == nil {
		return nil
	}
	l := v.list
	out, columns, order := l.next(), l.columns, l.sort
	t := rows.ServiceOrder{Folded: v.folded()}
	if by := l.filter; !by.Empty() {
		t.Match = func(r *rows.ServiceLine) bool { return by.Match(r) }
	}
	if order.Column >= 0 {
		t.Compare = columns[order.Column].Compare
		t.Reverse = order.Reverse
	}
	roots := v.tree.Roots
	return l.inTurn(func() tea.Msg {
		lines, shown := t.Flatten(roots)
		// The rows are in tree order; sorting them as a list would separate children from their parents.
		as := slices.Clone(columns)
		for i := range as {
			as[i].Compare = nil
		}
		out.data = grid.Arrange(nil, as, lines, grid.Filter{Pass: passing(func(i int) bool { return shown[lines[i].Key()] })}, order)
		return out
	})
}

func (v *servicesScreen) Do(a common.Action) (tea.Cmd, bool) {
	r, ok := v.list.Current()
	switch a {
	case common.ActLeft, common.ActRight, common.ActNextPane:
		if ok {
			return v.fold(a, r), true
		}
	case common.ActZoom:
		v.folds = folds{all: !v.folds.all}
		v.list.changes++
		return v.Arrange(), true
	case common.ActMark:
		if ok && r.Node != nil {
			return nil, false
		}
		v.Notify(common.ToneInfo, "nodes are marked, not services")
	case common.ActDetail:
		if ok {
			v.detail(r)
		}
	case common.ActBalance:
		v.balance()
	case common.ActReplace:
		if !ok || r.Node != nil || len(v.nodes()) > 0 {
			return nil, false
		}
		return v.replace(r), true
	case common.ActRetire:
		if !ok || r.Incarnation == nil {
			return nil, false
		}
		if !v.RefusedReadOnly() {
			return v.StartChange(common.ChangeRequest{Verb: index.VerbRetire, Name: r.Incarnation.Name}, "retire "+common.Clean(r.Incarnation.Name), false), true
		}
	case common.ActCreate:
		if !ok || len(r.Service.Incarnations) == 0 {
			return nil, false
		}
		if !v.RefusedReadOnly() {
			v.Open(form.NewIncarnation(common.Clean(r.Service.Name)))
		}
	default:
		return nil, false
	}
	return nil, true
}

// Body draws the tree. Its title has the numbers of services and nodes, not of rows.
func (v *servicesScreen) Body(l common.Layout, production bool) []string {
	t := v.Theme
	f := frameOfList(v.Context, v.title, v.list, production)
	if v.tree != nil && v.list.filter.Empty() {
		title := common.NewLine(t).Add(theme.Strong, v.title).Add(theme.Accent, fmt.Sprintf(" %d", v.tree.Count)).
			Add(theme.Faint, " "+t.Dot+" ").Add(theme.Dim, providers.CountOf(v.tree.Nodes, "node"))
		f = titled(v.Context, title, v.list, production)
	}
	return v.draw(f, nil, l)
}

func (v *servicesScreen) Current() common.Subject {
	r, ok := v.list.Current()
	if !ok {
		return common.Subject{}
	}
	s := common.Subject{Finding: common.Worst(r.Findings), Service: r.Members.Name, Production: r.Production, Name: r.Members.Name}
	if r.Node != nil {
		s.Name = cmp.Or(r.Node.Ref.ID, s.Name)
	}
	if r.Node != nil && r.Node.Instance != nil {
		s.Instance = v.Picture.Instance(rows.InstanceKey{Cloud: r.Node.Instance.Cloud, ID: r.Node.Instance.ID})
	}
	return s
}

// nodes returns the nodes that a command acts on: the marked ones, else the one under the cursor.
func (v *servicesScreen) nodes() []*rows.ServiceLine {
	return slices.DeleteFunc(v.list.Chosen(), func(r *rows.ServiceLine) bool { return r.Node == nil })
}

// Instances returns the instances and hosts of the chosen nodes, each once.
func (v *servicesScreen) Instances() (refs []providers.InstanceRef, noun string) {
	for _, r := range v.nodes() {
		if ref := r.Node.Ref; ref.ID != "" && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	return refs, "node"
}

// Records returns the records of the chosen nodes, or the remaining markers of a node without records.
func (v *servicesScreen) Records() []*rows.Record {
	var ids []providers.Identity
	for _, r := range v.nodes() {
		list := slices.Concat(r.Node.Records, r.Node.Hosts)
		if len(list) == 0 {
			list = r.Node.Markers
		}
		for _, rec := range list {
			if id := rec.Identity(); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return v.RecordsByID(ids)
}

func (v *servicesScreen) ChosenFindings() []*dnsview.Finding {
	var out []*dnsview.Finding
	for _, r := range v.list.Chosen() {
		out = append(out, common.Worst(r.Findings))
	}
	return out
}

// Copied returns the record in the form of the command line, else the name of the row.
func (v *servicesScreen) Copied() string {
	if r, ok := v.list.Current(); ok {
		return copiedOf(r, v.tree.View)
	}
	return ""
}
