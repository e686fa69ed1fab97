package ui

import (
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/rows"
	"rollcall/ui/common"
	"rollcall/ui/screen"
)

// Messages of the way from the clouds to the screen.
type (
	tickMsg     struct{}
	snapshotMsg struct{}
	builtMsg    struct {
		gen   uint64
		model *common.Picture
		take  func() // hands the rows of the screen on top over; nil when it makes none
	}
	refreshedMsg struct{}
	recoveredMsg struct {
		lines []string
		err   error
	}
)

// tick redraws the ages, once a second.
func (m *Model) tick() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{} })
}

// reportVisible reports to the backend which records are on the screen when others are than
// at the tick before. So a key press costs nothing for it, and a page that was
// only scrolled past is not reported.
func (m *Model) reportVisible() tea.Cmd {
	now := m.top().Visible()
	if slices.Equal(now, m.visible) {
		return nil
	}
	m.visible = now
	backend := m.Backend
	return func() tea.Msg {
		backend.Visible(now)
		return nil
	}
}

// awaitUpdate waits for the next change of the snapshot.
func (m *Model) awaitUpdate() tea.Cmd {
	ctx, updates := m.Ctx, m.Backend.Updates()
	return func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-updates:
			if !ok {
				return nil
			}
			return snapshotMsg{}
		}
	}
}

// build makes the rows of the latest snapshot in a command. Only one build is
// under way at a time: a flood of pages costs one build after another, never several at once.
func (m *Model) build() tea.Cmd {
	if m.building {
		m.dirty = true
		return nil
	}
	m.building, m.dirty = true, false
	m.buildGen++
	gen, backend, ctx := m.buildGen, m.Backend, m.Ctx
	more, _ := m.top().(screen.RowBuilder)
	return func() tea.Msg {
		j := join(backend.Inspect(backend.Snapshot()))
		j.Sources = append(j.Sources, fileSources(backend.Files())...)
		msg := builtMsg{gen: gen, model: j}
		if more != nil {
			msg.take = more.BuildRows(ctx, backend, j.View)
		}
		return msg
	}
}

// built takes the rows over, and builds again when the snapshot has changed in between.
func (m *Model) built(msg builtMsg) tea.Cmd {
	if msg.gen != m.buildGen {
		return nil
	}
	m.building = false
	m.Picture = msg.model
	if msg.take != nil {
		msg.take()
	}
	m.Sources = seen(slices.Clone(msg.model.Sources), m.Now(), m.opts.StaleAfter)
	cmds := []tea.Cmd{m.arrangeAll()}
	if m.dirty {
		cmds = append(cmds, m.build())
	}
	return tea.Batch(cmds...)
}

func (m *Model) arrangeAll() tea.Cmd {
	var cmds []tea.Cmd
	for _, s := range m.every() {
		cmds = append(cmds, s.Arrange())
	}
	return tea.Batch(cmds...)
}

// recoverJournal has what stopped rollcalls have left open in the journal looked up, once, in a command.
func (m *Model) recoverJournal() tea.Cmd {
	backend, ctx := m.Backend, m.Ctx
	return func() tea.Msg {
		lines, err := backend.RecoverJournal(ctx)
		return recoveredMsg{lines, err}
	}
}

// recovered shows what was left open; the journal has all of it.
func (m *Model) recovered(msg recoveredMsg) tea.Cmd {
	switch {
	case msg.err != nil:
		m.Notify(common.ToneWarn, "the journal: "+msg.err.Error())
	case len(msg.lines) == 0:
		return nil
	default:
		text := msg.lines[0]
		if n := len(msg.lines) - 1; n > 0 {
			text += fmt.Sprintf(" (and %d more)", n)
		}
		m.Notify(common.ToneWarn, text)
	}
	m.Status.Hint = m.KeyMap.Label(common.ActJournal) + " journal"
	return m.top().Reload()
}

// join makes the rows of a view. It is pure.
func join(v *dnsview.View) *common.Picture {
	return &common.Picture{
		Joined: rows.Join(v), View: v, Summary: v.Counts(), Findings: rows.Findings(v),
		Sources: rows.WithFindings(rows.Sources(v.Snapshot, v.Options.Now, v.Options.MaxAge), v),
	}
}
