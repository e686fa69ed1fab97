package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/filter"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/journal"
)

func (a *commands) journalCommand() *cobra.Command {
	var limit int
	var verify bool
	var choose string
	c := &cobra.Command{
		Use:   "journal [ENTRY|RUN]",
		Short: "Every change that rollcall made here, newest first",
		Long: `journal lists what was changed and launched from here: when, by whom, from which
plan, and with which outcome. For the number of an entry or of a run it prints
all details; -o json prints them for every entry, with the records before and
after in full.

First it looks up the entries that a stopped rollcall has left open, and records
and reports whether they were made. Entries are chained by their hashes: lines
that were changed, removed or cut off are reported on stderr, and with --verify
the exit code is then 1. A damaged tail is moved into a file of its own, and
reported while that file exists. While the store of a team does not answer, or
does not have any more what this machine has read there, that is listed, and the
exit code is 4.

With sign: true in team: of the config entries are signed, and --verify says by
whom each is proved and which are not signed. A signature that does not fit, or
a key that is not that of the author, ends in exit code 1; without a list of who
may sign the exit code is 4.`,
		Args: atMostOne("one entry or run"),
	}
	form := output.Flag(c, output.Table, output.Wide, output.Text, output.JSON, output.CSV, output.YAML, output.Name)
	c.Flags().IntVar(&limit, "limit", 0, "show at most this many entries")
	c.Flags().BoolVar(&verify, "verify", false, "exit with 1 if the journal is damaged")
	c.Flags().StringVar(&choose, "filter", "", "show only rows that pass this `filter`, such as verb:quiesce state:failed age<1h")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		q, err := parseFilter(choose)
		if err != nil {
			return err
		}
		entries, problems, proved, whole, err := a.readJournal(cmd.Context(), verify)
		if err != nil {
			return err
		}
		for _, p := range problems {
			a.Logf("rollcall: journal: %s", rows.ProblemText(p))
		}
		if verify && len(problems) == 0 {
			a.Logf("rollcall: the journal is whole: of %d entries none was changed, removed or put between since it was written", len(entries))
		}
		if proved != nil {
			for _, l := range proved.lines(entries) {
				a.Logf("rollcall: journal: %s", l)
			}
		}
		slices.Reverse(entries)
		if len(args) == 1 {
			entries = slices.DeleteFunc(entries, func(e journal.Entry) bool { return e.ID != args[0] && e.Run != args[0] })
			if len(entries) == 0 {
				return exit.Usagef("the journal has no entry or run %q; rollcall journal lists them", words.Clean(args[0]))
			}
			if !cmd.Flags().Changed("output") {
				form.Form = output.Text
			}
		}
		list := entryRows(entries, q, a.Now())
		if limit > 0 && len(list) > limit {
			list = list[:limit]
		}
		if proved != nil {
			proved.addTo(list)
		}
		if form.Form == output.Text {
			err = output.String(a.Out, output.JournalText(list))
		} else {
			err = output.Entries(proved != nil).Write(a.Out, form, list)
		}
		if err == nil && verify && len(problems) > 0 {
			return exit.With(exit.Failed)
		}
		if err == nil && (!whole || proved.open()) {
			return exit.With(exit.Unknown)
		}
		return err
	}
	return c
}

// readJournal returns the journal of the config after its open entries were resolved. With verify that of a team is read
// from its store again, whole, and proved is not nil if it has signatures or should have. If the store is away, whole is
// false: it is what this machine has read before.
func (a *commands) readJournal(ctx context.Context, verify bool) (entries []journal.Entry, problems []journal.Problem, proved *proofs, whole bool, err error) {
	whole = true
	cfg, err := a.ConfigOrEmpty(ctx)
	if err != nil {
		return nil, nil, nil, false, err
	}
	for _, line := range a.WaitingElsewhere(cfg) {
		a.Logf("rollcall: journal: %s", words.Clean(line))
	}
	err = a.WithJournal(cfg, func(j *journal.Journal) error {
		if err := a.recoverJournal(ctx, j); err != nil || j.Team() == "" {
			return err
		}
		if verify {
			entries, problems, proved, err = a.verifyTeamJournal(ctx, cfg, j)
			return err
		}
		entries, problems, whole, err = a.readTeamJournal(j)
		return err
	})
	if held := errors.Is(err, journal.ErrHeld) || errors.Is(err, journal.ErrStopped); cfg.Team.Store() == "" && !held {
		if err != nil {
			a.Logf("rollcall: journal: %s", words.Clean(err.Error()))
		}
		entries, problems, err = journal.Read(app.JournalPath(cfg, filepath.Join(config.StateDir(a.Env), cfg.StateName())), a.Interrupted)
	}
	if err != nil {
		return nil, nil, nil, false, fmt.Errorf("read the journal: %w", err)
	}
	return entries, problems, proved, whole, nil
}

// verifyTeamJournal reads the whole journal of a team from its store, and checks who has signed it. The proofs are nil if
// nothing is signed nor should be.
func (a *commands) verifyTeamJournal(ctx context.Context, cfg *config.Config, j *journal.Journal) ([]journal.Entry, []journal.Problem, *proofs, error) {
	allowed, err := a.AllowedSigners(ctx, cfg)
	if err != nil {
		return nil, nil, nil, err
	}
	entries, problems, found, err := j.Verify(allowed)
	p := &proofs{found, allowed}
	if len(p.Entries) == len(entries) && !cfg.Team.Sign && !p.signed() {
		p = nil
	}
	return entries, problems, p, err
}

// readTeamJournal returns the journal of a team. If its store is away, or does not have that journal any more, it is what this
// machine has read before, and not whole.
func (a *commands) readTeamJournal(j *journal.Journal) (entries []journal.Entry, problems []journal.Problem, whole bool, err error) {
	entries, err = j.Entries()
	for _, n := range j.Notices() {
		a.Logf("rollcall: journal: %s", words.Clean(n))
	}
	away := j.Away()
	if providers.KindOf(away) == providers.KindInvalid {
		return nil, nil, false, away // it will not be otherwise later
	}
	if away != nil {
		a.Logf("rollcall: journal: the store of the team does not answer, so this is what this machine has read before: %s", words.Clean(away.Error()))
	}
	unread := j.Unread()
	if unread != nil {
		a.Logf("rollcall: journal: what follows in the journal of the team is not listed: %s", words.Clean(unread.Error()))
	}
	return entries, j.Problems(), away == nil && unread == nil && j.Lost() == nil, err
}

// recoverJournal looks up what stopped rollcalls have left open, and prints the results and their unfinished drains.
func (a *commands) recoverJournal(ctx context.Context, j *journal.Journal) error {
	open, err := app.HasAbandoned(j)
	if err == nil && open {
		err = a.resolveJournal(ctx)
	}
	if drains, err := j.UnfinishedDrains(); err == nil && len(drains) > 0 { // an error is that of the read that follows
		_, v, err := a.RefreshToShow(ctx)
		if err != nil {
			a.Logf("rollcall: whether this was dealt with since is not known: %s", words.Clean(err.Error()))
		}
		a.sayUnfinished(drains, v)
	}
	return err
}

func (a *commands) resolveJournal(ctx context.Context) error {
	s, err := a.Open(ctx)
	if err != nil {
		return fmt.Errorf("what was left open cannot be looked up: %w", err)
	}
	s.Silent = true // problems are reported when the journal is read
	s.Start(app.OneShotTimeout)
	lines, err := s.RecoverJournal(ctx)
	for _, l := range lines {
		a.Logf("rollcall: %s", l)
	}
	return err
}

// sayUnfinished prints the drains and replacements that stopped rollcalls have not finished. With a view it leaves out those that were
// dealt with since.
func (a *commands) sayUnfinished(drains []journal.Unfinished, v *dnsview.View) {
	for _, u := range drains {
		still := "not terminated by it"
		if v != nil {
			if app.IsOver(&u, v) {
				continue
			}
			if i := v.Instance(u.Instance.Key, u.Instance.ID); i != nil {
				still = "still " + words.Clean(string(i.State))
			}
		}
		id := words.Clean(u.Instance.ID)
		if u.Replacement {
			back := ""
			if u.OutOfDNS {
				back = ", rollcall return " + id + " puts it back"
			}
			a.Logf("rollcall: %s: %s; rollcall replace --resume goes on%s", app.UnfinishedText(u, a.Now()), app.LaunchedText(u, v), back)
			continue
		}
		a.Logf("rollcall: %s: it was taken out of DNS, %s; rollcall terminate %s goes on, rollcall return %s puts it back", app.UnfinishedText(u, a.Now()), still, id, id)
	}
}

// entryRows returns the entries that pass a filter.
func entryRows(entries []journal.Entry, by filter.Filter, now time.Time) []rows.Entry {
	list := []rows.Entry{}
	for _, e := range rows.Entries(entries, now) {
		if by.Match(e) {
			list = append(list, *e)
		}
	}
	return list
}
