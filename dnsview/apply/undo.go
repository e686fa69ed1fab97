package apply

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/journal"
)

// ErrNoEntry means that the journal has nothing of the id that was asked for.
var ErrNoEntry = errors.New("the journal has no entry or run")

// UndoPlan returns a plan to revert a run (by run id), a single entry (by its number), or, with an empty id, the last
// run that is not undone yet, so that each such undo goes one run further back; in a team, those are the runs of the
// operator alone. It leaves alone what was reverted
// already. Undoing a named undo repeats what it reverted.
func (e *Engine) UndoPlan(id string) (plan.Plan, error) {
	h, entries, err := e.history()
	if err != nil {
		return plan.Plan{}, err
	}
	if id == "" {
		s, ok := h.NextUndo()
		switch {
		case !ok:
			return plan.Plan{}, errors.New("the journal knows of nothing that could be undone")
		case len(s.Entries)+len(s.Final) == 0:
			return plan.Plan{}, fmt.Errorf("%w; an older change is undone by its number, which rollcall journal lists", notKnown(s.Run))
		}
		p := plan.Undo(nil, doneBy(entries, s)...)
		p.Skipped = append(p.Skipped, append(unsure(s), launchedBy(entries, s.Run)...)...)
		return p, nil
	}
	if err := cannotTakeBack(entries, id); err != nil {
		return plan.Plan{}, err
	}
	named := journal.Step{Run: id}
	known := false
	for i := range entries {
		en := &entries[i]
		if en.ID != id && en.Run != id {
			continue
		}
		known = true
		if en.State == journal.Begun || en.State == journal.Unknown {
			named.Open = append(named.Open, *en)
		}
		if now, ok := h.InEffect(en.ID); ok {
			named.Entries = append(named.Entries, now)
		} else if en.State == journal.Done && en.Kind == string(plan.StepPower) && !en.Already && h.UndoneBy(en.ID) == "" {
			named.Final = append(named.Final, *en)
		}
	}
	switch {
	case !known:
		return plan.Plan{}, fmt.Errorf("%w %q; rollcall journal lists them", ErrNoEntry, index.Clean(id))
	case len(named.Entries)+len(named.Final) == 0 && len(named.Open) > 0:
		return plan.Plan{}, notKnown(id)
	case len(named.Entries)+len(named.Final) == 0:
		return plan.Plan{}, fmt.Errorf("there is nothing to undo in %s: it changed nothing, or was taken back already", index.Clean(id))
	}
	p := plan.Undo(nil, doneBy(entries, named)...)
	p.Skipped = append(p.Skipped, append(unsure(named), launchedBy(entries, id)...)...)
	if e.o.Journal.Team() != "" {
		p.Title += ofOthers(e.o.Who, named)
	}
	return p, nil
}

// ofOthers returns the names of those whose changes are reverted, as the end of a title, or "" if it is only who.
func ofOthers(who string, s journal.Step) string {
	var names []string
	for _, part := range [][]journal.Entry{s.Entries, s.Final} {
		for i := range part {
			if w := index.Clean(part[i].Who); part[i].Who != who && !slices.Contains(names, w) {
				names = append(names, w)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return " of " + strings.Join(names, ", ")
}

// RedoPlan returns a plan to repeat what the last undo reverted. After any change in between there is nothing to redo.
func (e *Engine) RedoPlan() (plan.Plan, error) {
	h, entries, err := e.history()
	if err != nil {
		return plan.Plan{}, err
	}
	s, ok := h.NextRedo()
	switch {
	case !ok:
		return plan.Plan{}, errors.New("there is nothing to redo: nothing was undone since the last change")
	case len(s.Entries) == 0:
		return plan.Plan{}, notKnown(s.Run)
	}
	p := plan.Redo(nil, doneBy(entries, s)...)
	p.Skipped = append(p.Skipped, unsure(s)...)
	return p, nil
}

// history returns the history of the journal, and its entries, oldest first.
func (e *Engine) history() (*journal.History, []journal.Entry, error) {
	if e.o.Journal == nil {
		return nil, nil, errNoJournal
	}
	entries, err := e.o.Journal.Entries()
	if err != nil {
		return nil, nil, err
	}
	h := journal.NewHistory(entries)
	if e.o.Journal.Team() != "" {
		h = h.Of(e.o.Who)
	}
	return h, entries, nil
}

func notKnown(id string) error {
	return fmt.Errorf("it is not known whether %s happened: look at the records, then deregister or register", index.Clean(id))
}

// unsure returns a line for each entry that is left alone because it may or may not have been made.
func unsure(s journal.Step) []string {
	var out []string
	for i := range s.Open {
		out = append(out, "it is not known whether this happened: "+s.Open[i].Sentence)
	}
	return out
}

// doneBy returns the entries of a step in the form that an undo starts from.
func doneBy(entries []journal.Entry, s journal.Step) []plan.Done {
	last := map[recordKey]*providers.Record{} // each record as the journal last left it
	byID := map[string]*journal.Entry{}
	markers := map[recordKey]*providers.Record{} // that undos have made and that are left
	for i := range entries {
		byID[entries[i].ID] = &entries[i]
		if c := entries[i].Change; c != nil && entries[i].State == journal.Done {
			if r := c.Record(); r.IsMarker() {
				delete(markers, keyOf(&r))
				if c.Op == providers.OpCreate && entries[i].Undoes != "" {
					markers[keyOf(&r)] = &r
				}
			}
		}
		if r := entries[i].Result; r != nil && entries[i].State == journal.Done {
			last[keyOf(r)] = r
		}
	}
	var out []plan.Done
	for _, part := range [][]journal.Entry{s.Entries, s.Final} {
		for i := range part {
			d := doneOf(&part[i], last)
			d.SetQuiesced(slices.Collect(maps.Values(markers)))
			if u := byID[part[i].Undoes]; u != nil && u.Change != nil && u.Change.Op == providers.OpDelete {
				if o, ok := u.Change.After.Owner(); ok {
					d.Stayed = &o
				}
			}
			out = append(out, d)
		}
	}
	return out
}

// doneOf returns an entry in the form that an undo starts from. A record that was changed and changed back, or removed
// and restored, has another id or time of change now, and is otherwise the same.
func doneOf(e *journal.Entry, last map[recordKey]*providers.Record) plan.Done {
	d := plan.Done{Entry: e.ID, Sentence: e.Sentence, Zone: e.Zone, Change: e.Change, Result: e.Result, Action: plan.PowerAction(e.Action), Reason: dnsview.Class(e.Reason)}
	if e.Instance != nil {
		d.Instance = *e.Instance
	}
	if d.Result != nil {
		if now := last[keyOf(d.Result)]; now != nil && (now.ID != d.Result.ID || !now.Modified.Equal(d.Result.Modified)) {
			r := *d.Result
			r.ID, r.Modified = now.ID, now.Modified
			d.Result = &r
		}
	}
	return d
}
