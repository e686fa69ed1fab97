package ui

import (
	"cmp"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/ui/common"
)

// commands are all that the palette offers.
func commands() []entry {
	list := []entry{
		{common.ActFleet, "", "both panes"},
		{common.ActInstances, "", "instances alone"},
		{common.ActRecords, "", "DNS alone"},
	}
	for _, s := range screens() {
		list = append(list, entry{s.action, "", s.does})
	}
	list = append(list, []entry{
		{common.ActLaunch, "", "start nodes"},
		{common.ActTerminate, "", "drain and terminate"},
		{common.ActTerminateNow, "", "out of DNS and terminate, without the wait"},
		{common.ActDeregister, "", "take dead records out of DNS"},
		{common.ActDeregisterAll, "", "reap: every dead and dangling record"},
		{common.ActRegister, "", "put instances into DNS"},
		{common.ActQuiesce, "", "out of DNS, leave running"},
		{common.ActReturn, "", "put a quiesced node back"},
		{common.ActBalance, "", "priority and weight of nodes"},
		{common.ActCreate, "", "announce a new version of a service"},
		{common.ActRetire, "", "take one without nodes back"},
		{common.ActAdopt, "", "write owner markers"},
		{common.ActRetarget, "", "give an entry whose address is another's a value and an owner that agree"},
		{common.ActRetargetTo, "", "give the record to the instance under the other cursor"},
		{common.ActMove, "", "give records the address that their instance has now"},
		{common.ActRemedy, "", "the remedy of the finding"},
		{common.ActStart, "", "start instances"},
		{common.ActStop, "", "stop instances"},
		{common.ActReboot, "", "reboot instances"},
		{common.ActUndo, "", "take the last change back; in the journal, the entry"},
		{common.ActRedo, "", "make again what the last undo took back; shows the plan first"},
		{common.ActUndoRun, "undo run", "in the journal: all that the run of the entry did"},
		{common.ActChanges, "", "what is under way"},
		{common.ActWhy, "", "evidence and guards"},
		{common.ActConsoleLog, "", "what the instance has written to its console"},
		{common.ActSSH, "", "a shell on the instance"},
		{common.ActRefresh, "", "read all sources now"},
		{common.ActPause, "", "stop or resume the regular refresh"},
		{common.ActReadOnly, "", "switch read-only mode"},
		{common.ActForget, "", "in the sources: a cloud that left the config counts no longer"},
		{common.ActClearMarks, "", "unmark everything, hidden rows too"},
		{common.ActHelp, "", "all keys"},
		{common.ActQuit, "", "leave"},
	}...)
	for i := range list {
		list[i].name = cmp.Or(list[i].name, string(list[i].action))
	}
	return list
}

// deregisterAll plans the removal of every record that is dead or dangling.
func (m *Model) deregisterAll() tea.Cmd {
	if m.RefusedReadOnly() || m.Picture == nil {
		return nil
	}
	w := common.ChangeRequest{Verb: dnsview.VerbDeregister}
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
	return m.StartChange(w, "deregister "+common.CountOf(len(w.Records), "dead record"), false)
}

// showChanges brings the oldest change or launch that runs back into a dialog.
func (m *Model) showChanges() {
	if !m.changes.showAgain() && !m.launches.showAgain() {
		m.Notify(common.ToneInfo, "nothing is under way")
	}
}

func (m *Model) openPalette() { m.Open(newPalette(commands())) }
