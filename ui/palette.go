package ui

import (
	"cmp"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
)

// commands are all that the palette offers.
func commands() []entry {
	list := []entry{
		{actFleet, "", "both panes"},
		{actInstances, "", "instances alone"},
		{actRecords, "", "DNS alone"},
	}
	for _, s := range screens() {
		list = append(list, entry{s.action, "", s.does})
	}
	list = append(list, []entry{
		{ActLaunch, "", "start nodes"},
		{ActTerminate, "", "drain and terminate"},
		{actTerminateNow, "", "out of DNS and terminate, without the wait"},
		{ActDeregister, "", "take dead records out of DNS"},
		{actDeregisterAll, "", "reap: every dead and dangling record"},
		{actRegister, "", "put instances into DNS"},
		{ActQuiesce, "", "out of DNS, leave running"},
		{ActReturn, "", "put a quiesced node back"},
		{ActBalance, "", "priority and weight of nodes"},
		{actCreate, "", "announce a new version of a service"},
		{actRetire, "", "take one without nodes back"},
		{actAdopt, "", "write owner markers"},
		{actRetarget, "", "give an entry whose address is another's a value and an owner that agree"},
		{actRetargetTo, "", "give the record to the instance under the other cursor"},
		{actMove, "", "give records the address that their instance has now"},
		{ActRemedy, "", "the remedy of the finding"},
		{actStart, "", "start instances"},
		{actStop, "", "stop instances"},
		{actReboot, "", "reboot instances"},
		{ActUndo, "", "take the last change back; in the journal, the entry"},
		{ActRedo, "", "make again what the last undo took back; shows the plan first"},
		{ActUndoRun, "undo run", "in the journal: all that the run of the entry did"},
		{actChanges, "", "what is under way"},
		{ActWhy, "", "evidence and guards"},
		{actConsoleLog, "", "what the instance has written to its console"},
		{ActSSH, "", "a shell on the instance"},
		{ActRefresh, "", "read all sources now"},
		{ActPause, "", "stop or resume the regular refresh"},
		{ActReadOnly, "", "switch read-only mode"},
		{actForget, "", "in the sources: a cloud that left the config counts no longer"},
		{actClearMarks, "", "unmark everything, hidden rows too"},
		{ActHelp, "", "all keys"},
		{ActQuit, "", "leave"},
	}...)
	for i := range list {
		list[i].name = cmp.Or(list[i].name, string(list[i].action))
	}
	return list
}

// deregisterAll plans the removal of every record that is dead or dangling.
func (m *Model) deregisterAll() tea.Cmd {
	if m.refusedReadOnly() || m.model == nil {
		return nil
	}
	w := ChangeRequest{Verb: dnsview.VerbDeregister}
	for _, r := range m.model.Records {
		for _, f := range r.Findings {
			if f.Class == dnsview.Dead || f.Class == dnsview.Dangling {
				w.Records = append(w.Records, r.ID)
				break
			}
		}
	}
	if len(w.Records) == 0 {
		m.notify(toneGood, "no record is dead")
		return nil
	}
	return m.start(w, "deregister "+countOf(len(w.Records), "dead record"), false)
}

// showChanges brings the oldest change or launch that runs back into a dialog.
func (m *Model) showChanges() {
	if !m.changes.showAgain() && !m.launches.showAgain() {
		m.notify(toneInfo, "nothing is under way")
	}
}

func (m *Model) openPalette() { m.open(newPalette(commands())) }
