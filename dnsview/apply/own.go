package apply

import (
	"slices"
	"strings"
	"time"

	"rollcall/providers"
	"rollcall/providers/journal"
)

// OwnWrites returns the markers that the journal has written since a time: registered, changed or restored. Entries
// that changed nothing are ignored.
func OwnWrites(entries []journal.Entry, since time.Time) providers.OwnWrites {
	out := providers.OwnWrites{}
	for i := range entries {
		e := &entries[i]
		if e.State != journal.Done || e.Already || e.Change == nil || e.Change.Op == providers.OpDelete || e.Ended.Before(since) {
			continue
		}
		r := &e.Change.After
		if e.Result != nil {
			r = e.Result
		}
		owners := r.Owners
		if parts, ok := providers.ParseTXT(r.Value); ok && r.IsMarker() {
			if o, err := providers.DecodeOwner(strings.Join(parts, "")); err == nil {
				owners = []providers.Owner{o}
			}
		}
		for _, o := range owners {
			out[providers.MarkerKeyOf(r, o)] = providers.OwnWrite{Registered: o.Registered, Written: providers.MarkerWritten(r)}
		}
	}
	return out
}

// TakenOut returns the owned values that the journal has deleted, each as the last run that deleted it has found it, by their
// identity without an id.
func TakenOut(entries []journal.Entry) map[providers.Identity][]providers.Record {
	out, runs := map[providers.Identity][]providers.Record{}, map[providers.Identity]string{}
	for i := range entries {
		e := &entries[i]
		if e.State != journal.Done || e.Already || e.Change == nil || e.Change.Op != providers.OpDelete || len(e.Change.Before.Owners) == 0 {
			continue
		}
		r := e.Change.Before
		r.ID, r.Modified, r.Commented = "", time.Time{}, time.Time{}
		id := r.Identity()
		id.ID = ""
		if runs[id] != e.Run {
			runs[id], out[id] = e.Run, nil
		}
		if !slices.ContainsFunc(out[id], func(o providers.Record) bool { return o.SetID == r.SetID }) {
			out[id] = append(out[id], r)
		}
	}
	return out
}

// OwnWritesAge is how long the journal's writes of markers are considered. It is longer than any grace.
const OwnWritesAge = 24 * time.Hour

func (r *run) ownWrites() providers.OwnWrites {
	entries, err := r.entries()
	if err != nil {
		return nil // guard 9 reports it
	}
	return OwnWrites(entries, r.engine.o.Now().Add(-OwnWritesAge))
}
