package app

import (
	"context"
	"os"
	"time"

	"rollcall/dnsview/apply"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// ownFor is for how long it matters that this fleet's journal has written a marker: longer than any grace.
const ownFor = 24 * time.Hour

// ownMarkers keeps what the journal has written, until the file changes.
type ownMarkers struct {
	size    int64
	changed time.Time
	writes  providers.OwnWrites
}

// ownPatience is for how long a journal that another process holds is waited for: every inspection asks.
const ownPatience = 250 * time.Millisecond

// ownWrites returns the markers that the journal has written last. Of a journal that cannot be read now it is what was read
// before, else none: their times of change make them young then, which is safe.
func (s *Session) ownWrites() providers.OwnWrites {
	info, err := os.Stat(s.journalPath())
	if err != nil {
		return nil
	}
	s.mu.Lock()
	own := s.own
	s.mu.Unlock()
	if own.writes != nil && own.size == info.Size() && own.changed.Equal(info.ModTime()) {
		return own.writes
	}
	ctx, cancel := context.WithTimeout(context.Background(), ownPatience)
	defer cancel()
	entries, _, err := journal.Read(s.journalPath(), ctx.Done())
	if err != nil {
		return own.writes
	}
	own = ownMarkers{info.Size(), info.ModTime(), apply.OwnWrites(entries, s.Program.Now().Add(-ownFor))}
	s.mu.Lock()
	s.own = own
	s.mu.Unlock()
	return own.writes
}
