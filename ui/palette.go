package ui

import (
	"cmp"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"rollcall/dnsview"
	"rollcall/ui/theme"
)

// entry is one command of the palette.
type entry struct {
	action     Action
	name, does string // name is empty when it is that of the action
}

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

// paletteDialog finds a command by its name.
type paletteDialog struct {
	input input
	all   []entry
	found []entry
	at    int
	top   int
}

func (m *Model) openPalette() {
	all := commands()
	m.open(&paletteDialog{all: all, found: all})
}

func (d *paletteDialog) key(_ *shared, k tea.KeyPressMsg) action {
	switch k.String() {
	case "esc":
		return actClose{}
	case "enter":
		if d.at < len(d.found) {
			return actDo{d.found[d.at].action}
		}
	case "up", "ctrl+p":
		d.at = max(d.at-1, 0)
	case "down", "ctrl+n", "tab":
		d.at = max(min(d.at+1, len(d.found)-1), 0)
	default:
		if d.input.key(k) {
			d.search()
		}
	}
	return nil
}

func (d *paletteDialog) paste(_ *shared, s string) action {
	d.input.insert(s)
	d.search()
	return nil
}

// search puts what begins with the text first, then what contains it, then
// what has its letters in order.
func (d *paletteDialog) search() {
	q := strings.ToLower(strings.TrimSpace(d.input.value()))
	d.at, d.top = 0, 0
	if q == "" {
		d.found = d.all
		return
	}
	d.found = nil
	taken := make([]bool, len(d.all))
	take := func(ok func(e entry) bool) {
		for i, e := range d.all {
			if !taken[i] && ok(e) {
				taken[i] = true
				d.found = append(d.found, e)
			}
		}
	}
	take(func(e entry) bool { return e.name == q })
	take(func(e entry) bool { return strings.HasPrefix(e.name, q) })
	take(func(e entry) bool { return strings.Contains(e.name, q) })
	take(func(e entry) bool { return len(fuzzy.Find(q, []string{e.name})) > 0 })
}

func (d *paletteDialog) draw(sh *shared, w, h int) panel {
	t := sh.theme
	w = min(w, 72)
	rows := max(min(h-5, 14), 1)
	if d.at < d.top {
		d.top = d.at
	}
	if d.at >= d.top+rows {
		d.top = d.at - rows + 1
	}
	lines := []string{t.Paint(theme.Key, ":") + d.input.view(t, max(w-1, 1), true, "a command"), ""}
	for i := d.top; i < min(d.top+rows, len(d.found)); i++ {
		e := d.found[i]
		key := sh.keymap.label(e.action)
		g, bar := theme.Normal, "  "
		if i == d.at {
			g, bar = theme.Cursor, t.Bar+" "
		}
		does := max(w-2-22-4, 0)
		lines = append(lines, t.PaintOn(theme.Accent, g, bar)+t.PaintOn(theme.Plain, g, fit(e.name, min(22, w-2), t.Ellipsis))+
			t.PaintOn(theme.Dim, g, fit(e.does, does, t.Ellipsis))+t.PaintOn(theme.Key, g, fit(key, 4, "")))
	}
	if len(d.found) == 0 {
		lines = append(lines, t.Paint(theme.Dim, "  no such command"))
	}
	for len(lines) < rows+2 {
		lines = append(lines, "")
	}
	return panel{title: "Commands", lines: lines, width: w, hints: keyHints("enter", "run", "esc", "close")}
}
