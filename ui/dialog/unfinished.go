package dialog

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// Unfinished offers to go on with drains of an earlier run, to return their nodes to DNS, or to leave them as they are.
type Unfinished struct {
	Drains []common.UnfinishedDrain
	quiet  time.Time // ignores keys before
}

// NewUnfinished returns the dialog for drains, at least one. It opens by itself, so it ignores keys at first.
func NewUnfinished(sh *common.Context, drains []common.UnfinishedDrain) *Unfinished {
	return &Unfinished{Drains: drains, quiet: sh.Now().Add(common.QuietFor)}
}

// Key implements common.Dialog.
func (d *Unfinished) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	if sh.Now().Before(d.quiet) {
		return nil
	}
	switch k.String() {
	case "esc", "q":
		return common.Close{}
	case "g":
		return d.request(sh, common.ChangeRequest{Verb: index.VerbDrain}, "terminate")
	case "b":
		return d.request(sh, common.ChangeRequest{Verb: index.VerbReturn}, "return")
	case "l":
		if sh.RefusedReadOnly() {
			return common.Close{}
		}
		return d.leave(sh)
	}
	return nil
}

func (d *Unfinished) request(sh *common.Context, w common.ChangeRequest, verb string) common.DialogAction {
	if sh.RefusedReadOnly() {
		return common.Close{}
	}
	for i := range d.Drains {
		w.Instances = append(w.Instances, d.Drains[i].Instance)
	}
	return common.Request{Request: w, What: common.Describe(w.Instances, verb, "node")}
}

// leftMsg is the outcome of leaving drains as they are.
type leftMsg struct {
	n   int
	err error
}

func (d *Unfinished) leave(sh *common.Context) common.DialogAction {
	drains := make([]journal.Unfinished, len(d.Drains))
	for i := range d.Drains {
		drains[i] = d.Drains[i].Unfinished
	}
	backend, ctx := sh.Backend, sh.Ctx
	return common.Cmd{Cmd: func() tea.Msg { return leftMsg{len(drains), backend.LeaveDrained(ctx, drains)} }}
}

// Receive handles the outcome of leaving drains as they are.
func (d *Unfinished) Receive(sh *common.Context, msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(leftMsg)
	if !ok {
		return nil, false
	}
	if m.err != nil {
		sh.Notify(common.ToneBad, "the journal: "+m.err.Error())
		return nil, true
	}
	if n := len(sh.Dialogs); n > 0 && sh.Dialogs[n-1] == common.Dialog(d) {
		sh.CloseTop()
	}
	sh.Notify(common.ToneInfo, providers.CountOf(m.n, "node")+" left out of DNS and running")
	return nil, true
}

// Draw implements common.Dialog.
func (d *Unfinished) Draw(sh *common.Context, w, _ int) common.Panel {
	t := sh.Theme
	var lines []string
	for i := range d.Drains {
		for k, l := range common.Wrap(d.Drains[i].Text+": "+d.state(sh, i), min(w-2, 98)) {
			lead := "  "
			if k == 0 {
				lead = t.Paint(theme.Warn, t.Warn+" ")
			}
			lines = append(lines, lead+l)
		}
	}
	return common.Panel{
		Title: "A drain was not finished", Lines: lines,
		Hints: common.KeyHints("g", "go on", "b", "return to DNS", "l", "leave it so", "esc", "later"),
	}
}

// state returns what the node is now.
func (d *Unfinished) state(sh *common.Context, i int) string {
	ref := d.Drains[i].Instance
	r := sh.InstanceOf(ref)
	switch {
	case r == nil:
		return "out of DNS; its cloud was not read"
	case r.CountRecords() > 0:
		return providers.CountOf(r.CountRecords(), "record") + " of it still in DNS, " + common.Clean(string(r.Inst.State))
	case r.Inst.State == providers.StateRunning:
		return "out of DNS, still running"
	}
	return "out of DNS, " + common.Clean(string(r.Inst.State))
}
