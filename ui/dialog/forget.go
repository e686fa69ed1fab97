package dialog

import (
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// forgetDialog asks for the name of a cloud that left the config, and makes it count no longer.
type forgetDialog struct {
	cloud   rows.Source
	lines   []string
	input   common.Input
	sending bool
	err     string
}

// NewForget returns the dialog for a cloud that left the config.
func NewForget(sh *common.Context, cloud *rows.Source) common.Dialog {
	d := &forgetDialog{cloud: *cloud}
	d.lines = common.Wrap(fmt.Sprintf("%s left the config, so it counts as failed: nothing that rests on it is deleted, and its addresses stay alive. It was last seen with %s and %s of an address. Once it is forgotten, none of them counts as alive any more.",
		cloud.Name, providers.CountOf(cloud.Shown, "instance"), providers.CountOf(cloud.Holders, "other holder")), sh.TextWidth())
	d.lines = append(d.lines, "")
	d.lines = append(d.lines, common.Wrap("rollcall config forget "+cloud.Name+" --undo takes it back, and so does the cloud in the config.", sh.TextWidth())...)
	return d
}

// forgottenMsg is the outcome of forgetting a cloud.
type forgottenMsg struct {
	dialog *forgetDialog
	err    error
}

func (d *forgetDialog) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "esc":
		return common.Close{}
	case "enter":
		typed := strings.TrimSpace(d.input.Value())
		if !d.sending && typed != d.cloud.Name {
			d.err = strconv.Quote(typed) + " is not " + strconv.Quote(d.cloud.Name)
		}
		if d.sending || typed != d.cloud.Name {
			return nil
		}
		d.sending, d.err = true, ""
		backend, ctx, key := sh.Backend, sh.Ctx, providers.CloudKey(d.cloud.CloudKey)
		return common.Cmd{Cmd: func() tea.Msg { return forgottenMsg{d, backend.Forget(ctx, key)} }}
	default:
		d.input.Key(k)
	}
	return nil
}

func (d *forgetDialog) Paste(_ *common.Context, s string) common.DialogAction {
	d.input.Insert(s)
	return nil
}

func (d *forgetDialog) Draw(sh *common.Context, w, _ int) common.Panel {
	t := sh.Theme
	p := common.Panel{Title: "Forget " + d.cloud.Name, Danger: true, Lines: d.lines, Hints: common.KeyHints("enter", "forget it", "esc", "leave it")}
	if d.err != "" {
		for _, l := range common.Wrap(d.err, min(w, 90)) {
			p.Tail = append(p.Tail, t.Paint(theme.Bad, l))
		}
	}
	label := "type " + d.cloud.Name + " "
	p.Tail = append(p.Tail, "", t.Paint(theme.Strong, label)+d.input.View(t, min(max(w-len(label), 4), 40), true, ""))
	return p
}

// Receive handles the outcome of forgetting the cloud.
func (d *forgetDialog) Receive(sh *common.Context, msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(forgottenMsg)
	if !ok || m.dialog != d {
		return nil, false
	}
	d.sending = false
	if m.err != nil {
		d.err = common.Clean(m.err.Error())
		return nil, true
	}
	if n := len(sh.Dialogs); n > 0 && sh.Dialogs[n-1] == common.Dialog(d) {
		sh.CloseTop()
	}
	sh.Notify(common.ToneGood, d.cloud.Name+" is forgotten; rollcall config forget "+d.cloud.Name+" --undo takes it back")
	return nil, true
}
