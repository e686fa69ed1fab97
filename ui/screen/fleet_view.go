package screen

import (
	"slices"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// panes are the sizes of the two panes. A pane without room is not drawn.
type panes struct {
	wide        bool // the panes are next to each other
	left, right common.Size
}

// dividePanes divides the body. With zoom only the pane with the focus is shown.
func dividePanes(l common.Layout, zoom bool, focus pane) panes {
	p := panes{wide: l.Wide}
	switch {
	case zoom || (!l.Wide && l.Body < 12):
		if r := (common.Size{W: l.W, H: l.Body}); focus == paneRecords {
			p.right = r
		} else {
			p.left = r
		}
	case l.Wide:
		p.left = common.Size{W: l.W * 46 / 100, H: l.Body}
		p.right = common.Size{W: l.W - p.left.W, H: l.Body}
	default:
		p.left = common.Size{W: l.W, H: (l.Body + 1) / 2}
		p.right = common.Size{W: l.W, H: l.Body - p.left.H}
	}
	return p
}

func (f *fleetScreen) Resize(l common.Layout) {
	f.panes = dividePanes(l, f.zoom, f.focus)
	if w, h := inner(f.panes.left); w > 0 {
		f.instanceList.Resize(w, h)
	}
	if w, h := inner(f.panes.right); w > 0 {
		f.recordList.Resize(w, h)
	}
}

func (f *fleetScreen) Body(_ common.Layout, production bool) []string {
	var left, right []string
	if r := f.panes.left; r.H > 0 && r.W > 0 {
		var linked []rows.InstanceKey
		if rec, ok := f.recordList.Current(); ok && f.focus != paneInstances {
			linked = rec.Instances()
		}
		left = drawPane(f, f.instanceList, paneView{"Instances", "instances", r, f.focus == paneInstances, production}, linked)
	}
	if r := f.panes.right; r.H > 0 && r.W > 0 {
		var linked []providers.Identity
		if i, ok := f.instanceList.Current(); ok && f.focus != paneRecords {
			linked = i.Records()
		}
		right = drawPane(f, f.recordList, paneView{"DNS", "records", r, f.focus == paneRecords, production}, linked)
	}
	if !f.panes.wide || len(left) == 0 || len(right) == 0 {
		return append(left, right...)
	}
	out := make([]string, len(left))
	for i := range left {
		out[i] = left[i] + right[i]
	}
	return out
}

// paneView holds the options for drawing a pane.
type paneView struct {
	title, empty        string
	room                common.Size
	focused, production bool
}

// drawPane draws one pane. The border shows production on the pane with the cursor.
func drawPane[K comparable, R row[K]](f *fleetScreen, l *list[K, R], v paneView, linked []K) []string {
	_, h := inner(v.room)
	lines := l.Lines(h, grid.Draw[K]{Theme: f.Theme, Focused: v.focused, Linked: contains(linked)})
	border := frameOfList(f.Context, v.title, l, v.production)
	if !v.focused {
		border.Role = theme.Border
	}
	placeholder(f.Context, lines, l, v.room, v.empty)
	return border.Draw(f.Theme, lines, v.room.W, v.room.H)
}

// contains returns a test for keys, or nil if there are none. Many keys are put into a set.
func contains[K comparable](keys []K) func(K) bool {
	switch {
	case len(keys) == 0:
		return nil
	case len(keys) <= 8:
		return func(k K) bool { return slices.Contains(keys, k) }
	}
	set := make(map[K]bool, len(keys))
	for _, k := range keys {
		set[k] = true
	}
	return func(k K) bool { return set[k] }
}

func (f *fleetScreen) About() (left, right *common.Line) {
	if n := f.Current().Finding; n != nil {
		return findingAbout(f.Context, n)
	}
	t := f.Theme
	l := common.NewLine(t)
	dot := " " + t.Dot + " "
	more := func(s string) { l.Add(theme.Faint, dot).Add(theme.Dim, s) }
	if f.focus == paneRecords {
		if r, ok := f.recordList.Current(); ok {
			l.Add(theme.Plain, common.Clean(r.Rec.Name)).Add(theme.Dim, " "+common.Clean(r.Rec.Type)+" "+r.Value())
			if r.Node != "" {
				more("node " + r.Node)
			}
			if s := f.Picture.View.ServiceOf(r.Rec); s != "" {
				more(common.Clean(s))
			}
		}
		return l, common.NewLine(t)
	}
	if r, ok := f.instanceList.Current(); ok {
		l.Add(theme.Plain, r.Ref().Name).Add(theme.Dim, " "+r.Ref().ID+" is "+common.Clean(string(r.Inst.State))+" in "+r.Ref().Cloud)
		if r.Type() != "" {
			more(r.Type())
		}
		if !r.Inst.Launched.IsZero() {
			more("launched " + rows.Age(f.Now().Sub(r.Inst.Launched)) + " ago")
		}
		more(providers.CountOf(r.CountRecords(), "record"))
	}
	return l, common.NewLine(t)
}

func (f *fleetScreen) Keys() []KeyHelp {
	return append(append([]KeyHelp{
		{common.ActHelp, "help"},
		{common.ActFilter, "filter"},
		{common.ActPalette, "commands"},
		{common.ActNextPane, "pane"},
		{common.ActFindings, "findings"},
		{common.ActDetail, "detail"},
		{common.ActMark, "mark"},
		{common.ActLaunch, "launch"},
	}, f.rowKeys()...), []KeyHelp{
		{common.ActUndo, "undo"},
		{common.ActJournal, "journal"},
		{common.ActSort, "sort"},
		{common.ActRefresh, "refresh"},
		{common.ActQuit, "quit"},
	}...)
}

// rowKeys returns the keys that do something to the row under the cursor.
func (f *fleetScreen) rowKeys() (out []KeyHelp) {
	if i := f.Current().Instance; i != nil && !i.Inst.State.Dead() {
		out = append(out, KeyHelp{common.ActTerminate, "terminate"})
	}
	i, ok := f.instanceList.Current()
	if _, record := f.recordList.Current(); f.focus == paneRecords && record || f.focus == paneInstances && ok && i.CountRecords() > 0 {
		out = append(out, KeyHelp{common.ActDeregister, "deregister"})
	}
	return out
}
