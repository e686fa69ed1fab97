package app

import (
	"context"
	"os"
	"slices"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// ownWritesCache caches what the journal has written and resolvers may hold, until the file changes or readings of zones show
// another change.
type ownWritesCache struct {
	size     int64
	modified time.Time
	writes   providers.OwnWrites
	former   [][]providers.Former
	held     []index.Held
	takenOut map[providers.Identity][]providers.Record
}

// ownWritesWait is how long to wait for a journal that another process holds; every inspection waits for it.
const ownWritesWait = 250 * time.Millisecond

// ownWrites returns the last writes of markers by the journal, what it has taken out, and what resolvers may hold since its
// changes and those that readings of zones show. If the journal cannot be read now, it returns the previous result or none. That is safe: times of
// change then make the markers young, and what is done is refused while the journal cannot be read.
func (s *Session) ownWrites(zones []providers.ZoneView) ownWritesCache {
	now := s.Program.Now()
	info, err := os.Stat(s.journalPath())
	if err != nil {
		return ownWritesCache{held: apply.Held(nil, zones, now)}
	}
	former := make([][]providers.Former, len(zones))
	for i := range zones {
		former[i] = zones[i].Former
	}
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	if own.writes != nil && own.size == info.Size() && own.modified.Equal(info.ModTime()) && slices.EqualFunc(own.former, former, providers.ShareRows) {
		return own
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
		return own
	}
	own = ownWritesCache{info.Size(), info.ModTime(), apply.OwnWrites(entries, now.Add(-apply.OwnWritesAge)), former, apply.Held(entries, zones, now), apply.TakenOut(entries)}
	s.mu.Lock()
	s.own = own
	s.mu.Unlock()
	return own
}
