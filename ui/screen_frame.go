package ui

import (
	"fmt"
	"strconv"
	"strings"

	"rollcall/ui/theme"
)

// inner returns the room within the border of a pane.
func inner(r rect) (w, h int) {
	if r.h < 3 || r.w < 8 {
		return r.w, r.h
	}
	return r.w - 2, r.h - 2
}

// frame makes the border of a list: its name, how many rows, the filter, the order, and
// the marks.
func frameOfList(sh *shared, name string, l table, production bool) frame {
	t := sh.theme
	title := newLine(t).add(theme.Strong, name)
	switch filtered := l.filterText() != ""; {
	case sh.model == nil:
		title.add(theme.Dim, " reading"+t.Ellipsis)
	case filtered:
		title.add(theme.Accent, fmt.Sprintf(" %d", l.Len())).add(theme.Dim, fmt.Sprintf("/%d", l.Total()))
	default:
		title.add(theme.Accent, " "+strconv.Itoa(l.Len()))
	}
	return titled(sh, title, l, production)
}

// frameOf completes the title of a list with marks, filter and order.
func titled(sh *shared, title *line, l table, production bool) frame {
	t := sh.theme
	if visible, hidden := l.Marks(); visible+hidden > 0 {
		title.add(theme.Faint, " "+t.Dot+" ").add(theme.Accent, fmt.Sprintf("%d marked", visible))
		if hidden > 0 {
			title.add(theme.Warn, fmt.Sprintf(", %d hidden", hidden))
		}
	}
	if f := l.filterText(); f != "" {
		title.add(theme.Faint, " "+t.Dot+" ").add(theme.Warn, "/"+Clean(f))
	}
	if by := l.sortedBy(); by != "" {
		title.add(theme.Faint, " "+t.Dot+" ").add(theme.Dim, "by "+strings.ToLower(by))
	}
	top, page, total := l.Window()
	f := frame{title: title, role: theme.BorderFocus, top: top, page: page, total: total, offset: 1}
	if production {
		f.role = theme.BorderDanger
	}
	return f
}

// placeholder says in an empty list why it is empty.
func placeholder(sh *shared, body []string, l table, r rect, what string) {
	if l.Len() > 0 || len(body) < 3 {
		return
	}
	w, _ := inner(r)
	text := "no " + what
	switch {
	case sh.model == nil:
		text = "reading" + sh.theme.Ellipsis
	case l.Total() > 0:
		text = "no " + what + " pass the filter " + sh.theme.Dot + " " + sh.keymap.label(ActBack) + " clears it"
	case !sh.allRead():
		text = "reading" + sh.theme.Ellipsis
	}
	body[2] = newLine(sh.theme).gap(3).add(theme.Dim, text).fill(w)
}
