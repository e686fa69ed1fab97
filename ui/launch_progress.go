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
func (sh *shared) launch(d *launchForm) tea.Cmd {
	sh.gen++
	r := &launchRun{gen: sh.gen, spec: d.spec(sh.opts.Fleet), started: sh.now()}
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
	sh.launches[r.gen] = r
	sh.closeTop()
	sh.open(&launchDialog{r: r})
	backend, spec := sh.backend, r.spec
	return r.run(sh, func(ctx context.Context, tell func(launch.Progress)) launch.Report {
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
func (sh *shared) retry(r *launchRun) tea.Cmd {
	report, backend := *r.report, sh.backend
	r.report = nil
	delete(sh.launches, r.gen) // what the first run still has to say is late
	sh.gen++
	r.gen = sh.gen
	sh.launches[r.gen] = r
	return r.run(sh, func(ctx context.Context, tell func(launch.Progress)) launch.Report {
		return backend.Relaunch(ctx, report, tell)
	})
}

func (r *launchRun) run(sh *shared, do func(context.Context, func(launch.Progress)) launch.Report) tea.Cmd {
	ctx, cancel := context.WithCancel(sh.ctx)
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
func (sh *shared) nodes(msg nodesMsg) tea.Cmd {
	r := sh.launches[msg.gen]
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
func (sh *shared) launched(msg launchedMsg) {
	r := sh.launches[msg.gen]
	if r == nil || r.report != nil {
		return
	}
	r.report = &msg.report
	if len(msg.report.Nodes) > 0 {
		r.nodes = slices.Clone(msg.report.Nodes)
	}
	r.cancel()
	if sh.showsLaunch(r) {
		return
	}
	if msg.report.OK() {
		sh.notify(toneGood, countOf(len(r.nodes), "node")+" launched and registered")
		delete(sh.launches, r.gen)
		return
	}
	sh.open(&launchDialog{r: r, quiet: sh.now().Add(quietFor)})
}

func (sh *shared) showsLaunch(r *launchRun) bool {
	for _, d := range sh.dialogs {
		if l, ok := d.(*launchDialog); ok && l.r == r {
			return true
		}
	}
	return false
}

// launching counts the launches under way.
func (sh *shared) launching() int {
	n := 0
	for _, r := range sh.launches {
		if r.report == nil {
			n++
		}
	}
	return n
}

// showLaunches brings a launch that runs back into a dialog.
func (sh *shared) showLaunches() bool {
	for g := uint64(1); g <= sh.gen; g++ {
		if r := sh.launches[g]; r != nil && r.report == nil && !sh.showsLaunch(r) {
			sh.open(&launchDialog{r: r})
			return true
		}
	}
	return false
}
