package apply

import (
	"fmt"
	"strings"

	"rollcall/dnsview/index"
	"rollcall/providers/journal"
)

// nextOf returns what the next undo or redo by entries of j takes, in a form that can be compared, and its run; "" for
// nothing. In a team it is of the operator's own changes.
func nextOf(j *journal.Journal, entries []journal.Entry, who string, redo bool) (what, run string) {
	h := journal.NewHistory(entries)
	if j.Team() != "" {
		h = h.Of(who)
	}
	next := h.NextUndo
	if redo {
		next = h.NextRedo
	}
	s, ok := next()
	if !ok {
		return "", ""
	}
	ids := []string{s.Run}
	for _, part := range [][]journal.Entry{s.Entries, s.Final} {
		ids = append(ids, ",")
		for i := range part {
			ids = append(ids, part[i].ID)
		}
	}
	return strings.Join(ids, " "), s.Run
}

// NextUndo returns the run that UndoPlan takes back without an id, by a journal as it is now, or "" for none.
func NextUndo(j *journal.Journal, who string) (string, error) {
	entries, err := j.Entries()
	_, run := nextOf(j, entries, who, false)
	return run, err
}

// DependsOnOpen returns why it is not known what UndoPlan without an id, or RedoPlan, takes once the entries that stopped
// rollcalls have left open are looked up, or nil if it is the same whatever became of them. It looks nothing up.
func (e *Engine) DependsOnOpen(redo bool) error {
	if e.o.Journal == nil {
		return errNoJournal
	}
	left, err := e.o.Journal.Abandoned(recheck)
	if err != nil || len(left) == 0 {
		return err
	}
	entries, err := e.o.Journal.Entries()
	if err != nil {
		return err
	}
	open := map[string]bool{}
	for i := range left {
		open[left[i].ID] = true
	}
	// if all failed, but for one, or for all if that is "", which are in a state
	next := func(one string, is journal.State) string {
		all := make([]journal.Entry, len(entries))
		for i, en := range entries {
			if open[en.ID] {
				en.State = journal.Failed
				if one == "" || one == en.ID {
					en.State = is
				}
			}
			all[i] = en
		}
		what, _ := nextOf(e.o.Journal, all, e.o.Who, redo)
		return what
	}
	failed := next("", journal.Failed)
	for _, is := range []journal.State{journal.Done, journal.Unknown} {
		all := next("", is)
		for i := range left {
			if all != failed || next(left[i].ID, is) != failed {
				verb := index.VerbUndo
				if redo {
					verb = index.VerbRedo
				}
				return fmt.Errorf("what %s takes depends on entry %s, which a stopped rollcall has left open: %s; rollcall journal, without --read-only, looks up whether it was made", verb, left[i].ID, index.Clean(left[i].Sentence))
			}
		}
	}
	return nil
}
