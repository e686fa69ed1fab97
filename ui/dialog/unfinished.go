package dialog

import (
	"cmp"
	"slices"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/ui/common"
	"rollcall/ui/theme"
)

// Unfinished offers to go on with drains of an earlier run, or with its replacements, to return their nodes to DNS, or to
// leave them as they are.
type Unfinished struct{ Drains []common.UnfinishedDrain }

// Key implements common.Dialog.
func (d *Unfinished) Key(sh *common.Context, k tea.KeyPressMsg) common.DialogAction {
	switch k.String() {
	case "esc", "q":
		return common.Close{}
	case "g":
		if d.replacement() {
			return d.resume(sh)
		}
		return d.request(sh, common.ChangeRequest{Verb: index.VerbDrain}, "terminate")
	case "b":
		if !d.returnable() {
			return nil
		}
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
		if !d.replacement() || d.Drains[i].OutOfDNS {
			w.Instances = append(w.Instances, d.Drains[i].Instance)
		}
	}
	return common.Request{Request: w, What: common.Describe(w.Instances, verb, "node")}
}

// replacement reports whether the dialog is about replacements.
func (d *Unfinished) replacement() bool { return len(d.Drains) > 0 && d.Drains[0].Replacement }

// returnable reports whether a node is out of DNS.
func (d *Unfinished) returnable() bool {
	return !d.replacement() || slices.ContainsFunc(d.Drains, func(u common.UnfinishedDrain) bool { return u.OutOfDNS })
}

// list returns the drains or replacements as the journal has them.
func (d *Unfinished) list() []journal.Unfinished {
	list := make([]journal.Unfinished, len(d.Drains))
	for i := range d.Drains {
		list[i] = d.Drains[i].Unfinished
	}
	return list
}

// resume goes on with replacements, each with its own limit.
func (d *Unfinished) resume(sh *common.Context) common.DialogAction {
	if sh.RefusedReadOnly() {
		return common.Close{}
	}
	w := common.ChangeRequest{Verb: index.VerbReplace, Replacements: journal.StoppedReplacements(d.list())}
	for _, r := range w.Replacements {
		w.Instances = append(w.Instances, r.Nodes...)
	}
	return common.Request{Request: w, What: common.Describe(w.Instances, "replace", "node")}
}

// leftMsg is the outcome of leaving drains as they are.
type leftMsg struct {
	n           int
	replacement bool
	err         error
}

func (d *Unfinished) leave(sh *common.Context) common.DialogAction {
	drains, replacement := d.list(), d.replacement()
	backend, ctx := sh.Backend, sh.Ctx
	return common.Cmd{Cmd: func() tea.Msg { return leftMsg{len(drains), replacement, backend.LeaveDrained(ctx, drains)} }}
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
	what := " left out of DNS and running"
	if m.replacement {
		what = " left in place, and not replaced"
	}
	sh.Notify(common.ToneInfo, providers.CountOf(m.n, "node")+what)
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
	p := common.Panel{Title: "A drain was not finished", Lines: lines, Hints: common.KeyHints("g", "go on")}
	if d.replacement() {
		p.Title = "A replacement was not finished"
	}
	if d.returnable() {
		p.Hints = append(p.Hints, common.KeyHint("b", "return to DNS"))
	}
	p.Hints = append(p.Hints, common.KeyHints("l", "leave it so", "esc", "later")...)
	return p
}

// state returns how far the replacement came, if it is one, and what the node is now.
func (d *Unfinished) state(sh *common.Context, i int) string {
	u := &d.Drains[i]
	old := "not in DNS"
	if u.OutOfDNS {
		old = "was taken out of DNS"
	}
	if u.Replacement && u.Launched == nil {
		return "stopped before the launch of another; it " + whereIs(sh, u.Instance, old)
	}
	if u.Replacement {
		return "stopped after the launch of " + common.Clean(cmp.Or(u.Launched.Name, u.Launched.ID)) + ", which " + whereIs(sh, *u.Launched, "not yet in DNS") + "; the old node " + whereIs(sh, u.Instance, old)
	}
	r := sh.InstanceOf(u.Instance)
	switch {
	case r == nil:
		return "taken out of DNS; its cloud was not read"
	case r.CountRecords() > 0:
		return providers.CountOf(r.CountRecords(), "record") + " of it still in DNS, " + common.Clean(string(r.Inst.State))
	case r.Inst.State == providers.StateRunning:
		return "taken out of DNS, still running"
	}
	return "taken out of DNS, " + common.Clean(string(r.Inst.State))
}

// whereIs returns the state of a node, and whether it is in DNS or was quiesced, or else absent.
func whereIs(sh *common.Context, ref providers.InstanceRef, absent string) string {
	r := sh.InstanceOf(ref)
	if r == nil {
		return "is not among the instances"
	}
	state := "is " + common.Clean(string(r.Inst.State)) + " and "
	switch {
	case r.CountRecords() > 0:
		return state + "in DNS"
	case r.IsQuiesced() && absent == "not yet in DNS":
		return state + "was quiesced"
	}
	return state + absent
}
