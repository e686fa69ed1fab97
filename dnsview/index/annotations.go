package index

import "time"

// Annotations are what operators wrote about findings, nodes and records. They change nothing that is found or done. They
// are not changed once they are made; a nil *Annotations is empty.
type Annotations struct {
	Snoozes map[string]Snooze // by the Key of a finding
	Notes   map[string]Note   // by the subject, as on the command line
}

// Snooze keeps a finding out of alarms for a time.
type Snooze struct {
	Until  time.Time
	Reason string
	Who    string
	At     time.Time // when it was made
	// Shared means that another member of a team may have made it: when the finding began is not known by the clock of
	// this machine, and that it ended meanwhile is known otherwise.
	Shared bool
	// Evidence is what the finding rested on then; see dnsview.Finding.SnoozeEvidence.
	Evidence string
}

// Note is what an operator wrote about a node or record.
type Note struct {
	Text string
	Who  string
	At   time.Time
}

// Snooze returns the snooze of a finding's key, which may be over.
func (a *Annotations) Snooze(key string) (Snooze, bool) {
	if a == nil {
		return Snooze{}, false
	}
	s, ok := a.Snoozes[key]
	return s, ok
}

// NextEnd returns when the first snooze ends after a time; zero if none does.
func (a *Annotations) NextEnd(after time.Time) (next time.Time) {
	if a == nil {
		return next
	}
	for _, s := range a.Snoozes {
		if s.Until.After(after) && (next.IsZero() || s.Until.Before(next)) {
			next = s.Until
		}
	}
	return next
}
