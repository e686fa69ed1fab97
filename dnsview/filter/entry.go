package filter

import (
	"time"

	"rollcall/providers"
)

// Entry is a change of the journal as a filter sees it.
type Entry struct {
	ID, Run, Who, Verb, State string
	Sentence, Note, Zone      string
	Reason                    string // class of the finding that asked for it
	Instance                  providers.InstanceRef
	Change                    *providers.Change // nil for a power action
	Age                       time.Duration
}

// MatchEntry reports whether an entry of the journal passes.
func (f Filter) MatchEntry(e *Entry) bool { return f.match(&entryRow{e}) }

type entryRow struct{ e *Entry }

func (r *entryRow) name() string {
	if r.e.Change == nil {
		return r.e.Instance.Name
	}
	return r.e.Change.Record().Name
}

func (r *entryRow) age() (time.Duration, bool) { return r.e.Age, true }

func (r *entryRow) ttl() (uint64, bool) {
	if r.e.Change == nil {
		return 0, false
	}
	return uint64(r.e.Change.Record().TTL), true
}

// sides are the records before and after the change.
func (r *entryRow) sides() (out []*providers.Record) {
	if c := r.e.Change; c != nil {
		for _, s := range []*providers.Record{&c.Before, &c.After} {
			if s.Name != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

func (r *entryRow) each(field, _ string, yield func(string) bool) {
	e := r.e
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
		if !some(e.Sentence, e.Note, e.Who, e.Verb, e.State, e.Run, e.ID, e.Instance.Name, e.Instance.ID) {
			return
		}
		for _, s := range r.sides() {
			if !some(s.Name, s.Type, s.Value) {
				return
			}
		}
	case "id":
		some(e.ID, e.Instance.ID)
	case "run":
		yield(e.Run)
	case "who":
		yield(e.Who)
	case "verb":
		yield(e.Verb)
	case "state":
		yield(e.State)
	case "zone":
		yield(e.Zone)
	case "finding", "class":
		yield(e.Reason)
	case "node":
		some(e.Instance.Name, e.Instance.ID)
	case "cloud":
		yield(e.Instance.Cloud)
	default:
		for _, s := range r.sides() {
			if !ofRecord(s, field, yield) {
				return
			}
		}
		if e.Change == nil && field == "name" {
			yield(e.Instance.Name)
		}
	}
}

// ofRecord yields the plain columns of a record, and reports whether there may be more.
func ofRecord(r *providers.Record, field string, yield func(string) bool) bool {
	switch field {
	case "name":
		return yield(r.Name)
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
