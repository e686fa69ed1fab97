package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/apply"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// ResolveAbandoned looks up, once per session, what stopped rollcalls have left open in the journal, and returns a line
// for each entry with the result. In a run that writes nothing it only lists them.
func (s *Session) ResolveAbandoned(ctx context.Context, e *apply.Engine) []string {
	s.resolving.Lock()
	defer s.resolving.Unlock()
	if s.resolved {
		return nil
	}
	if s.Program.WritesNothing() {
		out, err := s.leftOpen()
		if err != nil {
			out = append(out, "what was left open in the journal could not be listed: "+words.Clean(err.Error()))
		}
		return out
	}
	r, err := e.Resolve(ctx)
	if ctx.Err() != nil {
		return nil // the next session that opens the journal retries
	}
	s.resolved = true
	var out []string
	for _, en := range r.Settled {
		out = append(out, fmt.Sprintf("journal entry %s was left open by a rollcall that was stopped, and is %s now: %s", en.ID, en.State, words.Clean(en.Sentence)))
	}
	for _, o := range r.Open {
		out = append(out, fmt.Sprintf("journal entry %s was left open, and what became of it cannot be asked: %s", o.Entry.ID, words.Clean(o.Why)))
	}
	if err != nil {
		out = append(out, "what was left open in the journal could not be looked up: "+words.Clean(err.Error()))
	}
	return out
}

// abandoned returns the sources of open entries of the journal.
func abandoned(j *journal.Journal) (sources []string, err error) {
	entries, err := j.Abandoned(0)
	for i := range entries {
		name := cmp.Or(entries[i].Cloud(), entries[i].Zone)
		if name != "" && !slices.Contains(sources, name) {
			sources = append(sources, name)
		}
	}
	return sources, err
}

// RecoverJournal resolves the open entries of the journal after reading the sources that this needs. If there are none,
// it queries nothing.
func (s *Session) RecoverJournal(ctx context.Context) ([]string, error) {
	j, err := s.OpenJournal()
	if err != nil {
		return nil, err
	}
	sources, err := abandoned(j)
	if err != nil || len(sources) == 0 {
		return nil, err
	}
	if s.Program.WritesNothing() {
		return s.ResolveAbandoned(ctx, nil), nil
	}
	s.Fleet.Refresh(ctx, sources...) // a zone is queried by an id that its account returns
	o, err := s.engineOptions()
	if err != nil {
		return nil, err
	}
	return s.ResolveAbandoned(ctx, apply.New(o)), nil
}

// WithJournal calls f with the journal of a config, which it opens and closes. It does nothing if there is none yet. It
// sets a damaged tail aside.
func (a *Program) WithJournal(c *config.Config, f func(*journal.Journal) error) error {
	state := filepath.Join(config.StateDir(a.Env), c.StateName())
	if _, err := os.Stat(JournalPath(c, state)); errors.Is(err, fs.ErrNotExist) && c.Team.Store() == "" {
		return nil
	}
	j, err := a.openJournal(c, state)
	if err != nil {
		return err
	}
	return errors.Join(f(j), j.Close())
}

// HasAbandoned reports whether a journal has abandoned entries.
func HasAbandoned(j *journal.Journal) (bool, error) {
	sources, err := abandoned(j)
	return len(sources) > 0, err
}

// UnfinishedDrains returns the drains of stopped rollcalls that took nodes out of DNS and did not terminate them.
func (s *Session) UnfinishedDrains() ([]journal.Unfinished, error) {
	j, err := s.OpenJournal()
	if err != nil {
		return nil, err
	}
	drains, err := j.UnfinishedDrains()
	if err != nil || len(drains) == 0 {
		return nil, err
	}
	return s.withoutWorkOfOthers(drains)
}

// LeaveDrained records that drains are not to be finished.
func (s *Session) LeaveDrained(drains ...journal.Unfinished) error {
	j, err := s.OpenJournal()
	if err != nil {
		return err
	}
	return j.LeaveDrained(Who(), drains...)
}

// UnfinishedText returns one line about an unfinished drain or replacement, as of now.
func UnfinishedText(u journal.Unfinished, now time.Time) string {
	by := u.Who
	if by == Who() {
		by = "you"
	}
	what := "drained"
	if u.Replacement {
		what = "replaced"
	}
	return words.Clean(fmt.Sprintf("%s in %s was being %s at %s by %s", cmp.Or(u.Instance.Name, u.Instance.ID), u.Instance.Cloud, what, ClockTime(u.At, now), by))
}

// IsOver reports whether what a stopped drain or replacement has left was dealt with since, as rows show: its node is
// terminated, or not among those of a complete list any more, or, of a drain, in DNS again.
func IsOver(u *journal.Unfinished, v *dnsview.View) bool {
	if i := v.Instance(u.Instance.Key, u.Instance.ID); i != nil {
		return i.State.Dead() || i.State == providers.StateTerminating || !u.Replacement && v.IsBackInDNS(u.Instance)
	}
	c := v.CloudByKey(u.Instance.Key)
	return c != nil && c.Coverage.State == providers.CoverageComplete
}

// ClockTime returns the time of something that happened, in the time zone of this machine, with its day if that is long ago.
func ClockTime(at, now time.Time) string {
	if at = at.Local(); now.Sub(at) > 20*time.Hour {
		return at.Format("2006-01-02 15:04")
	}
	return at.Format("15:04")
}

// LaunchedText returns what a stopped replacement has launched in the place of a node, and where both are now. v may be nil; then
// it is what the journal knows.
func LaunchedText(u journal.Unfinished, v *dnsview.View) string {
	old := cmp.Or(u.Instance.Name, u.Instance.ID) + " is still in DNS"
	if u.OutOfDNS {
		old = cmp.Or(u.Instance.Name, u.Instance.ID) + " was taken out of DNS"
	}
	if v != nil {
		if i := v.Instance(u.Instance.Key, u.Instance.ID); i != nil {
			old += " and is " + string(i.State)
		}
	}
	if u.Launched == nil {
		return words.Clean("no node in its place is known; " + old)
	}
	fresh := u.Launched.ID + " was launched in its place"
	if v != nil {
		fresh += " and " + whereNow(v, *u.Launched)
	}
	return words.Clean(fresh + "; " + old)
}

// whereNow returns the state of a node, and whether it is in DNS, was quiesced, or is not there yet.
func whereNow(v *dnsview.View, ref providers.InstanceRef) string {
	i := v.Instance(ref.Key, ref.ID)
	state := "is not among the instances"
	if i != nil {
		state = "is " + string(i.State)
	}
	switch {
	case len(v.RecordsOf(ref.Key, ref.ID)) > 0:
		return state + " and in DNS"
	case v.Index.IsQuiesced(ref.Key, ref.ID):
		return state + " and was quiesced"
	}
	return state + " and not yet in DNS"
}
