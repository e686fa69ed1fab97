package fleet

import (
	"time"

	"rollcall/providers"
)

// What limits the reads that ReadSoon asks for.
const (
	soonAfter = 500 * time.Millisecond // changes in quick succession are shown by one read
	soonRest  = 4                      // pause after a read that the next one keeps, as a multiple of how long the last one took
)

// ReadSoon has the loop of Run read the named sources once more, because something was changed there: half a second after
// the call, also while the loop is paused and while others publish the rows. Several calls cause one read. It returns at
// once. A source that is slow to read keeps a pause between two reads, one without a call left in its budget or that failed
// waits for its regular read, and names of no source are ignored.
func (f *Fleet) ReadSoon(names ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.sources {
		sl := s.sched()
		if sl.soonAt.IsZero() && len(names) > 0 && isNamed(s, names) {
			sl.soonAt = f.clock.Now().Add(soonAfter)
			sl.signal()
		}
	}
}

// dueSoon returns when a read that ReadSoon asked for is due, or the zero time. The caller holds mu.
func (s *schedule) dueSoon(c providers.Coverage) time.Time {
	if s.soonAt.IsZero() || !s.retryAt.IsZero() || s.callsLeft() == 0 {
		return time.Time{}
	}
	if rested := c.Finished.Add(soonRest * c.Finished.Sub(c.Started)); rested.After(s.soonAt) {
		return rested
	}
	return s.soonAt
}
