package dialog

import (
	"time"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// timelineDialog shows what happened to a name in the last day, newest first.
type timelineDialog struct {
	gen    uint64
	about  string
	events []rows.Event
	read   bool
	err    string
	view   viewport.Model
}

// timelineMsg holds the events of a timeline, oldest first.
type timelineMsg struct {
	gen    uint64
	events []rows.Event
	err    error
}

// Timeline opens the timeline of a name, or shows a message if there is none.
func Timeline(sh *common.Context, name string) tea.Cmd {
	if name == "" {
		sh.Notify(common.ToneInfo, "this row has no timeline")
		return nil
	}
	d := &timelineDialog{gen: sh.NextID(), about: name}
	sh.Open(d)
	gen, backend, ctx := d.gen, sh.Backend, sh.Ctx
	return func() tea.Msg {
		events, err := backend.Timeline(ctx, name)
		return timelineMsg{gen, events, err}
	}
}

// Receive implements common.Receiver.
func (d *timelineDialog) Receive(_ *common.Context, msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(timelineMsg)
	if !ok || m.gen != d.gen {
		return nil, false
	}
	d.events, d.read = m.events, true
	if m.err != nil {
		d.err = common.Clean(m.err.Error())
	}
	return nil, true
}

// Key implements common.Dialog.
func (d *timelineDialog) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch key := k.String(); key {
	case "esc", "q", "enter", "T":
		return common.Close{}
	default:
		common.Scroll(&d.view, key)
	}
	return nil
}

// Draw implements common.Dialog.
func (d *timelineDialog) Draw(sh *common.Context, w, _ int) common.Panel {
	t := sh.Theme
	var lines []string
	switch {
	case d.err != "":
		lines = common.Wrap(t.Warn+" "+d.err, max(w, 20))
	case !d.read:
		lines = []string{"reading…"}
	case len(d.events) == 0:
		lines = []string{"nothing is recorded of it in the last day"}
	}
	for i := len(d.events) - 1; i >= 0; i-- {
		lines = append(lines, eventLines(sh, &d.events[i], min(w, 100))...)
	}
	return common.Panel{Title: "Timeline of " + d.about, Lines: lines, Hints: common.KeyHints("esc", "close"), View: &d.view}
}

// eventLines returns an event with its time and glyph, wrapped.
func eventLines(sh *common.Context, e *rows.Event, w int) (out []string) {
	t := sh.Theme
	glyph, role := t.Dot, theme.Dim
	switch e.Kind {
	case rows.EventBegun:
		glyph, role = t.Bad, theme.Bad
	case rows.EventEnded:
		glyph, role = t.OK, theme.Good
	case rows.EventChange:
		glyph, role = t.Right, theme.Notice
	}
	text := e.Text
	if e.Who != "" {
		text += ", by " + e.Who
	}
	const lead = len("15:04:05  x ")
	for i, l := range common.Wrap(text, max(w-lead, 20)) {
		if i == 0 {
			out = append(out, t.Paint(theme.Dim, e.Time.Local().Format(time.TimeOnly))+"  "+t.Paint(role, glyph)+" "+l)
			continue
		}
		out = append(out, "            "+l)
	}
	return out
}
