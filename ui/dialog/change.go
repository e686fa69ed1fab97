// Package dialog holds the dialogs that open over a screen: a change from its plan to its outcome, and details of a
// row. Dialogs get the Context of package common, never the root model.
//
// Read Changes first, then Text, the smallest dialog, and Facts, which makes its lines.
package dialog

import (
	"context"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/ui/common"
)

// stage is the progress of a change on the screen.
type stage int

const (
	stagePlanning stage = iota
	stageChecking
	stageConfirm // waits for the operator
	stageRunning
	stageEnded
)

// change is a request of the operator in progress: plan, guards, confirmation, run, outcome. Its commands carry its
// number, and messages for another number or stage are dropped.
type change struct {
	gen     uint64
	request common.ChangeRequest
	what    string // its subject in one clean line
	oneKey  bool   // runs without confirmation, because the evidence is on the screen

	stage    stage
	plan     plan.Plan
	checksum string // checksum of the plan that may be carried out
	err      string
	check    *apply.Report
	report   *apply.Report

	need  string // the one text to type before it runs; "" for none
	why   string // it is asked for
	typed bool
	input common.Input
	wrong string // what was typed instead

	nextEvents tea.Cmd // receives the next events of the run
	skip       chan struct{}
	skipAsked  int // wait step whose skip waits for its text; 0 for none
	cancel     context.CancelFunc
	states     map[int]apply.StepState
	stages     map[int]string // by launch step: what its node is doing
	stopped    bool           // by the operator
	lastText   string         // last report of the run
	eventCount int            // events of the run
	wait       apply.Event

	since     time.Time // start of the current stage
	dialog    bool      // shown in a dialog, else at the bottom of the screen
	view      viewport.Model
	allGuards bool // shows every guard of each step, not only those that refuse
	drawn     drawnSteps
}

// Messages of changes.
type (
	plannedMsg struct {
		gen  uint64
		plan plan.Plan
		sum  string
		err  error
	}
	checkedMsg struct {
		gen    uint64
		report *apply.Report
	}
	eventsMsg struct {
		gen    uint64
		events []apply.Event
	}
	ranMsg struct {
		gen    uint64
		report *apply.Report
	}
)

// Changes holds the changes in progress. Only the goroutine of Update uses it.
type Changes struct {
	*common.Context
	byID map[uint64]*change
	ran  map[string]bool // runs that have ended
}

// NewChanges returns an empty Changes.
func NewChanges(sh *common.Context) *Changes {
	return &Changes{sh, map[uint64]*change{}, map[string]bool{}}
}

// Ran reports whether a run of the journal was one of these changes.
func (cs *Changes) Ran(run string) bool { return cs.ran[run] }

// Start starts a change. With oneKey it runs as soon as it is planned, and shows itself at the bottom of the screen;
// otherwise a dialog asks first.
func (cs *Changes) Start(w common.ChangeRequest, what string, oneKey bool) tea.Cmd {
	c := &change{
		gen: cs.NextID(), request: w, what: what, oneKey: oneKey, dialog: !oneKey, since: cs.Now(),
		states: map[int]apply.StepState{}, skip: make(chan struct{}, 1),
	}
	cs.byID[c.gen] = c
	if c.dialog {
		cs.Open(&changeDialog{changes: cs, c: c})
	} else {
		cs.NotifyBusy(what + ": planning")
	}
	return cs.planCmd(c)
}

func (cs *Changes) planCmd(c *change) tea.Cmd {
	gen, w, backend, ctx := c.gen, c.request, cs.Backend, cs.Ctx
	return func() tea.Msg {
		p, err := backend.Plan(ctx, w)
		return plannedMsg{gen, p, p.Checksum(), err}
	}
}

func (cs *Changes) checkCmd(c *change) tea.Cmd {
	gen, p, backend, ctx := c.gen, c.plan, cs.Backend, cs.Ctx
	return func() tea.Msg { return checkedMsg{gen, backend.Check(ctx, p)} }
}

func (cs *Changes) runCmd(c *change) tea.Cmd {
	ctx, cancel := context.WithCancel(cs.Ctx)
	c.cancel = cancel
	c.stage, c.since = stageRunning, cs.Now()
	delete(cs.byID, c.gen) // messages of an earlier run are outdated
	c.gen = cs.NextID()
	cs.byID[c.gen] = c
	c.states, c.stages, c.lastText, c.stopped = map[int]apply.StepState{}, map[int]string{}, "", false
	gen, p, backend := c.gen, c.plan, cs.Backend
	confirm := apply.Confirm{Typed: c.answers(), Checksum: c.checksum, SkipWait: c.skip}
	run, next := common.RunWithEvents(func(report func(apply.Event)) tea.Msg {
		return ranMsg{gen, backend.Run(ctx, p, confirm, report)}
	}, func(events []apply.Event) tea.Msg { return eventsMsg{gen, events} })
	c.nextEvents = next
	return tea.Batch(run, next)
}

// answers returns the texts for guards that were typed. The name or the count for a termination is not among them unless a guard
// asks for it: each text answers one question.
func (c *change) answers() (out []string) {
	if c.typed {
		for _, a := range c.check.Asks() {
			out = append(out, a.Text)
		}
	}
	return out
}

// Update handles a message of a change, and reports whether it was one.
func (cs *Changes) Update(msg tea.Msg) (cmd tea.Cmd, mine bool) {
	switch msg := msg.(type) {
	case plannedMsg:
		if c := cs.byID[msg.gen]; c != nil && c.stage == stagePlanning {
			return cs.planned(c, msg), true
		}
	case checkedMsg:
		if c := cs.byID[msg.gen]; c != nil && c.stage == stageChecking {
			cs.checked(c, msg.report)
		}
	case eventsMsg:
		c := cs.byID[msg.gen]
		if c == nil {
			return nil, true
		}
		if c.stage == stageRunning {
			cs.takeEvents(c, msg.events)
		}
		return c.nextEvents, true
	case ranMsg:
		if c := cs.byID[msg.gen]; c != nil && c.stage == stageRunning {
			return cs.ended(c, msg.report), true
		}
	default:
		return nil, false
	}
	return nil, true
}

func (cs *Changes) planned(c *change, msg plannedMsg) tea.Cmd {
	c.plan, c.checksum = msg.plan, msg.sum
	if msg.err != nil || len(msg.plan.Steps) == 0 {
		c.stage, c.since = stageEnded, cs.Now()
		if msg.err != nil {
			c.err = common.Clean(msg.err.Error())
		} else if len(msg.plan.Skipped) == 0 {
			c.err = "there is nothing to do"
		}
		cs.showDialog(c)
		return nil
	}
	if c.oneKey && len(c.plan.Steps) <= maxOneKeySteps && removed(c.plan) <= c.request.Announced {
		cs.NotifyBusy(c.what + ": asking the guards on fresh evidence")
		return cs.runCmd(c)
	}
	c.oneKey = false
	cs.showDialog(c)
	c.stage, c.since = stageChecking, cs.Now()
	return cs.checkCmd(c)
}

// maxOneKeySteps is the largest number of steps that one key may run: one record with its marker, or two records.
const maxOneKeySteps = 2

// removed returns the number of records that a plan removes, without markers.
func removed(p plan.Plan) (n int) {
	for _, s := range p.Steps {
		if s.Change != nil && s.Change.Op == providers.OpDelete && !s.Change.Before.IsMarker() {
			n++
		}
	}
	return n
}

func (cs *Changes) checked(c *change, r *apply.Report) {
	c.check = r
	c.stage, c.since = stageConfirm, cs.Now()
	c.need, c.why = c.needs()
	c.typed, c.wrong = false, ""
	c.input = common.Input{}
}

// needs returns the one text to type, and why: that for a termination with those for guards.
func (c *change) needs() (text, why string) {
	text = plan.NameOrCount(c.plan.Terminated())
	var all []string
	switch len(c.plan.Terminated()) {
	case 0:
	case 1:
		all = append(all, "type the name to terminate it")
	default:
		all = append(all, "type the count to terminate "+text+" instances")
	}
	if c.check == nil {
		return text, strings.Join(all, "; ")
	}
	asks := c.check.Asks()
	for _, a := range asks {
		all = append(all, common.Clean(a.Why))
	}
	return apply.OneText(text, asks), strings.Join(all, "; ")
}

// possible reports whether confirming would do anything: some step is ready, or becomes ready by typing.
func (c *change) possible() bool {
	return c.check != nil && (c.check.Count(apply.StepReady) > 0 || len(c.check.Asks()) > 0)
}

func (cs *Changes) takeEvents(c *change, events []apply.Event) {
	c.eventCount += len(events)
	for _, e := range events {
		switch e.Kind {
		case apply.EventWaiting:
			c.wait = e
		case apply.EventLaunch:
			c.stages[e.Step] = e.Stage
		case apply.EventBegun, apply.EventEnded:
			c.states[e.Step] = e.State
			if e.Kind == apply.EventEnded && e.Step == c.wait.Step {
				c.wait = apply.Event{}
			}
		}
		if e.Text != "" && !c.stopped {
			c.lastText = common.Clean(e.Text)
		}
	}
	if !c.dialog && cs.Status.Busy {
		cs.NotifyBusy(c.what + ": " + c.lastText)
	}
}

// ended handles the outcome of a run.
func (cs *Changes) ended(c *change, r *apply.Report) tea.Cmd {
	c.report = r
	cs.ran[r.Run] = true
	c.stage, c.since = stageEnded, cs.Now()
	c.wait = apply.Event{}
	c.cancel()
	cmd := cs.Reload()
	if c.dialog && cs.shows(c) {
		return cmd
	}
	if r.OK() {
		delete(cs.byID, c.gen)
		cs.Notify(common.ToneGood, cs.outcome(c))
		if c.request.Verb == index.VerbUndo {
			cs.Status.Hint = cs.KeyMap.Label(common.ActRedo) + " redo"
		} else if r.Undoable() {
			cs.Status.Hint = cs.KeyMap.Label(common.ActUndo) + " undo"
		}
		return cmd
	}
	// The operator is asked only for answers to guards; any other refusal is shown.
	if asks := r.Asks(); len(asks) > 0 {
		c.check, c.report = r, nil
		cs.checked(c, r)
	}
	cs.Status = common.Status{}
	cs.showDialog(c)
	return cmd
}

// outcome returns one line about a successful change.
func (cs *Changes) outcome(c *change) string {
	if len(c.plan.Steps) == 1 {
		return "done: " + cs.Readable(c.plan.Steps[0].Sentence)
	}
	if c.plan.Title != "" {
		return "done: " + cs.Readable(c.plan.Title)
	}
	return "done: " + c.what
}

// showDialog opens a change in a dialog.
func (cs *Changes) showDialog(c *change) {
	c.dialog = true
	if cs.shows(c) {
		return
	}
	if cs.Status.Busy {
		cs.Status = common.Status{}
	}
	c.since = cs.Now()
	cs.Open(&changeDialog{changes: cs, c: c})
}

// shows reports whether a dialog of the change is open.
func (cs *Changes) shows(c *change) bool {
	return slices.ContainsFunc(cs.Dialogs, func(d common.Dialog) bool {
		cd, ok := d.(*changeDialog)
		return ok && cd.c == c
	})
}
