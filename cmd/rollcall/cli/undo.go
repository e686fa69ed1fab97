package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/plan"
	"rollcall/providers"
)

// planUndo plans to take back an entry or a run, or what comes next.
func planUndo(ctx context.Context, in *changeInput) (plan.Plan, error) {
	in.fromJournal = true
	id := strings.Join(in.args, "")
	j, err := in.s.OpenJournal()
	if err != nil {
		return plan.Plan{}, err
	}
	before, err := apply.NextUndo(j, app.Who())
	if err != nil {
		return plan.Plan{}, err
	}
	e, err := in.s.Engine(ctx) // looks up what was left open
	if err != nil {
		return plan.Plan{}, err
	}
	if id != "" {
		p, err := e.UndoPlan(id)
		if errors.Is(err, apply.ErrNoEntry) {
			err = exit.Usagef("%w", err)
		}
		return p, err
	}
	p, err := in.unlessOpen(e, false, func() (plan.Plan, error) { return e.UndoPlan("") })
	if err != nil || in.dryRun || in.checksum != "" || in.shown != "" {
		return p, err
	}
	now, err := apply.NextUndo(j, app.Who())
	if now != before {
		in.late, in.show = now, true
	}
	return p, err
}

// askUndo refuses, without a terminal, an undo of what was not the last change before what was left open was looked up, and
// any that stops instances, as stop does. On a terminal its plan is shown, and asked about.
func askUndo(ctx context.Context, in *changeInput, p plan.Plan) error {
	if in.late != "" && !in.app.Interactive() {
		return fmt.Errorf("nothing was undone: only since entries that a stopped rollcall had left open were looked up just now, run %s is the last change; rollcall undo %s takes it back", words.Clean(in.late), words.Clean(in.late))
	}
	stops := 0
	for i := range p.Steps {
		if p.Steps[i].Action == plan.PowerStop {
			stops++
		}
	}
	if stops == 0 || in.show && in.app.Interactive() { // the plan that is shown is asked about
		return nil
	}
	return in.agreePower(ctx, p, fmt.Sprintf("%s, which stops %s", p.Verb, providers.CountOf(stops, "instance")))
}

// agreePower returns an error unless a person at the terminal agrees to do what, having read what it loses.
func (in *changeInput) agreePower(ctx context.Context, p plan.Plan, what string) error {
	for i := range p.Steps {
		if lost := in.v.LostByStop(p.Steps[i].Instance); lost != "" && p.Steps[i].Action == plan.PowerStop {
			in.app.Logf("%s", words.Clean(lost))
		}
	}
	switch {
	case !in.app.Interactive():
		return fmt.Errorf("nothing was done: %s needs --yes without a terminal, where it cannot ask", what)
	case !in.app.agrees(ctx, what+"? [y/N] "):
		return errNotDone
	}
	return nil
}

// unlessOpen returns what planned returns, or, of a dry run, why that is not what the command would do.
func (in *changeInput) unlessOpen(e *apply.Engine, redo bool, planned func() (plan.Plan, error)) (plan.Plan, error) {
	if in.dryRun {
		if err := e.DependsOnOpen(redo); err != nil {
			return plan.Plan{}, exit.Unknownf("%w", err)
		}
	}
	return planned()
}
