package apply

import (
	"errors"
	"fmt"
	"time"

	"rollcall/dnsview"
	"rollcall/providers/journal"
)

// UndoPlan plans to take back a run (by run id), a single entry (by its
// number), or, with an empty id, the last run that changed anything. What was
// taken back already is left alone; to undo an undo is to do it again.
func (e *Engine) UndoPlan(id string) (dnsview.Plan, error) {
	if e.o.Journal == nil {
		return dnsview.Plan{}, errNoJournal
	}
	entries, err := e.o.Journal.Entries()
	if err != nil {
		return dnsview.Plan{}, err
	}
	standing := inEffect(entries)
	if id == "" {
		for i := range entries {
			if standing[entries[i].ID] {
				id = entries[i].Run
			}
		}
		if id == "" {
			return dnsview.Plan{}, errors.New("the journal knows of nothing that could be undone")
		}
	}
	remade := map[recordKey]string{} // the provider's id of each record as the journal knows it last
	for i := range entries {
		if r := entries[i].Result; r != nil && entries[i].State == journal.Done {
			remade[keyOf(r)] = r.ID
		}
	}
	var done []dnsview.Done
	known, open := false, 0
	for i := range entries {
		en := &entries[i]
		if en.ID != id && en.Run != id {
			continue
		}
		known = true
		if en.State == journal.Begun || en.State == journal.Unknown {
			open++
		}
		if standing[en.ID] {
			done = append(done, doneOf(en, remade))
		}
	}
	switch {
	case !known:
		return dnsview.Plan{}, fmt.Errorf("the journal has no entry or run %q; rollcall journal lists them", dnsview.Clean(id))
	case len(done) == 0 && open > 0:
		return dnsview.Plan{}, fmt.Errorf("it is not known whether %s happened: look at the records, then deregister or register", dnsview.Clean(id))
	case len(done) == 0:
		return dnsview.Plan{}, fmt.Errorf("there is nothing to undo in %s: it changed nothing, or was taken back already", dnsview.Clean(id))
	}
	return dnsview.PlanUndo(nil, done...), nil
}

// doneOf is an entry as an undo starts from it. A record that was removed and restored since has
// another id now, and is the same in everything else.
func doneOf(e *journal.Entry, remade map[recordKey]string) dnsview.Done {
	d := dnsview.Done{Entry: e.ID, Sentence: e.Sentence, Zone: e.Zone, Change: e.Change, Result: e.Result, Action: dnsview.PowerAction(e.Action), Reason: dnsview.Class(e.Reason)}
	if e.Instance != nil {
		d.Instance = *e.Instance
	}
	if d.Result != nil {
		if id, ok := remade[keyOf(d.Result)]; ok && id != d.Result.ID {
			r := *d.Result
			r.ID, r.Modified = id, time.Time{}
			d.Result = &r
		}
	}
	return d
}

// inEffect tells which entries changed something and were not taken back. Later
// entries are judged first: an undo that was itself undone takes nothing back.
func inEffect(entries []journal.Entry) map[string]bool {
	undone := map[string]bool{}
	out := map[string]bool{}
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		if e.State != journal.Done || e.Already || undone[e.ID] {
			continue
		}
		out[e.ID] = true
		if e.Undoes != "" {
			undone[e.Undoes] = true
		}
	}
	return out
}
