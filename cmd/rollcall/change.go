package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/apply"
)

// changing is how a command carries a plan out.
type changing struct {
	dryRun  bool
	confirm []string // texts that answer guards
	form    string   // how the report is printed
}

// stepRow is one step of a plan in JSON.
type stepRow struct {
	ID       int                   `json:"id"`
	Kind     string                `json:"kind"`
	Sentence string                `json:"sentence"`
	State    string                `json:"state"`
	Why      string                `json:"why"`
	Guards   []dnsview.GuardResult `json:"guards"`
	Entry    string                `json:"entry"`
	Wire     string                `json:"wire"`
	Record   *recordRef            `json:"record"`
	Instance *refRow               `json:"instance"`
}

// reportRow is what became of a plan, in JSON.
type reportRow struct {
	Verb    string    `json:"verb"`
	Title   string    `json:"title"`
	DryRun  bool      `json:"dry_run"`
	Run     string    `json:"run"`
	OK      bool      `json:"ok"`
	Steps   []stepRow `json:"steps"`
	Skipped []string  `json:"skipped"`
}

// carry checks or carries out a plan and tells what became of it. What is
// left undone, for whatever reason, ends in exit code 1.
func (a *app) carry(ctx context.Context, s *session, plan dnsview.Plan, c changing) error {
	for _, l := range plan.Skipped {
		a.say("left alone: %s", clean(l))
	}
	if len(plan.Steps) == 0 {
		if c.form == asJSON || c.form == asYAML {
			if err := writeData(a.out, c.form, newReportRow(&apply.Report{Plan: plan}, c.dryRun)); err != nil {
				return err
			}
		}
		if len(plan.Skipped) > 0 {
			return ended(exitFailed)
		}
		a.say("nothing to do")
		return nil
	}
	e, err := s.engine()
	if err != nil {
		return err
	}
	r := a.carryOut(ctx, e, plan, c)
	row := newReportRow(r, c.dryRun)
	if c.form == asJSON || c.form == asYAML {
		err = writeData(a.out, c.form, row)
	} else {
		err = flush(a.out, reportText(&row))
	}
	if err != nil {
		return err
	}
	for _, ask := range r.Asks() {
		a.say("to do it all the same, give --confirm %s: %s", shellQuote(clean(ask.Text)), clean(ask.Why))
	}
	if !row.OK || len(plan.Skipped) > 0 {
		return ended(exitFailed)
	}
	return nil
}

func (a *app) carryOut(ctx context.Context, e *apply.Engine, plan dnsview.Plan, c changing) *apply.Report {
	if c.dryRun {
		return e.Check(ctx, plan)
	}
	typed := slices.Clone(c.confirm)
	if a.interactive() {
		// Guards that a person can answer are asked before anything runs.
		check := e.Check(ctx, plan)
		for _, ask := range check.Asks() {
			if slices.Contains(typed, ask.Text) {
				continue
			}
			a.say("%s", clean(ask.Why))
			if answer := a.ask(ctx, fmt.Sprintf("type %q to do it all the same, or nothing to leave it: ", clean(ask.Text))); answer != "" {
				typed = append(typed, answer)
			}
		}
	}
	return e.Run(ctx, plan, apply.Confirm{Typed: typed}, a.progress())
}

// progress tells of each step as it goes, on stderr.
func (a *app) progress() func(apply.Event) {
	lastWait := -1
	return func(ev apply.Event) {
		if ev.Kind == apply.EventWaiting {
			// A countdown is one line every ten seconds, not one every tick.
			if left := int(ev.Left.Seconds()); lastWait < 0 || lastWait-left >= 10 || left > lastWait {
				lastWait = left
				a.say("%s", clean(ev.Text))
			}
			return
		}
		if ev.Kind == apply.EventEnded && ev.State == apply.StepDone || ev.Text == "" {
			return // the report says so
		}
		a.say("%s", clean(ev.Text))
	}
}

// ask puts a question to the person at the terminal; empty when ctx ends first.
func (a *app) ask(ctx context.Context, question string) string {
	_, _ = fmt.Fprint(a.err, question)
	line := make(chan string, 1)
	go func() {
		text, err := bufio.NewReader(a.in).ReadString('\n')
		if err != nil && err != io.EOF {
			text = ""
		}
		line <- strings.TrimSpace(text)
	}()
	select {
	case text := <-line:
		return text
	case <-ctx.Done():
		return ""
	}
}

func newReportRow(r *apply.Report, dryRun bool) reportRow {
	row := reportRow{
		Verb: string(r.Plan.Verb), Title: clean(r.Plan.Title), DryRun: dryRun, Run: r.Run, OK: r.OK(),
		Steps: []stepRow{}, Skipped: []string{},
	}
	for _, l := range r.Plan.Skipped {
		row.Skipped = append(row.Skipped, clean(l))
	}
	for i := range r.Steps {
		st := &r.Steps[i]
		x := stepRow{
			ID: st.Step.ID, Kind: string(st.Step.Kind), Sentence: clean(st.Step.Sentence), State: string(st.State), Why: clean(st.Why),
			Guards: append([]dnsview.GuardResult{}, st.Guards...), Entry: st.Entry, Wire: clean(st.Wire),
		}
		for g := range x.Guards {
			x.Guards[g].Why, x.Guards[g].Satisfy = clean(x.Guards[g].Why), clean(x.Guards[g].Satisfy)
		}
		if st.Step.Change != nil {
			rec := st.Step.Change.Record()
			x.Record = &recordRef{Zone: clean(rec.Zone), Name: clean(rec.Name), Type: clean(rec.Type), Value: clean(rec.Value)}
		}
		if st.Step.Instance.ID != "" {
			x.Instance = &refRow{Cloud: clean(st.Step.Instance.Cloud), ID: clean(st.Step.Instance.ID), Name: clean(st.Step.Instance.Name)}
		}
		row.Steps = append(row.Steps, x)
	}
	return row
}

// reportText tells a person what became of each step.
func reportText(r *reportRow) string {
	var b strings.Builder
	b.WriteString(r.Title + "\n")
	for _, st := range r.Steps {
		fmt.Fprintf(&b, "  %-8s %s\n", st.State, st.Sentence)
		if st.Why != "" {
			b.WriteString("           " + st.Why + "\n")
		}
		for _, g := range st.Guards {
			if g.Pass {
				if r.DryRun {
					fmt.Fprintf(&b, "           guard %s passes: %s\n", g.Guard, g.Why)
				}
				continue
			}
			fmt.Fprintf(&b, "           guard %s: %s\n", g.Guard, g.Why)
			if g.Satisfy != "" {
				fmt.Fprintf(&b, "           what would satisfy it: %s\n", g.Satisfy)
			}
		}
		if st.Wire != "" {
			b.WriteString("           " + st.Wire + "\n")
		}
	}
	return b.String()
}
