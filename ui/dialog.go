package ui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"rollcall/ui/theme"
)

// quietFor is how long a dialog that opens by itself takes no keys: who was
// typing something else must not answer it.
const quietFor = 700 * time.Millisecond

// dialog is a box over the screen. It is a plain struct: it draws itself and
// turns keys into actions, which the root carries out.
type dialog interface {
	// key handles a key and says what is to be done.
	key(sh *shared, k tea.KeyPressMsg) action
	// draw returns what is in the box. Lines may be longer than the width; the box cuts them.
	draw(sh *shared, w, h int) panel
}

// panel is the content of a dialog.
type panel struct {
	title  string
	danger bool
	lines  []string
	// fixed lines at the end that do not scroll, e.g. an input.
	tail  []string
	hints []key.Binding
	// view says which of the lines are shown when there is no room for all.
	view  *viewport.Model
	end   bool // the last lines are shown, however many come
	width int  // wanted inner width; 0 for as wide as the lines
}

// keyHint returns a key of a dialog with what it does.
func keyHint(k, does string) key.Binding {
	return key.NewBinding(key.WithKeys(k), key.WithHelp(k, does))
}

// keyHints returns keys, each followed by what it does.
func keyHints(pairs ...string) []key.Binding {
	var out []key.Binding
	for ; len(pairs) > 1; pairs = pairs[2:] {
		out = append(out, keyHint(pairs[0], pairs[1]))
	}
	return out
}

// action is what a dialog wants the root to do; nil for nothing.
type action interface{}

// The actions of dialogs.
type (
	actClose   struct{}            // close the dialog
	actRun     struct{ c *change } // carry the change out
	actSkip    struct{ c *change } // end the wait that is under way
	actHide    struct{ c *change } // go on in the background
	actRequest struct {            // begin another change
		request ChangeRequest
		what    string
	}
	actCmd struct{ cmd tea.Cmd }
	actDo  struct{ a Action } // as if the key of the action had been pressed
)

// open puts a dialog on top.
func (sh *shared) open(d dialog) { sh.dialogs = append(sh.dialogs, d) }

// closeTop takes the top dialog away.
func (sh *shared) closeTop() {
	if n := len(sh.dialogs); n > 0 {
		if cd, ok := sh.dialogs[n-1].(*changeDialog); ok {
			cd.c.dialog = false
			if cd.c.stage != stageRunning {
				delete(sh.changes, cd.c.gen) // whatever is still on its way is late
			}
		}
		sh.dialogs = sh.dialogs[:n-1]
	}
}

// act carries out what a dialog asked for.
func (m *Model) act(a action) tea.Cmd {
	switch a := a.(type) {
	case actClose:
		m.closeTop()
	case actHide:
		m.closeTop()
		m.notify(toneInfo, a.c.what+" goes on in the background; : changes shows it again")
	case actRun:
		a.c.report = nil
		return m.runCmd(a.c)
	case actSkip:
		select {
		case a.c.skip <- struct{}{}:
		default:
		}
	case actRequest:
		m.closeTop()
		return m.startChange(a.request, a.what, false)
	case actCmd:
		return a.cmd
	case actDo:
		m.closeTop()
		return m.do(a.a)
	}
	return nil
}

// page is how many lines a page key moves through the text of a dialog.
const page = 10

// scrollBy returns by how many lines a key moves through a text, 0 for a key that does not.
func scrollBy(k string) int {
	switch k {
	case "up", "k":
		return -1
	case "down", "j":
		return 1
	case "pgup", "ctrl+b":
		return -page
	case "pgdown", "ctrl+f", "space":
		return page
	case "home", "g":
		return -1 << 20
	case "end", "G":
		return 1 << 20
	}
	return 0
}

// scroll moves through a text that is longer than its box. It reports whether the key does so.
func scroll(v *viewport.Model, k string) bool {
	by := scrollBy(k)
	v.SetYOffset(v.YOffset() + by)
	return by != 0
}

// drawDialog draws the top dialog over the screen.
func (m *Model) drawDialog(lines []string) []string {
	if len(m.dialogs) == 0 {
		return lines
	}
	t := m.theme
	maxW, maxH := m.w-4, m.h-2
	if m.w < 50 {
		maxW = m.w
	}
	if m.h < 14 {
		maxH = m.h
	}
	innerW, innerH := max(maxW-4, 1), max(maxH-2, 1)
	p := m.dialogs[len(m.dialogs)-1].draw(m.shared, innerW, innerH)
	w := p.width
	for _, l := range p.lines {
		w = max(w, ansi.StringWidth(l))
	}
	for _, l := range p.tail {
		w = max(w, ansi.StringWidth(l))
	}
	foot := hintLine(t, p.hints)
	w = max(min(max(w, foot.w, ansi.StringWidth(p.title)+4), innerW), min(innerW, 30))
	extra := len(p.tail)
	if len(p.hints) > 0 {
		extra += 2
	}
	room := max(innerH-extra, 1)
	shown := p.lines
	top := 0
	if len(shown) > room {
		if p.view != nil {
			p.view.SetHeight(room)
			p.view.SetContentLines(shown)
			if p.end {
				p.view.GotoBottom()
			}
			top = p.view.YOffset()
		}
		shown = shown[top : top+room]
	}
	body := make([]string, 0, len(shown)+extra)
	for _, l := range shown {
		body = append(body, " "+fit(l, w, t.Ellipsis)+theme.Reset+" ")
	}
	for _, l := range p.tail {
		body = append(body, " "+fit(l, w, t.Ellipsis)+theme.Reset+" ")
	}
	if len(p.hints) > 0 {
		body = append(body, strings.Repeat(" ", w+2), " "+foot.fill(w)+" ")
	}
	if len(body) > innerH {
		body = body[len(body)-innerH:]
	}
	role := theme.BorderFocus
	if p.danger {
		role = theme.BorderDanger
	}
	f := frame{title: newLine(t).add(theme.Strong, p.title), role: role, top: top, page: room, total: len(p.lines)}
	box := f.draw(t, body, min(w+4, m.w), min(len(body)+2, m.h))
	bw := min(w+4, m.w)
	return overlay(lines, box, (m.w-bw)/2, max((m.h-len(box))/2, 0), m.w)
}

// hintLine draws keys and what they do.
func hintLine(t *theme.Theme, hints []key.Binding) *line {
	l := newLine(t)
	for i, h := range hints {
		if i > 0 {
			l.add(theme.Faint, "  "+t.Dot+"  ")
		}
		l.add(theme.Key, h.Help().Key).add(theme.Dim, " "+h.Help().Desc)
	}
	return l
}
