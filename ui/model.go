// Package ui is the console: a Bubble Tea model that shows the instances of all clouds beside the records of all zones,
// and carries out an operator's changes.
//
// Only the root model receives messages; its parts are plain structs. Update does no I/O: everything slow is a command
// whose answer carries a number, so that outdated answers can be dropped. View only joins what is ready.
//
// The parts, from the bottom: theme and grid; common, which all share; dialog and form, which open over a screen;
// screen, which the body shows. None of them imports this package.
package ui

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/form"
	"rollcall/ui/screen"
	"rollcall/ui/theme"
)

// Model is the root of the console. It routes messages and keys to dialogs and to the top screen, and draws header and
// footer around them.
type Model struct {
	*common.Context
	opts     Options
	layout   common.Layout
	changes  *dialog.Changes
	launches *form.Launches

	fleet   screen.Fleet
	screens map[common.Action]screen.Screen // all screens but the fleet
	stack   []visit                         // the fleet, and what was shown on top of it since

	buildGen uint64 // of the last requested build
	building bool
	dirty    bool // the snapshot changed during a build

	visible []providers.Identity // visible records, as last reported to the backend

	prompt   *prompt
	under    any       // row under the cursor when the open dialog was opened
	held     []tea.Msg // keys, what was pasted after them, and actions of dialogs that wait for rows
	heldSaid common.Status
	terminal *terminal

	releasing  bool      // held are being handled
	again      *again    // nil if none waits
	quietUntil time.Time // keys are ignored before

	reading map[string]time.Time // since when sources are being read

	unfinished []common.UnfinishedDrain // to be offered
	restored   bool                     // what earlier runs kept has been read, so that it can be replaced
	keepFailed bool                     // a message says so
	logFailed  bool                     // a message says so
	offered    map[drainID]bool         // drains that were shown

	askingOffers bool              // whether what is offered still stands is being asked
	offersAsked  time.Time         // when that was answered last, or the offer opened
	questions    []common.Question // of sources, to be asked

	lastClick  click
	saidLaunch bool // that l, which launched once, moves now
}

// New returns the console's model. It does no I/O.
func New(o Options) *Model {
	ctx, cancel := context.WithCancel(context.Background())
	if o.Keys == nil {
		o.Keys = common.DefaultKeys()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.StaleAfter <= 0 {
		o.StaleAfter = 90 * time.Second
	}
	s := &common.Context{
		FleetID: o.Fleet, Backend: o.Backend, KeyMap: o.Keys, Bindings: o.Keys.Actions(), Now: o.Now, Ctx: ctx, Cancel: cancel,
		Theme: theme.New(o.Theme), ReadOnly: o.ReadOnly, Width: 80, Height: 24,
		History: map[common.Prompt]common.History{},
	}
	m := &Model{Context: s, opts: o, changes: dialog.NewChanges(s), launches: form.NewLaunches(s), fleet: screen.NewFleet(s), screens: map[common.Action]screen.Screen{}, offered: map[drainID]bool{}}
	m.terminal = &terminal{foreground: o.Foreground}
	for _, r := range screen.All() {
		m.screens[r.Action] = r.Make(s)
	}
	m.stack = []visit{{screen: m.fleet}}
	for i := range o.Commands {
		if c := &o.Commands[i]; c.Key != "" {
			s.Bindings[common.NormalKey(c.Key)] = c.Action()
		}
	}
	s.StartChange, s.GoTo = m.changes.Start, m.goTo
	s.Current = func() common.Subject { return m.top().Current() }
	s.Reload = func() tea.Cmd { return m.top().Reload() }
	for list, names := range o.Columns {
		m.eachChooser(func(c screen.ColumnChooser) { c.SetColumns(list, names) })
	}
	if f, err := filter.Parse(o.Filter); err == nil {
		m.fleet.SetFilter(f)
	}
	if o.Fleet == "" {
		m.Notify(common.ToneWarn, "no fleet id: owned records are shown, nothing owned is changed. rollcall config init makes one")
	}
	m.relayout()
	return m
}

// Init starts the first build and the waits for updates.
func (m *Model) Init() tea.Cmd {
	var first tea.Cmd
	if s, ok := m.screens[common.Action(m.opts.FirstScreen)]; ok {
		m.stack = append(m.stack, visit{screen: s})
		first = s.Reload()
	}
	return tea.Batch(first, m.build(), m.awaitUpdate(), m.awaitQuestion(), m.tick(), m.recoverJournal(), m.readHistory(), tea.RequestBackgroundColor)
}

// Update handles one message. It does no I/O: everything slow is a command.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	before := m.topDialog()
	cmd := m.update(msg)
	m.byItself(msg, before)
	if before == nil && len(m.Dialogs) > 0 {
		m.under = m.top().Table().Cursor()
	}
	m.changes.NoteDoing()
	before = m.topDialog()
	m.askQuestion()
	m.byItself(nil, before)
	m.relayout()
	return m, tea.Batch(cmd, m.releaseHeld())
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.Width, m.Height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m.Key(msg)
	case againMsg:
		if msg.of == m.again {
			return m.actAgain(msg.of)
		}
	case tea.KeyboardEnhancementsMsg:
		m.KeyEvents = msg.SupportsEventTypes()
	case common.Do:
		return m.do(msg.A)
	case tea.MouseClickMsg:
		return m.clicked(msg.Mouse())
	case tea.MouseWheelMsg:
		return m.wheel(msg.Mouse())
	case tea.PasteMsg:
		if len(m.held) > 0 {
			m.held = append(m.held, msg)
			return nil
		}
		return m.Paste(msg.Content)
	case tea.BackgroundColorMsg:
		return m.background(!msg.IsDark())
	case tickMsg:
		if m.Picture != nil {
			m.Sources = withStateAt(m.Sources, m.Now(), m.opts.StaleAfter)
		}
		if len(m.held) > 0 {
			m.Notify(common.ToneInfo, "keys wait until the rows are filtered and sorted; esc withdraws them")
			m.heldSaid = m.Status
		}
		m.dropFinished()
		m.offerUnfinished()
		cmds := []tea.Cmd{m.tick(), m.reportVisible(), m.askOffers()}
		if d, ok := m.topDialog().(common.Ticker); ok {
			cmds = append(cmds, d.Tick(m.Context))
		}
		return tea.Batch(cmds...)
	case snapshotMsg:
		return tea.Batch(m.build(), m.awaitUpdate())
	case questionMsg:
		m.questions = append(m.questions, common.Question(msg))
		return m.awaitQuestion()
	case builtMsg:
		return m.built(msg)
	case recoveredMsg:
		return m.recovered(msg)
	case standingMsg:
		m.keepStanding(msg)
	case programMsg:
		return m.terminal.program(msg.cmd, msg.name, msg.ended)
	case shellMsg:
		return m.terminal.child(msg.cmd, shellEnded)
	case continuedMsg:
		return m.terminal.restore()
	case returnedMsg:
		return m.returned(msg)
	case dialog.ColumnsMsg:
		return m.chooseColumns(msg)
	case dialog.AnnotatedMsg:
		written, then := dialog.Annotated(m.Context, msg)
		if written {
			return m.build()
		}
		return then
	case common.NoticeMsg:
		m.Notify(msg.Kind, msg.Text)
	case historyMsg:
		return m.historyRead(msg)
	case refreshedMsg:
		m.refreshed(msg)
	default:
		return m.route(msg)
	}
	return nil
}

// route passes a message to its part of the console.
func (m *Model) route(msg tea.Msg) tea.Cmd {
	for _, s := range m.allScreens() {
		if cmd, mine := s.Update(msg); mine {
			return cmd
		}
	}
	for _, update := range []func(tea.Msg) (tea.Cmd, bool){m.changes.Update, m.launches.Update} {
		if cmd, mine := update(msg); mine {
			return cmd
		}
	}
	for _, d := range m.Dialogs {
		if r, ok := d.(common.Receiver); ok {
			if cmd, mine := r.Receive(m.Context, msg); mine {
				return cmd
			}
		}
	}
	return nil
}

// allScreens returns all screens, shown or not.
func (m *Model) allScreens() []screen.Screen {
	all := []screen.Screen{m.fleet}
	for _, r := range screen.All() {
		all = append(all, m.screens[r.Action])
	}
	return all
}

// visit is a screen on the stack.
type visit struct {
	screen  screen.Screen
	filters map[screen.Table]string // of its lists when it was shown; back returns to them before it leaves
	leave   func()                  // restores what was changed to show it; may be nil
}

// top returns the visible screen.
func (m *Model) top() screen.Screen { return m.stack[len(m.stack)-1].screen }

// unwind leaves all screens above the first n of the stack.
func (m *Model) unwind(n int) {
	for len(m.stack) > n {
		v := m.stack[len(m.stack)-1]
		m.stack = m.stack[:len(m.stack)-1]
		if v.leave != nil {
			v.leave()
		}
	}
}

// show shows a screen on top of the stack. If the stack has it, it returns to it, and if it is on top, to the one below.
func (m *Model) show(s screen.Screen) tea.Cmd {
	at := slices.IndexFunc(m.stack, func(v visit) bool { return v.screen == s })
	switch {
	case m.top() == s:
		m.unwind(len(m.stack) - 1)
	case at >= 0:
		m.unwind(at + 1)
	default:
		m.stack = append(m.stack, visit{screen: s})
	}
	return m.shown()
}

// shown reads and builds what the screen on top needs.
func (m *Model) shown() tea.Cmd {
	cmd := m.top().Reload()
	if _, ok := m.top().(screen.RowBuilder); ok {
		return tea.Batch(cmd, m.build())
	}
	return cmd
}

// goTo moves to the row of a record or of an instance in the fleet, on top of the stack: back returns, with filters and
// cursors as they were. A filter that hides the row is lifted. It reports whether the row exists.
func (m *Model) goTo(id providers.Identity, k rows.InstanceKey) (exists bool) {
	leave := m.fleet.Save()
	exists, lifted := m.fleet.Reveal(id, k)
	if !exists {
		return false
	}
	back := leave
	if lifted != "" {
		m.Notify(common.ToneInfo, "the filter "+lifted+" hides it and is lifted; "+m.KeyMap.Label(common.ActBack)+" goes back")
		said := m.Status
		back = func() {
			leave()
			if m.Status == said {
				m.Status = common.Status{}
			}
		}
	}
	m.stack = append(m.stack, visit{m.fleet, m.fleet.Filters(), back})
	return true
}

// background adapts the theme to the background that the terminal has reported.
func (m *Model) background(light bool) tea.Cmd {
	if light == m.Theme.Light || m.Theme.Fixed {
		return nil
	}
	o := m.Theme.Options
	o.Light = light
	m.Theme = theme.New(o)
	for _, s := range m.allScreens() {
		s.Restyle()
	}
	return m.arrangeAll()
}

// relayout divides the screen again. It costs nothing if nothing has changed.
func (m *Model) relayout() {
	m.layout = common.Divide(m.Width, m.Height)
	for _, s := range m.allScreens() {
		s.Resize(m.layout)
	}
}

// View draws the screen. It is called after every message, so it only draws the visible rows, which are ready.
func (m *Model) View() tea.View {
	v := tea.NewView(strings.Join(m.Draw(), "\n"))
	v.AltScreen = true
	if !m.opts.NoMouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	v.WindowTitle = "rollcall"
	v.KeyboardEnhancements.ReportEventTypes = true // which keys are held down
	return v
}

// Draw returns the lines of the screen in its exact height and width.
func (m *Model) Draw() []string {
	if m.Width <= 0 || m.Height <= 0 {
		return nil
	}
	l := m.layout
	lines := make([]string, 0, m.Height)
	lines = append(lines, m.header(l)...)
	lines = append(lines, m.top().Body(l, m.Current().Production)...)
	lines = append(lines, m.footer(l)...)
	if len(lines) > m.Height {
		lines = lines[:m.Height]
	}
	return m.drawDialog(lines)
}
