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

// askUndo refuses, without a terminal, an undo of what was not the last change before what was left open was looked up. On a
// terminal its plan is shown, and asked about.
func askUndo(_ context.Context, in *changeInput, _ plan.Plan) error {
	if in.late == "" || in.app.Interactive() {
		return nil
	}
	return fmt.Errorf("nothing was undone: only since entries that a stopped rollcall had left open were looked up just now, run %s is the last change; rollcall undo %s takes it back", words.Clean(in.late), words.Clean(in.late))
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
