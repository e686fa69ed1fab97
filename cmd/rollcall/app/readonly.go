package app

import (
	"fmt"

	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
)

// WriteNothing sets whether this run writes nothing to DNS, to a cloud or to the store of a team, as with --read-only and
// --dry-run.
func (a *Program) WriteNothing(on bool) { a.writesNothing.Store(on) }

// WritesNothing reports whether this run writes nothing to DNS, to a cloud or to the store of a team. What stopped
// rollcalls have left open is then only listed.
func (a *Program) WritesNothing() bool { return a.writesNothing.Load() }

// storeRefusal returns the error of a write to the store of a team that is not allowed, or nil.
func (a *Program) storeRefusal() error {
	if !a.WritesNothing() {
		return nil
	}
	return providers.Errorf(providers.KindInvalid, "write to the store of the team", "nothing is written with --read-only or --dry-run")
}

// leftOpen returns, once per session, a line for each entry of the journal that a stopped rollcall has left open. It looks
// nothing up.
func (s *Session) leftOpen() (lines []string, err error) {
	if s.leftOpenSaid {
		return nil, nil
	}
	j, err := s.OpenJournal()
	if err != nil {
		return nil, err
	}
	entries, err := j.Abandoned(0)
	s.leftOpenSaid = err == nil
	for i := range entries {
		lines = append(lines, fmt.Sprintf("journal entry %s was left open by a rollcall that was stopped: %s. Nothing is written now: rollcall journal, without --read-only, looks up whether it was made, and finishes it", entries[i].ID, words.Clean(entries[i].Sentence)))
	}
	return lines, err
}
