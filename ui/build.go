package ui

import (
	"errors"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
	"rollcall/ui/screen"
)

// Messages about new snapshots and their rows.
type (
	tickMsg     struct{}
	snapshotMsg struct{}
	builtMsg    struct {
		gen     uint64
		model   *common.Picture
		sources []rows.Source
		team    *common.Team
		install func() // installs the rows of the top screen; nil if there are no new ones
		keepErr error  // why the last hour could not be kept for later runs
		logErr  error  // why lines are missing in the log file
	}
	refreshedMsg struct{ sources []rows.Source }
	recoveredMsg struct {
		lines      []string
		unfinished []common.UnfinishedDrain
		err        error
	}
)

// tick redraws ages once a second.
func (m *Model) tick() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{} })
}

// reportVisible reports the visible records to the backend if they differ from those of the last tick. It therefore
// adds no cost to a key press, and pages that are only scrolled past are not reported.
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

// build builds the rows of the latest snapshot in a command, unless those of the last one are its rows too. Only one
// build runs at a time, so many page updates cause one build after another, not several at once.
func (m *Model) build() tea.Cmd {
	if m.building {
		m.dirty = true
		return nil
	}
	m.building, m.dirty = true, false
	m.buildGen++
	gen, backend, ctx, last, now, trends := m.buildGen, m.Backend, m.Ctx, m.Picture, m.Now, &m.Trends
	keep := m.restored && !m.keepsNothing()
	more, _ := m.top().(screen.RowBuilder)
	var shown *dnsview.View
	if more != nil {
		shown = more.Shown()
	}
	return func() tea.Msg {
		snap := backend.Snapshot()
		v := backend.Inspect(snap)
		msg := builtMsg{gen: gen, model: last}
		if last == nil || last.View != v {
			msg.model = join(last, v)
		}
		msg.sources = rows.WithFindings(rows.Sources(snap, now(), v.Options.MaxAge), v)
		msg.sources = append(msg.sources, fileSources(backend.Files())...)
		msg.team, msg.logErr = backend.Team(), backend.LogErr()
		if trends.Note(v, snap, now()) && keep {
			msg.keepErr = keepLastHour(backend, trends, now())
		}
		switch {
		case more == nil: // no screen on top shows services
			v.ReleaseServices()
		case shown != v:
			msg.install = more.BuildRows(ctx, backend, v)
		}
		return msg
	}
}

// built installs the rows, and starts another build if the snapshot has changed meanwhile.
func (m *Model) built(msg builtMsg) tea.Cmd {
	if msg.gen != m.buildGen {
		return nil
	}
	m.building = false
	m.Picture = msg.model
	if msg.install != nil {
		msg.install()
	}
	m.releaseOutdated()
	m.Sources = withStateAt(msg.sources, m.Now(), m.opts.StaleAfter)
	m.noteReads()
	m.noteTeam(msg.team)
	m.noteOnce(&m.keepFailed, "the last hour cannot be kept for later runs: ", msg.keepErr)
	m.noteOnce(&m.logFailed, "", msg.logErr)
	m.offerUnfinished()
	cmds := []tea.Cmd{m.arrangeAll()}
	if m.dirty {
		cmds = append(cmds, m.build())
	}
	return tea.Batch(cmds...)
}

// releaseOutdated releases the rows of screens that are not on top and whose view is not the present one: an old view holds
// all rows of its time.
func (m *Model) releaseOutdated() {
	for _, s := range m.allScreens() {
		if r, ok := s.(screen.RowBuilder); ok && s != m.top() && r.Shown() != nil && r.Shown() != m.Picture.View {
			r.Release()
		}
	}
}

func (m *Model) arrangeAll() tea.Cmd {
	var cmds []tea.Cmd
	for _, s := range m.allScreens() {
		cmds = append(cmds, s.Arrange())
	}
	return tea.Batch(cmds...)
}

// recoverJournal resolves, once and in a command, what stopped rollcalls have left open in the journal.
func (m *Model) recoverJournal() tea.Cmd {
	backend, ctx := m.Backend, m.Ctx
	return func() tea.Msg {
		lines, err := backend.RecoverJournal(ctx)
		unfinished, e := backend.UnfinishedDrains(ctx) // after what was left open is known
		return recoveredMsg{lines, unfinished, errors.Join(err, e)}
	}
}

// recovered shows the result; the journal has the details.
func (m *Model) recovered(msg recoveredMsg) tea.Cmd {
	m.offersAsked = m.Now()
	m.addUnfinished(msg.unfinished)
	m.offerUnfinished()
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

// offerUnfinished opens the drains, or the replacements, that an earlier run has not finished, once their clouds have been read and no other
// dialog is open. Nodes that are terminated, or that their clouds do not show are not among them.
func (m *Model) offerUnfinished() {
	if len(m.unfinished) == 0 || len(m.Dialogs) > 0 || m.prompt != nil || !m.AllRead() || m.Picture == nil || m.Picture.View.Snapshot.Beginning {
		return
	}
	drains := slices.DeleteFunc(m.unfinished, func(u common.UnfinishedDrain) bool {
		if m.isDealtWith(u) || m.InstanceOf(u.Instance) != nil {
			return m.isDealtWith(u)
		}
		return slices.ContainsFunc(m.Sources, func(s rows.Source) bool {
			return s.CloudKey == string(u.Instance.Key) && s.Seen == providers.CoverageComplete
		})
	})
	m.unfinished = nil
	if len(drains) == 0 {
		return
	}
	var now []common.UnfinishedDrain
	for _, u := range drains {
		if u.Replacement == drains[0].Replacement {
			now = append(now, u)
		} else {
			m.unfinished = append(m.unfinished, u) // offered once this dialog is closed
		}
	}
	for _, u := range now {
		m.offered[idOf(u)] = true
	}
	m.offersAsked = m.Now()
	m.Open(&dialog.Unfinished{Drains: now})
}

// join returns the rows of a view, with what still holds of the last picture, which may be nil. It is pure.
func join(last *common.Picture, v *dnsview.View) *common.Picture {
	if last == nil {
		last = &common.Picture{}
	}
	p := &common.Picture{Joined: rows.JoinAfter(last.Joined, v), View: v, Summary: v.Counts(), All: rows.FindingsAfter(last.All, v), Together: plan.RemovedTogether(v)}
	p.Findings = p.All
	if v.Options.Annotations != nil {
		p.Findings, p.Snoozed = rows.Snoozed(p.Findings)
	}
	return p
}
