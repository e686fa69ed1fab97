package ui

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/filter"
	"rollcall/providers"
	"rollcall/ui/theme"
)

// pane is one of the two panes of the fleet.
type pane int

const (
	paneInstances pane = iota
	paneRecords
)

// screen is what the body shows.
type screen int

const (
	screenFleet screen = iota
	screenFindings
	screenJournal
	screenSources
	screenServices
)

// Model is the root of the console. Its parts are plain structs; it alone
// receives messages.
type Model struct {
	opts    Options
	backend Backend
	keymap  KeyMap
	keys    map[string]Action
	theme   *theme.Theme
	now     func() time.Time
	ctx     context.Context
	cancel  context.CancelFunc

	w, h   int
	layout layout

	screen screen
	focus  pane
	zoom   bool

	readOnly, paused bool

	joined   *joined
	sources  []source
	buildGen uint64 // of the build that was asked for last
	building bool
	dirty    bool // the snapshot changed while a build was under way

	instances *list[instanceKey, *instanceRow]
	records   *list[providers.Identity, *recordRow]
	findings  *list[string, *findingRow]
	journal   *list[string, *journalRow]
	roll      *list[string, *sourceRow]
	services  *list[serviceKey, *serviceRow]
	folded    map[serviceKey]bool // services and incarnations whose rows are folded away

	visible []providers.Identity // records on the screen, as the backend was told last

	journalGen      uint64
	journalRows     []*journalRow
	journalErr      string
	journalProblems []string // clean

	prompt  *prompt
	dialogs []dialog
	status  status

	gen     uint64 // numbers changes, launches and questions
	changes map[uint64]*change
	launchs map[uint64]*launchRun
}

// New makes the console's model. It does no I/O.
func New(o Options) *Model {
	ctx, cancel := context.WithCancel(context.Background())
	m := &Model{
		opts: o, backend: o.Backend, keymap: o.Keys, now: o.Now, ctx: ctx, cancel: cancel,
		theme: theme.New(o.Theme), readOnly: o.ReadOnly, w: 80, h: 24,
		folded: map[serviceKey]bool{}, changes: map[uint64]*change{}, launchs: map[uint64]*launchRun{},
	}
	if m.keymap == nil {
		m.keymap = DefaultKeys()
	}
	if m.now == nil {
		m.now = time.Now
	}
	if m.opts.StaleAfter <= 0 {
		m.opts.StaleAfter = 90 * time.Second
	}
	m.keys = m.keymap.actions()
	m.restyle()
	if f, err := filter.Parse(o.Filter); err == nil {
		m.instances.filter, m.records.filter = f, f
	}
	if o.Fleet == "" {
		m.say(sayWarn, "no fleet id: owned records are shown, nothing owned is changed. rollcall config init makes one")
	}
	m.relayout()
	return m
}

// restyle makes the lists for the theme. Lists keep their order and filter.
func (m *Model) restyle() {
	inst, rec, find, serv, jour := m.instances, m.records, m.findings, m.services, m.journal
	m.instances = newList[instanceKey](instanceColumns(m.theme, m.now))
	m.records = newList[providers.Identity](recordColumns(m.theme))
	m.findings = newList[string](findingColumns(m.theme))
	m.journal = newList[string](journalColumns(m.theme))
	m.roll = newList[string](sourceColumns(m.theme, m.now))
	m.services = newList[serviceKey](serviceColumns(m.theme))
	if inst != nil {
		m.instances.filter, m.instances.sort, m.instances.gen = inst.filter, inst.sort, inst.gen
		m.records.filter, m.records.sort, m.records.gen = rec.filter, rec.sort, rec.gen
		m.findings.filter, m.findings.sort, m.findings.gen = find.filter, find.sort, find.gen
		m.services.filter, m.services.sort, m.services.gen = serv.filter, serv.sort, serv.gen
		m.journal.filter, m.journal.sort, m.journal.gen = jour.filter, jour.sort, jour.gen
	}
}

// Init starts the first build and the waits.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(m.build(), m.awaitUpdate(), m.tick(), m.settle(), tea.RequestBackgroundColor)
}

// Update handles one message. It does no I/O: whatever takes time is a command.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.update(msg)
	m.relayout()
	return m, cmd
}

func (m *Model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
	case tea.KeyPressMsg:
		return m.key(msg)
	case tea.PasteMsg:
		return m.paste(msg.Content)
	case tea.BackgroundColorMsg:
		return m.background(!msg.IsDark())
	case tickMsg:
		if m.joined != nil {
			m.sources = seen(m.sources, m.now(), m.opts.StaleAfter)
		}
		return tea.Batch(m.tick(), m.logs(), m.tellVisible())
	case snapshotMsg:
		return tea.Batch(m.build(), m.awaitUpdate())
	case builtMsg:
		return m.built(msg)
	case arranged[instanceKey, *instanceRow]:
		if m.instances.take(msg) {
			m.follow()
		}
	case arranged[providers.Identity, *recordRow]:
		if m.records.take(msg) {
			m.follow()
		}
	case arranged[string, *findingRow]:
		m.findings.take(msg)
	case arranged[string, *journalRow]:
		m.journal.take(msg)
	case arranged[string, *sourceRow]:
		m.roll.take(msg)
	case arranged[serviceKey, *serviceRow]:
		m.services.take(msg)
	case journalMsg:
		return m.journalRead(msg)
	case settledMsg:
		return m.settled(msg)
	case saidMsg:
		m.say(msg.kind, msg.text)
	case refreshedMsg:
		m.say(sayGood, "refreshed")
	default:
		return m.answer(msg)
	}
	return nil
}

// background follows the terminal's background, once it has told it.
func (m *Model) background(light bool) tea.Cmd {
	if light == m.theme.Light {
		return nil
	}
	o := m.theme.Options
	o.Light = light
	m.theme = theme.New(o)
	m.restyle()
	return m.arrangeAll()
}

// relayout divides the screen anew; it costs nothing when nothing has changed.
func (m *Model) relayout() {
	m.layout = divide(m.w, m.h, m.zoom || m.screen != screenFleet, m.focus)
	l := m.layout
	inner := func(r rect) (int, int) {
		if r.h < 3 || r.w < 8 {
			return r.w, r.h
		}
		return r.w - 2, r.h - 2
	}
	if w, h := inner(l.left); w > 0 {
		m.instances.grid.Resize(w, h)
	}
	if w, h := inner(l.right); w > 0 {
		m.records.grid.Resize(w, h)
	}
	w, h := inner(rect{l.w, l.body})
	m.findings.grid.Resize(w, h)
	m.journal.grid.Resize(w, max(h-min(len(m.journalProblems), 3), 1))
	m.roll.grid.Resize(w, h)
	m.services.grid.Resize(w, h)
}

// grid is the list that takes the keys.
func (m *Model) grid() mover {
	switch m.screen {
	case screenFindings:
		return m.findings.grid
	case screenJournal:
		return m.journal.grid
	case screenSources:
		return m.roll.grid
	case screenServices:
		return m.services.grid
	}
	if m.focus == paneRecords {
		return m.records.grid
	}
	return m.instances.grid
}
