package journal

import (
	"errors"
	"time"
)

// gap is a place of a journal where entries are missing, or are not what was written. The zero gap is none.
type gap struct {
	why string
	end time.Time // what is missing was written before it; zero while that is not known
}

// endAt sets the end of a gap that has none: at is when what follows the gap was written.
func (g *gap) endAt(at time.Time) {
	if g.why != "" && g.end.IsZero() {
		g.end = at
	}
}

// time returns when a line was written, or the zero time if that is not known.
func (b *body) time() time.Time {
	switch {
	case b.Outcome != nil:
		return b.Outcome.Time
	case b.Entry != nil:
		return b.Entry.Time
	}
	return time.Time{}
}

// Missing returns why entries that were written since a time may be missing among those that were read, or nil. It reads
// nothing. Entries of a file that was emptied or cut off were written no later than the last line, whose time the note
// beside the file has; others no later than the line that follows them.
func (j *Journal) Missing(since time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.team != nil && j.team.damaged {
		return errors.New("the copy of the team's journal on this machine is damaged")
	}
	if g := &j.replay.gap; g.why != "" && (g.end.IsZero() || !g.end.Before(since)) {
		return errors.New(g.why)
	}
	return nil
}
