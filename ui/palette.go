package ui

import (
	"cmp"
	"strings"

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
		{Action: common.ActFleet, Does: "both panes", ByPrefix: true},
		{Action: common.ActInstances, Does: "instances alone", ByPrefix: true, Filters: true},
		{Action: common.ActRecords, Does: "DNS alone", ByPrefix: true, Filters: true},
	}
	list = append(list, dialog.Entry{Action: common.ActFilter, Does: "only rows that pass, such as finding:dead", ByPrefix: true, Filters: true})
	for _, s := range screen.All() {
		list = append(list, dialog.Entry{Action: s.Action, Does: s.Does, ByPrefix: true, Filters: true})
	}
	list = append(list, []dialog.Entry{
		{Action: common.ActLaunch, Does: "start nodes"},
		{Action: common.ActTerminate, Does: "drain and terminate"},
		{Action: common.ActTerminateNow, Does: "out of DNS and terminate, without the wait"},
		{Action: common.ActReplace, Does: "launch nodes in the place of these, and drain these"},
		{Action: common.ActDeregister, Does: "take dead records out of DNS"},
		{Action: common.ActDeregisterAll, Does: "reap: every dead and dangling record"},
		{Action: common.ActRegister, Does: "put instances into DNS"},
		{Action: common.ActQuiesce, Does: "out of DNS, leave running"},
		{Action: common.ActReturn, Does: "put a quiesced node back"},
		{Action: common.ActBalance, Does: "priority and weight of nodes"},
		{Action: common.ActCreate, Does: "announce a new version of a service"},
		{Action: common.ActRetire, Does: "take one without nodes back"},
		{Action: common.ActAdopt, Does: "write owner markers"},
		{Action: common.ActRetarget, Does: "give an entry whose address is another's a value and an owner that agree"},
		{Action: common.ActRetargetTo, Does: "give the record to the instance under the other cursor"},
		{Action: common.ActMove, Does: "give records the address that their instance has now"},
		{Action: common.ActRemedy, Does: "the remedy of the finding"},
		{Action: common.ActStart, Does: "start instances"},
		{Action: common.ActStop, Does: "stop instances"},
		{Action: common.ActReboot, Does: "reboot instances"},
		{Action: common.ActUndo, Does: "take the last change back; in the journal, the entry"},
		{Action: common.ActRedo, Does: "make again what the last undo took back; shows the plan first"},
		{Action: common.ActUndoRun, Name: "undo run", Does: "in the journal: all that the run of the entry did"},
		{Action: common.ActChanges, Does: "what is under way", ByPrefix: true},
		{Action: common.ActTeam, Does: "who is here, and what the others change", ByPrefix: true},
		{Action: common.ActMessages, Does: "what the console has said", ByPrefix: true},
		{Action: common.ActWhy, Does: "evidence and guards", ByPrefix: true},
		{Action: common.ActTimeline, Does: "what began, was changed and ended in the last day", ByPrefix: true},
		{Action: common.ActSnooze, Does: "no alarm of these findings for a time, with a reason"},
		{Action: common.ActSnoozed, Does: "in the findings: those that are snoozed, or the others", ByPrefix: true},
		{Action: common.ActNote, Does: "what you want to be known about a node or record"},
		{Action: common.ActConsoleLog, Does: "what the instance has written to its console", ByPrefix: true},
		{Action: common.ActCopyAs, Name: "copy as", Does: "copy the row as id, address, dig or ssh line, JSON or YAML", ByPrefix: true},
		{Action: common.ActOpenPage, Name: "open page", Does: "the page of the row in the provider's web console"},
		{Action: common.ActSSH, Does: "a shell on the instance"},
		{Action: common.ActRefresh, Does: "read all sources now", ByPrefix: true},
		{Action: common.ActPause, Does: "stop or resume the regular refresh"},
		{Action: common.ActReadOnly, Does: "switch read-only mode"},
		{Action: common.ActForget, Does: "in the sources: a cloud that left the config counts no longer"},
		{Action: common.ActMarkRange, Name: "mark range", Does: "mark from the last mark to the cursor"},
		{Action: common.ActMarkAll, Name: "mark all", Does: "mark all rows that pass the filter"},
		{Action: common.ActInvert, Name: "invert marks", Does: "mark what is not, and unmark what is; hidden marks stay"},
		{Action: common.ActClearMarks, Does: "unmark everything, hidden rows too"},
		{Action: common.ActHelp, Does: "all keys", ByPrefix: true},
		{Action: common.ActQuit, Does: "leave", Aliases: []string{"q", "q!", "wq", "wq!", "quit!"}, ByPrefix: true},
	}...)
	for i := range list {
		list[i].Name = cmp.Or(list[i].Name, string(list[i].Action))
	}
	return list
}

// cloudCommands returns the commands that take a whole cloud out of DNS, and back: one for each cloud, by its name.
func (m *Model) cloudCommands() (list []dialog.Entry) {
	if m.Picture == nil || m.ReadOnly {
		return nil
	}
	x := m.Picture.View.Index
	add := func(verb index.Verb, what, does string, key providers.CloudKey) {
		name := common.Clean(x.CloudArgument(key))
		list = append(list, dialog.Entry{
			Name: strings.ToLower(what + " " + name), Does: does, What: what + " " + name,
			Request: &common.ChangeRequest{Verb: verb, Cloud: key},
		})
	}
	for _, cs := range x.Clouds {
		if cs.Key != "" {
			add(index.VerbEvacuate, "evacuate", "all its nodes out of DNS, and kept out", cs.Key)
		}
	}
	seen := map[providers.CloudKey]bool{}
	for _, e := range x.Evacuations {
		if seen[e.Cloud] {
			continue
		}
		seen[e.Cloud] = true
		if cs := x.CloudsByKey[e.Cloud]; cs == nil || cs.View.Unconfigured {
			add(index.VerbReturn, "return", "it left the config: remove the markers of its evacuation", e.Cloud)
		} else {
			add(index.VerbReturn, "return", "end the evacuation: nodes that are well go back into DNS", e.Cloud)
		}
	}
	return list
}

// userCommands returns the commands of the config.
func (m *Model) userCommands() (list []dialog.Entry) {
	for i := range m.opts.Commands {
		c := &m.opts.Commands[i]
		list = append(list, dialog.Entry{Action: c.Action(), Name: strings.ToLower(common.Clean(c.Name)), Does: common.Clean(strings.Join(c.Run, " "))})
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
			if f.Certain() && (f.Class == dnsview.Dead || f.Class == dnsview.Dangling) {
				w.Records = append(w.Records, r.Key())
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
