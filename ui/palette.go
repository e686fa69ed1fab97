package ui

import (
	"cmp"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/screen"
)

// commands returns all commands of the palette.
func commands() []dialog.Entry {
	list := []dialog.Entry{
		{Action: common.ActFleet, Name: "", Does: "both panes"},
		{Action: common.ActInstances, Name: "", Does: "instances alone"},
		{Action: common.ActRecords, Name: "", Does: "DNS alone"},
	}
	for _, s := range screen.All() {
		list = append(list, dialog.Entry{Action: s.Action, Name: "", Does: s.Does})
	}
	list = append(list, []dialog.Entry{
		{Action: common.ActLaunch, Name: "", Does: "start nodes"},
		{Action: common.ActTerminate, Name: "", Does: "drain and terminate"},
		{Action: common.ActTerminateNow, Name: "", Does: "out of DNS and terminate, without the wait"},
		{Action: common.ActDeregister, Name: "", Does: "take dead records out of DNS"},
		{Action: common.ActDeregisterAll, Name: "", Does: "reap: every dead and dangling record"},
		{Action: common.ActRegister, Name: "", Does: "put instances into DNS"},
		{Action: common.ActQuiesce, Name: "", Does: "out of DNS, leave running"},
		{Action: common.ActReturn, Name: "", Does: "put a quiesced node back"},
		{Action: common.ActBalance, Name: "", Does: "priority and weight of nodes"},
		{Action: common.ActCreate, Name: "", Does: "announce a new version of a service"},
		{Action: common.ActRetire, Name: "", Does: "take one without nodes back"},
		{Action: common.ActAdopt, Name: "", Does: "write owner markers"},
		{Action: common.ActRetarget, Name: "", Does: "give an entry whose address is another's a value and an owner that agree"},
		{Action: common.ActRetargetTo, Name: "", Does: "give the record to the instance under the other cursor"},
		{Action: common.ActMove, Name: "", Does: "give records the address that their instance has now"},
		{Action: common.ActRemedy, Name: "", Does: "the remedy of the finding"},
		{Action: common.ActStart, Name: "", Does: "start instances"},
		{Action: common.ActStop, Name: "", Does: "stop instances"},
		{Action: common.ActReboot, Name: "", Does: "reboot instances"},
		{Action: common.ActUndo, Name: "", Does: "take the last change back; in the journal, the entry"},
		{Action: common.ActRedo, Name: "", Does: "make again what the last undo took back; shows the plan first"},
		{Action: common.ActUndoRun, Name: "undo run", Does: "in the journal: all that the run of the entry did"},
		{Action: common.ActChanges, Name: "", Does: "what is under way"},
		{Action: common.ActWhy, Name: "", Does: "evidence and guards"},
		{Action: common.ActConsoleLog, Name: "", Does: "what the instance has written to its console"},
		{Action: common.ActSSH, Name: "", Does: "a shell on the instance"},
		{Action: common.ActRefresh, Name: "", Does: "read all sources now"},
		{Action: common.ActPause, Name: "", Does: "stop or resume the regular refresh"},
		{Action: common.ActReadOnly, Name: "", Does: "switch read-only mode"},
		{Action: common.ActForget, Name: "", Does: "in the sources: a cloud that left the config counts no longer"},
		{Action: common.ActClearMarks, Name: "", Does: "unmark everything, hidden rows too"},
		{Action: common.ActHelp, Name: "", Does: "all keys"},
		{Action: common.ActQuit, Name: "", Does: "leave"},
	}...)
	for i := range list {
		list[i].Name = cmp.Or(list[i].Name, string(list[i].Action))
	}
	return list
}

// deregisterAll plans the removal of every record that is dead or dangling.
func (m *Model) deregisterAll() tea.Cmd {
	if m.RefusedReadOnly() || m.Picture == nil {
		return nil
	}
	w := common.ChangeRequest{Verb: index.VerbDeregister}
	for _, r := range m.Picture.Records {
		for _, f := range r.Findings {
			if f.Class == dnsview.Dead || f.Class == dnsview.Dangling {
				w.Records = append(w.Records, r.ID)
				break
			}
		}
	}
	if len(w.Records) == 0 {
		m.Notify(common.ToneGood, "no record is dead")
		return nil
	}
	return m.StartChange(w, "deregister "+providers.CountOf(len(w.Records), "dead record"), false)
}

// showChanges reopens the dialog of the oldest running change or launch.
func (m *Model) showChanges() {
	if !m.changes.ShowAgain() && !m.launches.ShowAgain() {
		m.Notify(common.ToneInfo, "nothing is under way")
	}
}
