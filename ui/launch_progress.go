package ui

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers/launch"
)

// launchRun is one launch under way, node by node.
type launchRun struct {
	gen     uint64
	spec    launch.Spec
	nodes   []launch.Node
	report  *launch.Report // set once it has ended
	events  chan launch.Progress
	cancel  context.CancelFunc
	started time.Time
}

// Messages of a launch.
type (
	nodesMsg struct {
		gen    uint64
		events []launch.Progress
	}
	launchedMsg struct {
		gen    uint64
		report launch.Report
	}
)

// launch starts what the form describes and shows its progress in its place.
func (m *Model) launch(d *launchForm) tea.Cmd {
	m.gen++
	r := &launchRun{gen: m.gen, spec: d.spec(m.opts.Fleet), started: m.now()}
	profile := ""
	if d.creates() {
		profile = strings.TrimSpace(d.profile.value())
	}
	d.stop()
	for _, t := range r.spec.Nodes {
		for i := range t.Count {
			r.nodes = append(r.nodes, launch.Node{Cloud: t.Cloud, Index: i, Stage: launch.StageWaiting})
		}
	}
	m.launches[r.gen] = r
	m.closeTop()
	m.open(&launchDialog{r: r})
	backend, spec := m.backend, r.spec
	return r.run(m, func(ctx context.Context, tell func(launch.Progress)) launch.Report {
		if profile != "" {
			with, err := backend.MakeProfiles(ctx, spec, profile)
			if err != nil {
				return launch.Report{Spec: spec, Problems: launch.Problems{err.Error()}}
			}
			spec = with
		}
		return backend.Launch(ctx, spec, tell)
	})
}

// retry carries on with what is missing, under the same launch id.
func (m *Model) retry(r *launchRun) tea.Cmd {
	report, backend := *r.report, m.backend
	r.report = nil
	delete(m.launches, r.gen) // what the first run still has to say is late
	m.gen++
	r.gen = m.gen
	m.launches[r.gen] = r
	return r.run(m, func(ctx context.Context, tell func(launch.Progress)) launch.Report {
		return backend.Relaunch(ctx, report, tell)
	})
}

func (r *launchRun) run(m *Model, do func(context.Context, func(launch.Progress)) launch.Report) tea.Cmd {
	ctx, cancel := context.WithCancel(m.ctx)
	r.cancel = cancel
	r.events = make(chan launch.Progress, 64)
	gen, events := r.gen, r.events
	run := func() tea.Msg {
		report := do(ctx, func(p launch.Progress) {
			select {
			case events <- p:
			case <-ctx.Done():
			}
		})
		close(events)
		return launchedMsg{gen, report}
	}
	return tea.Batch(run, listenNodes(gen, events))
}

func listenNodes(gen uint64, events <-chan launch.Progress) tea.Cmd {
	return func() tea.Msg {
		p, ok := <-events
		if !ok {
			return nil
		}
		out := []launch.Progress{p}
		for {
			select {
			case p, ok := <-events:
				if !ok {
					return nodesMsg{gen, out}
				}
				out = append(out, p)
			default:
				return nodesMsg{gen, out}
			}
		}
	}
}

// nodes takes news of nodes.
func (m *Model) nodes(msg nodesMsg) tea.Cmd {
	r := m.launches[msg.gen]
	if r == nil {
		return nil
	}
	if r.report == nil {
		for _, p := range msg.events {
			r.take(p.Node)
		}
	}
	return listenNodes(msg.gen, r.events)
}

// take puts a node in its place. A node that was asked for again under a new
// index takes the place of one of its cloud that has failed.
func (r *launchRun) take(n launch.Node) {
	for i := range r.nodes {
		if r.nodes[i].Cloud == n.Cloud && r.nodes[i].Index == n.Index {
			r.nodes[i] = n
			return
		}
	}
	for i := range r.nodes {
		if r.nodes[i].Cloud == n.Cloud && r.nodes[i].Stage == launch.StageFailed {
			r.nodes[i] = n
			return
		}
	}
	r.nodes = append(r.nodes, n)
}

// launched takes the outcome of a launch.
func (m *Model) launched(msg launchedMsg) {
	r := m.launches[msg.gen]
	if r == nil || r.report != nil {
		return
	}
	r.report = &msg.report
	if len(msg.report.Nodes) > 0 {
		r.nodes = slices.Clone(msg.report.Nodes)
	}
	r.cancel()
	if m.showsLaunch(r) {
		return
	}
	if msg.report.OK() {
		m.say(sayGood, countOf(len(r.nodes), "node")+" launched and registered")
		delete(m.launches, r.gen)
		return
	}
	m.open(&launchDialog{r: r, quiet: m.now().Add(quietFor)})
}

func (m *Model) showsLaunch(r *launchRun) bool {
	for _, d := range m.dialogs {
		if l, ok := d.(*launchDialog); ok && l.r == r {
			return true
		}
	}
	return false
}

// launching counts the launches under way.
func (m *Model) launching() int {
	n := 0
	for _, r := range m.launches {
		if r.report == nil {
			n++
		}
	}
	return n
}

// showLaunches brings a launch that runs back into a dialog.
func (m *Model) showLaunches() bool {
	for g := uint64(1); g <= m.gen; g++ {
		if r := m.launches[g]; r != nil && r.report == nil && !m.showsLaunch(r) {
			m.open(&launchDialog{r: r})
			return true
		}
	}
	return false
}
