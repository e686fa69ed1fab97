package ui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers/launch"
	"rollcall/ui/theme"
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
	for _, t := range r.spec.Nodes {
		for i := range t.Count {
			r.nodes = append(r.nodes, launch.Node{Cloud: t.Cloud, Index: i, Stage: launch.StageWaiting})
		}
	}
	m.launchs[r.gen] = r
	m.closeTop()
	m.open(&launchDialog{r: r})
	backend, spec := m.backend, r.spec
	return r.run(m, func(ctx context.Context, tell func(launch.Progress)) launch.Report {
		return backend.Launch(ctx, spec, tell)
	})
}

// retry carries on with what is missing, under the same launch id.
func (m *Model) retry(r *launchRun) tea.Cmd {
	report, backend := *r.report, m.backend
	r.report = nil
	delete(m.launchs, r.gen) // what the first run still has to say is late
	m.gen++
	r.gen = m.gen
	m.launchs[r.gen] = r
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
	r := m.launchs[msg.gen]
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
	r := m.launchs[msg.gen]
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
		delete(m.launchs, r.gen)
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
	for _, r := range m.launchs {
		if r.report == nil {
			n++
		}
	}
	return n
}

// showLaunches brings a launch that runs back into a dialog.
func (m *Model) showLaunches() bool {
	for g := uint64(1); g <= m.gen; g++ {
		if r := m.launchs[g]; r != nil && r.report == nil && !m.showsLaunch(r) {
			m.open(&launchDialog{r: r})
			return true
		}
	}
	return false
}

// launchDialog shows a launch node by node.
type launchDialog struct {
	r      *launchRun
	scroll int
	quiet  time.Time
}

func (d *launchDialog) key(m *Model, k tea.KeyPressMsg) action {
	if m.now().Before(d.quiet) {
		return nil
	}
	switch key := k.String(); key {
	case "esc", "q", "enter":
		if d.r.report != nil {
			delete(m.launchs, d.r.gen)
		} else {
			m.say(sayInfo, "the launch goes on in the background; : changes shows it again")
		}
		return actClose{}
	case "r":
		if d.r.report != nil && !d.r.report.OK() && len(d.r.report.Problems) == 0 {
			return actCmd{m.retry(d.r)}
		}
	default:
		scrollKey(key, &d.scroll, 10)
	}
	return nil
}

func (d *launchDialog) draw(m *Model, w, _ int) panel {
	t, r := m.theme, d.r
	done := 0
	for i := range r.nodes {
		if r.nodes[i].Done() {
			done++
		}
	}
	p := panel{title: "Launch " + Clean(r.spec.ID), scroll: &d.scroll, width: min(w, 92)}
	w = min(w, 92)
	if r.report != nil && len(r.report.Problems) > 0 {
		for _, x := range r.report.Problems {
			for _, l := range wrap(Clean(x), w-2) {
				p.lines = append(p.lines, t.Paint(theme.Bad, t.Bad+" "+l))
			}
		}
		p.tail = []string{"", t.Paint(theme.Dim, "nothing was started")}
		p.hints = []hint{{"esc", "close"}}
		return p
	}
	for i := range r.nodes {
		p.lines = append(p.lines, nodeLines(t, &r.nodes[i], w, m.now())...)
	}
	bar := max(min(w-30, 40), 4)
	full := 0
	if len(r.nodes) > 0 {
		full = bar * done / len(r.nodes)
	}
	p.tail = []string{"", t.Paint(theme.Good, strings.Repeat(t.Full, full)) + t.Paint(theme.Faint, strings.Repeat(t.Empty, bar-full)) +
		t.Paint(theme.Strong, fmt.Sprintf(" %d of %d registered", done, len(r.nodes)))}
	p.hints = []hint{{"esc", "go on in the background"}}
	if r.report != nil {
		p.hints = []hint{{"esc", "close"}}
		if !r.report.OK() {
			p.hints = append([]hint{{"r", "retry what is missing"}}, p.hints...)
		}
	}
	return p
}

// nodeLines draws one node; a reason gets lines of its own.
func nodeLines(t *theme.Theme, n *launch.Node, w int, now time.Time) []string {
	glyph, role := t.Wait, theme.Notice
	switch n.Stage {
	case launch.StageWaiting:
		glyph, role = t.Hollow, theme.Dim
	case launch.StageRegistered:
		glyph, role = t.OK, theme.Good
	case launch.StageFailed:
		glyph, role = t.Bad, theme.Bad
	case launch.StageUnknown:
		glyph, role = t.Warn, theme.Warn
	}
	name := Clean(n.Name)
	if name == "" {
		name = fmt.Sprintf("node %d", n.Index+1)
	}
	since := ""
	if !n.Since.IsZero() && !n.Done() {
		since = age(now.Sub(n.Since))
	}
	l := newLine(t).add(role, glyph+" ").add(theme.Plain, fit(name, 20, t.Ellipsis)).gap(1).add(theme.Dim, fit(Clean(n.Cloud), 14, t.Ellipsis)).
		gap(1).add(role, fit(string(n.Stage), 11, "")).add(theme.Faint, fit(since, 4, ""))
	id := Clean(n.Instance.ID)
	if len(n.Instance.PublicIPs) > 0 {
		id += "  " + n.Instance.PublicIPs[0].String()
	}
	out := []string{l.add(theme.Dim, id).b.String()}
	why := n.Message
	if n.Err != nil && (why == "" || n.Stage == launch.StageFailed) {
		why = n.Err.Error()
	}
	if why != "" && n.Stage != launch.StageRegistered {
		for _, x := range wrap(Clean(why), max(w-4, 8)) {
			out = append(out, "  "+t.Paint(role, x))
		}
	}
	return out
}
