package rows

import (
	"cmp"
	"fmt"
	"time"

	"rollcall/providers"
	"rollcall/providers/journal"
)

// Entry is the row of a journal entry. Its JSON is the journal's.
type Entry struct {
	journal.Entry // its texts are not clean

	Undone   string // the entry that reverted it, or empty
	ProvedBy string // who has signed it, if that was checked; not clean

	now time.Time
}

// Entries returns the rows of journal entries, newest first, as of now.
func Entries(entries []journal.Entry, now time.Time) []*Entry {
	out := make([]*Entry, len(entries))
	for i, e := range entries {
		out[i] = &Entry{Entry: e, now: now}
	}
	return out
}

// Key returns the identity of the row.
func (r *Entry) Key() string { return r.ID }

// What returns the description of the change, clean.
func (r *Entry) What() string { return providers.Clean(r.Sentence) }

// node returns the instance of the entry, if it has one.
func (r *Entry) node() providers.InstanceRef {
	ref := providers.InstanceRef{Cloud: r.Cloud()}
	if r.Launch != nil {
		ref.Key, ref.Name = r.Launch.Key, r.Launch.Name
	}
	if r.Instance != nil {
		ref = *r.Instance
	}
	return ref
}

// EntryTable returns the columns of tables.
func EntryTable() []Column[*Entry] {
	return []Column[*Entry]{
		{Title: "ENTRY", Text: func(e *Entry) string { return e.ID }},
		{Title: "RUN", Text: func(e *Entry) string { return e.Run }},
		{Title: "TIME", Text: func(e *Entry) string { return e.Time.Local().Format(time.DateTime) }, Machine: func(e *Entry) string { return e.Time.UTC().Format(time.RFC3339) }},
		{Title: "WHO", Text: func(e *Entry) string { return providers.Clean(e.Who) }},
		{Title: "VERB", Text: func(e *Entry) string { return e.Verb }},
		{Title: "STATE", Text: func(e *Entry) string { return string(e.State) }},
		{Title: "WHAT", Text: (*Entry).What},
		{Title: "ZONE", Wide: true, Text: func(e *Entry) string { return providers.Clean(e.Zone) }},
		{Title: "REASON", Wide: true, Text: func(e *Entry) string { return e.Reason }},
		{Title: "UNDOES", Wide: true, Text: func(e *Entry) string { return e.Undoes }},
		{Title: "NOTE", Wide: true, Text: func(e *Entry) string { return providers.Clean(cmp.Or(e.Error, e.Note)) }},
	}
}

// EntryScreen returns the columns of the console.
func EntryScreen() []Column[*Entry] {
	return []Column[*Entry]{
		{Title: "NO", Min: 3, Max: 7, Priority: 4, Right: true, Text: func(e *Entry) string { return providers.Clean(e.ID) }},
		{
			Title: "WHEN", Min: 19, Max: 19, Priority: 2, Text: func(e *Entry) string { return e.Time.Local().Format(time.DateTime) },
			Compare: func(a, b *Entry) int { return a.Time.Compare(b.Time) },
		},
		{
			Title: "STATE", Min: 9, Max: 9, Text: func(e *Entry) string { return string(e.State) },
			Compare: func(a, b *Entry) int { return cmp.Compare(a.State, b.State) },
		},
		{
			Title: "VERB", Min: 6, Max: 11, Priority: 3, Text: func(e *Entry) string { return providers.Clean(e.Verb) },
			Compare: func(a, b *Entry) int { return cmp.Compare(a.Verb, b.Verb) },
		},
		{
			Title: "RUN", Min: 9, Max: 9, Priority: 6, Text: func(e *Entry) string { return providers.Clean(e.Run) },
			Compare: func(a, b *Entry) int { return cmp.Compare(a.Run, b.Run) },
		},
		{
			Title: "WHO", Min: 6, Max: 20, Priority: 5, Text: func(e *Entry) string { return providers.Clean(e.Who) },
			Compare: func(a, b *Entry) int { return cmp.Compare(a.Who, b.Who) },
		},
		{Title: "WHAT", Min: 12, Max: 200, Fill: true, Text: (*Entry).What},
	}
}

// FilterName returns the text that a bare word is fuzzily matched with.
func (r *Entry) FilterName() string {
	if r.Change == nil {
		return r.node().Name
	}
	return r.Change.Record().Name
}

// FilterAge returns the age of the entry.
func (r *Entry) FilterAge() (time.Duration, bool) { return r.now.Sub(r.Time), true }

// FilterTTL returns the TTL of the record.
func (r *Entry) FilterTTL() (uint64, bool) {
	if r.Change == nil {
		return 0, false
	}
	return uint64(r.Change.Record().TTL), true
}

// changedRecords returns the records before and after the change.
func (r *Entry) changedRecords() (out []*providers.Record) {
	if c := r.Change; c != nil {
		for _, s := range []*providers.Record{&c.Before, &c.After} {
			if s.Name != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

// FilterValues yields the values of a field.
func (r *Entry) FilterValues(field, _ string, yield func(string) bool) {
	e := &r.Entry
	node := r.node()
	some := func(s ...string) bool {
		for _, v := range s {
			if !yield(v) {
				return false
			}
		}
		return true
	}
	switch field {
	case "":
		if !some(e.Sentence, cmp.Or(e.Error, e.Note), e.Who, e.Verb, string(e.State), e.Run, e.ID, node.Name, node.ID) {
			return
		}
		for _, s := range r.changedRecords() {
			if !some(s.Name, s.Type, s.Value) {
				return
			}
		}
	case "id":
		some(e.ID, node.ID)
	case "run":
		yield(e.Run)
	case "who":
		yield(e.Who)
	case "verb":
		yield(e.Verb)
	case "state":
		yield(string(e.State))
	case "zone":
		yield(e.Zone)
	case "finding", "class":
		yield(e.Reason)
	case "node":
		some(node.Name, node.ID)
	case "cloud":
		yield(node.Cloud)
	default:
		for _, s := range r.changedRecords() {
			if !ofRecord(s, field, yield) {
				return
			}
		}
		if e.Change == nil && field == "name" {
			yield(node.Name)
		}
	}
}

// ofRecord yields the values of the plain fields of a record. It returns false if yield did.
func ofRecord(r *providers.Record, field string, yield func(string) bool) bool {
	switch field {
	case "name":
		return yieldNames(r, yield)
	case "type":
		return yield(r.Type)
	case "value":
		return yield(r.Value)
	case "ip":
		return r.Type != "A" && r.Type != "AAAA" || yield(r.Value)
	case "owner", "fleet":
		for _, o := range r.Owners {
			v := o.Instance
			if field == "fleet" {
				v = o.Fleet
			}
			if !yield(v) {
				return false
			}
		}
	}
	return true
}

// ProblemText returns the text about damage in the journal.
func ProblemText(p journal.Problem) string {
	text := providers.Clean(p.Why)
	if p.Line > 0 {
		text = fmt.Sprintf("line %d: %s", p.Line, text)
	}
	if p.Side != "" {
		text += ": " + providers.Clean(p.Side)
	}
	return text
}
