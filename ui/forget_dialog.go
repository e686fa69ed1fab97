package ui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// forgetDialog asks for the name of a cloud that left the config, and lets it count no longer.
type forgetDialog struct {
	cloud   rows.Source
	lines   []string
	input   input
	sending bool
	err     string
}

// newForgetDialog returns the dialog for a cloud that left the config.
func newForgetDialog(sh *shared, cloud *rows.Source) *forgetDialog {
	d := &forgetDialog{cloud: *cloud}
	d.lines = wrap(fmt.Sprintf("%s left the config, so it counts as failed: nothing that rests on it is deleted, and its addresses stay alive. It was last seen with %s and %s of an address. Once it is forgotten, none of them counts as alive any more.",
		cloud.Name, countOf(cloud.Shown, "instance"), countOf(cloud.Holders, "other holder")), sh.textWidth())
	d.lines = append(d.lines, "")
	d.lines = append(d.lines, wrap("rollcall config forget "+cloud.Name+" --undo takes it back, and so does the cloud in the config.", sh.textWidth())...)
	return d
}

// forgottenMsg says what came of forgetting a cloud.
type forgottenMsg struct {
	dialog *forgetDialog
	err    error
}

func (d *forgetDialog) key(sh *shared, k tea.KeyPressMsg) action {
	switch k.String() {
	case "esc":
		return actClose{}
	case "enter":
		if d.sending || strings.TrimSpace(d.input.value()) != d.cloud.Name {
			return nil
		}
		d.sending, d.err = true, ""
		backend, ctx, key := sh.backend, sh.ctx, providers.CloudKey(d.cloud.CloudKey)
		return actCmd{func() tea.Msg { return forgottenMsg{d, backend.Forget(ctx, key)} }}
	default:
		d.input.key(k)
	}
	return nil
}

func (d *forgetDialog) paste(_ *shared, s string) action {
	d.input.insert(s)
	return nil
}

func (d *forgetDialog) draw(sh *shared, w, _ int) panel {
	t := sh.theme
	p := panel{title: "Forget " + d.cloud.Name, danger: true, lines: d.lines, hints: keyHints("enter", "forget it", "esc", "leave it")}
	if d.err != "" {
		for _, l := range wrap(d.err, min(w, 90)) {
			p.tail = append(p.tail, t.Paint(theme.Bad, l))
		}
	}
	label := "type " + d.cloud.Name + " "
	p.tail = append(p.tail, "", t.Paint(theme.Strong, label)+d.input.view(t, min(max(w-len(label), 4), 40), true, ""))
	return p
}

// receive takes what came of forgetting the cloud.
func (d *forgetDialog) receive(sh *shared, msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(forgottenMsg)
	if !ok || m.dialog != d {
		return nil, false
	}
	d.sending = false
	if m.err != nil {
		d.err = Clean(m.err.Error())
		return nil, true
	}
	if n := len(sh.dialogs); n > 0 && sh.dialogs[n-1] == dialog(d) {
		sh.closeTop()
	}
	sh.notify(toneGood, d.cloud.Name+" is forgotten; rollcall config forget "+d.cloud.Name+" --undo takes it back")
	return nil, true
}
