package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/textfile"
)

// changeOptions are a command's options for carrying out a plan.
type changeOptions struct {
	dryRun   bool
	confirm  []string       // texts that answer guards
	checksum string         // expected checksum of the plan
	shown    string         // file with the expected plan
	form     string         // output form of the report
	show     bool           // the plan is shown first
	yes      bool           // without a question
	basis    basis          // the sources that the answer depends on
	launcher apply.Launcher // carries out launches; nil if the plan has none

	fromJournal bool // the plan is made from the journal
}

// changeFlags adds the flags of every command that changes DNS.
func changeFlags(cmd *cobra.Command, c *changeOptions) *output.Format {
	f := cmd.Flags()
	f.BoolVar(&c.dryRun, "dry-run", false, "show the plan and its guards on fresh evidence, and write nothing")
	f.StringArrayVar(&c.confirm, "confirm", nil, "`text` that a guard asks for; may be given several times")
	f.StringVar(&c.checksum, "plan-checksum", "", "do nothing unless the plan has this `checksum`, which --dry-run shows")
	f.StringVar(&c.shown, "plan", "", "do only what the plan in this `file` shows, as --dry-run -o json wrote it; steps that have changed since are skipped")
	return output.Flag(cmd, output.Text, output.JSON, output.YAML, output.Markdown)
}

// execute checks or carries out a plan and reports the outcome. Anything left undone ends in exit code 1, what is only listed does not. An answer
// that depends on an unread source, such as that there is nothing to do, ends in exit code 4.
func (a *commands) execute(ctx context.Context, s *app.Session, plan plan.Plan, c changeOptions) error {
	lacking := incompleteSources(s, c.basis)
	// A plan printed as a document includes what it leaves alone.
	if printed := c.form == output.Markdown || c.form == output.Text && c.dryRun && len(plan.Steps) > 0; !printed {
		for _, l := range plan.Skipped {
			a.Logf("left alone: %s", words.Clean(l))
		}
	}
	if len(plan.Steps) == 0 {
		if len(lacking) > 0 {
			plan.Title = "What there is to do is not known"
		}
		if c.form != output.Text {
			if err := output.WriteReport(a.Out, c.form, a.Readable, &apply.Report{Plan: plan}, c.dryRun, lacking); err != nil {
				return err
			}
		}
		switch {
		case len(lacking) > 0 && (c.basis.everySource || len(plan.Skipped) == 0):
			a.Logf("nothing was done, and whether there is anything to do cannot be known: %s", incompleteText(lacking))
			return exit.With(exit.Unknown)
		case plan.Undone() > 0:
			return exit.With(exit.Failed)
		}
		a.Logf("nothing to do")
		return nil
	}
	if sum := plan.Checksum(); c.checksum != "" && c.checksum != sum {
		return fmt.Errorf("nothing was changed: the plan has the checksum %s now and not %s, so something changed since it was shown; look again with --dry-run", sum, words.Clean(c.checksum))
	}
	e, err := s.Engine(ctx)
	if err != nil {
		return err
	}
	if c.launcher != nil {
		e = e.LaunchWith(c.launcher)
	}
	r, err := a.carryOut(ctx, s, e, plan, c)
	if err != nil {
		return err
	}
	if !c.basis.everySource {
		lacking = nil // the named object was found
	}
	if err := output.WriteReport(a.Out, c.form, a.Readable, r, c.dryRun, lacking); err != nil {
		return err
	}
	if asks := r.Asks(); len(asks) > 0 {
		a.Logf("to do it all the same, give --confirm %s: %s", providers.ShellQuote(words.Clean(apply.OneText("", asks))), words.Clean(whyAsked(s, asks)))
	}
	switch {
	case !r.OK() && r.Count(apply.StepRefused)+r.Count(apply.StepSkipped) == len(r.Steps) && len(r.Asks()) == 0:
		return c.unlessUnread(s, exit.With(exitOf(r)))
	case !r.OK():
		return exit.With(exitOf(r))
	case len(lacking) == 0 && plan.Undone() > 0:
		return exit.With(exit.Failed)
	case len(lacking) > 0:
		a.Logf("whether there is more to do cannot be known: %s", incompleteText(lacking))
		return exit.With(exit.Unknown)
	}
	return nil
}

// asShown returns what of a plan the file of --plan shows; all of it without one.
func (in *changeInput) asShown(ctx context.Context, p plan.Plan) (plan.Plan, error) {
	c := &in.changeOptions
	if c.shown == "" {
		return p, nil
	}
	d, err := readPlan(ctx, c.shown)
	if err != nil {
		return p, err
	}
	if d.Verb != p.Verb {
		return p, exit.Usagef("--plan: the plan in %s is one to %s, and this is one to %s", c.shown, words.Clean(string(d.Verb)), p.Verb)
	}
	in.sayDone(d)
	return p.AsShown(d), nil
}

// sayDone prints which steps of a plan from a file an earlier run has done, and how to go on.
func (in *changeInput) sayDone(d *plan.Doc) {
	j, err := in.s.OpenJournal()
	if err != nil {
		return // no step runs without it
	}
	entries, err := j.Entries()
	if err != nil {
		return
	}
	var steps []string
	var last journal.Entry
	for _, e := range entries {
		if n := strconv.Itoa(e.Step); e.Checksum == d.Checksum && e.Verb == string(d.Verb) && e.State == journal.Done && !slices.Contains(steps, n) {
			steps, last = append(steps, n), e
		}
	}
	if len(steps) == 0 {
		return
	}
	in.app.Logf("rollcall: of the %s in %s an earlier run has done step %s, at %s by %s, journal entry %s: what is left is done only as it was shown; --dry-run -o json makes a new plan",
		providers.CountOf(len(d.Steps), "step"), words.Clean(in.shown), strings.Join(steps, ", "), app.ClockTime(cmp.Or(last.Ended, last.Time), in.app.Now()), words.Clean(last.Who), last.ID)
}

// maxPlan is the largest size of a plan in bytes: 100,000 steps take some hundred million.
const maxPlan = 256 << 20

// exitOf returns the exit code of a plan that was not carried out completely: unknown if the worst outcome is a step
// that may or may not have been made.
func exitOf(r *apply.Report) int {
	if r.Count(apply.StepUnknown) > 0 && r.Count(apply.StepRefused)+r.Count(apply.StepFailed) == 0 {
		return exit.Unknown
	}
	return exit.Failed
}

// readPlan reads the plan of a dry run.
func readPlan(ctx context.Context, path string) (*plan.Doc, error) {
	data, err := textfile.ReadContext(ctx, path, maxPlan)
	if ctx.Err() != nil {
		return nil, err
	}
	if err == nil {
		err = textfile.CheckJSON(data)
	}
	if bad, ok := errors.AsType[*textfile.Error](err); ok {
		return nil, exit.Usagef("--plan: %s is not a plan as --dry-run -o json writes it: %w", path, bad)
	}
	if err != nil {
		return nil, exit.Usagef("--plan: %w", err)
	}
	var d plan.Doc
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, exit.Usagef("--plan: %s is not a plan as --dry-run -o json writes it: %w", path, err)
	}
	if d.Checksum == "" {
		return nil, exit.Usagef("--plan: %s has no checksum: it is not a plan as --dry-run -o json writes it", path)
	}
	return &d, nil
}

// whyAsked returns why a text is asked for. Why the store of the team is away is said once.
func whyAsked(s *app.Session, asks []apply.Ask) string {
	why := make([]string, len(asks))
	for i := range asks {
		why[i] = asks[i].Why
		if asks[i].Guard == index.GuardJournal && s.SaidAway() {
			why[i] = "it is journalled on this machine until the store of the team answers, without what others do meanwhile"
		}
	}
	return strings.Join(why, "; ")
}

// unanswered returns what is asked for and not among the texts that were typed, each of which answers one question.
func unanswered(asks []apply.Ask, typed []string) (left []apply.Ask) {
	typed = slices.Clone(typed)
	for _, ask := range asks {
		if n := slices.IndexFunc(typed, func(s string) bool { return index.IsTyped(s, ask.Text) }); n >= 0 {
			typed = slices.Delete(typed, n, n+1)
			continue
		}
		left = append(left, ask)
	}
	return left
}

// answered returns what was typed, with the texts of asks in the place of the one text that stands for all of them.
func answered(asks []apply.Ask, typed []string) []string {
	left := unanswered(asks, typed)
	n := slices.IndexFunc(typed, func(s string) bool { return index.IsTyped(s, apply.OneText("", left)) })
	if n < 0 || len(left) < 2 {
		return typed
	}
	typed = slices.Delete(slices.Clone(typed), n, n+1)
	for _, ask := range left {
		typed = append(typed, ask.Text)
	}
	return typed
}

// carryOut checks a plan, or carries it out after the questions have been answered.
func (a *commands) carryOut(ctx context.Context, s *app.Session, e *apply.Engine, plan plan.Plan, c changeOptions) (*apply.Report, error) {
	if c.dryRun {
		return e.Check(ctx, plan), nil
	}
	asks := a.Interactive()
	typed := slices.Clone(c.confirm)
	var check *apply.Report
	if asks || c.show || slices.ContainsFunc(typed, func(s string) bool { return strings.Contains(s, " ") && s != plan.Confirm() }) {
		check = e.Check(ctx, plan)
		typed = answered(check.Asks(), typed)
	}
	if c.show {
		d := output.Doc(check)
		_, _ = io.WriteString(a.Err, a.Readable(d.Text()))     // a write error cannot be reported
		typesText := plan.Evacuates() && len(check.Asks()) > 0 // below
		if asks && !c.yes && !typesText {
			if !a.agrees(ctx, "do it? [y/N] ") {
				return nil, errNotDone
			}
		}
	}
	if asks {
		// Guards that a person can answer are asked before anything runs.
		typed = answered(check.Asks(), a.askFor(ctx, s, check.Asks(), typed))
	}
	if err := s.AnswerJournal(typed...); err != nil { // for launches, which have no guards
		return nil, err
	}
	event, done := working(s, &plan)
	defer done()
	progress := a.progress()
	surviveClosedPipes()
	return e.Run(ctx, plan, apply.Confirm{Typed: typed, Checksum: c.checksum}, func(ev apply.Event) {
		event(ev)
		progress(ev)
	}), nil
}

// askFor asks the person at the terminal for the one text that answers what the texts typed already do not, and returns these with it.
func (a *commands) askFor(ctx context.Context, s *app.Session, asks []apply.Ask, typed []string) []string {
	left := unanswered(asks, typed)
	if len(left) == 0 {
		return typed
	}
	a.Logf("%s", words.Clean(whyAsked(s, left)))
	if answer := a.ReadLine(ctx, fmt.Sprintf("type %q to do it all the same, or nothing to leave it: ", words.Clean(apply.OneText("", left)))); answer != "" {
		typed = append(typed, answer)
	}
	return typed
}

// answerJournal passes on what was typed for the journal by a command whose changes have no guards, and asks for what is
// lacking. It returns what is still lacking, or nil.
func (a *commands) answerJournal(ctx context.Context, s *app.Session, typed []string) (*apply.Ask, error) {
	if ask := s.JournalAsk(); ask != nil && a.Interactive() {
		typed = a.askFor(ctx, s, []apply.Ask{*ask}, typed)
	}
	if err := s.AnswerJournal(typed...); err != nil {
		return nil, err
	}
	return s.JournalAsk(), nil
}

// progress returns a function that reports each step on stderr.
func (a *commands) progress() func(apply.Event) {
	lastWait, noted := -1, map[string]bool{}
	return func(ev apply.Event) {
		if ev.Kind == apply.EventWaiting {
			// A countdown prints a line every ten seconds, not on every tick.
			if left := int(ev.Left.Seconds()); lastWait < 0 || lastWait-left >= 10 || left > lastWait {
				lastWait = left
				a.Notef("%s", words.Clean(ev.Text))
			}
			return
		}
		if ev.Kind == apply.EventEnded && ev.State == apply.StepDone || ev.Text == "" {
			return // the report includes it
		}
		if !noted[ev.Text] { // many steps can be refused for one reason
			a.Notef("%s", words.Clean(ev.Text))
		}
		noted[ev.Text] = true
	}
}

var errNotDone = errors.New("nothing was done")

// agrees asks the person at the terminal a question, and reports whether the answer is yes.
func (a *commands) agrees(ctx context.Context, question string) bool {
	got := a.ReadLine(ctx, question)
	return strings.EqualFold(got, "y") || strings.EqualFold(got, "yes")
}
