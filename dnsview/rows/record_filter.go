package rows

import (
	"time"

	"rollcall/dnsview/index"
	"rollcall/providers"
)

// FilterName returns the text that a bare word is fuzzily matched with.
func (r *Record) FilterName() string { return r.Rec.Name }

// FilterAge returns the time since the row came to be.
func (r *Record) FilterAge() (time.Duration, bool) {
	if o, ok := r.Rec.Owner(); ok {
		return r.view.Options.Now.Sub(r.view.MarkerSince(r.Rec, o)), true
	}
	if !r.Rec.Modified.IsZero() {
		return r.view.Options.Now.Sub(r.Rec.Modified), true
	}
	return 0, false
}

// FilterTTL returns the TTL of the record.
func (r *Record) FilterTTL() (uint64, bool) { return uint64(r.Rec.TTL), true }

// FilterValues yields the values of a field.
func (r *Record) FilterValues(field, tag string, yield func(string) bool) {
	rec := r.Rec
	switch field {
	case "":
		r.filterShown(yield)
	case "name":
		yieldNames(rec, yield)
	case "zone":
		yield(rec.Zone)
	case "type":
		yield(rec.Type)
	case "value":
		yield(rec.Value)
	case "ip":
		if rec.Type == "A" || rec.Type == "AAAA" {
			yield(rec.Value)
		}
	case "proxied":
		yesNo(rec.Proxied, yield)
	case "wire":
		r.wireWords(yield)
	case "service":
		yield(r.view.ServiceOf(rec))
	case "finding", "class", "severity":
		yieldClasses(r.view.FindingsOfRecord(rec), field, yield)
	case "owner", "id":
		if len(rec.Owners) == 0 && field == "owner" {
			yield("")
		}
		for i := range rec.Owners {
			if !yield(rec.Owners[i].Instance) {
				return
			}
		}
	case "fleet":
		for i := range rec.Owners {
			if !yield(rec.Owners[i].Fleet) {
				return
			}
		}
	case "provider":
		for i := range r.view.Snapshot.Zones {
			if z := &r.view.Snapshot.Zones[i].Zone; z.Name == rec.Zone && !yield(string(z.Provider)) {
				return
			}
		}
	default:
		if i := r.view.InstanceOf(rec); i != nil {
			ofInstance(i, field, tag, yield)
			return
		}
		o, ok := rec.Owner()
		switch {
		case !ok:
		case field == "node":
			yield(o.Instance)
		case field == "cloud":
			if cv := r.view.CloudByKey(o.Cloud); cv != nil {
				yield(cv.Cloud.Name)
			}
		}
	}
}

// yieldNames yields the full name of a record, and the one relative to its zone that screens show.
func yieldNames(r *providers.Record, yield func(string) bool) bool {
	return yield(r.Name) && (r.Zone == "" || yield(Relative(r.Name, r.Zone)))
}

// wireWords yields the state of the record on the wire in the words of a screen. It returns false if yield did.
func (r *Record) wireWords(yield func(string) bool) bool {
	w := r.view.WireOf(r.Rec)
	if w == nil {
		return true
	}
	if w.Resolves && w.State == index.WireInSync && !yield("resolves") {
		return false
	}
	return yield(string(w.State))
}

// filterShown yields what a bare word is searched in: all that a screen shows of the row but numbers, and ids.
func (r *Record) filterShown(yield func(string) bool) {
	rec := r.Rec
	for _, s := range [...]string{rec.Name, rec.Type, rec.Value, rec.Comment} {
		if !yield(s) {
			return
		}
	}
	for i := range rec.Owners {
		if !yield(rec.Owners[i].Instance) {
			return
		}
	}
	i := r.view.InstanceOf(rec)
	if node := r.nodeText(i); node != "" && !yield(node) || i != nil && !yield(i.Name) || !r.wireWords(yield) {
		return
	}
	for _, w := range [...]struct {
		has  bool
		word string
	}{{rec.Proxied, "proxied"}, {rec.Alias, "alias"}, {rec.AutoTTL, "auto"}} {
		if w.has && !yield(w.word) {
			return
		}
	}
	if n := r.Note(); n != nil && !yield(n.Text) {
		return
	}
	yieldClasses(r.view.FindingsOfRecord(rec), "class", yield)
}

func yesNo(b bool, yield func(string) bool) {
	if b {
		if yield("yes") {
			yield("true")
		}
		return
	}
	if yield("no") {
		yield("false")
	}
}
