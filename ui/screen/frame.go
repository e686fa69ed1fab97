package screen

import (
	"fmt"
	"slices"
	"strconv"

	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// inner returns the room within a pane's border.
func inner(r common.Size) (w, h int) {
	if r.H < 3 || r.W < 8 {
		return r.W, r.H
	}
	return r.W - 2, r.H - 2
}

// frameOfList returns the border of a list: its name, number of rows, filter, order and marks.
func frameOfList(sh *common.Context, name string, l Table, production bool) common.Frame {
	t := sh.Theme
	title := common.NewLine(t).Add(theme.Strong, name)
	switch filtered := l.FilterText() != ""; {
	case sh.Picture == nil || sh.Picture.View.Snapshot.Beginning:
		title.Add(theme.Dim, " reading"+t.Ellipsis)
	case filtered:
		title.Add(theme.Accent, fmt.Sprintf(" %d", l.Len())).Add(theme.Dim, fmt.Sprintf("/%d", l.Total()))
	default:
		title.Add(theme.Accent, " "+strconv.Itoa(l.Len()))
	}
	return titled(sh, title, l, production)
}

// titled adds marks, filter and order to the title of a list.
func titled(sh *common.Context, title *common.Line, l Table, production bool) common.Frame {
	t := sh.Theme
	if visible, hidden := l.Marks(); visible+hidden > 0 {
		title.Add(theme.Faint, " "+t.Dot+" ").Add(theme.Accent, fmt.Sprintf("%d marked", visible))
		if hidden > 0 {
			title.Add(theme.Warn, fmt.Sprintf(", %d hidden", hidden))
		}
	}
	if f := l.FilterText(); f != "" {
		title.Add(theme.Faint, " "+t.Dot+" ").Add(theme.Warn, "/"+common.Clean(f))
	}
	order := l.Order()
	if order == worstFirst && nothingRead(sh) {
		order = "by name" // what needs a person is not known yet
	}
	if order != "" {
		title.Add(theme.Faint, " "+t.Dot+" ").Add(theme.Dim, order)
	}
	top, page, total := l.Window()
	f := common.Frame{Title: title, Role: theme.BorderFocus, Top: top, Page: page, Total: total, Offset: 1}
	if production {
		f.Role = theme.BorderDanger
	}
	return f
}

// nothingRead reports whether all rows are those of an earlier run.
func nothingRead(sh *common.Context) bool {
	if sh.Picture == nil {
		return true
	}
	s := sh.Picture.View.Snapshot
	return s.Beginning || len(s.Clouds)+len(s.Zones) > 0 &&
		!slices.ContainsFunc(s.Clouds, func(c providers.CloudView) bool { return !c.Earlier }) &&
		!slices.ContainsFunc(s.Zones, func(z providers.ZoneView) bool { return !z.Earlier })
}

// placeholder explains in an empty list why it is empty.
func placeholder(sh *common.Context, body []string, l Table, r common.Size, what string) {
	if l.Len() > 0 || len(body) < 3 {
		return
	}
	w, _ := inner(r)
	text := "no " + what
	switch {
	case sh.Picture == nil:
		text = "reading" + sh.Theme.Ellipsis
	case l.Total() > 0:
		text = "no " + what + " pass the filter " + sh.Theme.Dot + " " + sh.KeyMap.Label(common.ActBack) + " clears it"
	case !sh.AllRead():
		text = "reading" + sh.Theme.Ellipsis
	}
	body[2] = common.NewLine(sh.Theme).Gap(3).Add(theme.Dim, text).Fill(w)
}

// HiddenMarks reports whether every mark of a list is hidden. It then shows that commands act on nothing.
func HiddenMarks(sh *common.Context, l Table) bool {
	visible, hidden := l.Marks()
	if hidden == 0 || visible > 0 {
		return false
	}
	by := "by the filter"
	if l.FilterText() == "" {
		by = "in folded rows"
	}
	sh.Notify(common.ToneWarn, fmt.Sprintf("%d marked, all hidden %s: nothing is acted on that cannot be seen", hidden, by))
	return true
}
