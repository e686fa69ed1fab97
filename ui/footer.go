package ui

import (
	"fmt"
	"strings"

	"rollcall/ui/theme"
)

// footer draws the bottom lines: what is known of the row under the cursor, and below
// it the prompt, a message, or the keys.
func (m *Model) footer(l layout) []string {
	if l.footer == 0 {
		return nil
	}
	last := m.lastLine(l.w)
	if l.footer == 1 {
		return []string{last}
	}
	return []string{m.aboutLine(l.w), last}
}

// lastLine is the prompt, else a message, else what runs, else the keys.
func (m *Model) lastLine(w int) string {
	t := m.theme
	if p := m.prompt; p != nil {
		l := newLine(t).gap(1).add(theme.Key, "/")
		right := newLine(t)
		if p.err != "" {
			right.add(theme.Bad, t.Bad+" "+p.err)
		} else {
			right.add(theme.Dim, fmt.Sprintf("%d of %d  ", m.top().table().Len(), m.top().table().Total())).
				join(hintLine(t, keyHints("enter", "keep", "esc", "back")))
		}
		right.gap(1)
		if right.w > w/2 {
			right = newLine(t).add(theme.Bad, fit(p.err, max(w/2-1, 0), t.Ellipsis)).gap(1)
		}
		room := w - l.w - right.w - 1
		return fit(l.b.String()+p.input.view(t, room, true, "state:running cloud:aws name~www age>7d finding:dead")+" "+right.b.String(), w, "")
	}
	if m.status.live(m.now()) {
		right := newLine(t)
		if m.status.hint != "" {
			key, does, _ := strings.Cut(m.status.hint, " ")
			right.join(hintLine(t, keyHints(key, does))).gap(1)
		}
		left := m.status.line(t)
		if left.w+right.w+1 > w {
			return fit(left.b.String(), max(w-right.w-1, 0), t.Ellipsis) + theme.Reset + " " + right.fill(min(right.w, w-1))
		}
		return spread(left, right, w)
	}
	if l := m.changes.line(); l != nil {
		return spread(l, hintLine(t, keyHints(m.keymap.label(ActPalette), "changes")).gap(1), w)
	}
	return m.keyLine(w)
}

// keyLine names the keys that an operator needs most, as many as fit.
func (m *Model) keyLine(w int) string {
	t := m.theme
	l := newLine(t).gap(1)
	for _, o := range m.top().keys() {
		k := m.keymap.label(o.a)
		if k == "" {
			continue
		}
		part := newLine(t).add(theme.Key, k).add(theme.Dim, " "+o.does)
		sep := 0
		if l.w > 1 {
			sep = 3
		}
		if l.w+sep+part.w > w-1 {
			continue
		}
		l.gap(sep).join(part)
	}
	return l.fill(w)
}

// aboutLine says in one line what matters about the row under the cursor, with the keys
// that belong to it at the right.
func (m *Model) aboutLine(w int) string {
	t := m.theme
	about, right := m.top().about()
	left := newLine(t).gap(1).join(about)
	if left.w+right.w+2 <= w {
		return spread(left, right, w)
	}
	if right.w > w/2 {
		right = newLine(t)
	}
	return fit(left.b.String(), max(w-right.w-1, 0), t.Ellipsis) + theme.Reset + " " + right.fill(right.w)
}
