package ui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// footer returns the bottom lines: information about the row under the cursor, then the prompt, a message, or the keys.
func (m *Model) footer(l common.Layout) []string {
	if l.Footer == 0 {
		return nil
	}
	last := m.lastLine(l.W)
	if l.Footer == 1 {
		return []string{last}
	}
	return []string{m.aboutLine(l.W), last}
}

// lastLine returns the prompt, else a message, else what is running, else the keys.
func (m *Model) lastLine(w int) string {
	t := m.Theme
	if p := m.prompt; p != nil {
		l := common.NewLine(t).Gap(1).Add(theme.Key, "/")
		right := common.NewLine(t)
		if p.err != "" {
			right.Add(theme.Bad, t.Bad+" "+p.err)
		} else {
			right.Add(theme.Dim, fmt.Sprintf("%d of %d  ", m.top().Table().Len(), m.top().Table().Total())).
				Join(common.HintLine(t, common.KeyHints("enter", "keep", "esc", "back")))
		}
		right.Gap(1)
		if most := max(w/2, w-l.W-ansi.StringWidth(p.input.Value())-3); right.W > most { // what is typed comes first
			right = common.NewLine(t).Add(theme.Bad, common.Fit(t.Bad+" "+p.err, max(most-1, 0), t.Ellipsis)).Gap(1)
		}
		room := w - l.W - right.W - 1
		return common.Fit(l.B.String()+p.input.View(t, room, true, "state:running cloud:aws name~www age>7d finding:dead")+" "+right.B.String(), w, "")
	}
	if m.Status.Live(m.Now()) {
		right := common.NewLine(t)
		if m.Status.Hint != "" && len(m.Dialogs) == 0 { // there the keys are the dialog's
			key, does, _ := strings.Cut(m.Status.Hint, " ")
			right.Join(common.HintLine(t, common.KeyHints(key, does))).Gap(1)
		}
		left := m.Status.Line(t)
		if left.W+right.W+1 > w {
			return common.Fit(left.B.String(), max(w-right.W-1, 0), t.Ellipsis) + theme.Reset + " " + right.Fill(min(right.W, w-1))
		}
		return common.Spread(left, right, w)
	}
	if len(m.Dialogs) > 0 {
		return common.NewLine(t).Fill(w) // the keys are the dialog's
	}
	if l := m.changes.Line(); l != nil {
		return common.Spread(l, common.HintLine(t, common.KeyHints(m.KeyMap.Label(common.ActPalette), "changes")).Gap(1), w)
	}
	return m.keyLine(w)
}

// keyLine returns the most important keys, as many as fit.
func (m *Model) keyLine(w int) string {
	t := m.Theme
	l := common.NewLine(t).Gap(1)
	empty := m.top().Table().Len() == 0
	for _, o := range m.top().Keys() {
		k := m.KeyMap.Label(o.A)
		if k == "" || m.ReadOnly && o.A.Changes() || empty && (o.A == common.ActDetail || o.A == common.ActMark) {
			continue
		}
		part := common.NewLine(t).Add(theme.Key, k).Add(theme.Dim, " "+o.Does)
		sep := 0
		if l.W > 1 {
			sep = 3
		}
		if l.W+sep+part.W > w-1 {
			continue
		}
		l.Gap(sep).Join(part)
	}
	return l.Fill(w)
}

// aboutLine returns one line about the row under the cursor, with its keys at the right.
func (m *Model) aboutLine(w int) string {
	t := m.Theme
	about, right := m.top().About()
	if len(m.Dialogs) > 0 {
		right = common.NewLine(t)
	}
	left := common.NewLine(t).Gap(1).Join(about)
	if left.W+right.W+2 <= w {
		return common.Spread(left, right, w)
	}
	if right.W > w*2/3 {
		right = common.NewLine(t)
	}
	return common.Fit(left.B.String(), max(w-right.W-1, 0), t.Ellipsis) + theme.Reset + " " + right.Fill(right.W)
}
