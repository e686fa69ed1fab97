package ui

import (
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// panes are the rooms of the two panes; one without room is not drawn.
type panes struct {
	wide        bool // next to each other
	left, right rect
}

// dividePanes divides the body. With zoom only the pane that has the focus is shown.
func dividePanes(l layout, zoom bool, focus pane) panes {
	p := panes{wide: l.wide}
	switch {
	case zoom || (!l.wide && l.body < 12):
		if r := (rect{l.w, l.body}); focus == paneRecords {
			p.right = r
		} else {
			p.left = r
		}
	case l.wide:
		p.left = rect{l.w * 46 / 100, l.body}
		p.right = rect{l.w - p.left.w, l.body}
	default:
		p.left = rect{l.w, (l.body + 1) / 2}
		p.right = rect{l.w, l.body - p.left.h}
	}
	return p
}

func (f *fleetScreen) resize(l layout) {
	f.panes = dividePanes(l, f.zoom, f.focus)
	if w, h := inner(f.panes.left); w > 0 {
		f.instanceList.Resize(w, h)
	}
	if w, h := inner(f.panes.right); w > 0 {
		f.recordList.Resize(w, h)
	}
}

func (f *fleetScreen) body(_ layout, production bool) []string {
	var left, right []string
	if r := f.panes.left; r.h > 0 && r.w > 0 {
		var linked []rows.InstanceKey
		if rec, ok := f.recordList.Current(); ok && f.focus != paneInstances {
			linked = rec.Instances
		}
		left = drawPane(f, f.instanceList, paneView{"Instances", "instances", r, f.focus == paneInstances, production}, linked)
	}
	if r := f.panes.right; r.h > 0 && r.w > 0 {
		var linked []providers.Identity
		if i, ok := f.instanceList.Current(); ok && f.focus != paneRecords {
			linked = i.Records
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

// paneView is how one pane is to be drawn.
type paneView struct {
	title, empty        string
	room                rect
	focused, production bool
}

// drawPane draws one pane. Production shows on the pane that has the cursor.
func drawPane[K comparable, R grid.Keyed[K]](f *fleetScreen, l *list[K, R], v paneView, linked []K) []string {
	_, h := inner(v.room)
	lines := l.Lines(h, grid.Draw[K]{Theme: f.theme, Focused: v.focused, Linked: contains(linked)})
	border := frameOfList(f.shared, v.title, l, v.production)
	if !v.focused {
		border.role = theme.Border
	}
	placeholder(f.shared, lines, l, v.room, v.empty)
	return border.draw(f.theme, lines, v.room.w, v.room.h)
}

// contains returns a test for the keys that are linked, nil for none. There are few as a
// rule; many go into a set.
func contains[K comparable](keys []K) func(K) bool {
	switch {
	case len(keys) == 0:
		return nil
	case len(keys) <= 8:
		return func(k K) bool {
			for _, x := range keys {
				if x == k {
					return true
				}
			}
			return false
		}
	}
	set := make(map[K]bool, len(keys))
	for _, k := range keys {
		set[k] = true
	}
	return func(k K) bool { return set[k] }
}

func (f *fleetScreen) about() (left, right *line) {
	if n := f.current().finding; n != nil {
		return findingAbout(f.shared, n)
	}
	t := f.theme
	l := newLine(t)
	dot := " " + t.Dot + " "
	more := func(s string) { l.add(theme.Faint, dot).add(theme.Dim, s) }
	if f.focus == paneRecords {
		if r, ok := f.recordList.Current(); ok {
			l.add(theme.Plain, Clean(r.Rec.Name)).add(theme.Dim, " "+Clean(r.Rec.Type)+" "+r.Value)
			if r.Node != "" {
				more("node " + r.Node)
			}
			if s := f.model.view.ServiceOf(r.Rec); s != "" {
				more(Clean(s))
			}
		}
		return l, newLine(t)
	}
	if r, ok := f.instanceList.Current(); ok {
		l.add(theme.Plain, r.Ref.Name).add(theme.Dim, " "+r.Ref.ID+" is "+Clean(string(r.Inst.State))+" in "+r.Ref.Cloud)
		if r.Type != "" {
			more(r.Type)
		}
		if !r.Inst.Launched.IsZero() {
			more("launched " + rows.Age(f.now().Sub(r.Inst.Launched)) + " ago")
		}
		more(countOf(len(r.Records), "record"))
	}
	return l, newLine(t)
}

func (f *fleetScreen) keys() []keyHelp {
	return []keyHelp{
		{ActHelp, "help"},
		{ActFilter, "filter"},
		{ActPalette, "commands"},
		{ActNextPane, "pane"},
		{ActFindings, "findings"},
		{ActDetail, "detail"},
		{ActMark, "mark"},
		{ActLaunch, "launch"},
		{ActTerminate, "terminate"},
		{ActDeregister, "deregister"},
		{ActUndo, "undo"},
		{ActJournal, "journal"},
		{ActSort, "sort"},
		{ActRefresh, "refresh"},
		{ActQuit, "quit"},
	}
}
