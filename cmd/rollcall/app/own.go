package app

import (
	"context"
	"os"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// ownWritesCache caches what the journal has written, until the file changes.
type ownWritesCache struct {
	size     int64
	modified time.Time
	writes   providers.OwnWrites
	held     []index.Held
}

// ownWritesWait is how long to wait for a journal that another process holds; every inspection waits for it.
const ownWritesWait = 250 * time.Millisecond

// ownWrites returns the last writes of markers by the journal, and what resolvers may hold since its changes. If the journal
// cannot be read now, it returns the previous result or none. That is safe: times of change then make the markers young, and
// what is done is refused while the journal cannot be read.
func (s *Session) ownWrites() (providers.OwnWrites, []index.Held) {
	info, err := os.Stat(s.journalPath())
	if err != nil {
		return nil, nil
	}
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	if own.writes != nil && own.size == info.Size() && own.modified.Equal(info.ModTime()) {
		return own.writes, own.held
	}
	ctx, cancel := context.WithTimeout(context.Background(), ownWritesWait)
	defer cancel()
	read := func(path string, stop <-chan struct{}) ([]journal.Entry, error) {
		entries, _, err := journal.Read(path, stop)
		return entries, err
	}
	if s.Config.Team.Store() != "" {
		read = journal.ReadMirror // what others have written since is in the next one
	}
	entries, err := read(s.journalPath(), ctx.Done())
	if err != nil {
		return own.writes, own.held
	}
	now := s.Program.Now()
	own = ownWritesCache{info.Size(), info.ModTime(), apply.OwnWrites(entries, now.Add(-apply.OwnWritesAge)), apply.Held(entries, now)}
	s.mu.Lock()
	s.own = own
	s.mu.Unlock()
	return own.writes, own.held
}
