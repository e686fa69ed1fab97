package ui

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"charm.land/bubbles/v2/viewport"
	tea "charm.land/bubbletea/v2"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
)

// stage says how far a change has come on the screen.
type stage int

const (
	stagePlanning stage = iota
	stageChecking
	stageConfirm // waits for the operator
	stageRunning
	stageEnded
)

// change is one request of the operator on its way to being done: plan, guards,
// confirmation, run, outcome. Its commands carry its number, and what arrives
// for another number or stage is dropped.
type change struct {
	gen     uint64
	request ChangeRequest
	what    string // one line: what it is about, clean
	oneKey  bool   // runs without a confirmation, evidence is on the screen already

	stage  stage
	plan   dnsview.Plan
	sum    string // checksum of the plan; what is carried out must have it
	err    string
	check  *apply.Report
	report *apply.Report

	need  []need // typed confirmations, in order
	typed []string
	input input

	events chan apply.Event
	skip   chan struct{}
	cancel context.CancelFunc
	states map[int]apply.StepState
	said   string // the last thing that the run told
	heard  int    // events of the run
	wait   apply.Event

	since  time.Time // when the present stage began
	dialog bool      // shown in a dialog; otherwise at the bottom of the screen
	view   viewport.Model
	whole  bool // every guard of each step is shown, not only those that refuse
	drawn  drawnSteps
}

// need is one text that has to be typed.
type need struct {
	text, why string
	guard     bool // answers a guard, and is handed on
}

// Messages of changes.
type (
	plannedMsg struct {
		gen  uint64
		plan dnsview.Plan
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

// startChange begins a change. With oneKey it runs as soon as it is planned, and shows
// itself at the bottom of the screen; otherwise in a dialog that asks.
func (sh *shared) startChange(w ChangeRequest, what string, oneKey bool) tea.Cmd {
	sh.gen++
	c := &change{
		gen: sh.gen, request: w, what: what, oneKey: oneKey, dialog: !oneKey, since: sh.now(),
		states: map[int]apply.StepState{}, skip: make(chan struct{}, 1),
	}
	sh.changes[c.gen] = c
	if c.dialog {
		sh.open(&changeDialog{c: c})
	} else {
		sh.working(what + ": planning")
	}
	return sh.planCmd(c)
}

// working says what is under way at the bottom of the screen.
func (sh *shared) working(text string) {
	sh.notify(toneInfo, text)
	sh.status.busy = true
}

func (sh *shared) planCmd(c *change) tea.Cmd {
	gen, w, backend, ctx := c.gen, c.request, sh.backend, sh.ctx
	return func() tea.Msg {
		p, err := backend.Plan(ctx, w)
		return plannedMsg{gen, p, p.Checksum(), err}
	}
}

func (sh *shared) checkCmd(c *change) tea.Cmd {
	gen, p, backend, ctx := c.gen, c.plan, sh.backend, sh.ctx
	return func() tea.Msg { return checkedMsg{gen, backend.Check(ctx, p)} }
}

func (sh *shared) runCmd(c *change) tea.Cmd {
	ctx, cancel := context.WithCancel(sh.ctx)
	c.cancel = cancel
	c.stage, c.since = stageRunning, sh.now()
	delete(sh.changes, c.gen) // what an earlier run of it still has to say is late
	sh.gen++
	c.gen = sh.gen
	sh.changes[c.gen] = c
	c.states, c.said = map[int]apply.StepState{}, ""
	c.events = make(chan apply.Event, 64)
	gen, p, backend, events := c.gen, c.plan, sh.backend, c.events
	confirm := apply.Confirm{Typed: c.answers(), Checksum: c.sum, SkipWait: c.skip}
	run := func() tea.Msg {
		r := backend.Run(ctx, p, confirm, func(e apply.Event) {
			select {
			case events <- e:
			case <-ctx.Done():
			}
		})
		close(events)
		return ranMsg{gen, r}
	}
	return tea.Batch(run, listen(gen, events))
}

// answers are the typed texts that guards asked for. The name or the count that
// a termination asks for is not among them: one typing answers one question.
func (c *change) answers() []string {
	var out []string
	for i, text := range c.typed {
		if c.need[i].guard {
			out = append(out, text)
		}
	}
	return out
}

// listen waits for the next events of a run and takes all that are there.
func listen(gen uint64, events <-chan apply.Event) tea.Cmd {
	return func() tea.Msg {
		e, ok := <-events
		if !ok {
			return nil
		}
		out := []apply.Event{e}
		for {
			select {
			case e, ok := <-events:
				if !ok {
					return eventsMsg{gen, out}
				}
				out = append(out, e)
			default:
				return eventsMsg{gen, out}
			}
		}
	}
}

// answer handles what commands of changes and launches bring back.
func (sh *shared) answer(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case plannedMsg:
		if c := sh.changes[msg.gen]; c != nil && c.stage == stagePlanning {
			return sh.planned(c, msg)
		}
	case checkedMsg:
		if c := sh.changes[msg.gen]; c != nil && c.stage == stageChecking {
			sh.checked(c, msg.report)
		} else {
			sh.whyChecked(msg)
		}
	case eventsMsg:
		c := sh.changes[msg.gen]
		if c == nil {
			return nil
		}
		if c.stage == stageRunning {
			sh.heard(c, msg.events)
		}
		return listen(msg.gen, c.events)
	case ranMsg:
		if c := sh.changes[msg.gen]; c != nil && c.stage == stageRunning {
			return sh.ran(c, msg.report)
		}
	default:
		return sh.launchAnswer(msg)
	}
	return nil
}

func (sh *shared) planned(c *change, msg plannedMsg) tea.Cmd {
	c.plan, c.sum = msg.plan, msg.sum
	if msg.err != nil || len(msg.plan.Steps) == 0 {
		c.stage, c.since = stageEnded, sh.now()
		if msg.err != nil {
			c.err = Clean(msg.err.Error())
		} else if len(msg.plan.Skipped) == 0 {
			c.err = "there is nothing to do"
		}
		sh.showDialog(c)
		return nil
	}
	if c.oneKey && len(c.plan.Steps) <= maxOneKeySteps {
		sh.working(c.what + ": asking the guards on fresh evidence")
		return sh.runCmd(c)
	}
	c.oneKey = false
	sh.showDialog(c)
	c.stage, c.since = stageChecking, sh.now()
	return sh.checkCmd(c)
}

// maxOneKeySteps bounds what one key may do: one record, with its marker.
const maxOneKeySteps = 2

func (sh *shared) checked(c *change, r *apply.Report) {
	c.check = r
	c.stage, c.since = stageConfirm, sh.now()
	c.need = sh.needs(c)
	c.typed = nil
	c.input = input{}
}

// needs lists what has to be typed: for a termination the name or the count,
// and what guards ask for.
func (sh *shared) needs(c *change) []need {
	var out []need
	if n := terminates(c.plan); len(n) == 1 {
		name := Clean(n[0].Instance.Name)
		if name == "" {
			name = Clean(n[0].Instance.ID)
		}
		out = append(out, need{text: name, why: "type the name to terminate it"})
	} else if len(n) > 1 {
		out = append(out, need{text: strconv.Itoa(len(n)), why: fmt.Sprintf("type the count to terminate %d instances", len(n))})
	}
	if c.check != nil {
		for _, a := range c.check.Asks() {
			out = append(out, need{text: a.Text, why: Clean(a.Why), guard: true})
		}
	}
	return out
}

// terminates lists the steps of a plan that end an instance.
func terminates(p dnsview.Plan) []dnsview.Step {
	var out []dnsview.Step
	for _, s := range p.Steps {
		if s.Kind == dnsview.StepPower && s.Action == dnsview.PowerTerminate {
			out = append(out, s)
		}
	}
	return out
}

// possible reports whether confirming would do anything: some step is ready,
// or can be made so by typing.
func (c *change) possible() bool {
	return c.check != nil && (c.check.Count(apply.StepReady) > 0 || len(c.check.Asks()) > 0)
}

func (sh *shared) heard(c *change, events []apply.Event) {
	c.heard += len(events)
	for _, e := range events {
		switch e.Kind {
		case apply.EventWaiting:
			c.wait = e
		case apply.EventBegun, apply.EventEnded:
			c.states[e.Step] = e.State
			if e.Kind == apply.EventEnded && e.Step == c.wait.Step {
				c.wait = apply.Event{}
			}
		}
		if e.Text != "" {
			c.said = Clean(e.Text)
		}
	}
	if !c.dialog && sh.status.busy {
		sh.working(c.what + ": " + c.said)
	}
}

// ran takes the outcome of a run.
func (sh *shared) ran(c *change, r *apply.Report) tea.Cmd {
	c.report = r
	c.stage, c.since = stageEnded, sh.now()
	c.wait = apply.Event{}
	c.cancel()
	cmd := sh.reload()
	if c.dialog && sh.shows(c) {
		return cmd
	}
	if r.OK() {
		delete(sh.changes, c.gen)
		sh.notify(toneGood, sh.outcome(c))
		if c.request.Verb == dnsview.VerbUndo {
			sh.status.hint = sh.keymap.label(ActRedo) + " redo"
		} else {
			sh.status.hint = sh.keymap.label(ActUndo) + " undo"
		}
		return cmd
	}
	// A refused guard that typing can answer is asked for; anything else is told.
	if asks := r.Asks(); len(asks) > 0 {
		c.check, c.report = r, nil
		sh.checked(c, r)
	}
	sh.status = status{}
	sh.showDialog(c)
	return cmd
}

// outcome is one line for a change that succeeded.
func (sh *shared) outcome(c *change) string {
	if len(c.plan.Steps) == 1 {
		return "done: " + Clean(c.plan.Steps[0].Sentence)
	}
	if c.plan.Title != "" {
		return "done: " + Clean(c.plan.Title)
	}
	return "done: " + c.what
}

// showDialog brings a change into a dialog. As the dialog opens by itself, it
// takes no keys for its first moments.
func (sh *shared) showDialog(c *change) {
	c.dialog = true
	if sh.shows(c) {
		return
	}
	if sh.status.busy {
		sh.status = status{}
	}
	c.since = sh.now()
	sh.open(&changeDialog{c: c, quiet: sh.now().Add(quietFor)})
}

// shows reports whether a dialog of the change is open.
func (sh *shared) shows(c *change) bool {
	for _, d := range sh.dialogs {
		if cd, ok := d.(*changeDialog); ok && cd.c == c {
			return true
		}
	}
	return false
}

// running lists the changes that run, oldest first.
func (sh *shared) running() []*change {
	var out []*change
	for g := uint64(1); g <= sh.gen; g++ {
		if c := sh.changes[g]; c != nil && c.stage == stageRunning {
			out = append(out, c)
		}
	}
	return out
}
