package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview/apply"
	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/journal"
	"rollcall/providers/s3"
	"rollcall/providers/store"
)

// JournalPath returns the file of the config's journal in a state folder: the journal itself, or what was read of the
// team's.
func JournalPath(c *config.Config, state string) string {
	if c.Team.Store() != "" {
		return filepath.Join(StoreFolder(c, state), TeamJournalName)
	}
	return filepath.Join(state, JournalName)
}

// teamStores are the stores of one team: as it is, for the journal, which compares it itself, and compared, for all else.
type teamStores struct{ plain, compared providers.Store }

// TeamStore returns the store of the config's team, for its fleet; the same one at each call. One that cannot be set up yet counts as away: what a
// member does alone must not depend on it. So does one that was emptied or replaced, as the copy of its journal shows.
func (a *Program) TeamStore(c *config.Config) providers.Store { return a.teamStores(c).compared }

func (a *Program) teamStores(c *config.Config) teamStores {
	open := sync.OnceValue(func() teamStores { return a.newTeamStores(c) })
	got, _ := a.stores.LoadOrStore(c.Team.Store()+" "+c.Fleet, open)
	return got.(func() teamStores)()
}

func (a *Program) newTeamStores(c *config.Config) teamStores {
	opened := store.Opened(c.Team.Store(), func() (providers.Store, error) { return a.openStore(&c.Team) })
	plain := store.OfFleet(store.Refusing(store.Checked(opened), a.storeRefusal), c.Fleet)
	state := filepath.Join(config.StateDir(a.Env), c.StateName())
	return teamStores{plain, store.Compared(plain, a.Clock, func(ctx context.Context, write bool) (refused, err error) {
		if err := moveEarlier(c, state); err != nil {
			return nil, err
		}
		return journal.Compare(ctx, journal.TeamOptions{Path: JournalPath(c, state), Store: plain, Clock: a.Clock}, write)
	})}
}

func (a *Program) openStore(t *config.Team) (providers.Store, error) {
	if t.Folder != "" {
		return store.NewFolder(t.Folder), nil
	}
	return s3.New(s3.Config{
		Bucket: t.Bucket, Prefix: t.Prefix, Region: t.Region, Profile: t.Profile, Endpoint: t.Endpoint, Clock: a.Clock, Env: a.Env, Ask: a.Ask, Shared: &a.shared,
		Budget: budget.New("team store", 0, 1, budget.WithClock(a.Clock), budget.WithCalls(a.Calls.add)),
	})
}

// openJournal opens the journal of a config in a state folder.
func (a *Program) openJournal(c *config.Config, state string) (*journal.Journal, error) {
	var j *journal.Journal
	var err error
	if path := JournalPath(c, state); c.Team.Store() == "" {
		j, err = journal.Open(path, a.Clock, a.Interrupted)
	} else if err = moveEarlier(c, state); err == nil {
		o := journal.TeamOptions{Path: path, Store: a.teamStores(c).plain, Who: Who(), Clock: a.Clock, Stop: a.Interrupted, KeepsWaiting: a.WritesNothing, IsSame: func(place string) bool { return isPlaceOf(c, place) }}
		for _, f := range otherFolders(c, state) {
			o.Copies = append(o.Copies, filepath.Join(f, TeamJournalName))
		}
		if c.Team.Sign {
			o.Signer = a.signer(c, a.allowedNow(c, filepath.Dir(path)))
		}
		j, err = journal.OpenTeam(o)
	}
	if err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return j, nil
}

// JournalAsk returns what an operator has to type before a change, because the store of the team is away or nothing can be
// signed, or nil. It is for changes that have no guards.
func (s *Session) JournalAsk() *apply.Ask {
	if s.Config.Team.Store() == "" {
		return nil
	}
	j, err := s.OpenJournal()
	if err != nil {
		return nil // the change will say so
	}
	return apply.JournalAsk(j.Check(Who()))
}

// AnswerJournal lets changes be journalled on this machine while the store of the team is away, if its place is among what
// was typed, and without a signature that cannot be had, if their author is.
func (s *Session) AnswerJournal(typed ...string) error {
	here, unsigned := slices.Contains(typed, s.Config.Team.Store()), s.Config.Team.Sign && slices.Contains(typed, Who())
	if s.Config.Team.Store() == "" || !here && !unsigned {
		return nil
	}
	j, err := s.OpenJournal()
	if err == nil && here {
		j.JournalHere()
	}
	if err == nil && unsigned {
		j.Unsigned()
	}
	return err
}

// reportNotices reports what the journal has to say about the store of the team.
func (s *Session) reportNotices(j *journal.Journal) {
	for _, n := range j.Notices() {
		s.Report("rollcall: journal: %s", words.Clean(n))
	}
}

// carryAdvice returns a line if this machine has a journal, or snoozes and notes, from before the team, or "".
func (s *Session) carryAdvice() string {
	if s.Config.Team.Store() == "" {
		return ""
	}
	switch {
	case exists(filepath.Join(s.State, JournalName)):
		return "the journal of this machine from before the team is not in that of the team: rollcall team join carries it in"
	case exists(filepath.Join(s.State, AnnotationsName)):
		return "the snoozes and notes of this machine from before the team are not the team's: rollcall team join carries them in"
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
