package form

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/apply"
	"rollcall/providers"
	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/ui/dialog"
)

// launchRun is one running launch, node by node.
type launchRun struct {
	gen       uint64
	spec      launch.Spec
	nodes     []launch.Node
	report    *launch.Report // set when it has ended
	nextNodes tea.Cmd        // receives the next changes of nodes
	cancel    context.CancelFunc
	started   time.Time
}

// Messages of a launch.
type (
	nodesMsg struct {
		gen    uint64
		events []launch.Node
	}
	launchedMsg struct {
		gen    uint64
		report launch.Report
	}
	journalMsg struct {
		gen uint64
		ask *apply.Ask
	}
)

// Launches holds the launches in progress. Only the goroutine of Update uses it.
type Launches struct {
	*common.Context
	byID map[uint64]*launchRun

	// What waits for the journal: its number, the dialog that it was begun in, and what then goes on.
	waiting uint64
	from    common.Dialog
	next    func() tea.Cmd
}

// NewLaunches returns an empty Launches.
func NewLaunches(sh *common.Context) *Launches {
	return &Launches{Context: sh, byID: map[uint64]*launchRun{}}
}

// Update handles a message of a launch, and reports whether it was one.
func (ls *Launches) Update(msg tea.Msg) (cmd tea.Cmd, mine bool) {
	switch msg := msg.(type) {
	case nodesMsg:
		return ls.nodes(msg), true
	case launchedMsg:
		ls.launched(msg)
		return nil, true
	case journalMsg:
		return ls.answered(msg), true
	}
	return nil, false
}

// ask goes on with next once the journal can be written. If the operator has to type something first, a dialog asks over
// the one that has the keys now.
func (ls *Launches) ask(from common.Dialog, next func() tea.Cmd) tea.Cmd {
	ls.waiting, ls.from, ls.next = ls.NextID(), from, next
	ls.NotifyBusy("asking whether the journal can be written")
	gen, backend, ctx := ls.waiting, ls.Backend, ls.Ctx
	return func() tea.Msg { return journalMsg{gen, backend.JournalAsk(ctx)} }
}

// answered handles what the journal asks.
func (ls *Launches) answered(msg journalMsg) tea.Cmd {
	n := len(ls.Dialogs)
	if msg.gen != ls.waiting {
		return nil
	}
	ls.waiting, ls.Status = 0, common.Status{}
	switch {
	case n == 0 || ls.Dialogs[n-1] != ls.from: // the operator has left it
		return nil
	case msg.ask != nil:
		dialog.Journal(ls.Context, msg.ask, ls.next)
		return nil
	}
	return ls.next()
}

// launch starts the launch of the form once the journal can be written.
func (ls *Launches) launch(d *launchForm) tea.Cmd {
	return ls.ask(d, func() tea.Cmd {
		if !d.readyToStart { // it was changed meanwhile
			return nil
		}
		return ls.begin(d)
	})
}

// begin starts the launch of the form and replaces the form by its progress.
func (ls *Launches) begin(d *launchForm) tea.Cmd {
	r := &launchRun{gen: ls.NextID(), spec: d.spec(ls.FleetID), started: ls.Now()}
	profile := ""
	if d.createsProfile() {
		profile = strings.TrimSpace(d.profile.Value())
	}
	d.stop()
	for _, t := range r.spec.Nodes {
		for i := range t.Count {
			r.nodes = append(r.nodes, launch.Node{Cloud: t.Cloud, Index: i, Stage: launch.StageWaiting})
		}
	}
	ls.byID[r.gen] = r
	ls.CloseTop()
	ls.Open(&launchDialog{launches: ls, r: r})
	backend, spec := ls.Backend, r.spec
	return r.run(ls.Context, func(ctx context.Context, tell func(launch.Node)) launch.Report {
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

// retry continues a launch with what is missing, under the same launch id.
func (ls *Launches) retry(r *launchRun) tea.Cmd {
	report, backend := *r.report, ls.Backend
	r.report = nil
	delete(ls.byID, r.gen) // messages of the first run are outdated
	r.gen = ls.NextID()
	ls.byID[r.gen] = r
	return r.run(ls.Context, func(ctx context.Context, tell func(launch.Node)) launch.Report {
		return backend.Relaunch(ctx, report, tell)
	})
}

func (r *launchRun) run(sh *common.Context, do func(context.Context, func(launch.Node)) launch.Report) tea.Cmd {
	ctx, cancel := context.WithCancel(sh.Ctx)
	r.cancel = cancel
	gen := r.gen
	run, next := common.RunWithEvents(func(report func(launch.Node)) tea.Msg {
		return launchedMsg{gen, do(ctx, report)}
	}, func(events []launch.Node) tea.Msg { return nodesMsg{gen, events} })
	r.nextNodes = next
	return tea.Batch(run, next)
}

// nodes handles changes of nodes.
func (ls *Launches) nodes(msg nodesMsg) tea.Cmd {
	r := ls.byID[msg.gen]
	if r == nil {
		return nil
	}
	if r.report == nil {
		for _, n := range msg.events {
			r.storeNode(n)
		}
	}
	return r.nextNodes
}

// storeNode stores a node. A node that was requested again with a new index replaces a failed one of its cloud.
func (r *launchRun) storeNode(n launch.Node) {
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

// launched handles the outcome of a launch.
func (ls *Launches) launched(msg launchedMsg) {
	r := ls.byID[msg.gen]
	if r == nil || r.report != nil {
		return
	}
	r.report = &msg.report
	if len(msg.report.Nodes) > 0 {
		r.nodes = slices.Clone(msg.report.Nodes)
	}
	r.cancel()
	if ls.showsLaunch(r) {
		return
	}
	if msg.report.OK() {
		ls.Notify(common.ToneGood, providers.CountOf(len(r.nodes), "node")+" launched and registered")
		delete(ls.byID, r.gen)
		return
	}
	ls.Open(&launchDialog{launches: ls, r: r})
}

func (ls *Launches) showsLaunch(r *launchRun) bool {
	return slices.ContainsFunc(ls.Dialogs, func(d common.Dialog) bool {
		l, ok := d.(*launchDialog)
		return ok && l.r == r
	})
}

// Count returns the number of running launches.
func (ls *Launches) Count() int {
	n := 0
	for _, r := range ls.byID {
		if r.report == nil {
			n++
		}
	}
	return n
}

// Running returns a line for each running launch, with the names of its nodes.
func (ls *Launches) Running() []string {
	var out []string
	for _, id := range slices.Sorted(maps.Keys(ls.byID)) {
		r := ls.byID[id]
		if r.report != nil {
			continue
		}
		var names []string
		for i := range r.nodes {
			names = append(names, common.Clean(r.nodes[i].Name))
		}
		out = append(out, strings.TrimSuffix("launch "+providers.CountOf(len(names), "node")+": "+strings.Join(names, ", "), ": "))
	}
	return out
}

// ShowAgain opens the dialog of the oldest launch that runs without one. It reports whether there is one.
func (ls *Launches) ShowAgain() bool {
	for _, id := range slices.Sorted(maps.Keys(ls.byID)) {
		if r := ls.byID[id]; r.report == nil && !ls.showsLaunch(r) {
			ls.Open(&launchDialog{launches: ls, r: r})
			return true
		}
	}
	return false
}
