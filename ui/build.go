package ui

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/filter"
)

// Messages of the way from the clouds to the screen.
type (
	tickMsg     struct{}
	snapshotMsg struct{}
	builtMsg    struct {
		gen    uint64
		joined *joined
	}
	refreshedMsg struct{}
)

// tick redraws the ages, once a second.
func (m *Model) tick() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return tickMsg{} })
}

// tellVisible tells the backend which records are on the screen when others are than
// at the tick before. So a key press costs nothing for it, and a page that was
// only scrolled past is not told.
func (m *Model) tellVisible() tea.Cmd {
	now := m.visibleRecords()
	if slices.Equal(now, m.visible) {
		return nil
	}
	m.visible = now
	backend := m.backend
	return func() tea.Msg {
		backend.Visible(now)
		return nil
	}
}

// awaitUpdate waits for the next change of the snapshot.
func (m *Model) awaitUpdate() tea.Cmd {
	ctx, updates := m.ctx, m.backend.Updates()
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
	gen, backend, ctx, tree := m.buildGen, m.backend, m.ctx, m.screen == screenServices
	return func() tea.Msg {
		j := join(backend.Inspect(backend.Snapshot()))
		if tree {
			j.services = treeOf(ctx, backend, j.view)
		}
		return builtMsg{gen: gen, joined: j}
	}
}

// treeOf makes the tree of services, which only its own screen needs. Where a node was taken
// out on purpose, the journal is asked by whom; that it cannot tell is no error here.
func treeOf(ctx context.Context, backend Backend, v *dnsview.View) *services {
	var b Book
	if v.Count(dnsview.Quiesced) > 0 {
		b, _ = backend.Journal(ctx, journalLimit)
	}
	return joinServices(v, b.Entries)
}

// built takes the rows over, and builds again when the snapshot has changed in between.
func (m *Model) built(msg builtMsg) tea.Cmd {
	if msg.gen != m.buildGen {
		return nil
	}
	m.building = false
	m.joined = msg.joined
	m.sources = seen(slices.Clone(msg.joined.sources), m.now(), m.opts.StaleAfter)
	cmds := []tea.Cmd{m.arrangeAll()}
	if m.dirty {
		cmds = append(cmds, m.build())
	}
	return tea.Batch(cmds...)
}

func (m *Model) arrangeAll() tea.Cmd {
	return tea.Batch(m.arrangeInstances(), m.arrangeRecords(), m.arrangeFindings(), m.arrangeJournal(), m.arrangeSources(), m.arrangeServices())
}

func (m *Model) arrangeInstances() tea.Cmd {
	if m.joined == nil {
		return nil
	}
	f, v := m.instances.filter, m.joined.view
	return m.instances.arrange(m.joined.instances, matcher(f, func(r *instanceRow) bool { return f.MatchInstance(v, r.inst) }))
}

func (m *Model) arrangeRecords() tea.Cmd {
	if m.joined == nil {
		return nil
	}
	f, v := m.records.filter, m.joined.view
	return m.records.arrange(m.joined.records, matcher(f, func(r *recordRow) bool { return f.MatchRecord(v, r.rec) }))
}

func (m *Model) arrangeFindings() tea.Cmd {
	if m.joined == nil {
		return nil
	}
	f, v := m.findings.filter, m.joined.view
	return m.findings.arrange(m.joined.findings, matcher(f, func(r *findingRow) bool { return f.MatchFinding(v, r.finding) }))
}

func matcher[R any](f filter.Filter, match func(R) bool) func(R) bool {
	if f.Empty() {
		return nil
	}
	return match
}

// follow scrolls the pane that does not have the focus to the counterparts of
// the row under the cursor.
func (m *Model) follow() {
	if m.focus == paneInstances {
		if r, ok := m.instances.grid.Current(); ok {
			m.records.grid.Reveal(r.records)
		}
		return
	}
	if r, ok := m.records.grid.Current(); ok {
		m.instances.grid.Reveal(r.instances)
	}
}
