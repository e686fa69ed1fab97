package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/sahilm/fuzzy"

	"rollcall/dnsview"
	"rollcall/ui/theme"
)

// entry is one command of the palette.
type entry struct {
	name, does string
	action     Action // for the key that is shown, and for what it does unless run is set
	run        func(m *Model) tea.Cmd
}

// commands are all that the palette offers.
func commands() []entry {
	view := func(p pane, zoom bool) func(m *Model) tea.Cmd {
		return func(m *Model) tea.Cmd {
			m.stack = m.stack[:1]
			m.fleet.focus, m.fleet.zoom = p, zoom
			return nil
		}
	}
	list := []entry{
		{name: "fleet", does: "both panes", run: view(paneInstances, false)},
		{name: "instances", does: "instances alone", run: view(paneInstances, true)},
		{name: "records", does: "DNS alone", run: view(paneRecords, true)},
	}
	for _, s := range screens() {
		list = append(list, entry{name: string(s.action), does: s.does, action: s.action})
	}
	return append(list, []entry{
		{name: "launch", does: "start nodes", action: ActLaunch},
		{name: "terminate", does: "drain and terminate", action: ActTerminate},
		{name: "terminate now", does: "out of DNS and terminate, without the wait", run: func(m *Model) tea.Cmd {
			return m.wantInstances(Wish{Verb: dnsview.VerbDrain, NoDrain: true}, "terminate now")
		}},
		{name: "deregister", does: "take dead records out of DNS", action: ActDeregister},
		{name: "deregister all dead", does: "reap: every dead and dangling record", run: (*Model).deregisterAll},
		{name: "register", does: "put instances into DNS", run: func(m *Model) tea.Cmd {
			return m.wantInstances(Wish{Verb: dnsview.VerbRegister}, "register")
		}},
		{name: "quiesce", does: "out of DNS, leave running", action: ActQuiesce},
		{name: "return", does: "put a quiesced node back", action: ActReturn},
		{name: "balance", does: "priority and weight of nodes", action: ActBalance},
		{name: "create incarnation", does: "announce a new version of a service", action: actCreate},
		{name: "retire incarnation", does: "take one without nodes back", action: actRetire},
		{name: "adopt", does: "write owner markers", run: func(m *Model) tea.Cmd { return m.wantRecords(dnsview.VerbAdopt, "adopt") }},
		{name: "retarget", does: "give an entry whose address is another's a value and an owner that agree", run: func(m *Model) tea.Cmd { return m.wantRecords(dnsview.VerbRetarget, "retarget") }},
		{name: "retarget to", does: "give the record to the instance under the other cursor", action: actRetargetTo},
		{name: "move", does: "give records the address that their instance has now", run: func(m *Model) tea.Cmd { return m.wantRecords(dnsview.VerbUpdate, "move") }},
		{name: "remedy", does: "the remedy of the finding", action: ActRemedy},
		{name: "start", does: "start instances", run: power(dnsview.PowerStart)},
		{name: "stop", does: "stop instances", run: power(dnsview.PowerStop)},
		{name: "reboot", does: "reboot instances", run: power(dnsview.PowerReboot)},
		{name: "undo", does: "take the last change back; in the journal, the entry", action: ActUndo},
		{name: "redo", does: "make again what the last undo took back; shows the plan first", action: ActRedo},
		{name: "undo run", does: "in the journal: all that the run of the entry did", action: ActUndoRun},
		{name: "changes", does: "what is under way", run: (*Model).showChanges},
		{name: "why", does: "evidence and guards", action: ActWhy},
		{name: "console log", does: "what the instance has written to its console", run: (*Model).consoleLog},
		{name: "ssh", does: "a shell on the instance", action: ActSSH},
		{name: "refresh", does: "read all sources now", action: ActRefresh},
		{name: "pause", does: "stop or resume the regular refresh", action: ActPause},
		{name: "read-only", does: "switch read-only mode", action: ActReadOnly},
		{name: "clear marks", does: "unmark everything, hidden rows too", run: func(m *Model) tea.Cmd {
			m.top().table().ClearMarks()
			return nil
		}},
		{name: "help", does: "all keys", action: ActHelp},
		{name: "quit", does: "leave", action: ActQuit},
	}...)
}

func power(a dnsview.PowerAction) func(m *Model) tea.Cmd {
	return func(m *Model) tea.Cmd {
		return m.wantInstances(Wish{Verb: dnsview.VerbPower, Action: a}, string(a))
	}
}

// deregisterAll plans the removal of every record that is dead or dangling.
func (m *Model) deregisterAll() tea.Cmd {
	if m.refusedReadOnly() || m.joined == nil {
		return nil
	}
	w := Wish{Verb: dnsview.VerbDeregister}
	for _, r := range m.joined.records {
		for _, f := range r.findings {
			if f.Class == dnsview.Dead || f.Class == dnsview.Dangling {
				w.Records = append(w.Records, r.id)
				break
			}
		}
	}
	if len(w.Records) == 0 {
		m.say(sayGood, "no record is dead")
		return nil
	}
	return m.want(w, "deregister "+countOf(len(w.Records), "dead record"), false)
}

// showChanges brings the oldest change or launch that runs back into a dialog.
func (m *Model) showChanges() tea.Cmd {
	for _, c := range m.running() {
		if !m.shows(c) {
			c.dialog = true
			m.open(&changeDialog{c: c})
			return nil
		}
	}
	if m.showLaunches() {
		return nil
	}
	m.say(sayInfo, "nothing is under way")
	return nil
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

func (d *paletteDialog) key(_ *Model, k tea.KeyPressMsg) action {
	switch k.String() {
	case "esc":
		return actClose{}
	case "enter":
		if d.at < len(d.found) {
			e := d.found[d.at]
			if e.run == nil {
				return actDo{e.action}
			}
			return actCommand{e.run}
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

func (d *paletteDialog) paste(_ *Model, s string) action {
	d.input.insert(s)
	d.search()
	return nil
}

// actCommand closes the palette and runs one of its commands.
type actCommand struct{ run func(m *Model) tea.Cmd }

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

func (d *paletteDialog) draw(m *Model, w, h int) panel {
	t := m.theme
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
		key := ""
		if e.action != "" && m.keymap.label(e.action) != "" {
			key = m.keymap.label(e.action)
		}
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
	return panel{title: "Commands", lines: lines, width: w, hints: []hint{{"enter", "run"}, {"esc", "close"}}}
}
