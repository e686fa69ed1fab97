package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"rollcall/cmd/rollcall/words"
	"rollcall/providers/team"
	"rollcall/providers/textfile"
)

// shared is what a session has of its team beside the journal.
type shared struct {
	mu       sync.Mutex
	board    *team.Board
	boardErr error // of opening it; reported once
	syncing  bool
	syncedAt time.Time
	away     bool // it was reported
	over     map[string]time.Time
	overGen  int
}

// sharedFolder returns the folder of what this machine has read of the team's.
func (s *Session) sharedFolder() string { return StoreFolder(s.Config, s.State) }

// openBoard returns the snoozes and notes of the team, or nil without a team.
func (s *Session) openBoard() *team.Board {
	if s.Config.Team.Store() == "" || s.State == "" {
		return nil
	}
	h := &s.shared
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.board == nil && h.boardErr == nil {
		if h.boardErr = moveEarlier(s.Config, s.State); h.boardErr == nil {
			h.boardErr = s.Program.takeOverAnnotations(s.Config, s.State)
		}
		if h.boardErr == nil {
			h.board, h.boardErr = team.OpenBoard(s.Program.TeamStore(s.Config), s.sharedFolder(), s.Program.Clock)
		}
		if h.boardErr != nil {
			h.board = nil
			s.Report("rollcall: %s", words.Clean(h.boardErr.Error()))
		}
		h.over = s.readOver()
	}
	return h.board
}

// sharedAnnotations returns what the team had at the last read, without snoozes of findings that this machine has seen
// end since, and a number that changes with it. A read that is due begins. Only the first one is waited for, and not by a
// console, which is built again after it.
func (s *Session) sharedAnnotations() (list []annotation, generation int) {
	b := s.openBoard()
	if b == nil {
		return nil, 0
	}
	switch due, first := s.syncDue(); {
	case first && !s.Silent:
		s.SyncShared(context.Background())
	case due:
		go s.SyncShared(context.Background())
	}
	list, generation = b.Annotations()
	h := &s.shared
	h.mu.Lock()
	defer h.mu.Unlock()
	list = slices.DeleteFunc(list, func(a annotation) bool {
		at, over := h.over[a.Finding]
		return over && a.Finding != "" && at.Equal(a.Time)
	})
	return list, generation + h.overGen
}

// syncDue reports whether the last read of the team's store is older than a refresh, and whether there was none.
func (s *Session) syncDue() (due, first bool) {
	h := &s.shared
	h.mu.Lock()
	defer h.mu.Unlock()
	first = h.syncedAt.IsZero()
	return !h.syncing && (first || s.Program.Now().Sub(h.syncedAt).Abs() >= s.Config.Refresh), first
}

// SyncShared reads the snoozes and notes of the team, and sends what waits on this machine, unless this run writes nothing.
// It does nothing without a team, or while another call does it.
func (s *Session) SyncShared(ctx context.Context) {
	b := s.openBoard()
	if b == nil {
		return
	}
	h := &s.shared
	h.mu.Lock()
	if h.syncing {
		h.mu.Unlock()
		return
	}
	h.syncing = true
	h.mu.Unlock()
	read := b.Sync
	if s.Program.WritesNothing() {
		read = b.Read
	}
	err := read(ctx)
	h.mu.Lock()
	h.syncing, h.syncedAt = false, s.Program.Now()
	said := h.away
	h.away = err != nil
	h.mu.Unlock()
	if err != nil && !said && ctx.Err() == nil {
		s.Report("rollcall: snoozes and notes are those that this machine has read before, because the store of the team cannot be used now: %s", words.Clean(err.Error()))
	}
}

// SaidAway reports whether it was reported why the store of the team cannot be used now.
func (s *Session) SaidAway() bool {
	h := &s.shared
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.away
}

// annotateShared writes annotations to the team's store, or keeps them on this machine until it is back.
func (s *Session) annotateShared(list []annotation) error {
	b := s.openBoard()
	if b == nil {
		return errors.New("the snoozes and notes of the team cannot be written")
	}
	kept, err := b.Write(context.Background(), list...)
	if kept {
		_, away := b.Away()
		why := ": " + away.Error()
		if s.SaidAway() {
			why = ""
		}
		s.WakePresence() // a console shows it
		s.Report("rollcall: the store of the team cannot be used now, so this is kept on this machine and joins the others' when it is back%s", words.Clean(why))
	}
	return err
}

// CarryAnnotations carries snoozes and notes of this machine into those of the team, and returns how many hold that did
// not before.
func (s *Session) CarryAnnotations(ctx context.Context) (n int, err error) {
	path := filepath.Join(s.State, AnnotationsName)
	lines, err := readLines[annotation](path)
	if err != nil {
		return 0, err
	}
	b := s.openBoard()
	if b == nil {
		return 0, errors.New("the snoozes and notes of the team cannot be written")
	}
	if n, err = b.CarryIn(ctx, lines); err != nil {
		return 0, fmt.Errorf("carry in the snoozes and notes of this machine: %w", err)
	}
	if err := os.Rename(path, path+".joined"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return n, fmt.Errorf("put the snoozes and notes of this machine aside: %w", err)
	}
	return n, nil
}

// A snooze ends when its finding does. Which findings this machine has seen end is kept for the next run, by the key of
// the finding, with the time of the snooze that is over.

func (s *Session) overPath() string { return filepath.Join(s.sharedFolder(), "snoozes-over.json") }

// readOver reads them. A file that is missing or damaged counts as empty.
func (s *Session) readOver() map[string]time.Time {
	out := map[string]time.Time{}
	data, err := textfile.Read(s.overPath(), seenBytes)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return map[string]time.Time{}
	}
	return out
}

// noteOver notes the snoozes of the team whose findings were there at the last scan and are known to be over.
func (s *Session) noteOver(before, now map[string]time.Time) {
	b := s.openBoard()
	if b == nil {
		return
	}
	list, _ := b.Annotations()
	h := &s.shared
	h.mu.Lock()
	defer h.mu.Unlock()
	over := map[string]time.Time{}
	for i := range list {
		a := &list[i]
		_, was := before[a.Finding]
		_, is := now[a.Finding]
		if at, known := h.over[a.Finding]; a.Finding != "" && !a.Until.IsZero() && (known && at.Equal(a.Time) || was && !is) {
			over[a.Finding] = a.Time
		}
	}
	if maps.EqualFunc(over, h.over, time.Time.Equal) {
		return
	}
	h.over = over
	h.overGen++
	err := os.MkdirAll(s.sharedFolder(), 0o700)
	if err == nil {
		err = textfile.Write(s.overPath(), func(f *os.File) error { return json.NewEncoder(f).Encode(over) })
	}
	if err != nil {
		s.Report("rollcall: that a snoozed finding is over could not be written down: %s", words.Clean(err.Error()))
	}
}
