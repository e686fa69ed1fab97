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
	stack   []screen.Screen                 // the fleet, and the screens on top of it

	buildGen uint64 // of the last requested build
	building bool
	dirty    bool // the snapshot changed during a build

	visible []providers.Identity // visible records, as last reported to the backend

	prompt *prompt

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
	}
	m := &Model{Context: s, opts: o, changes: dialog.NewChanges(s), launches: form.NewLaunches(s), fleet: screen.NewFleet(s), screens: map[common.Action]screen.Screen{}}
	for _, r := range screen.All() {
		m.screens[r.Action] = r.Make(s)
	}
	m.stack = []screen.Screen{m.fleet}
	s.StartChange, s.GoTo = m.changes.Start, m.goTo
	s.Current = func() common.Subject { return m.top().Current() }
	s.Reload = func() tea.Cmd { return m.top().Reload() }
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
	return tea.Batch(m.build(), m.awaitUpdate(), m.tick(), m.recoverJournal(), tea.RequestBackgroundColor)
}

// Update handles one message. It does no I/O: everything slow is a command.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.update(msg)
	m.relayout()
	return m, cmd
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.Width, m.Height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m.Key(msg)
	case tea.PasteMsg:
		return m.Paste(msg.Content)
	case tea.BackgroundColorMsg:
		return m.background(!msg.IsDark())
	case tickMsg:
		if m.Picture != nil {
			m.Sources = withStateAt(m.Sources, m.Now(), m.opts.StaleAfter)
		}
		cmds := []tea.Cmd{m.tick(), m.reportVisible()}
		if d, ok := m.topDialog().(common.Ticker); ok {
			cmds = append(cmds, d.Tick(m.Context))
		}
		return tea.Batch(cmds...)
	case snapshotMsg:
		return tea.Batch(m.build(), m.awaitUpdate())
	case builtMsg:
		return m.built(msg)
	case recoveredMsg:
		return m.recovered(msg)
	case shellMsg:
		return msg.run
	case common.NoticeMsg:
		m.Notify(msg.Kind, msg.Text)
	case refreshedMsg:
		m.Notify(common.ToneGood, "refreshed")
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

// top returns the visible screen.
func (m *Model) top() screen.Screen { return m.stack[len(m.stack)-1] }

// show shows a screen on top of the fleet. If it is shown already, it returns to the fleet.
func (m *Model) show(s screen.Screen) tea.Cmd {
	if m.top() == s {
		s = m.fleet
	}
	m.stack = m.stack[:1]
	if s != m.fleet {
		m.stack = append(m.stack, s)
	}
	cmd := s.Reload()
	if _, ok := s.(screen.RowBuilder); ok {
		return tea.Batch(cmd, m.build())
	}
	return cmd
}

// goTo moves to the row of a record or of an instance in the fleet. It reports whether the row exists, and whether it
// passes the filter of its pane; it does not move to a hidden row.
func (m *Model) goTo(id providers.Identity, k rows.InstanceKey) (exists, visible bool) {
	exists, visible = m.fleet.Reveal(id, k)
	if visible {
		m.stack = m.stack[:1]
	}
	return exists, visible
}

// background adapts the theme to the background that the terminal has reported.
func (m *Model) background(light bool) tea.Cmd {
	if light == m.Theme.Light {
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
	v.WindowTitle = "rollcall"
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
