package screen

import (
	"cmp"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

// pane is one of the two panes of the fleet.
type pane int

const (
	paneInstances pane = iota
	paneRecords
)

// fleetScreen shows the instances of all clouds beside the records of all zones. The cursor of one pane marks its
// counterparts in the other.
type fleetScreen struct {
	*common.Context
	instanceList *list[rows.InstanceKey, *rows.Instance]
	recordList   *list[providers.Identity, *rows.Record]
	focus        pane
	zoom         bool
	panes        panes
}

// Fleet is the bottom screen of the stack, which other screens lead to.
type Fleet interface {
	Screen
	// Show shows both panes or one, according to the action.
	Show(a common.Action)
	// Unzoom shows both panes.
	Unzoom()
	// SetFilter filters both panes.
	SetFilter(by filter.Filter)
	// Reveal moves the cursor to a record, or to an instance if id is zero, and lifts the filter of its pane if that
	// hides it. It reports whether there is such a row, and which filter was lifted.
	Reveal(id providers.Identity, k rows.InstanceKey) (exists bool, lifted string)
	// Filters returns the filters of both panes.
	Filters() map[Table]string
	// Save returns a function that restores focus, filters and cursors as they are now.
	Save() (restore func())
}

// NewFleet returns the fleet.
func NewFleet(s *common.Context) Fleet {
	f := &fleetScreen{Context: s}
	f.instanceList = newList[rows.InstanceKey](instanceColumns(s), worstFirst)
	f.recordList = newList[providers.Identity](recordColumns(s.Theme, s.Now), worstFirst)
	return f
}

func (f *fleetScreen) Restyle() {
	f.instanceList.restyle(instanceColumns(f.Context))
	f.recordList.restyle(recordColumns(f.Theme, f.Now))
}

func (f *fleetScreen) Table() Table {
	if f.focus == paneRecords {
		return f.recordList
	}
	return f.instanceList
}

func (f *fleetScreen) Reload() tea.Cmd { return nil }

func (f *fleetScreen) Pending() bool { return f.instanceList.pending() || f.recordList.pending() }

func (f *fleetScreen) Arrange() tea.Cmd {
	if f.Picture == nil {
		return nil
	}
	return tea.Batch(f.instanceList.arrange(f.Picture.Instances), f.recordList.arrange(f.Picture.Records))
}

func (f *fleetScreen) Update(msg tea.Msg) (tea.Cmd, bool) {
	if a, ok := msg.(arranged[rows.InstanceKey, *rows.Instance]); ok && a.list == f.instanceList {
		if f.instanceList.install(a) {
			f.Moved()
		}
		return nil, true
	}
	if a, ok := msg.(arranged[providers.Identity, *rows.Record]); ok && a.list == f.recordList {
		if f.recordList.install(a) {
			f.Moved()
		}
		return nil, true
	}
	return nil, false
}

func (f *fleetScreen) Do(a common.Action) (tea.Cmd, bool) {
	switch a {
	case common.ActLeft, common.ActRight, common.ActNextPane:
		f.focusOn(a)
	case common.ActZoom:
		f.zoom = !f.zoom
	case common.ActColumns:
		f.openColumns()
	case common.ActWide:
		return f.widen(), true
	case common.ActDetail:
		return f.detail(), true
	case common.ActRetargetTo:
		return f.retargetTo()
	default:
		return nil, false
	}
	return nil, true
}

func (f *fleetScreen) SetFilter(by filter.Filter) {
	f.instanceList.filter, f.recordList.filter = by, by
}

func (f *fleetScreen) Unzoom() { f.zoom = false }

func (f *fleetScreen) Reveal(id providers.Identity, k rows.InstanceKey) (exists bool, lifted string) {
	switch {
	case f.Picture == nil:
		return false, ""
	case id != (providers.Identity{}):
		return reveal(f, paneRecords, f.recordList, f.Picture.Records, id)
	}
	return reveal(f, paneInstances, f.instanceList, f.Picture.Instances, k)
}

func (f *fleetScreen) Filters() map[Table]string {
	return map[Table]string{f.instanceList: f.instanceList.FilterText(), f.recordList: f.recordList.FilterText()}
}

func (f *fleetScreen) Save() (restore func()) {
	focus, zoom := f.focus, f.zoom
	instances, records := saved(f.instanceList), saved(f.recordList)
	return func() {
		f.focus, f.zoom = focus, zoom
		if f.Picture != nil {
			instances(f.Picture.Instances)
			records(f.Picture.Records)
		}
		f.Moved()
	}
}

// saved returns a function that restores the filter and the cursor of a list with its rows of then.
func saved[K comparable, R row[K]](l *list[K, R]) (restore func(rows []R)) {
	by, at := l.filter, l.Place()
	return func(rows []R) {
		if l.filter.String() != by.String() || l.pending() {
			l.arrangeNow(rows, by)
		}
		l.Return(at)
	}
}

func (f *fleetScreen) Show(a common.Action) {
	f.focus, f.zoom = paneInstances, a != common.ActFleet
	if a == common.ActRecords {
		f.focus = paneRecords
	}
}

// focusOn moves the focus to the other pane. If the row under the cursor has counterparts there, the cursor moves to
// the first of them.
func (f *fleetScreen) focusOn(a common.Action) {
	to := paneRecords
	if a == common.ActLeft || (a == common.ActNextPane && f.focus == paneRecords) {
		to = paneInstances
	}
	if to == f.focus {
		return
	}
	if to == paneRecords {
		if r, ok := f.instanceList.Current(); ok {
			selectLinked(f.Context, f.recordList, r.Records())
		}
	} else if r, ok := f.recordList.Current(); ok {
		selectLinked(f.Context, f.instanceList, r.Instances())
	}
	f.focus = to
	f.Moved()
}

// selectLinked moves the cursor to the first of keys, unless it is on one of them. If the filter hides all of them it
// says so, because the cursor is on a row of another subject then.
func selectLinked[K comparable, R row[K]](sh *common.Context, l *list[K, R], keys []K) {
	if k, ok := l.CursorKey(); ok && slices.Contains(keys, k) {
		return
	}
	if !slices.ContainsFunc(keys, l.Select) && len(keys) > 0 {
		sh.Notify(common.ToneWarn, "the filter "+l.FilterText()+" of this pane hides the counterpart; "+sh.KeyMap.Label(common.ActBack)+" clears it")
	}
}

// Moved scrolls the pane without focus to the counterparts of the row under the cursor.
func (f *fleetScreen) Moved() {
	if f.focus == paneInstances {
		if r, ok := f.instanceList.Current(); ok {
			f.recordList.Reveal(r.Records())
		}
		return
	}
	if r, ok := f.recordList.Current(); ok {
		f.instanceList.Reveal(r.Instances())
	}
}

// detail opens the details of the row under the cursor.
func (f *fleetScreen) detail() tea.Cmd {
	if f.focus == paneRecords {
		if r, ok := f.recordList.Current(); ok {
			f.Open(&dialog.Record{Row: r, Latest: f.recordList.Row})
		}
		return nil
	}
	if r, ok := f.instanceList.Current(); ok {
		return dialog.Instance(f.Context, r)
	}
	return nil
}

// retargetTo starts to retarget the record under the cursor to the instance under the cursor of the other pane.
func (f *fleetScreen) retargetTo() (tea.Cmd, bool) {
	i, ok := f.instanceList.Current()
	chosen := f.recordList.Chosen()
	if f.focus != paneRecords || len(chosen) != 1 || !ok {
		return nil, false
	}
	ref := i.Inst.Ref()
	return f.StartChange(common.ChangeRequest{Verb: index.VerbRetarget, Records: []providers.Identity{chosen[0].Key()}, Instances: []providers.InstanceRef{ref}},
		"retarget "+common.RecordLabel(chosen[0])+" to "+common.Clean(cmp.Or(ref.Name, ref.ID))+" in "+common.Clean(ref.Cloud), false), true
}

func (f *fleetScreen) Current() common.Subject {
	if f.focus == paneInstances {
		r, ok := f.instanceList.Current()
		if !ok {
			return common.Subject{}
		}
		return common.Subject{Instance: r, Finding: common.Worst(r.Findings), Production: r.Production(), Name: r.Inst.ID}
	}
	r, ok := f.recordList.Current()
	if !ok {
		return common.Subject{}
	}
	return recordSubject(f.Context, r)
}

// recordSubject returns the subject of a record, with its first instance.
func recordSubject(sh *common.Context, r *rows.Record) common.Subject {
	id := r.Key()
	s := common.Subject{Record: r, Finding: common.Worst(r.Findings), Production: r.Production(), Name: id.Name + "/" + id.Type + "/" + id.Value}
	if k := r.Instances(); len(k) > 0 {
		s.Instance = sh.Picture.Instance(k[0])
	}
	return s
}

func (f *fleetScreen) Records() []*rows.Record {
	if f.focus == paneRecords {
		return f.recordList.Chosen()
	}
	var ids []providers.Identity
	for _, r := range f.instanceList.Chosen() {
		ids = append(ids, r.Records()...)
	}
	return f.RecordsByID(ids)
}

func (f *fleetScreen) Instances() ([]providers.InstanceRef, string) {
	const noun = "instance"
	if f.focus == paneRecords {
		return refOf(f.Current().Instance), noun
	}
	var refs []providers.InstanceRef
	for _, r := range f.instanceList.Chosen() {
		refs = append(refs, r.Inst.Ref())
	}
	return refs, noun
}

// refOf returns the reference of one instance, or none.
func refOf(r *rows.Instance) []providers.InstanceRef {
	if r == nil {
		return nil
	}
	return []providers.InstanceRef{r.Inst.Ref()}
}

func (f *fleetScreen) ChosenFindings() []*dnsview.Finding {
	var out []*dnsview.Finding
	if f.focus == paneRecords {
		for _, r := range f.recordList.Chosen() {
			out = append(out, common.Worst(r.Findings))
		}
		return out
	}
	for _, r := range f.instanceList.Chosen() {
		out = append(out, common.Worst(r.Findings))
	}
	return out
}

func (f *fleetScreen) Copied() string {
	if f.focus == paneRecords {
		if r, ok := f.recordList.Current(); ok {
			return common.Clean(f.Picture.View.RecordName(r.Rec))
		}
		return ""
	}
	r, ok := f.instanceList.Current()
	switch {
	case !ok:
		return ""
	case r.Address() != "":
		return r.Ref().ID + " " + r.Address()
	}
	return r.Ref().ID
}

func (f *fleetScreen) Visible() []providers.Identity {
	if f.panes.right.H == 0 || f.panes.right.W == 0 {
		return nil
	}
	list := f.recordList.Visible()
	out := make([]providers.Identity, len(list))
	for i, r := range list {
		out[i] = r.Key()
	}
	return out
}

// reveal moves focus and cursor to a row, and lifts the filter of its list if that hides it.
func reveal[K comparable, R row[K]](f *fleetScreen, p pane, l *list[K, R], rows []R, k K) (exists bool, lifted string) {
	if l.pending() {
		l.arrangeNow(rows, l.filter)
	}
	exists, visible := l.Known(k)
	if !exists {
		return false, ""
	}
	if !visible {
		lifted = l.FilterText()
		l.arrangeNow(rows, filter.Filter{})
	}
	f.focus = p
	l.Select(k)
	f.Moved()
	return true, lifted
}
