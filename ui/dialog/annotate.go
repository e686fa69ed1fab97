package dialog

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// lineDialog asks for one line and does something with it in a command.
type lineDialog struct {
	title  string
	danger bool
	lines  []string // above the input
	label  string
	enter  string // what enter does
	input  common.Input
	// accept returns what to do with the line in a command, or what is wrong with it.
	accept func(text string) (write func() error, err error)
	done   string // the message once it is written
	closed func() // is called after it has left the screen; may be nil
	// then, if not nil, goes on once it is written, in the place of the message.
	then   func() tea.Cmd
	asking bool
	err    string
}

// AnnotatedMsg reports that something was written that views show. The model builds a new one.
type AnnotatedMsg struct {
	dialog *lineDialog
	err    error
}

// Snooze asks for how long, and why, findings are to be kept out of alarms.
func Snooze(sh *common.Context, found []*dnsview.Finding) {
	d := &lineDialog{title: "Snooze " + common.Clean(string(found[0].Class)), label: "for, and why ", enter: "snooze", done: "snoozed: :snoozed in the findings lists it"}
	const shown = 5
	for _, f := range found[:min(len(found), shown)] {
		d.lines = append(d.lines, common.Wrap(common.Clean(string(f.Class)+": "+f.Reason), sh.TextWidth())...)
	}
	if n := len(found); n > 1 {
		d.title = "Snooze " + providers.CountOf(n, "finding")
		if n > shown {
			d.lines = append(d.lines, "and "+providers.CountOf(n-shown, "more finding"))
		}
	}
	d.lines = append(d.lines, "")
	d.lines = append(d.lines, common.Wrap("Such as: 2h the vendor replaces the host at 5. Nothing is changed or resolved by it, and it comes back when the time is over or its evidence changes.", sh.TextWidth())...)
	backend := sh.Backend
	d.accept = func(text string) (func() error, error) {
		head, reason, _ := strings.Cut(strings.TrimSpace(text), " ")
		t, err := filter.Duration(head)
		if err != nil || t <= 0 {
			return nil, errors.New("write a time first, such as 2h or 3d, then the reason")
		}
		return func() error { return backend.Snooze(found, t, strings.TrimSpace(reason)) }, nil
	}
	sh.Open(d)
}

// Unsnooze ends the snoozes of findings in a command.
func Unsnooze(sh *common.Context, found []*dnsview.Finding) tea.Cmd {
	backend := sh.Backend
	d := &lineDialog{done: providers.CountOf(len(found), "finding") + " no longer snoozed"}
	return func() tea.Msg { return AnnotatedMsg{d, backend.Unsnooze(found)} }
}

// Note asks for the note about a subject, which has a name and a note already or nil.
func Note(sh *common.Context, subject, name string, was *rows.NoteObject) {
	d := &lineDialog{title: "Note about " + name, label: "note ", enter: "keep it", done: "noted"}
	if was != nil {
		d.input = common.NewInput(was.Text)
		d.lines = append(common.Wrap("By "+was.By+", "+rows.Age(sh.Now().Sub(was.At))+" ago. An empty text removes it.", sh.TextWidth()), "")
	}
	backend := sh.Backend
	d.accept = func(text string) (func() error, error) {
		return func() error { return backend.Note(subject, strings.TrimSpace(text)) }, nil
	}
	sh.Open(d)
}

// Key implements common.Dialog.
func (d *lineDialog) Key(_ *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "esc":
		return common.Close{}
	case "enter":
		if d.asking {
			return nil
		}
		write, err := d.accept(d.input.Value())
		if err != nil {
			d.err = common.Clean(err.Error())
			return nil
		}
		d.asking, d.err = true, ""
		return common.Cmd{Cmd: func() tea.Msg { return AnnotatedMsg{d, write()} }}
	default:
		d.input.Key(k)
	}
	return nil
}

// Paste implements common.Paster.
func (d *lineDialog) Paste(_ *common.Context, s string) common.DialogAction {
	d.input.Insert(s)
	return nil
}

// Closed is called after the dialog has left the screen.
func (d *lineDialog) Closed() {
	if d.closed != nil {
		d.closed()
	}
}

// Draw implements common.Dialog.
func (d *lineDialog) Draw(sh *common.Context, w, _ int) common.Panel {
	t := sh.Theme
	p := common.Panel{Title: d.title, Danger: d.danger, Lines: d.lines, Hints: common.KeyHints("enter", d.enter, "esc", "leave it")}
	if d.err != "" {
		for _, l := range common.Wrap(d.err, min(w, 90)) {
			p.Tail = append(p.Tail, t.Paint(theme.Bad, l))
		}
	}
	p.Tail = append(p.Tail, t.Paint(theme.Strong, d.label)+d.input.View(t, min(max(w-len(d.label), 4), 70), true, ""))
	return p
}

// Annotated closes the dialog whose text was written, or shows what is wrong with it. It reports whether something was
// written that views show, and returns what goes on now.
func Annotated(sh *common.Context, m AnnotatedMsg) (written bool, then tea.Cmd) {
	d := m.dialog
	d.asking = false
	n := len(sh.Dialogs)
	open := n > 0 && sh.Dialogs[n-1] == common.Dialog(d)
	if m.err != nil {
		d.err = common.Clean(m.err.Error())
		if !open {
			sh.Notify(common.ToneBad, d.err)
		}
		return false, nil
	}
	if open {
		sh.CloseTop()
	}
	if d.then != nil {
		if open {
			then = d.then()
		}
		return false, then
	}
	if t := sh.Team.Load(); t != nil && t.Away != "" {
		sh.Notify(common.ToneWarn, d.done+"; on this machine only, until the store of the team is back")
		return true, nil
	}
	sh.Notify(common.ToneGood, d.done)
	return true, nil
}
