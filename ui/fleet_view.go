package ui

import (
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
	"rollcall/ui/grid"
	"rollcall/ui/theme"
)

// View draws the screen. It is called after every message, so it only joins
// what is ready: the visible rows.
func (m *Model) View() tea.View {
	v := tea.NewView(strings.Join(m.draw(), "\n"))
	v.AltScreen = true
	v.WindowTitle = "rollcall"
	return v
}

// draw gives the lines of the screen: as many as it is high, each as wide as it is.
func (m *Model) draw() []string {
	if m.w <= 0 || m.h <= 0 {
		return nil
	}
	l := m.layout
	lines := make([]string, 0, m.h)
	lines = append(lines, m.header(l)...)
	lines = append(lines, m.body(l)...)
	lines = append(lines, m.footer(l)...)
	if len(lines) > m.h {
		lines = lines[:m.h]
	}
	return m.drawDialog(lines)
}

func (m *Model) body(l layout) []string {
	switch m.screen {
	case screenFindings:
		return m.drawList(m.listFrame("Findings", m.findings.grid, m.findings.filter.String(), m.findings.sortedBy()), drawer(m.findings, m.theme), l)
	case screenJournal:
		return m.drawJournal(l)
	case screenSources:
		return m.drawList(m.listFrame("Sources", m.roll.grid, "", ""), drawer(m.roll, m.theme), l)
	case screenServices:
		return m.drawServices(l)
	}
	var left, right []string
	if l.left.h > 0 && l.left.w > 0 {
		left = m.drawInstances(l.left)
	}
	if l.right.h > 0 && l.right.w > 0 {
		right = m.drawRecords(l.right)
	}
	if !l.wide || len(left) == 0 || len(right) == 0 {
		return append(left, right...)
	}
	out := make([]string, len(left))
	for i := range left {
		out[i] = left[i] + right[i]
	}
	return out
}

// inner is the room within the border of a pane.
func inner(r rect) (w, h int) {
	if r.h < 3 || r.w < 8 {
		return r.w, r.h
	}
	return r.w - 2, r.h - 2
}

func (m *Model) drawInstances(r rect) []string {
	focused := m.focus == paneInstances
	g := m.instances.grid
	_, h := inner(r)
	var linked []instanceKey
	if !focused {
		if rec, ok := m.records.grid.Current(); ok {
			linked = rec.instances
		}
	}
	body := g.Lines(h, grid.Draw[instanceKey]{Theme: m.theme, Focused: focused && m.screen == screenFleet, Linked: contains(linked)})
	f := m.listFrame("Instances", g, m.instances.filter.String(), m.instances.sortedBy())
	f.role = m.borderRole(focused)
	m.placeholder(body, g, r, "instances")
	return f.draw(m.theme, body, r.w, r.h)
}

func (m *Model) drawRecords(r rect) []string {
	focused := m.focus == paneRecords
	g := m.records.grid
	_, h := inner(r)
	var linked []providers.Identity
	if !focused {
		if i, ok := m.instances.grid.Current(); ok {
			linked = i.records
		}
	}
	body := g.Lines(h, grid.Draw[providers.Identity]{Theme: m.theme, Focused: focused && m.screen == screenFleet, Linked: contains(linked)})
	f := m.listFrame("DNS", g, m.records.filter.String(), m.records.sortedBy())
	f.role = m.borderRole(focused)
	m.placeholder(body, g, r, "records")
	return f.draw(m.theme, body, r.w, r.h)
}

// borderRole colours the border of a pane: production shows on the pane that
// has the cursor.
func (m *Model) borderRole(focused bool) theme.Role {
	switch {
	case focused && m.production():
		return theme.BorderDanger
	case focused:
		return theme.BorderFocus
	}
	return theme.Border
}

// contains tells whether a key is among those that are linked. There are few
// as a rule; many go into a set.
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

// listFrame makes the border of a list: its name, how many rows, the filter,
// the order, and the marks.
func (m *Model) listFrame(name string, g mover, filter, sorted string) frame {
	t := m.theme
	title := newLine(t).add(theme.Strong, name)
	switch {
	case m.joined == nil:
		title.add(theme.Dim, " reading"+t.Ellipsis)
	case filter != "":
		title.add(theme.Accent, fmt.Sprintf(" %d", g.Len())).add(theme.Dim, fmt.Sprintf("/%d", g.Total()))
	default:
		title.add(theme.Accent, " "+strconv.Itoa(g.Len()))
	}
	return m.frameOf(title, g, filter, sorted)
}

// frameOf completes the title of a list with marks, filter and order.
func (m *Model) frameOf(title *line, g mover, filter, sorted string) frame {
	t := m.theme
	if visible, hidden := g.Marks(); visible+hidden > 0 {
		title.add(theme.Faint, " "+t.Dot+" ").add(theme.Accent, fmt.Sprintf("%d marked", visible))
		if hidden > 0 {
			title.add(theme.Warn, fmt.Sprintf(", %d hidden", hidden))
		}
	}
	if filter != "" {
		title.add(theme.Faint, " "+t.Dot+" ").add(theme.Warn, "/"+Clean(filter))
	}
	if sorted != "" {
		title.add(theme.Faint, " "+t.Dot+" ").add(theme.Dim, "by "+strings.ToLower(sorted))
	}
	top, page, total := g.Window()
	return frame{title: title, role: theme.BorderFocus, top: top, page: page, total: total, offset: 1}
}

// drawer draws a list that has the whole body.
func drawer[K comparable, R grid.Keyed[K]](l *list[K, R], t *theme.Theme) func(h int) []string {
	return func(h int) []string { return l.grid.Lines(h, grid.Draw[K]{Theme: t, Focused: true}) }
}

func (m *Model) drawList(f frame, lines func(h int) []string, l layout) []string {
	_, h := inner(rect{l.w, l.body})
	if m.production() {
		f.role = theme.BorderDanger
	}
	return f.draw(m.theme, lines(h), l.w, l.body)
}

// placeholder says in an empty list why it is empty.
func (m *Model) placeholder(body []string, g mover, r rect, what string) {
	if g.Len() > 0 || len(body) < 3 {
		return
	}
	w, _ := inner(r)
	text := "no " + what
	switch {
	case m.joined == nil:
		text = "reading" + m.theme.Ellipsis
	case g.Total() > 0:
		text = "no " + what + " pass the filter " + m.theme.Dot + " " + m.keymap.label(ActBack) + " clears it"
	case !m.allRead():
		text = "reading" + m.theme.Ellipsis
	}
	body[2] = newLine(m.theme).gap(3).add(theme.Dim, text).fill(w)
}

// allRead reports whether every source has been read at least once, well or not.
func (m *Model) allRead() bool {
	for i := range m.sources {
		if m.sources[i].coverage.State == providers.CoverageNone {
			return false
		}
	}
	return len(m.sources) > 0
}
